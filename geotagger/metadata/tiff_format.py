"""TIFF and DNG files: the whole file is one TIFF structure, and a change is appended at its end."""

from __future__ import annotations

from collections.abc import Hashable

from geotagger.metadata.container import Change, Contents
from geotagger.metadata.edit import Edit
from geotagger.metadata.errors import SIGNED, UnsafeError
from geotagger.metadata.preview import largest_preview
from geotagger.metadata.source import Source
from geotagger.metadata.tiff import COMPRESSION, HEIGHT, SUB_IFDS, WIDTH, XMP, Ifd, Tiff
from geotagger.metadata.tiff_edit import edit_block

DNG_VERSION = 0xC612
_CONTENT_CREDENTIALS = 0xCD41
_TIFF_COMPRESSIONS = frozenset(
    {1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34661, 34712, 34887, 34925, 50000, 50001, 50002}
)
_DNG_COMPRESSIONS = frozenset({1, 7, 8, 34892, 52546})


def main_image(tiff: Tiff) -> Ifd:
    """The directory of the largest image: cameras put a thumbnail first and the photo into a sub-directory."""
    tables = [ifd for _, ifd in tiff.walk()]
    sized = [i for i in tables if i.get(WIDTH) and i.get(HEIGHT)]
    return max(sized, key=lambda i: tiff.integer(i.get(WIDTH)) or 0, default=tables[0])


class TiffFile:
    """The TIFF format, and DNG, which is TIFF with more tags."""

    def contents(self, source: Source) -> Contents:
        """The file itself as its EXIF structure, its XMP packet and the size of its largest image."""
        tiff = Tiff(source)
        first = tiff.ifd(tiff.first_ifd)
        is_dng = first.get(DNG_VERSION) is not None
        image = main_image(tiff) if first.get(SUB_IFDS) else first
        entry = first.get(XMP)
        return Contents(
            "DNG" if is_dng else "TIFF",
            tiff.integer(image.get(WIDTH)),
            tiff.integer(image.get(HEIGHT)),
            (source,),
            tiff.value(entry) if entry else None,
        )

    def preview(self, source: Source) -> bytes | None:
        """The largest JPEG in any of its directories."""
        return largest_preview(source)

    def edit(self, source: Source, change: Change) -> Edit:
        """Splices that append the new directories; nothing moves."""
        tiff = Tiff(source)
        first = tiff.ifd(tiff.first_ifd)
        is_dng = first.get(DNG_VERSION) is not None
        known = _DNG_COMPRESSIONS if is_dng else _TIFF_COMPRESSIONS
        if first.get(_CONTENT_CREDENTIALS) is not None:
            raise UnsafeError(SIGNED)
        for _, ifd in tiff.walk():
            compression = tiff.integer(ifd.get(COMPRESSION))
            if compression is not None and compression not in known:
                raise UnsafeError("it holds image data of a kind that only its maker knows")
        entry = first.get(XMP)
        old = tiff.value(entry, 1 << 30) if entry else None
        new = change.xmp(old)
        packet = None if new == (old or b"") else new
        return edit_block(source, change.gps, packet, change.further_xmp)

    def frame(self, source: Source) -> Hashable:
        """The byte order; every other byte is held in place by the edit itself."""
        return Tiff(source).order
