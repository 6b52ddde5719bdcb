"""Files that consist of boxes (ISO base media): HEIC, and the skeleton of a Canon CR3."""

from __future__ import annotations

import io
import struct

import pillow_heif

from tests.metadata.samples.exif_blocks import block, camera_gps, default_exif, text
from tests.metadata.samples.packets import xmp
from tests.metadata.samples.pictures import picture


def box(kind: bytes, data: bytes) -> bytes:
    """A box of an ISO base media file."""
    return struct.pack(">I", len(data) + 8) + kind + data


def heic() -> bytes:
    """A HEIC file with EXIF and XMP, as phones write them."""
    out = io.BytesIO()
    exif = b"Exif\0\0" + block(exif=default_exif(), gps=camera_gps())
    pillow_heif.from_pillow(picture(size=(96, 64))).save(out, exif=exif, xmp=xmp(), quality=50)
    return out.getvalue()


def cr3() -> bytes:
    """The skeleton of a Canon CR3 file: three directories, each a TIFF block of its own."""
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    inner = box(b"CMT1", block(first=[text(0x10F, "Canon"), text(0x110, "Canon EOS R")]))
    inner += box(b"CMT2", block(first=default_exif())) + box(b"CMT4", block(first=camera_gps()))
    return (
        box(b"ftyp", b"crx \0\0\0\1crx isom")
        + box(b"moov", box(b"uuid", canon + inner))
        + box(b"mdat", bytes(64))
    )
