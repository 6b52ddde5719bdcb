"""Every byte outside of EXIF and XMP stays, in its order, as readers of their own see it; JPEG is in ``test_every_sample``."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from geotagger.metadata import WriteOutcome
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL

Write = Callable[..., WriteOutcome]
MAKERS = {f"{name}.jpg": make for name, make in samples.JPEGS.items()} | samples.OTHERS


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and data of each chunk, whose checksums must be right, and what follows the last."""
    at = 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body), kind
        yield kind, body
        at += 12 + size
        if kind == b"IEND":
            yield b"", data[at:]
            return


@pytest.mark.parametrize("name", [name for name in samples.OTHERS if name.endswith(".png")])
def test_png_chunks_stay_in_order_with_exif_before_the_image(name: str, tmp_path: Path, write: Write) -> None:
    path = tmp_path / name
    original = samples.OTHERS[name]()
    path.write_bytes(original)

    def others(data: bytes) -> list[tuple[bytes, bytes]]:
        return [c for c in png_chunks(data) if c[0] != b"eXIf" and not c[1].startswith(b"XML:com.adobe.xmp")]

    for fix in (ESTIMATE, MANUAL):
        write(path, fix)
        assert others(path.read_bytes()) == others(original)
        kinds = [kind for kind, _ in png_chunks(path.read_bytes())]
        assert kinds[0] == b"IHDR"
        assert kinds.count(b"eXIf") == 1
        if b"eXIf" not in [kind for kind, _ in png_chunks(original)]:
            assert kinds.index(b"eXIf") < kinds.index(b"IDAT")


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each chunk, and what follows the container; sizes and padding must be right."""
    (size,) = struct.unpack_from("<I", data, 4)
    at = 12
    while at < size + 8:
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        assert data[at + 8 + length : at + 8 + length + length % 2] in (b"", b"\0")
        at += 8 + length + length % 2
    assert at == size + 8
    yield b"", data[at:]


@pytest.mark.parametrize("name", [name for name in samples.OTHERS if name.endswith(".webp")])
def test_webp_chunks_stay_in_order_and_are_announced(name: str, tmp_path: Path, write: Write) -> None:
    path = tmp_path / name
    original = samples.OTHERS[name]()
    path.write_bytes(original)

    def others(data: bytes) -> list[tuple[bytes, bytes]]:
        return [c for c in webp_chunks(data) if c[0] not in (b"EXIF", b"XMP ", b"VP8X")]

    for fix in (ESTIMATE, MANUAL):
        write(path, fix)
        written = dict(webp_chunks(path.read_bytes()))
        assert others(path.read_bytes()) == others(original)
        assert next(webp_chunks(path.read_bytes()))[0] == b"VP8X"
        flags, old = written[b"VP8X"][0], dict(webp_chunks(original)).get(b"VP8X", b"\0")[0]
        assert bool(flags & 8) == (b"EXIF" in written)
        assert bool(flags & 4) == (b"XMP " in written)
        assert flags & 0x22 == old & 0x22, "profile and animation"
        if len(old_header := dict(webp_chunks(original)).get(b"VP8X", b"")) == 10:
            assert written[b"VP8X"][1:] == old_header[1:]
        else:
            with Image.open(path) as image:
                width, height = (int.from_bytes(written[b"VP8X"][i : i + 3], "little") + 1 for i in (4, 7))
                assert (width, height) == image.size


def tiff_data(data: bytes) -> tuple[list[bytes], set[int]]:
    """The image data of all directories in their order, and the places of it."""
    order = "<" if data[:2] == b"II" else ">"
    found: list[bytes] = []
    places: set[int] = set()

    def values(entry: bytes) -> tuple[int, ...]:
        _, kind, count = struct.unpack(order + "HHI", entry[:8])
        code, size = {3: ("H", 2), 4: ("I", 4), 13: ("I", 4)}[kind]
        (at,) = struct.unpack(order + "I", entry[8:])
        field = entry[8 : 8 + count * size] if count * size <= 4 else data[at : at + count * size]
        return struct.unpack(f"{order}{count}{code}", field)

    def look(offset: int) -> None:
        while offset:
            (count,) = struct.unpack_from(order + "H", data, offset)
            end = offset + 2 + 12 * count
            entries = {
                struct.unpack_from(order + "H", data, at)[0]: data[at : at + 12]
                for at in range(offset + 2, end, 12)
            }
            assert list(entries) == sorted(entries)
            for starts, sizes in ((0x111, 0x117), (0x144, 0x145)):
                if starts in entries:
                    for start, size in zip(values(entries[starts]), values(entries[sizes]), strict=True):
                        found.append(data[start : start + size])
                        places.add(start)
            for below in values(entries[0x14A]) if 0x14A in entries else ():
                look(below)
            (offset,) = struct.unpack_from(order + "I", data, end)

    look(struct.unpack_from(order + "I", data, 4)[0])
    return found, places


@pytest.mark.parametrize("name", [name for name in samples.OTHERS if name.endswith((".tif", ".dng"))])
def test_tiff_image_data_stays_in_its_place(name: str, tmp_path: Path, write: Write) -> None:
    path = tmp_path / name
    original = samples.OTHERS[name]()
    path.write_bytes(original)
    for fix in (ESTIMATE, MANUAL):
        write(path, fix)
        assert tiff_data(path.read_bytes()) == tiff_data(original)


@pytest.mark.parametrize("name", MAKERS)
def test_pillow_reads_the_same_position(name: str, tmp_path: Path, write: Write) -> None:
    path = tmp_path / name
    path.write_bytes(MAKERS[name]())
    write(path, ESTIMATE)
    with Image.open(path) as image:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    for tag, expected in ((2, ESTIMATE.position.lat_deg), (4, ESTIMATE.position.lon_deg)):
        degrees, minutes, seconds = (float(part) for part in gps[tag])
        sign = -1 if gps[tag - 1] in ("S", "W") else 1
        assert sign * (degrees + minutes / 60 + seconds / 3600) == pytest.approx(expected, abs=1e-6)
