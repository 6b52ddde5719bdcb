"""TIFF and DNG files, laid out by hand, and those that Pillow makes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from tests.metadata.samples.exif_blocks import (
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    Row,
    camera_gps,
    default_exif,
    text,
    with_stale_altitude,
)
from tests.metadata.samples.packets import RICH_BODY, xmp
from tests.metadata.samples.pictures import jpeg, picture, saved


class _TiffFile:
    """A TIFF that grows from its head on."""

    def __init__(self, order: str) -> None:
        self._order = order
        self._body = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))

    def put(self, data: bytes) -> int:
        """Append at an even place; gives the place."""
        self._body.extend(bytes(len(self._body) % 2) + data)
        return len(self._body) - len(data)

    def directory(self, rows: Sequence[Row]) -> int:
        entries = b"".join(
            struct.pack(self._order + "HHI", tag, kind, values)
            + (data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(self._order + "I", self.put(data)))
            for tag, kind, values, data in sorted(rows)
        )
        return self.put(struct.pack(self._order + "H", len(rows)) + entries + bytes(4))

    def number(self, tag: int, kind: int, *values: int) -> Row:
        code = "H" if kind == SHORT else "I"
        return tag, kind, len(values), struct.pack(f"{self._order}{len(values)}{code}", *values)

    def finished(self, rows: Sequence[Row]) -> bytes:
        """The file with its first directory."""
        struct.pack_into(self._order + "I", self._body, 4, self.directory(rows))
        return bytes(self._body)


def tiff(
    order: str = "<", *, gps: bool = False, compression: int = 1, bits: int = 8, dng: bool = False
) -> bytes:
    """A small TIFF with its pixels before the directory, and an Exif directory."""
    pixels = bytes(range(48)) * (bits // 8)
    file = _TiffFile(order)
    file.put(pixels)

    def short(tag: int, *values: int) -> Row:
        return file.number(tag, SHORT, *values)

    rows = [
        short(0x100, 4), short(0x101, 4), short(0x102, bits, bits, bits), short(0x103, compression), short(0x106, 2),
        (0x111, LONG, 1, struct.pack(order + "I", 8)), short(0x115, 3), short(0x116, 4),
        (0x117, LONG, 1, struct.pack(order + "I", len(pixels))), text(0x10F, "Testcam"), text(0x110, "Testcam T1"),
        (0x11A, RATIONAL, 1, struct.pack(order + "II", 300, 1)), (0x11B, RATIONAL, 1, struct.pack(order + "II", 300, 1)),
        short(0x128, 2), (0x8769, LONG, 1, struct.pack(order + "I", file.directory(default_exif(order)[:5]))),
    ]  # fmt: skip
    if gps:
        rows.append((0x8825, LONG, 1, struct.pack(order + "I", file.directory(camera_gps(order)))))
    if dng:
        rows += [(0xC612, BYTE, 4, b"\1\4\0\0"), (0xC613, BYTE, 4, b"\1\1\0\0"), text(0xC614, "Testcam T1")]
    return file.finished(rows)


def two_pages(order: str, *, gps: bool, reversed_: bool = False) -> bytes:
    """A TIFF of two pages with the same tags; with ``gps`` both refer to one GPS directory."""
    data = bytearray(tiff(order, gps=gps))
    (first,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, first)
    end = first + 2 + 12 * count
    data += bytes(len(data) % 2)
    second = len(data)
    data += data[first:end] + bytes(4)
    if reversed_:
        struct.pack_into(order + "I", data, 4, second)
        struct.pack_into(order + "I", data, len(data) - 4, first)
    else:
        struct.pack_into(order + "I", data, end, second)
    return bytes(data)


def many_pages(pages: int, *, gps: bool = False) -> bytes:
    """A TIFF of many pages, as faxes and scans have them; with ``gps`` the last one refers to a position."""
    data = bytearray(tiff())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    rows = bytes(data[first + 2 : first + 2 + 12 * count])
    link = first + 2 + 12 * count
    for number in range(1, pages):
        more = b""
        if gps and number == pages - 1:
            position = _TiffFile("<")
            position._body = data
            more = struct.pack("<HHII", 0x8825, LONG, 1, position.directory(camera_gps("<")))
        data += bytes(len(data) % 2)
        struct.pack_into("<I", data, link, len(data))
        data += struct.pack("<H", count + len(more) // 12) + rows + more
        link = len(data)
        data += bytes(4)
    return bytes(data)


def layered(layers_bytes: int) -> bytes:
    """A TIFF with the layers that an editor of pictures keeps beside the image."""
    data = bytearray(tiff())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    rows = bytes(data[first + 2 : first + 2 + 12 * count])
    data += bytes(len(data) % 2)
    rows = [rows[at : at + 12] for at in range(0, len(rows), 12)]
    struct.pack_into("<I", data, 4, len(data))
    rows.append(struct.pack("<HHII", 0x935C, 7, layers_bytes, len(data) + 2 + 12 * (count + 1) + 4))
    rows.sort(key=lambda row: struct.unpack_from("<H", row))
    return bytes(data) + struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4) + bytes(layers_bytes)


def tiled(order: str = "<", *, dng: bool = False) -> bytes:
    """Four tiles of image data; with ``dng`` in a sub-directory, beside a preview in another, under a thumbnail."""
    file = _TiffFile(order)
    number, directory = file.number, file.directory

    def image(kind: int, size: int, photometric: int, compression: int = 1) -> list[Row]:
        return [
            number(0xFE, LONG, kind), number(0x100, SHORT, size), number(0x101, SHORT, size), number(0x102, SHORT, 8),
            number(0x103, SHORT, compression), number(0x106, SHORT, photometric), number(0x115, SHORT, 1),
        ]  # fmt: skip

    tiles = [file.put(bytes((i * 40 + at) % 256 for at in range(256))) for i in range(4)]
    main = [
        *image(0, 32, 32803 if dng else 1), number(0x142, SHORT, 16), number(0x143, SHORT, 16),
        number(0x144, LONG, *tiles), number(0x145, LONG, *[256] * 4),
    ]  # fmt: skip
    names = [text(0x10F, "Testcam"), text(0x110, "Testcam T1")]
    if dng:
        small, preview = file.put(bytes(range(64))), jpeg("L")
        thumbnail = [
            *image(1, 8, 1),
            number(0x111, LONG, small),
            number(0x116, SHORT, 8),
            number(0x117, LONG, 64),
        ]
        main += [(0x828D, SHORT, 2, struct.pack(order + "2H", 2, 2)), (0x828E, BYTE, 4, b"\0\1\1\2")]
        shown = [
            *image(1, 32, 1, 7), number(0x111, LONG, file.put(preview)), number(0x116, SHORT, 32),
            number(0x117, LONG, len(preview)),
        ]  # fmt: skip
        rows = [*thumbnail, *names, number(0x14A, LONG, directory(main), directory(shown))]
        rows += [(0xC612, BYTE, 4, b"\1\4\0\0"), (0xC613, BYTE, 4, b"\1\1\0\0"), text(0xC614, "Testcam T1")]
    else:
        rows = [*main, *names]
    rows.append((0x8769, LONG, 1, struct.pack(order + "I", directory(default_exif(order)[:5]))))
    rows.append((0x8825, LONG, 1, struct.pack(order + "I", directory(camera_gps(order)))))
    return file.finished(rows)


TIFFS: dict[str, Callable[[], bytes]] = {
    "little-endian.tif": tiff,
    "big-endian.tif": lambda: tiff(">"),
    "sixteen-bit.tif": lambda: tiff(bits=16),
    "with-gps.tif": lambda: tiff(gps=True),
    "with-gps-big-endian.tif": lambda: tiff(">", gps=True),
    "lzw.tif": lambda: saved("TIFF", compression="tiff_lzw"),
    "jpeg-in-tiff.tif": lambda: saved("TIFF", compression="jpeg"),
    "pages.tif": lambda: saved("TIFF", save_all=True, append_images=[picture("L")]),
    "pages-big-endian.tif": lambda: two_pages(">", gps=False),
    "many-pages.tif": lambda: many_pages(140),
    "layers.tif": lambda: layered(70_000),
    "pages-last-first.tif": lambda: two_pages("<", gps=False, reversed_=True),
    "gps-value-said-to-lie-in-image.tif": lambda: with_stale_altitude(tiff(gps=True), "<", 16),
    "odd-length.tif": lambda: tiff(gps=True) + b"x",
    "xmp.tif": lambda: saved("TIFF", tiffinfo={700: xmp(body=RICH_BODY)}),
    "raw.dng": lambda: tiff(dng=True),
    "big-endian.dng": lambda: tiff(">", dng=True, gps=True),
    "tiled.tif": tiled,
    "tiled-big-endian.tif": lambda: tiled(">"),
    "sub-directories.dng": lambda: tiled(dng=True),
    "sub-directories-big-endian.dng": lambda: tiled(">", dng=True),
}
"""TIFF and DNG files that must be written."""

TIFFS_REFUSED: dict[str, Callable[[], bytes]] = {
    "big.tif": lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + bytes(64),
    "one-gps-for-two-pages.tif": lambda: two_pages(">", gps=True),
    "maker-compression.tif": lambda: tiff(compression=34713),
    "cut-off.tif": lambda: saved("TIFF")[:-2],
}
"""TIFF and DNG files that cannot be changed safely."""
