"""WebP files: EXIF and XMP in RIFF chunks of the extended format, to which simple files are raised."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from geotagger.metadata.container import (
    Change,
    Contents,
    block_is_empty_without,
    changed_packet_in,
    is_blank,
)
from geotagger.metadata.edit import Edit, Splice, apply, growth, ordered, replacing
from geotagger.metadata.errors import SIGNED, FormatError, UnsafeError
from geotagger.metadata.preview import largest_preview
from geotagger.metadata.source import MemorySource, Source
from geotagger.metadata.tiff_edit import edit_block, new_block

EXIF_FLAG, XMP_FLAG, ALPHA_FLAG = 0x08, 0x04, 0x10
_EXIF_HEADER = b"Exif\0\0"
_MAX_CHUNKS = 65_536


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, the offset of the name, and the length of its data without padding."""

    name: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """Offset behind its data and padding."""
        return self.start + 8 + self.size + self.size % 2


@dataclass(frozen=True, slots=True)
class _Parts:
    chunks: tuple[Chunk, ...]
    end: int
    """Offset behind the RIFF container."""
    complete: bool

    def first(self, *names: bytes) -> Chunk | None:
        return next((c for c in self.chunks if c.name in names), None)

    def several(self, name: bytes) -> bool:
        return sum(c.name == name for c in self.chunks) > 1


def _parts(source: Source) -> _Parts:
    head = source.read(0, 12)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise FormatError("it is not a WebP file")
    end = 8 + int.from_bytes(head[4:8], "little")
    found: list[Chunk] = []
    position = 12
    while position + 8 <= min(end, source.size) and len(found) < _MAX_CHUNKS:
        name_size = source.read(position, 8)
        chunk = Chunk(name_size[:4], position, int.from_bytes(name_size[4:], "little"))
        if chunk.start + 8 + chunk.size > min(end, source.size):
            break
        found.append(chunk)
        position = chunk.end
    if not found:
        raise FormatError("the WebP file is cut off before its image")
    return _Parts(tuple(found), end, position == end and end <= source.size)


def _data(source: Source, chunk: Chunk) -> bytes:
    return source.read(chunk.start + 8, chunk.size)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)


def _canvas(source: Source, parts: _Parts) -> tuple[int, int, bool]:
    """Width, height and whether there is transparency."""
    image = parts.first(b"VP8X", b"VP8 ", b"VP8L")
    data = source.read(image.start + 8, 10) if image else b""
    if image is not None and image.name == b"VP8X" and len(data) == 10:
        width, height = (int.from_bytes(data[i : i + 3], "little") + 1 for i in (4, 7))
        return width, height, bool(data[0] & ALPHA_FLAG)
    if image is not None and image.name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(data[i : i + 2], "little") & 0x3FFF for i in (6, 8))
        if width and height:
            return width, height, False
    if image is not None and image.name == b"VP8L" and data[:1] == b"\x2f":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    raise FormatError("the WebP file's image header is damaged")


class WebP:
    """The WebP format."""

    def contents(self, source: Source) -> Contents:
        """Its EXIF block, its XMP packet and the size of its canvas."""
        parts = _parts(source)
        width, height, _ = _canvas(source, parts)
        exif, xmp = parts.first(b"EXIF"), parts.first(b"XMP ")
        block = _data(source, exif).removeprefix(_EXIF_HEADER) if exif else b""
        blocks = () if is_blank(block) else (MemorySource(block),)
        return Contents("WebP", width, height, blocks, _data(source, xmp) if xmp else None)

    def preview(self, source: Source) -> bytes | None:
        """Its EXIF thumbnail."""
        return next((t for b in self.contents(source).exif if (t := largest_preview(b))), None)

    def edit(self, source: Source, change: Change) -> Edit:
        """Splices for the EXIF and XMP chunks, the flags that announce them, and the size of the whole."""
        parts = _parts(source)
        width, height, alpha = _canvas(source, parts)
        if not parts.complete:
            raise UnsafeError("the WebP file is cut off or its size is wrong")
        if parts.first(b"C2PA") is not None:
            raise UnsafeError(SIGNED)
        if parts.several(b"EXIF") or parts.several(b"XMP ") or parts.several(b"VP8X"):
            raise UnsafeError("it holds EXIF or XMP more than once")
        exif, has_exif = _edit_exif(source, parts, change)
        xmp, has_xmp = _edit_xmp(source, parts, change)
        splices = [*exif, *xmp]
        if not splices:
            return ()
        flags = (EXIF_FLAG if has_exif else 0) | (XMP_FLAG if has_xmp else 0)
        extended = parts.first(b"VP8X")
        if extended is not None:
            at = extended.start + 8
            old = source.read(at, 1)
            splices.append(Splice(at, old, bytes([old[0] & ~(EXIF_FLAG | XMP_FLAG) | flags])))
        elif flags:
            flags |= ALPHA_FLAG if alpha else 0
            size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            splices.append(Splice(12, b"", _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + size)))
        total = parts.end - 8 + growth(ordered(splices))
        if total > 0xFFFF_FFFE:
            raise UnsafeError("it is too large to grow")
        return ordered([*splices, replacing(4, source.read(4, 4), total.to_bytes(4, "little"))])

    def frame(self, source: Source) -> Hashable:
        """All other chunks by name and size, the other flags, and the length of what follows the container."""
        parts = _parts(source)
        kept = tuple((c.name, c.size) for c in parts.chunks if c.name not in (b"EXIF", b"XMP ", b"VP8X"))
        return kept, _canvas(source, parts), source.size - parts.end


def _edit_exif(source: Source, parts: _Parts, change: Change) -> tuple[list[Splice], bool]:
    chunk = parts.first(b"EXIF")
    old = _data(source, chunk) if chunk else b""
    header = _EXIF_HEADER if old.startswith(_EXIF_HEADER) else b""
    block = old[len(header) :]
    if is_blank(block):
        if not change.new_gps:
            return [], chunk is not None
        fresh = _chunk(b"EXIF", new_block(change.new_gps, (72, 72, 2)))
        if chunk is not None:
            return [Splice(chunk.start, source.read(chunk.start, chunk.end - chunk.start), fresh)], True
        following = parts.first(b"XMP ")
        return [Splice(following.start if following else parts.end, b"", fresh)], True
    assert chunk is not None
    whole = source.read(chunk.start, chunk.end - chunk.start)
    if not change.new_gps and block_is_empty_without(MemorySource(block), change):
        return [Splice(chunk.start, whole, b"")], False
    try:
        packet = changed_packet_in(MemorySource(block), change)
        new = apply(block, edit_block(MemorySource(block), change.gps, packet, change.further_xmp))
    except FormatError as error:
        raise UnsafeError("its EXIF block is damaged") from error
    return ([replacing(chunk.start, whole, _chunk(b"EXIF", header + new))] if new != block else []), True


def _edit_xmp(source: Source, parts: _Parts, change: Change) -> tuple[list[Splice], bool]:
    chunk = parts.first(b"XMP ")
    if chunk is None:
        new = change.xmp(None)
        return ([Splice(parts.end, b"", _chunk(b"XMP ", new))] if new else []), bool(new)
    old = _data(source, chunk)
    new = change.xmp(old)
    if new == old:
        return [], True
    whole = source.read(chunk.start, chunk.end - chunk.start)
    return [replacing(chunk.start, whole, _chunk(b"XMP ", new) if new else b"")], bool(new)
