"""Files that are read and get sidecars: those of boxes, and skeletons of other RAW formats."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.metadata.samples.boxes import cr3, heic
from tests.metadata.samples.exif_blocks import block, default_exif
from tests.metadata.samples.jpeg_files import JPEGS
from tests.metadata.samples.tiff_files import tiff


def raf() -> bytes:
    """The skeleton of a Fujifilm RAF file: a header and a complete JPEG."""
    inner = JPEGS["camera-gps"]()
    head = b"FUJIFILMCCD-RAW 0201FF393101".ljust(84, b"\0") + struct.pack(">II", 160, len(inner))
    return head.ljust(160, b"\0") + inner


def mrw() -> bytes:
    """The skeleton of a Minolta MRW file."""
    size = b"27820001" + struct.pack(">HHHH", 1500, 2000, 1480, 1984) + bytes(8)
    exif = block(exif=default_exif())
    blocks = b"\0PRD" + struct.pack(">I", len(size)) + size + b"\0TTW" + struct.pack(">I", len(exif)) + exif
    return b"\0MRM" + struct.pack(">I", len(blocks)) + blocks + bytes(64)


READ_ONLY: dict[str, Callable[[], bytes]] = {
    "photo.heic": heic,
    "photo.cr3": cr3,
    "photo.raf": raf,
    "photo.mrw": mrw,
    "photo.nef": lambda: tiff(">", gps=True),
    "photo.orf": lambda: b"IIRO" + tiff()[4:],
}
"""Files that are read and get sidecars."""
