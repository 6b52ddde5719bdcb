"""Which format a file has, by its first bytes; the names on files are only hints."""

from __future__ import annotations

from dataclasses import dataclass

from geotagger.metadata.container import PhotoFormat
from geotagger.metadata.errors import FormatError
from geotagger.metadata.jpeg import Jpeg
from geotagger.metadata.source import Source
from geotagger.metadata.tiff_format import TiffFile

TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".dng"})
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp"}) | TIFF_SUFFIXES


@dataclass(frozen=True, slots=True)
class Detected:
    """A format and whether positions are written into its files.

    Attributes:
        sidecar_reason: why positions go into a sidecar; None where they go into the file.
    """

    handler: PhotoFormat
    sidecar_reason: str | None = None


def detect(source: Source, suffix: str) -> Detected:
    """The format of a file.

    Args:
        suffix: of its name, lower-case, with the dot: it tells raw formats from TIFF.

    Raises:
        FormatError: it is none that the program reads.
    """
    head = source.read(0, 32)
    if head.startswith(b"\xff\xd8"):
        return Detected(Jpeg())
    if head[:4] in (b"II*\0", b"MM\0*"):
        return Detected(TiffFile())
    raise FormatError("it is not a photo that this program reads")
