"""EXIF blocks laid out value by value; deliberately not by the code under test."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.metadata.samples.pictures import jpeg

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
Row = tuple[int, int, int, bytes]
"""Tag, type, number of values, data in the byte order of the block."""
MAKER_NOTE_MAGIC = b"MAKERNOTE-VALUE!"


def text(tag: int, value: str) -> Row:
    data = value.encode() + b"\0"
    return tag, ASCII, len(data), data


def block(
    order: str = "<",
    *,
    first: Sequence[Row] = (),
    exif: Sequence[Row] | None = None,
    gps: Sequence[Row] | None = None,
    thumbnail: bytes | None = None,
    maker_note: bool = False,
    unsorted: bool = False,
    odd: bool = False,
    next_word: bool = True,
) -> bytes:
    """A TIFF block laid out value by value; deliberately not by the code under test.

    Args:
        maker_note: adds one whose entry refers, as many cameras' do, to an offset from the start of the block.
        odd: values start at odd offsets.
        next_word: False cuts the next-directory word off the last directory.
    """
    body = bytearray(b"II*\0" if order == "<" else b"MM\0*") + bytearray(4)

    def put(data: bytes) -> int:
        if (len(body) % 2 == 1) != odd:
            body.append(0)
        body.extend(data)
        return len(body) - len(data)

    def directory(rows: Sequence[Row], following: int) -> int:
        entries = []
        for tag, kind, values, data in rows if unsorted else sorted(rows):
            field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(order + "I", put(data))
            entries.append(struct.pack(order + "HHI", tag, kind, values) + field)
        table = (
            struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", following)
        )
        return put(table)

    rows = list(first) or [
        text(0x10F, "Testcam"),
        text(0x110, "Testcam T1"),
        (0x112, SHORT, 1, struct.pack(order + "H", 6)),
    ]
    rows += [
        (0x11A, RATIONAL, 1, struct.pack(order + "II", 300, 1)),
        (0x11B, RATIONAL, 1, struct.pack(order + "II", 300, 1)),
        (0x128, SHORT, 1, struct.pack(order + "H", 2)),
        (0x213, SHORT, 1, struct.pack(order + "H", 1)),
    ]
    if exif is not None or maker_note:
        inner = list(exif or default_exif(order))
        if maker_note:
            value = put(MAKER_NOTE_MAGIC)
            note = b"GeoTest\0" + struct.pack(order + "HHHII", 1, 0x0001, ASCII, len(MAKER_NOTE_MAGIC), value)
            inner.append((0x927C, UNDEFINED, len(note), note))
        rows.append((0x8769, LONG, 1, struct.pack(order + "I", directory(inner, 0))))
    if gps is not None:
        rows.append((0x8825, LONG, 1, struct.pack(order + "I", directory(gps, 0))))
    second = 0
    if thumbnail is not None:
        at = put(thumbnail)
        second = directory(
            [
                (0x103, SHORT, 1, struct.pack(order + "H", 6)),
                (0x11A, RATIONAL, 1, struct.pack(order + "II", 72, 1)),
                (0x11B, RATIONAL, 1, struct.pack(order + "II", 72, 1)),
                (0x128, SHORT, 1, struct.pack(order + "H", 2)),
                (0x201, LONG, 1, struct.pack(order + "I", at)),
                (0x202, LONG, 1, struct.pack(order + "I", len(thumbnail))),
            ],
            0,
        )
    struct.pack_into(order + "I", body, 4, directory(rows, second))
    return bytes(body if next_word else body[:-4])


def default_exif(order: str = "<") -> list[Row]:
    """The tags that every Exif directory must have, and a time with sub-seconds and offset."""
    return [
        (0x9000, UNDEFINED, 4, b"0232"),
        text(0x9003, "2026:07:14 12:34:56"),
        text(0x9011, "-06:00"),
        (0x9101, UNDEFINED, 4, b"\1\2\3\0"),
        text(0x9291, "78"),
        (0xA000, UNDEFINED, 4, b"0100"),
        (0xA001, SHORT, 1, struct.pack(order + "H", 1)),
        (0xA002, LONG, 1, struct.pack(order + "I", 48)),
        (0xA003, LONG, 1, struct.pack(order + "I", 32)),
    ]


def camera_gps(
    order: str = "<",
    lat: tuple[int, ...] = (48, 1, 51, 1, 2994, 100),
    lon: tuple[int, ...] = (2, 1, 17, 1, 4020, 100),
) -> list[Row]:
    """What a phone writes: a position near Paris with altitude, speed, direction, satellites, dates."""

    def rationals(tag: int, *numbers: int) -> Row:
        return tag, RATIONAL, len(numbers) // 2, struct.pack(f"{order}{len(numbers)}I", *numbers)

    return [
        (0, BYTE, 4, bytes((2, 2, 0, 0))), text(1, "N"), rationals(2, *lat), text(3, "E"), rationals(4, *lon),
        (5, BYTE, 1, b"\0"), rationals(6, 350, 10), rationals(7, 10, 1, 34, 1, 56, 1), text(8, "7"), text(9, "A"),
        text(10, "3"), rationals(11, 26, 10), text(12, "K"), rationals(13, 5, 1), text(16, "T"), rationals(17, 1805, 10),
        text(18, "WGS-84"), (27, UNDEFINED, 11, b"ASCII\0\0\0GPS"), text(29, "2026:07:14"), rationals(31, 5, 1),
    ]  # fmt: skip


def gps_of_signed_numbers() -> list[Row]:
    """A position as some programs write it: signed rationals, hemispheres in words."""

    def signed(tag: int, *numbers: int) -> Row:
        return tag, 10, len(numbers) // 2, struct.pack(f"<{len(numbers)}i", *numbers)

    return [text(1, "North"), signed(2, 48, 1, 51, 1, 30, 1), text(3, "East"), signed(4, 2, 1, 17, 1, 40, 1)]


def gps_pointed_at_twice() -> bytes:
    """A block whose first directory and Exif directory refer to one GPS directory."""
    inner = [*default_exif(), (0x8825, LONG, 1, bytes(4))]
    data = bytearray(block(exif=inner, gps=camera_gps()))
    pointer = struct.pack("<HHI", 0x8825, LONG, 1)
    last, second = data.rindex(pointer) + 8, data.index(pointer) + 8
    data[second : second + 4] = data[last : last + 4]
    return bytes(data)


def with_stale_altitude(data: bytes, order: str, target: int) -> bytes:
    """A block whose GPSAltitude is said to lie at ``target``, as when a program moved it and forgot the pointer."""
    at = data.index(struct.pack(order + "HHI", 6, RATIONAL, 1)) + 8
    return data[:at] + struct.pack(order + "I", target) + data[at + 4 :]


def stale_altitude_in_thumbnail() -> bytes:
    data = block(exif=default_exif(), gps=camera_gps(), thumbnail=jpeg())
    return with_stale_altitude(data, "<", data.index(b"\xff\xd8\xff") + 40)


def gps_within_first_directory() -> bytes:
    """A block whose GPS directory lies in the table of its first directory, so that no one can change either."""
    data = bytearray(block(first=[text(0x10F, "T"), (0x8825, LONG, 1, bytes(4))]))
    (first,) = struct.unpack_from("<I", data, 4)
    entry = data.index(struct.pack("<HHI", 0x8825, LONG, 1), first)
    struct.pack_into("<I", data, entry + 8, first)
    return bytes(data)


def packet_row(packet: bytes) -> Row:
    """An XMP packet as a tag of a directory, where only TIFF files should have one."""
    return 0x2BC, BYTE, len(packet), packet


def exif_with_packet(packet: bytes, *, gps: Sequence[Row] | None = None) -> bytes:
    """An EXIF block that carries XMP itself."""
    return block(first=[text(0x10F, "Testcam"), packet_row(packet)], exif=default_exif(), gps=gps)
