"""PNG files, put together of chunks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from tests.metadata.samples.exif_blocks import block, camera_gps, default_exif
from tests.metadata.samples.packets import RICH_BODY, xmp
from tests.metadata.samples.pictures import large_profile, picture, saved


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*extra: bytes, at_end: bool = False) -> bytes:
    """A PNG with more chunks behind its header, or before its end."""
    data = saved("PNG")
    place = len(data) - 12 if at_end else 33
    return data[:place] + b"".join(extra) + data[place:]


def itxt(packet: bytes, *, compressed: bool = False) -> bytes:
    body = zlib.compress(packet) if compressed else packet
    return png_chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes((compressed, 0)) + b"\0\0" + body)


PNGS: dict[str, Callable[[], bytes]] = {
    "plain.png": png,
    "profile-and-resolution.png": lambda: saved("PNG", icc_profile=large_profile(), dpi=(240, 240)),
    "palette.png": lambda: saved("PNG", picture("P")),
    "sixteen-bit.png": lambda: saved("PNG", picture("L").convert("I;16")),
    "exif.png": lambda: png(png_chunk(b"eXIf", block(exif=default_exif(), gps=camera_gps()))),
    "blank-exif.png": lambda: png(png_chunk(b"eXIf", b"MM\0*\0\0\0\x08" + bytes(6))),
    "exif-at-end.png": lambda: png(png_chunk(b"eXIf", block(">", exif=default_exif(">"))), at_end=True),
    "xmp.png": lambda: png(itxt(xmp(body=RICH_BODY))),
    "xmp-compressed.png": lambda: png(itxt(xmp(body=RICH_BODY), compressed=True)),
    "animated.png": lambda: saved("PNG", save_all=True, append_images=[picture("L").convert("RGB")]),
    "trailing.png": lambda: png() + b"something behind the end",
}
"""PNG files that must be written."""

PNGS_REFUSED: dict[str, Callable[[], bytes]] = {
    "signed.png": lambda: png(png_chunk(b"caBX", b"\0\0\0\x10jumb")),
    "raw-profile.png": lambda: png(
        png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 4\n4949\n"))
    ),
    "exif-twice.png": lambda: png(png_chunk(b"eXIf", block()), png_chunk(b"eXIf", block())),
    "exif-with-jpeg-header.png": lambda: png(png_chunk(b"eXIf", b"Exif\0\0" + block(exif=default_exif()))),
    "exif-bad-checksum.png": lambda: png(png_chunk(b"eXIf", block())[:-1] + b"?"),
    "signed-on-a-server.png": lambda: png(
        itxt(
            xmp(
                'xmlns:dcterms="http://purl.org/dc/terms/"',
                body='<dcterms:provenance rdf:resource="https://example.org/manifest.c2pa"/>',
            )
        )
    ),
    "cut-off.png": lambda: png()[:-20],
}
"""PNG files that cannot be changed safely."""
