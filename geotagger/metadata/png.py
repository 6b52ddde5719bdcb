"""PNG files: EXIF in an eXIf chunk, XMP in an iTXt chunk."""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from dataclasses import dataclass

from geotagger.metadata.container import (
    Change,
    Contents,
    block_is_empty_without,
    changed_packet_in,
    is_blank,
)
from geotagger.metadata.edit import Edit, Splice, apply, ordered, replacing
from geotagger.metadata.errors import SIGNED, FormatError, UnsafeError
from geotagger.metadata.preview import largest_preview
from geotagger.metadata.source import MemorySource, Source
from geotagger.metadata.tiff_edit import edit_block, new_block

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_RAW_PROFILES = (b"Raw profile type exif\0", b"Raw profile type APP1\0", b"Raw profile type xmp\0")
_TEXT_TYPES = (b"tEXt", b"zTXt", b"iTXt")
_MAX_CHUNKS = 1 << 20
_MAX_TEXT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its type, the offset of its length word, and the length of its data."""

    type: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """Offset behind its checksum."""
        return self.start + 12 + self.size


@dataclass(frozen=True, slots=True)
class _Parts:
    chunks: tuple[Chunk, ...]
    exif: tuple[Chunk, ...]
    xmp: tuple[Chunk, ...]
    has_raw_profile: bool


def chunks(source: Source) -> tuple[list[Chunk], bool]:
    """The chunks up to IEND, and whether the file is complete.

    Raises:
        FormatError: it does not begin like a PNG file.
    """
    if source.read(0, 8) != SIGNATURE:
        raise FormatError("it is not a PNG file")
    found: list[Chunk] = []
    position = 8
    while len(found) < _MAX_CHUNKS:
        head = source.read(position, 8)
        size = int.from_bytes(head[:4], "big")
        # What is no name stands in a part of the file that never arrived, or was lost: millions of zeros, mostly.
        if not head[4:].isalpha() or position + 12 + size > source.size:
            break
        found.append(Chunk(head[4:], position, size))
        position += 12 + size
        if head[4:] == b"IEND":
            return found, True
    if not found or found[0].type not in (b"IHDR", b"CgBI"):
        raise FormatError("the PNG file is cut off before its image")
    return found, False


def _data(source: Source, chunk: Chunk) -> bytes:
    return source.read(chunk.start + 8, chunk.size)


def _parts(source: Source, found: list[Chunk]) -> _Parts:
    exif, xmp = [], []
    raw_profile = False
    for chunk in found:
        if chunk.type == b"eXIf":
            exif.append(chunk)
        elif chunk.type in _TEXT_TYPES:
            keyword = source.read(chunk.start + 8, min(chunk.size, 24))
            if chunk.type == b"iTXt" and keyword.startswith(XMP_KEYWORD):
                xmp.append(chunk)
            elif keyword.startswith(_RAW_PROFILES):
                raw_profile = True
    return _Parts(tuple(found), tuple(exif), tuple(xmp), raw_profile)


def _packet(source: Source, chunk: Chunk) -> tuple[bytes, bytes] | None:
    """The language and the translated keyword of an XMP chunk, and its text; None where it cannot be unpacked."""
    body = _data(source, chunk)[len(XMP_KEYWORD) :]
    parts = body[2:].split(b"\0", 2)
    if len(body) < 4 or len(parts) < 3:
        return None
    names = parts[0] + b"\0" + parts[1] + b"\0"
    if not body[0]:
        return names, parts[2]
    try:
        return names, zlib.decompressobj().decompress(parts[2], _MAX_TEXT_BYTES)
    except zlib.error:
        return None


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


class Png:
    """The PNG format."""

    def contents(self, source: Source) -> Contents:
        """Its EXIF block, its XMP packet and its size."""
        parts = _parts(source, chunks(source)[0])
        header = next((c for c in parts.chunks if c.type == b"IHDR"), None)
        size = _data(source, header)[:8] if header else b""
        if len(size) < 8:
            raise FormatError("the PNG file's header is damaged")
        # Some programs put the JPEG header before the block. That is read, but not written.
        blocks = (_data(source, c).removeprefix(b"Exif\0\0") for c in parts.exif)
        packet = _packet(source, parts.xmp[0]) if parts.xmp else None
        return Contents(
            "PNG",
            int.from_bytes(size[:4], "big"),
            int.from_bytes(size[4:], "big"),
            tuple(MemorySource(b) for b in blocks if not is_blank(b)),
            packet[1] if packet else None,
        )

    def preview(self, source: Source) -> bytes | None:
        """Its EXIF thumbnail."""
        return next((t for b in self.contents(source).exif if (t := largest_preview(b))), None)

    def edit(self, source: Source, change: Change) -> Edit:
        """Splices for the eXIf and iTXt chunks; new ones go right behind the header."""
        found, complete = chunks(source)
        parts = _parts(source, found)
        if not complete:
            raise UnsafeError("the PNG file is cut off")
        if any(chunk.type == b"caBX" for chunk in found):
            raise UnsafeError(SIGNED)
        if len(parts.exif) > 1 or len(parts.xmp) > 1 or parts.has_raw_profile:
            raise UnsafeError("it holds EXIF or XMP more than once, or in an old form")
        place = next(c for c in found if c.type == b"IHDR").end
        return ordered([*_edit_exif(source, parts, change, place), *_edit_xmp(source, parts, change, place)])

    def frame(self, source: Source) -> Hashable:
        """All other chunks with their checksums, and the length of what follows them."""
        parts = _parts(source, chunks(source)[0])
        skip = {*parts.exif, *parts.xmp}
        kept = tuple((c.type, c.size, source.read(c.end - 4, 4)) for c in parts.chunks if c not in skip)
        return kept, source.size - parts.chunks[-1].end


def _edit_exif(source: Source, parts: _Parts, change: Change, place: int) -> list[Splice]:
    if not parts.exif:
        return (
            [Splice(place, b"", _chunk(b"eXIf", new_block(change.new_gps, (72, 72, 2))))]
            if change.new_gps
            else []
        )
    chunk = parts.exif[0]
    block = _data(source, chunk)
    if zlib.crc32(b"eXIf" + block).to_bytes(4, "big") != source.read(chunk.end - 4, 4):
        raise UnsafeError("its EXIF block is damaged")
    if is_blank(block):
        fresh = _chunk(b"eXIf", new_block(change.new_gps, (72, 72, 2)))
        whole = source.read(chunk.start, chunk.size + 12)
        return [replacing(chunk.start, whole, fresh)] if change.new_gps else []
    if not change.new_gps and block_is_empty_without(MemorySource(block), change):
        return [Splice(chunk.start, source.read(chunk.start, chunk.size + 12), b"")]
    try:
        packet = changed_packet_in(MemorySource(block), change)
        inner = edit_block(MemorySource(block), change.gps, packet, change.further_xmp)
    except FormatError as error:
        raise UnsafeError("its EXIF block is damaged") from error
    new = apply(block, inner)
    return (
        [replacing(chunk.start, source.read(chunk.start, chunk.size + 12), _chunk(b"eXIf", new))]
        if inner
        else []
    )


def _edit_xmp(source: Source, parts: _Parts, change: Change, place: int) -> list[Splice]:
    if not parts.xmp:
        new = change.xmp(None)
        return [Splice(place, b"", _chunk(b"iTXt", XMP_KEYWORD + bytes(4) + new))] if new else []
    chunk = parts.xmp[0]
    packet = _packet(source, chunk)
    if packet is None or len(packet[1]) >= _MAX_TEXT_BYTES:
        raise UnsafeError("its XMP is damaged")
    names, old = packet
    new = change.xmp(old)
    if new == old:
        return []
    whole = source.read(chunk.start, chunk.size + 12)
    fresh = _chunk(b"iTXt", XMP_KEYWORD + bytes(2) + names + new) if new else b""
    return [replacing(chunk.start, whole, fresh)]
