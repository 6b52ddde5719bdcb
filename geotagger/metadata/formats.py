"""Which format a file has, by its first bytes; its name only tells raw formats from TIFF."""

from __future__ import annotations

from dataclasses import dataclass

from geotagger.metadata.container import PhotoFormat
from geotagger.metadata.errors import FormatError
from geotagger.metadata.isobmff import CR3_BRAND, HEIF_BRANDS, Cr3, Heif
from geotagger.metadata.jpeg import Jpeg
from geotagger.metadata.png import SIGNATURE as PNG_SIGNATURE
from geotagger.metadata.png import Png
from geotagger.metadata.raw import MRW_SIGNATURE, RAF_SIGNATURE, Mrw, OpaqueRaw, Raf, TiffRaw
from geotagger.metadata.source import Source
from geotagger.metadata.tiff import Tiff
from geotagger.metadata.tiff_format import DNG_VERSION, TiffFile
from geotagger.metadata.webp import WebP

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"})
TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".dng"})
HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
_TIFF_RAW = {
    ".3fr": "3FR", ".arw": "ARW", ".cr2": "CR2", ".dcr": "DCR", ".erf": "ERF", ".fff": "FFF", ".gpr": "GPR",
    ".iiq": "IIQ", ".kdc": "KDC", ".mef": "MEF", ".mos": "MOS", ".nef": "NEF", ".nrw": "NRW", ".orf": "ORF",
    ".pef": "PEF", ".raw": "RAW", ".rw2": "RW2", ".rwl": "RWL", ".sr2": "SR2", ".srf": "SRF", ".srw": "SRW",
}  # fmt: skip
RAW_SUFFIXES = frozenset({*_TIFF_RAW, ".dng", ".cr3", ".crw", ".mrw", ".raf", ".x3f"})
PHOTO_SUFFIXES = JPEG_SUFFIXES | TIFF_SUFFIXES | HEIF_SUFFIXES | RAW_SUFFIXES | {".png", ".webp"}
"""Lower-case suffixes of the files that the program takes for photos."""

_RAW_REASON = "the makers alone know what else a raw file refers to"
_HEIF_REASON = "a HEIC file cannot be changed without moving its image"
_BIG_TIFF_REASON = "it is a BigTIFF"


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
        suffix: of its name, lower-case, with the dot.

    Raises:
        FormatError: it is none that the program reads.
    """
    head = source.read(0, 32)
    if head.startswith(b"\xff\xd8"):
        return Detected(Jpeg())
    if head[:2] in (b"II", b"MM"):
        return _tiff_like(source, head, suffix)
    if head.startswith(PNG_SIGNATURE):
        return Detected(Png())
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Detected(WebP())
    if head[4:8] == b"ftyp":
        brands = {head[i : i + 4] for i in (8, 16, 20, 24, 28)}
        if CR3_BRAND in brands:
            return Detected(Cr3(), _RAW_REASON)
        if brands & HEIF_BRANDS:
            return Detected(Heif(), _HEIF_REASON)
    if head.startswith(RAF_SIGNATURE):
        return Detected(Raf(), _RAW_REASON)
    if head.startswith(MRW_SIGNATURE):
        return Detected(Mrw(), _RAW_REASON)
    if head.startswith(b"FOVb"):
        return Detected(OpaqueRaw("X3F"), _RAW_REASON)
    raise FormatError("it is not a photo that this program reads")


def _tiff_like(source: Source, head: bytes, suffix: str) -> Detected:
    if head[2:4] in (b"+\0", b"\0+"):
        return Detected(OpaqueRaw("BigTIFF"), _BIG_TIFF_REASON)
    if head[6:14] == b"HEAPCCDR":
        return Detected(OpaqueRaw("CRW"), _RAW_REASON)
    if head[:4] in (b"IIRO", b"IIRS", b"MMOR", b"IIU\0"):
        return Detected(TiffRaw(_TIFF_RAW.get(suffix, "RAW")), _RAW_REASON)
    if head[:4] in (b"II*\0", b"MM\0*"):
        is_dng = suffix == ".dng"
        if suffix in _TIFF_RAW and not is_dng:
            tiff = Tiff(source)
            is_dng = tiff.ifd(tiff.first_ifd).get(DNG_VERSION) is not None and suffix != ".gpr"
        if head[8:10] == b"CR" or (suffix in _TIFF_RAW and not is_dng):
            return Detected(TiffRaw(_TIFF_RAW.get(suffix, "RAW")), _RAW_REASON)
        return Detected(TiffFile())
    raise FormatError("it is not a photo that this program reads")
