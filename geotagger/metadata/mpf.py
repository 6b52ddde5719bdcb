"""The MPF segment of a JPEG, which says where in the file its further images are (CIPA DC-007)."""

from __future__ import annotations

import struct

from geotagger.metadata.edit import Splice
from geotagger.metadata.errors import FormatError, UnsafeError
from geotagger.metadata.source import MemorySource
from geotagger.metadata.tiff import Tiff

HEADER = b"MPF\0"
_ENTRIES = 0xB002
_ENTRY_BYTES = 16
_OFFSET_AT = 8


def _offsets(payload: bytes) -> tuple[str, list[tuple[int, int]]]:
    """Byte order, and for each further image the place of its offset in the payload and the offset itself.

    Offsets count from the byte order mark; that of the first image is 0.
    """
    tiff = Tiff(MemorySource(payload[len(HEADER) :]))
    entry = tiff.ifd(tiff.first_ifd).get(_ENTRIES)
    if entry is None or entry.size % _ENTRY_BYTES or entry.size <= 4:
        raise FormatError("its list of images is damaged")
    start = len(HEADER) + tiff.offset_of(entry)
    places = range(start + _OFFSET_AT, start + entry.size, _ENTRY_BYTES)
    if start + entry.size > len(payload):
        raise FormatError("its list of images is damaged")
    found = [(at, struct.unpack_from(tiff.order + "I", payload, at)[0]) for at in places]
    return tiff.order, [(at, offset) for at, offset in found if offset]


def moved(payload: bytes, start: int, first_end: int, size: int, by: int) -> list[Splice]:
    """Splices that let a list of images follow its images when they move away from it.

    Args:
        payload: the segment's data.
        start: offset of the payload in the file.
        first_end: where the headers of the first image end: all further images lie behind.
        size: of the file.
        by: how many bytes further away the images will be.

    Raises:
        UnsafeError: the list is damaged, or speaks of images elsewhere.
    """
    try:
        order, offsets = _offsets(payload)
    except FormatError as error:
        raise UnsafeError("its list of images is damaged") from error
    splices = []
    for at, offset in offsets:
        place = start + len(HEADER) + offset
        if not first_end <= place < size or offset + by > 0xFFFF_FFFF:
            raise UnsafeError("its list of images speaks of places where none can be")
        old, new = (struct.pack(order + "I", value) for value in (offset, offset + by))
        splices.append(Splice(start + at, old, new))
    return splices


def comparable(payload: bytes, start: int, size: int) -> bytes:
    """The payload with each offset counted from the end of the file, where a change in front leaves it the same."""
    try:
        order, offsets = _offsets(payload)
    except FormatError:
        return payload
    data = bytearray(payload)
    for at, offset in offsets:
        struct.pack_into(order + "I", data, at, (size - start - len(HEADER) - offset) & 0xFFFF_FFFF)
    return bytes(data)
