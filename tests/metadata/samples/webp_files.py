"""WebP files, and how to break their promises."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.metadata.samples.exif_blocks import block, camera_gps, default_exif
from tests.metadata.samples.packets import RICH_BODY, xmp
from tests.metadata.samples.pictures import large_profile, picture, saved


def _with_flags(data: bytes, flags: int) -> bytes:
    """An extended WebP that announces something else than it holds."""
    at = data.index(b"VP8X") + 8
    return data[:at] + bytes([flags]) + data[at + 1 :]


def _with_size(data: bytes) -> bytes:
    """A RIFF file with its size put right."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


WEBPS: dict[str, Callable[[], bytes]] = {
    "lossy.webp": lambda: saved("WEBP"),
    "lossless.webp": lambda: saved("WEBP", lossless=True),
    "lossless-alpha.webp": lambda: saved("WEBP", picture("RGBA"), lossless=True),
    "exif.webp": lambda: saved("WEBP", exif=block(exif=default_exif(), gps=camera_gps())),
    "blank-exif.webp": lambda: saved("WEBP", exif=Image.Exif().tobytes() or b"MM\0*\0\0\0\x08" + bytes(6)),
    "exif-with-header.webp": lambda: saved("WEBP", exif=b"Exif\0\0" + block(exif=default_exif())),
    "xmp.webp": lambda: saved("WEBP", xmp=xmp(body=RICH_BODY)),
    "flag-missing.webp": lambda: _with_flags(saved("WEBP", exif=block(exif=default_exif())), 0),
    "flag-without-chunk.webp": lambda: _with_flags(
        saved("WEBP", icc_profile=b"\0\0\0\x80" + bytes(124)), 0x2C
    ),
    "no-vp8x.webp": lambda: _with_size(
        saved("WEBP") + b"XMP " + struct.pack("<I", len(xmp())) + xmp() + bytes(len(xmp()) % 2)
    ),
    "odd-chunk.webp": lambda: _with_size(saved("WEBP", exif=block()) + b"ABCD\3\0\0\0odd\0"),
    "trailing.webp": lambda: saved("WEBP") + b"something behind the end",
    "animated-with-profile.webp": lambda: saved(
        "WEBP", picture("RGBA"), save_all=True, append_images=[picture("RGBA")], icc_profile=large_profile()
    ),
    "animated.webp": lambda: saved("WEBP", save_all=True, append_images=[picture("L").convert("RGB")]),
}
"""WebP files that must be written."""

WEBPS_REFUSED: dict[str, Callable[[], bytes]] = {
    "signed.webp": lambda: _with_size(saved("WEBP", exif=block()) + b"C2PA\4\0\0\0jumb"),
    "cut-off.webp": lambda: saved("WEBP", exif=block())[:-4],
}
"""WebP files that cannot be changed safely."""
