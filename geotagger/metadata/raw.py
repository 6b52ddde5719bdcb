"""Raw files of cameras: reading only; positions go into a sidecar."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from geotagger.metadata.container import Change, Contents
from geotagger.metadata.edit import Edit
from geotagger.metadata.errors import FormatError, UnsafeError
from geotagger.metadata.jpeg import Jpeg
from geotagger.metadata.preview import largest_preview
from geotagger.metadata.source import SliceSource, Source
from geotagger.metadata.tiff import HEIGHT, WIDTH, XMP, Tiff
from geotagger.metadata.tiff_format import main_image

MAGICS = frozenset({42, 0x4F52, 0x5352, 0x55})
"""TIFF, Olympus ORF (two kinds) and Panasonic RW2."""
RAF_SIGNATURE = b"FUJIFILMCCD-RAW "
MRW_SIGNATURE = b"\0MRM"
_MAX_MRW_BLOCKS = 64
_PANASONIC_SIZE = (0x07, 0x06)
_PANASONIC_PREVIEW = 0x2E


class _ReadOnly:
    def edit(self, source: Source, change: Change) -> Edit:
        """Never."""
        raise UnsafeError("a raw file cannot be changed safely")

    def frame(self, source: Source) -> Hashable:
        """Nothing, because nothing changes."""
        return None


@dataclass(frozen=True, slots=True)
class TiffRaw(_ReadOnly):
    """Raw formats that are TIFF structures: most of them."""

    name: str

    def contents(self, source: Source) -> Contents:
        """Its EXIF, its XMP packet and the size of its largest image."""
        tiff = Tiff(source, MAGICS)
        first = tiff.ifd(tiff.first_ifd)
        image = main_image(tiff)
        width, height = tiff.integer(image.get(WIDTH)), tiff.integer(image.get(HEIGHT))
        if self.name == "RW2":
            width, height = (tiff.integer(first.get(tag)) for tag in _PANASONIC_SIZE)
        entry = first.get(XMP)
        return Contents(
            self.name, width, height, (source,), tiff.value(entry) if entry else None, magics=MAGICS
        )

    def preview(self, source: Source) -> bytes | None:
        """The largest JPEG in any of its directories."""
        tiff = Tiff(source, MAGICS)
        entry = tiff.ifd(tiff.first_ifd).get(_PANASONIC_PREVIEW) if self.name in ("RW2", "RWL") else None
        data = tiff.value(entry, 64 << 20) if entry else b""
        return data if data.startswith(b"\xff\xd8") else largest_preview(source, MAGICS)


class Raf(_ReadOnly):
    """Fujifilm RAF: a header that points to a complete JPEG file with all EXIF."""

    def _jpeg(self, source: Source) -> Source:
        place = source.read(84, 8)
        start, size = int.from_bytes(place[:4], "big"), int.from_bytes(place[4:], "big")
        if not start or source.read(start, 2) != b"\xff\xd8":
            raise FormatError("the RAF file is damaged")
        return SliceSource(source, start, size)

    def contents(self, source: Source) -> Contents:
        """What its JPEG says."""
        inner = Jpeg().contents(self._jpeg(source))
        return Contents("RAF", inner.width_px, inner.height_px, inner.exif, inner.xmp)

    def preview(self, source: Source) -> bytes | None:
        """Its JPEG."""
        jpeg = self._jpeg(source)
        return jpeg.read(0, jpeg.size)


class Mrw(_ReadOnly):
    """Minolta MRW: blocks, one of which is a TIFF structure."""

    def contents(self, source: Source) -> Contents:
        """Its TIFF block and the size of its image."""
        end = 8 + int.from_bytes(source.read(4, 4), "big")
        position = 8
        block: Source | None = None
        width = height = None
        for _ in range(_MAX_MRW_BLOCKS):
            if position + 8 > min(end, source.size):
                break
            head = source.read(position, 8)
            size = int.from_bytes(head[4:], "big")
            if head[:4] == b"\0TTW":
                block = SliceSource(source, position + 8, size)
            elif head[:4] == b"\0PRD":
                sizes = source.read(position + 20, 4)
                height, width = int.from_bytes(sizes[:2], "big"), int.from_bytes(sizes[2:], "big")
            position += 8 + size
        return Contents("MRW", width, height, (block,) if block else ())

    def preview(self, source: Source) -> bytes | None:
        """None that is a plain JPEG."""
        return None


@dataclass(frozen=True, slots=True)
class OpaqueRaw(_ReadOnly):
    """Formats of which only the name is known: Canon CRW, Sigma X3F, BigTIFF."""

    name: str

    def contents(self, source: Source) -> Contents:
        """Nothing but the name."""
        return Contents(self.name, None, None, is_opaque=True)

    def preview(self, source: Source) -> bytes | None:
        """None."""
        return None
