"""JPEG previews inside TIFF structures: thumbnails of cameras and the large previews of raw files."""

from __future__ import annotations

from geotagger.metadata.errors import FormatError
from geotagger.metadata.source import Source
from geotagger.metadata.tiff import CLASSIC, COMPRESSION, Tiff

_OFFSET_LENGTH = ((0x201, 0x202), (0x111, 0x117))
_JPEG_COMPRESSIONS = (6, 7)
MAX_PREVIEW_BYTES = 64 << 20


def largest_preview(block: Source, magics: frozenset[int] = frozenset({CLASSIC})) -> bytes | None:
    """The largest baseline JPEG that a directory of the block points to, at most 64 MiB; None for none."""
    try:
        tiff = Tiff(block, magics)
        tables = list(tiff.walk())
    except FormatError:
        return None
    found: list[tuple[int, int]] = []
    for _, ifd in tables:
        for offset_tag, size_tag in _OFFSET_LENGTH:
            offset, size = ifd.get(offset_tag), ifd.get(size_tag)
            if offset is None or size is None or offset.values != 1:
                continue
            if offset_tag == 0x111 and tiff.integer(ifd.get(COMPRESSION)) not in _JPEG_COMPRESSIONS:
                continue
            start, length = tiff.integer(offset), tiff.integer(size)
            if start and length and start + length <= block.size and length <= MAX_PREVIEW_BYTES:
                found.append((length, start))
    for length, start in sorted(found, reverse=True):
        data = block.read(start, length)
        if data[:2] == b"\xff\xd8" and not _is_lossless(data):
            return data
    return None


def _is_lossless(data: bytes) -> bool:
    """Raw image data is often lossless JPEG (SOF3), which viewers cannot show."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker in (0xC3, 0xC7, 0xCB, 0xCF)
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False
