"""The JPEG files, one for each way in which other programs have damaged one."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.metadata.samples.exif_blocks import (
    ASCII,
    BYTE,
    LONG,
    SHORT,
    block,
    camera_gps,
    default_exif,
    exif_with_packet,
    gps_of_signed_numbers,
    gps_pointed_at_twice,
    gps_within_first_directory,
    stale_altitude_in_thumbnail,
    text,
)
from tests.metadata.samples.jpeg_parts import (
    after_jfif,
    after_soi,
    app1,
    extended_xmp,
    iptc,
    motion_photo,
    preview_behind,
    segment,
    without_jfif,
    xmp_segment,
)
from tests.metadata.samples.multi_picture import said_to_lie_elsewhere, three_images, two_images
from tests.metadata.samples.packets import CARRIED_POSITION, RICH_BODY, xmp
from tests.metadata.samples.pictures import jpeg, large_profile

JPEGS: dict[str, Callable[[], bytes]] = {
    "plain": jpeg,
    "no-jfif": without_jfif,
    "progressive": lambda: jpeg(progressive=True),
    "cmyk": lambda: jpeg("CMYK"),
    "gray": lambda: jpeg("L"),
    "restart-markers": lambda: jpeg(restart_marker_blocks=1),
    "icc-profile": lambda: jpeg(icc_profile=b"\0\0\0\x80" + bytes(124)),
    "icc-profile-of-several-segments": lambda: jpeg(icc_profile=large_profile()),
    "comment-first": lambda: after_soi(
        segment(0xFE, b"first comes a comment"), app1(block(exif=default_exif()))
    ),
    "exif-little-endian": lambda: after_soi(app1(block("<", exif=default_exif("<")))),
    "exif-big-endian": lambda: after_soi(app1(block(">", exif=default_exif(">")))),
    "exif-after-jfif": lambda: after_jfif(app1(block(exif=default_exif()))),
    "thumbnail": lambda: after_soi(app1(block(exif=default_exif(), thumbnail=jpeg()))),
    "maker-note": lambda: after_soi(app1(block(maker_note=True, thumbnail=jpeg()))),
    "maker-note-big-endian": lambda: after_soi(app1(block(">", maker_note=True))),
    "camera-gps": lambda: after_soi(app1(block(exif=default_exif(), gps=camera_gps()))),
    "camera-gps-big-endian": lambda: after_soi(app1(block(">", exif=default_exif(">"), gps=camera_gps(">")))),
    "gps-version-only": lambda: after_soi(app1(block(gps=[(0, BYTE, 4, bytes((2, 2, 0, 0)))]))),
    "gps-zero": lambda: after_soi(app1(block(gps=camera_gps(lat=(0, 1) * 3, lon=(0, 1) * 3)))),
    "gps-signed-numbers": lambda: after_soi(app1(block(gps=gps_of_signed_numbers()))),
    "gps-value-said-to-lie-in-thumbnail": lambda: after_soi(app1(stale_altitude_in_thumbnail())),
    "gps-empty": lambda: after_soi(app1(block(gps=[]))),
    "many-entries": lambda: after_soi(
        app1(block(first=[(0xE000 + i, SHORT, 1, struct.pack("<H", i)) for i in range(1500)]))
    ),
    "other-app1-segments": lambda: after_soi(
        app1(block(exif=default_exif())),
        *(segment(0xE1, b"FLIR\0\1" + bytes((i, 2)) + bytes(200)) for i in (0, 1)),
    ),
    "odd-offsets": lambda: after_soi(app1(block(exif=default_exif(), odd=True))),
    "unsorted": lambda: after_soi(app1(block(exif=default_exif(), unsorted=True))),
    "no-next-word": lambda: after_soi(app1(block(exif=default_exif(), next_word=False))),
    "trailing-bytes-in-block": lambda: after_soi(app1(block(exif=default_exif()) + b"left over by a camera")),
    "blank-exif": lambda: jpeg(exif=Image.Exif()),
    "empty-directory-before-other-bytes": lambda: after_soi(app1(b"II*\0\x08\0\0\0" + bytes(40))),
    "empty-exif": lambda: after_soi(app1(b"")),
    "two-exif-blocks": lambda: after_soi(
        app1(block(exif=default_exif())), app1(block(">", first=[text(0x131, "second")]))
    ),
    "two-exif-blocks-with-gps": lambda: after_soi(
        app1(block(exif=default_exif())), app1(block(gps=camera_gps()))
    ),
    "xmp-first": lambda: after_soi(xmp_segment(xmp(body=RICH_BODY)), app1(block(exif=default_exif()))),
    "xmp-rich": lambda: after_soi(app1(block()), xmp_segment(xmp(body=RICH_BODY, attributes="uuid:1"))),
    "xmp-padded": lambda: after_soi(app1(block()), xmp_segment(xmp(padding=2048))),
    "xmp-with-position": lambda: after_soi(
        app1(block(gps=camera_gps())),
        xmp_segment(
            xmp('exif:GPSLatitude="48,51.499N" exif:GPSLongitude="2,17.67E" exif:GPSAltitude="35/1"')
        ),
    ),
    "xmp-utf16": lambda: after_soi(
        app1(block()), xmp_segment(xmp(body=RICH_BODY).decode().encode("utf-16-be"))
    ),
    "xmp-other-prefix": lambda: after_soi(
        xmp_segment(
            xmp('e:GPSLatitude="48,51.5N" e:GPSLongitude="2,17.6E"').replace(b"xmlns:exif=", b"xmlns:e=")
        )
    ),
    "xmp-position-in-two-descriptions": lambda: after_soi(
        xmp_segment(
            xmp("exif:GPSLatitude='48,51.5N'").replace(
                b"</rdf:RDF>",
                b'<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/">'
                b"<exif:GPSLongitude>2,17.6E</exif:GPSLongitude></rdf:Description></rdf:RDF>",
            )
        )
    ),
    "xmp-without-envelope": lambda: after_soi(
        xmp_segment(
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
            b' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="3"/></rdf:RDF>'
        )
    ),
    "xmp-within-exif": lambda: after_soi(app1(exif_with_packet(xmp(padding=60, body=RICH_BODY)))),
    "xmp-within-exif-with-position": lambda: after_soi(
        app1(exif_with_packet(xmp(CARRIED_POSITION, padding=60, body=RICH_BODY)))
    ),
    "xmp-within-exif-with-another-position": lambda: after_soi(
        app1(exif_with_packet(xmp(CARRIED_POSITION), gps=camera_gps())),
        xmp_segment(xmp('exif:GPSLatitude="48,51.499N" exif:GPSLongitude="2,17.67E"')),
    ),
    "xmp-within-second-exif-block": lambda: after_soi(
        app1(block(exif=default_exif(), gps=camera_gps())), app1(exif_with_packet(xmp(CARRIED_POSITION)))
    ),
    "extended-xmp": extended_xmp,
    "fill-bytes": lambda: after_soi(
        b"\xff\xff\xff" + app1(block(exif=default_exif())), b"\xff\xff" + segment(0xFE, b"filled")
    ),
    "mpo": two_images,
    "mpo-of-three": lambda: three_images(mpf_first=False),
    "mpo-of-three-index-first": lambda: three_images(mpf_first=True),
    "ultra-hdr": lambda: two_images(gain_map=True),
    "mpf-before-exif": lambda: two_images(mpf_first=True),
    "motion-trailer": lambda: (
        after_soi(
            app1(block(exif=default_exif())),
            xmp_segment(
                xmp(
                    'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MicroVideo="1" GCamera:MicroVideoOffset="4120"'
                )
            ),
        )
        + b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"
        + b"\xff\xd8\xffmovie" * 10
        + bytes(4016)
    ),
    "motion-photo": motion_photo,
    "iptc": lambda: after_soi(iptc(), base=without_jfif()),
    "iptc-with-exif": lambda: after_soi(app1(block(exif=default_exif())), iptc(resolution=False)),
    "flashpix-and-comment-behind": lambda: after_jfif(
        app1(block(">", exif=default_exif(">"), maker_note=True)),
        segment(0xE2, b"FPXR\0\0\1\0\1" + bytes(40)),
        segment(0xFE, b"\xff\xd8\xff in a comment"),
    ),
    "samsung-trailer": lambda: (
        after_soi(app1(block(exif=default_exif())))
        + b"\0\0\x30\x0a"
        + struct.pack("<I", 16)
        + b"MotionPhoto_Data"
        + b"SEFH"
        + struct.pack("<II", 106, 0)
        + struct.pack("<I", 12)
        + b"SEFT"
    ),
}
"""Files that must be written, by the name of what is special about them."""

REFUSED: dict[str, Callable[[], bytes]] = {
    "afcp-trailer": lambda: jpeg() + b"AXS!\1\0\0\1\0\0\0\0" + b"AXS!\0\0\0\x10\0\0\0\0",
    "exif-full": lambda: after_soi(app1(block() + bytes(65_400 - len(block())))),
    "preview-behind": preview_behind,
    "extended-xmp-with-position": lambda: extended_xmp(
        xmp(
            'exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.6E"',
            body="<dc:source>" + "x" * 70_000 + "</dc:source>",
        )
    ),
    "exif-of-several-segments": lambda: after_soi(
        app1(block(exif=default_exif())), app1(b"the rest of the block")
    ),
    "preview-behind-with-a-wrong-first-byte": lambda: preview_behind(first=b"\x4d"),
    "exif-header-broken": lambda: after_soi(app1(b"XX*\0" + block()[4:])),
    "exif-pointer-outside": lambda: after_soi(
        app1(block(first=[text(0x10F, "Testcam"), (0x8769, LONG, 1, struct.pack("<I", 900_000))]))
    ),
    "gps-pointer-outside": lambda: after_soi(
        app1(block(first=[text(0x10F, "Testcam"), (0x8825, LONG, 1, struct.pack("<I", 900_000))]))
    ),
    "gps-pointed-at-twice": lambda: after_soi(app1(gps_pointed_at_twice())),
    "exif-cut-off": lambda: after_soi(app1(block(thumbnail=jpeg(), exif=default_exif())[:-30])),
    "value-cut-off": lambda: after_soi(app1(block(first=[(0x10F, ASCII, 5_000, b"Testcam Testcam\0")]))),
    "gps-directory-within-another": lambda: after_soi(app1(gps_within_first_directory())),
    "xmp-broken": lambda: after_soi(app1(block()), xmp_segment(b"<x:xmpmeta><broken")),
    "xmp-within-exif-broken": lambda: after_soi(
        app1(exif_with_packet(xmp(CARRIED_POSITION).replace(b"</rdf:RDF>", b"")))
    ),
    "xmp-doctype": lambda: after_soi(xmp_segment(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + xmp())),
    "xmp-twice": lambda: after_soi(xmp_segment(xmp()), xmp_segment(xmp())),
    "mpf-broken-before-exif": lambda: two_images(mpf_first=True).replace(b"MPF\0II*\0", b"MPF\0II*\1"),
    "mpf-elsewhere-before-exif": lambda: said_to_lie_elsewhere(two_images(mpf_first=True)),
    "content-credentials-on-a-server": lambda: after_soi(
        app1(block()),
        xmp_segment(
            xmp(
                'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="https://example.org/manifest.c2pa"'
            )
        ),
    ),
    "content-credentials": lambda: after_soi(segment(0xEB, b"JP\0\0\0\1\0\0\0\x20jumbjumdc2pa")),
}
"""JPEG files that cannot be changed safely, by the reason."""
