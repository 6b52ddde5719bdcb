"""JPEG files of several images (MPO, Ultra HDR), with the index that says where each lies."""

from __future__ import annotations

import struct

from tests.metadata.samples.exif_blocks import LONG, UNDEFINED, block, default_exif
from tests.metadata.samples.jpeg_parts import after_soi, app1, segment, without_jfif, xmp_segment
from tests.metadata.samples.packets import xmp
from tests.metadata.samples.pictures import jpeg


def mpf(offset_of_second: int, first_size: int, second_size: int) -> bytes:
    """An MPF segment for two images; the offset counts from its own byte order mark."""
    entries = struct.pack("<IIIHH", 0x030000, first_size, 0, 0, 0) + struct.pack(
        "<IIIHH", 0, second_size, offset_of_second, 0, 0
    )
    table = struct.pack("<H", 3)
    table += struct.pack("<HHI4s", 0xB000, UNDEFINED, 4, b"0100")
    table += struct.pack("<HHII", 0xB001, LONG, 1, 2)
    table += struct.pack("<HHII", 0xB002, UNDEFINED, 32, 8 + 2 + 36 + 4)
    return segment(0xE2, b"MPF\0II*\0" + struct.pack("<I", 8) + table + struct.pack("<I", 0) + entries)


def three_images(*, mpf_first: bool) -> bytes:
    """An MPO file of three images."""
    others = without_jfif()
    exif = app1(block(exif=default_exif(), thumbnail=jpeg()))

    def build(offset: int, size: int) -> bytes:
        entries = struct.pack("<IIIHH", 0x030000, size, 0, 0, 0)
        for place in (offset, offset + len(others)):
            entries += struct.pack("<IIIHH", 0, len(others), place, 0, 0)
        table = struct.pack("<H", 3) + struct.pack("<HHI4s", 0xB000, UNDEFINED, 4, b"0100")
        table += struct.pack("<HHII", 0xB001, LONG, 1, 3)
        table += struct.pack("<HHII", 0xB002, UNDEFINED, 48, 8 + 2 + 36 + 4)
        index = segment(0xE2, b"MPF\0II*\0" + struct.pack("<I", 8) + table + bytes(4) + entries)
        return after_soi(*((index, exif) if mpf_first else (exif, index)), base=others)

    size = len(build(0, 0))
    return build(size - build(0, 0).index(b"MPF\0") - 4, size) + others + others


def two_images(*, mpf_first: bool = False, gain_map: bool = False) -> bytes:
    """An MPO file; with ``gain_map`` laid out like an Ultra HDR photo."""
    second = (
        after_soi(xmp_segment(xmp('xmp:Label="gain map"')), base=without_jfif())
        if gain_map
        else without_jfif()
    )
    exif = app1(block(exif=default_exif(), thumbnail=jpeg()))
    more = xmp_segment(xmp('xmp:Label="hdr"')) if gain_map else b""
    base = without_jfif()

    def build(offset: int, size: int) -> bytes:
        index = mpf(offset, size, len(second))
        return after_soi(*((index, exif, more) if mpf_first else (exif, more, index)), base=base)

    size = len(build(0, 0))
    start = build(0, 0).index(b"MPF\0") + 4
    return build(size - start, size) + second


def said_to_lie_elsewhere(data: bytes) -> bytes:
    """An MPO file whose second image is said to lie behind the end."""
    at = data.index(b"MPF\0") + 4 + 8 + 2 + 36 + 4 + 16 + 8
    return data[:at] + struct.pack("<I", 900_000) + data[at + 4 :]


def second_image_of(data: bytes) -> bytes:
    """The second image of an MPO file, found the way readers find it."""
    start = data.index(b"MPF\0") + 4
    size, offset = struct.unpack_from("<II", data, start + 8 + 2 + 36 + 4 + 16 + 4)
    return data[start + offset : start + offset + size]
