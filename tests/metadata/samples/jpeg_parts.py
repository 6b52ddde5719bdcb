"""JPEG files put together of segments: what cameras, phones and editors leave in one, and behind one."""

from __future__ import annotations

import hashlib
import struct

from tests.metadata.samples.boxes import box
from tests.metadata.samples.exif_blocks import UNDEFINED, block, camera_gps, default_exif
from tests.metadata.samples.packets import xmp
from tests.metadata.samples.pictures import jpeg

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\0"


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def app1(data: bytes) -> bytes:
    return segment(0xE1, b"Exif\0\0" + data)


def xmp_segment(packet: bytes) -> bytes:
    return segment(0xE1, XMP_HEADER + packet)


def after_soi(*segments: bytes, base: bytes | None = None) -> bytes:
    """A JPEG with these segments right behind its start."""
    data = base or jpeg()
    return data[:2] + b"".join(segments) + data[2:]


def after_jfif(*segments: bytes, base: bytes | None = None) -> bytes:
    """A JPEG with these segments behind its JFIF header."""
    data = base or jpeg()
    end = 4 + struct.unpack(">H", data[4:6])[0]
    return data[:end] + b"".join(segments) + data[end:]


def without_jfif() -> bytes:
    data = jpeg()
    return data[:2] + data[4 + struct.unpack(">H", data[4:6])[0] :]


def extended_xmp(more: bytes | None = None) -> bytes:
    """A JPEG whose XMP goes on in extension segments."""
    more = more or xmp(body="<dc:source>" + "x" * 70_000 + "</dc:source>")
    digest = hashlib.md5(more).hexdigest().upper()
    main = xmp(f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{digest}"')
    parts = [
        segment(
            0xE1,
            EXTENSION_HEADER + digest.encode() + struct.pack(">II", len(more), at) + more[at : at + 60_000],
        )
        for at in range(0, len(more), 60_000)
    ]
    return after_soi(app1(block()), xmp_segment(main), *parts)


def iptc(*, resolution: bool = True) -> bytes:
    """A Photoshop segment with a resolution, a name, and IPTC records that do not say in which characters they are."""
    records = b"".join(
        b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value
        for number, value in (
            (90, "Trois-Rivi\u00e8res".encode()),
            (95, "Qu\u00e9bec".encode("latin-1")),
            (101, b"Canada"),
        )
    )
    fixed = struct.pack(">IHHIHH", 240 << 16, 1, 2, 240 << 16, 1, 2)
    parts = [(0x03ED, fixed)] if resolution else []
    parts += [(0x0404, records), (0x0425, hashlib.md5(records).digest())]
    resources = b"".join(
        b"8BIM" + struct.pack(">HHI", kind, 0, len(data)) + data + bytes(len(data) % 2)
        for kind, data in parts
    )
    return segment(0xED, b"Photoshop 3.0\0" + resources)


def motion_photo() -> bytes:
    """A motion photo whose XMP lists what lies behind the image, as phones write them now."""
    film = (
        box(b"ftyp", b"mp42\0\0\0\0isommp42") + box(b"mdat", bytes(200)) + box(b"free", b"\xff\xd8\xffmovie")
    )
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="{mime}" Item:Semantic="{meaning}" Item:Length="{size}"/></rdf:li>'
        for mime, meaning, size in (("image/jpeg", "Primary", 0), ("video/mp4", "MotionPhoto", len(film)))
    )
    packet = xmp(
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
        ' xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"',
        body=f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>",
    )
    return after_soi(app1(block(exif=default_exif(), gps=camera_gps())), xmp_segment(packet)) + film


def preview_behind(first: bytes = b"\xff") -> bytes:
    """A JPEG whose maker note refers to a large preview behind the photo, counted from the EXIF block."""
    second = first + without_jfif()[1:]
    for pass_offset in (0, 1):
        inner = [
            *default_exif(),
            (0x927C, UNDEFINED, 20, b"SONY DSC \0\0\0" + struct.pack("<II", len(second), pass_offset)),
        ]
        data = after_soi(app1(block(exif=inner)), base=without_jfif())
    offset = len(data) - data.index(b"II*\0")
    return data.replace(struct.pack("<II", len(second), 1), struct.pack("<II", len(second), offset)) + second
