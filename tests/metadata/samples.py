"""Photo files that the tests make themselves: one for each way in which files have been damaged by other programs."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Sequence

import pillow_heif
from PIL import Image

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
Row = tuple[int, int, int, bytes]
"""Tag, type, number of values, data in the byte order of the block."""

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
MAKER_NOTE_MAGIC = b"MAKERNOTE-VALUE!"


def picture(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A small image with something on it."""
    gradient = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (gradient, gradient.rotate(90).resize(size), gradient.transpose(1)))
    return image.convert(mode)


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    """A JPEG file as Pillow makes it: JFIF header, no metadata."""
    out = io.BytesIO()
    picture(mode).save(out, "JPEG", quality=80, **options)
    return out.getvalue()


# EXIF blocks ----------------------------------------------------------------------------------------------


def text(tag: int, value: str) -> Row:
    data = value.encode() + b"\0"
    return tag, ASCII, len(data), data


def block(
    order: str = "<",
    *,
    first: Sequence[Row] = (),
    exif: Sequence[Row] | None = None,
    gps: Sequence[Row] | None = None,
    thumbnail: bytes | None = None,
    maker_note: bool = False,
    unsorted: bool = False,
    odd: bool = False,
    next_word: bool = True,
) -> bytes:
    """A TIFF block laid out value by value; deliberately not by the code under test.

    Args:
        maker_note: adds one whose entry refers, as many cameras' do, to an offset from the start of the block.
        odd: values start at odd offsets.
        next_word: False cuts the next-directory word off the last directory.
    """
    body = bytearray(b"II*\0" if order == "<" else b"MM\0*") + bytearray(4)

    def put(data: bytes) -> int:
        if (len(body) % 2 == 1) != odd:
            body.append(0)
        body.extend(data)
        return len(body) - len(data)

    def directory(rows: Sequence[Row], following: int) -> int:
        entries = []
        for tag, kind, values, data in rows if unsorted else sorted(rows):
            field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(order + "I", put(data))
            entries.append(struct.pack(order + "HHI", tag, kind, values) + field)
        table = (
            struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", following)
        )
        return put(table)

    rows = list(first) or [
        text(0x10F, "Testcam"),
        text(0x110, "Testcam T1"),
        (0x112, SHORT, 1, struct.pack(order + "H", 6)),
    ]
    rows += [
        (0x11A, RATIONAL, 1, struct.pack(order + "II", 300, 1)),
        (0x11B, RATIONAL, 1, struct.pack(order + "II", 300, 1)),
        (0x128, SHORT, 1, struct.pack(order + "H", 2)),
        (0x213, SHORT, 1, struct.pack(order + "H", 1)),
    ]
    if exif is not None or maker_note:
        inner = list(exif or default_exif(order))
        if maker_note:
            value = put(MAKER_NOTE_MAGIC)
            note = b"GeoTest\0" + struct.pack(order + "HHHII", 1, 0x0001, ASCII, len(MAKER_NOTE_MAGIC), value)
            inner.append((0x927C, UNDEFINED, len(note), note))
        rows.append((0x8769, LONG, 1, struct.pack(order + "I", directory(inner, 0))))
    if gps is not None:
        rows.append((0x8825, LONG, 1, struct.pack(order + "I", directory(gps, 0))))
    second = 0
    if thumbnail is not None:
        at = put(thumbnail)
        second = directory(
            [
                (0x103, SHORT, 1, struct.pack(order + "H", 6)),
                (0x11A, RATIONAL, 1, struct.pack(order + "II", 72, 1)),
                (0x11B, RATIONAL, 1, struct.pack(order + "II", 72, 1)),
                (0x128, SHORT, 1, struct.pack(order + "H", 2)),
                (0x201, LONG, 1, struct.pack(order + "I", at)),
                (0x202, LONG, 1, struct.pack(order + "I", len(thumbnail))),
            ],
            0,
        )
    struct.pack_into(order + "I", body, 4, directory(rows, second))
    return bytes(body if next_word else body[:-4])


def default_exif(order: str = "<") -> list[Row]:
    """The tags that every Exif directory must have, and a time with sub-seconds and offset."""
    return [
        (0x9000, UNDEFINED, 4, b"0232"),
        text(0x9003, "2026:07:14 12:34:56"),
        text(0x9011, "-06:00"),
        (0x9101, UNDEFINED, 4, b"\1\2\3\0"),
        text(0x9291, "78"),
        (0xA000, UNDEFINED, 4, b"0100"),
        (0xA001, SHORT, 1, struct.pack(order + "H", 1)),
        (0xA002, LONG, 1, struct.pack(order + "I", 48)),
        (0xA003, LONG, 1, struct.pack(order + "I", 32)),
    ]


def camera_gps(
    order: str = "<",
    lat: tuple[int, ...] = (48, 1, 51, 1, 2994, 100),
    lon: tuple[int, ...] = (2, 1, 17, 1, 4020, 100),
) -> list[Row]:
    """What a phone writes: a position near Paris with altitude, speed, direction, satellites, dates."""

    def rationals(tag: int, *numbers: int) -> Row:
        return tag, RATIONAL, len(numbers) // 2, struct.pack(f"{order}{len(numbers)}I", *numbers)

    return [
        (0, BYTE, 4, bytes((2, 2, 0, 0))), text(1, "N"), rationals(2, *lat), text(3, "E"), rationals(4, *lon),
        (5, BYTE, 1, b"\0"), rationals(6, 350, 10), rationals(7, 10, 1, 34, 1, 56, 1), text(8, "7"), text(9, "A"),
        text(10, "3"), rationals(11, 26, 10), text(12, "K"), rationals(13, 5, 1), text(16, "T"), rationals(17, 1805, 10),
        text(18, "WGS-84"), (27, UNDEFINED, 11, b"ASCII\0\0\0GPS"), text(29, "2026:07:14"), rationals(31, 5, 1),
    ]  # fmt: skip


# JPEG -----------------------------------------------------------------------------------------------------


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


def xmp(inner: str = 'xmp:Rating="4"', *, padding: int = 0, attributes: str = "", body: str = "") -> bytes:
    """A packet as Adobe programs write it."""
    description = f'<rdf:Description rdf:about="{attributes}" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"\n   {inner}>{body}</rdf:Description>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n ' + description + "\n</rdf:RDF></x:xmpmeta>\n"
        + " " * padding + '\n<?xpacket end="w"?>'
    ).encode()  # fmt: skip


RICH_BODY = "<dc:subject><rdf:Bag><rdf:li>Zo\u00eb &amp; Co</rdf:li><rdf:li>&lt;tag&gt;</rdf:li></rdf:Bag></dc:subject>\n<!-- a comment --><dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>me</rdf:li></rdf:Alt></dc:rights>"


def mpf(offset_of_second: int, first_size: int, second_size: int) -> bytes:
    """An MPF segment for two images; the offset counts from its own byte order mark."""
    entries = struct.pack("<IIIHH", 0x030000, first_size, 0, 0, 0) + struct.pack(
        "<IIIHH", 0, second_size, offset_of_second, 0, 0
    )
    table = struct.pack("<H", 3)
    table += struct.pack("<HHI4s", 0xB000, UNDEFINED, 4, b"0100")
    table += struct.pack("<HHII", 0xB001, LONG, 1, 2)
    table += struct.pack("<HHII", 0xB002, UNDEFINED, 32, 8 + 2 + 36 + 4)
    return segment(0xE2, b"MPF\0II*\0" + struct.pack("<I", 8) + table + struct.pack("<I", 0) + entries)


def gps_of_signed_numbers() -> list[Row]:
    """A position as some programs write it: signed rationals, hemispheres in words."""

    def signed(tag: int, *numbers: int) -> Row:
        return tag, 10, len(numbers) // 2, struct.pack(f"<{len(numbers)}i", *numbers)

    return [text(1, "North"), signed(2, 48, 1, 51, 1, 30, 1), text(3, "East"), signed(4, 2, 1, 17, 1, 40, 1)]


def gps_pointed_at_twice() -> bytes:
    """A block whose first directory and Exif directory refer to one GPS directory."""
    inner = [*default_exif(), (0x8825, LONG, 1, bytes(4))]
    data = bytearray(block(exif=inner, gps=camera_gps()))
    pointer = struct.pack("<HHI", 0x8825, LONG, 1)
    last, second = data.rindex(pointer) + 8, data.index(pointer) + 8
    data[second : second + 4] = data[last : last + 4]
    return bytes(data)


def with_stale_altitude(data: bytes, order: str, target: int) -> bytes:
    """A block whose GPSAltitude is said to lie at ``target``, as when a program moved it and forgot the pointer."""
    at = data.index(struct.pack(order + "HHI", 6, RATIONAL, 1)) + 8
    return data[:at] + struct.pack(order + "I", target) + data[at + 4 :]


def stale_altitude_in_thumbnail() -> bytes:
    data = block(exif=default_exif(), gps=camera_gps(), thumbnail=jpeg())
    return with_stale_altitude(data, "<", data.index(b"\xff\xd8\xff") + 40)


def three_images(*, mpf_first: bool) -> bytes:
    """An MPO file of three images."""
    others = without_jfif()
    exif = app1(block(exif=default_exif(), thumbnail=jpeg()))

    def build(offset: int, size: int) -> bytes:
        entries = struct.pack("<IIIHH", 0x030000, size, 0, 0, 0)
        for place in (offset, offset + len(others)):
            entries += struct.pack("<IIIHH", 0, len(others), place, 0, 0)
        table = struct.pack("<H", 3) + struct.pack("<HHI4s", 0xB000, UNDEFINED, 4, b"0100")
        table += struct.pack("<HHII", 0xB001, LONG, 1, 3)
        table += struct.pack("<HHII", 0xB002, UNDEFINED, 48, 8 + 2 + 36 + 4)
        index = segment(0xE2, b"MPF\0II*\0" + struct.pack("<I", 8) + table + bytes(4) + entries)
        return after_soi(*((index, exif) if mpf_first else (exif, index)), base=others)

    size = len(build(0, 0))
    return build(size - build(0, 0).index(b"MPF\0") - 4, size) + others + others


def two_images(*, mpf_first: bool = False, gain_map: bool = False) -> bytes:
    """An MPO file; with ``gain_map`` laid out like an Ultra HDR photo."""
    second = (
        after_soi(xmp_segment(xmp('xmp:Label="gain map"')), base=without_jfif())
        if gain_map
        else without_jfif()
    )
    exif = app1(block(exif=default_exif(), thumbnail=jpeg()))
    more = xmp_segment(xmp('xmp:Label="hdr"')) if gain_map else b""
    base = without_jfif()

    def build(offset: int, size: int) -> bytes:
        index = mpf(offset, size, len(second))
        return after_soi(*((index, exif, more) if mpf_first else (exif, more, index)), base=base)

    size = len(build(0, 0))
    start = build(0, 0).index(b"MPF\0") + 4
    return build(size - start, size) + second


def _elsewhere(data: bytes) -> bytes:
    """An MPO file whose second image is said to lie behind the end."""
    at = data.index(b"MPF\0") + 4 + 8 + 2 + 36 + 4 + 16 + 8
    return data[:at] + struct.pack("<I", 900_000) + data[at + 4 :]


def second_image_of(data: bytes) -> bytes:
    """The second image of an MPO file, found the way readers find it."""
    start = data.index(b"MPF\0") + 4
    size, offset = struct.unpack_from("<II", data, start + 8 + 2 + 36 + 4 + 16 + 4)
    return data[start + offset : start + offset + size]


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


def _overlapping() -> bytes:
    """A block whose GPS directory lies in the table of its first directory, so that no one can change either."""
    data = bytearray(block(first=[text(0x10F, "T"), (0x8825, LONG, 1, bytes(4))]))
    (first,) = struct.unpack_from("<I", data, 4)
    entry = data.index(struct.pack("<HHI", 0x8825, LONG, 1), first)
    struct.pack_into("<I", data, entry + 8, first)
    return bytes(data)


def packet_row(packet: bytes) -> Row:
    """An XMP packet as a tag of a directory, where only TIFF files should have one."""
    return 0x2BC, BYTE, len(packet), packet


_CARRIED_POSITION = 'exif:GPSLatitude="40,30.0N" exif:GPSLongitude="100,15.0W" exif:GPSAltitude="35/1"'


def exif_with_packet(packet: bytes, *, gps: Sequence[Row] | None = None) -> bytes:
    """An EXIF block that carries XMP itself."""
    return block(first=[text(0x10F, "Testcam"), packet_row(packet)], exif=default_exif(), gps=gps)


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
        app1(exif_with_packet(xmp(_CARRIED_POSITION, padding=60, body=RICH_BODY)))
    ),
    "xmp-within-exif-with-another-position": lambda: after_soi(
        app1(exif_with_packet(xmp(_CARRIED_POSITION), gps=camera_gps())),
        xmp_segment(xmp('exif:GPSLatitude="48,51.499N" exif:GPSLongitude="2,17.67E"')),
    ),
    "xmp-within-second-exif-block": lambda: after_soi(
        app1(block(exif=default_exif(), gps=camera_gps())), app1(exif_with_packet(xmp(_CARRIED_POSITION)))
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
    "gps-directory-within-another": lambda: after_soi(app1(_overlapping())),
    "xmp-broken": lambda: after_soi(app1(block()), xmp_segment(b"<x:xmpmeta><broken")),
    "xmp-within-exif-broken": lambda: after_soi(
        app1(exif_with_packet(xmp(_CARRIED_POSITION).replace(b"</rdf:RDF>", b"")))
    ),
    "xmp-doctype": lambda: after_soi(xmp_segment(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + xmp())),
    "xmp-twice": lambda: after_soi(xmp_segment(xmp()), xmp_segment(xmp())),
    "mpf-broken-before-exif": lambda: two_images(mpf_first=True).replace(b"MPF\0II*\0", b"MPF\0II*\1"),
    "mpf-elsewhere-before-exif": lambda: _elsewhere(two_images(mpf_first=True)),
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


# Other formats --------------------------------------------------------------------------------------------


def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


class _TiffFile:
    """A TIFF that grows from its head on."""

    def __init__(self, order: str) -> None:
        self._order = order
        self._body = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))

    def put(self, data: bytes) -> int:
        """Append at an even place; gives the place."""
        self._body.extend(bytes(len(self._body) % 2) + data)
        return len(self._body) - len(data)

    def directory(self, rows: Sequence[Row]) -> int:
        entries = b"".join(
            struct.pack(self._order + "HHI", tag, kind, values)
            + (data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(self._order + "I", self.put(data)))
            for tag, kind, values, data in sorted(rows)
        )
        return self.put(struct.pack(self._order + "H", len(rows)) + entries + bytes(4))

    def number(self, tag: int, kind: int, *values: int) -> Row:
        code = "H" if kind == SHORT else "I"
        return tag, kind, len(values), struct.pack(f"{self._order}{len(values)}{code}", *values)

    def finished(self, rows: Sequence[Row]) -> bytes:
        """The file with its first directory."""
        struct.pack_into(self._order + "I", self._body, 4, self.directory(rows))
        return bytes(self._body)


def tiff(
    order: str = "<", *, gps: bool = False, compression: int = 1, bits: int = 8, dng: bool = False
) -> bytes:
    """A small TIFF with its pixels before the directory, and an Exif directory."""
    pixels = bytes(range(48)) * (bits // 8)
    file = _TiffFile(order)
    file.put(pixels)

    def short(tag: int, *values: int) -> Row:
        return file.number(tag, SHORT, *values)

    rows = [
        short(0x100, 4), short(0x101, 4), short(0x102, bits, bits, bits), short(0x103, compression), short(0x106, 2),
        (0x111, LONG, 1, struct.pack(order + "I", 8)), short(0x115, 3), short(0x116, 4),
        (0x117, LONG, 1, struct.pack(order + "I", len(pixels))), text(0x10F, "Testcam"), text(0x110, "Testcam T1"),
        (0x11A, RATIONAL, 1, struct.pack(order + "II", 300, 1)), (0x11B, RATIONAL, 1, struct.pack(order + "II", 300, 1)),
        short(0x128, 2), (0x8769, LONG, 1, struct.pack(order + "I", file.directory(default_exif(order)[:5]))),
    ]  # fmt: skip
    if gps:
        rows.append((0x8825, LONG, 1, struct.pack(order + "I", file.directory(camera_gps(order)))))
    if dng:
        rows += [(0xC612, BYTE, 4, b"\1\4\0\0"), (0xC613, BYTE, 4, b"\1\1\0\0"), text(0xC614, "Testcam T1")]
    return file.finished(rows)


def two_pages(order: str, *, gps: bool, reversed_: bool = False) -> bytes:
    """A TIFF of two pages with the same tags; with ``gps`` both refer to one GPS directory."""
    data = bytearray(tiff(order, gps=gps))
    (first,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, first)
    end = first + 2 + 12 * count
    data += bytes(len(data) % 2)
    second = len(data)
    data += data[first:end] + bytes(4)
    if reversed_:
        struct.pack_into(order + "I", data, 4, second)
        struct.pack_into(order + "I", data, len(data) - 4, first)
    else:
        struct.pack_into(order + "I", data, end, second)
    return bytes(data)


def large_profile() -> bytes:
    """A colour profile that does not fit into one JPEG segment."""
    return b"\0\2\0\0" + bytes(124) + bytes(i * 7 % 251 for i in range((2 << 16) - 128))


def tiled(order: str = "<", *, dng: bool = False) -> bytes:
    """Four tiles of image data; with ``dng`` in a sub-directory, beside a preview in another, under a thumbnail."""
    file = _TiffFile(order)
    number, directory = file.number, file.directory

    def image(kind: int, size: int, photometric: int, compression: int = 1) -> list[Row]:
        return [
            number(0xFE, LONG, kind), number(0x100, SHORT, size), number(0x101, SHORT, size), number(0x102, SHORT, 8),
            number(0x103, SHORT, compression), number(0x106, SHORT, photometric), number(0x115, SHORT, 1),
        ]  # fmt: skip

    tiles = [file.put(bytes((i * 40 + at) % 256 for at in range(256))) for i in range(4)]
    main = [
        *image(0, 32, 32803 if dng else 1), number(0x142, SHORT, 16), number(0x143, SHORT, 16),
        number(0x144, LONG, *tiles), number(0x145, LONG, *[256] * 4),
    ]  # fmt: skip
    names = [text(0x10F, "Testcam"), text(0x110, "Testcam T1")]
    if dng:
        small, preview = file.put(bytes(range(64))), jpeg("L")
        thumbnail = [
            *image(1, 8, 1),
            number(0x111, LONG, small),
            number(0x116, SHORT, 8),
            number(0x117, LONG, 64),
        ]
        main += [(0x828D, SHORT, 2, struct.pack(order + "2H", 2, 2)), (0x828E, BYTE, 4, b"\0\1\1\2")]
        shown = [
            *image(1, 32, 1, 7), number(0x111, LONG, file.put(preview)), number(0x116, SHORT, 32),
            number(0x117, LONG, len(preview)),
        ]  # fmt: skip
        rows = [*thumbnail, *names, number(0x14A, LONG, directory(main), directory(shown))]
        rows += [(0xC612, BYTE, 4, b"\1\4\0\0"), (0xC613, BYTE, 4, b"\1\1\0\0"), text(0xC614, "Testcam T1")]
    else:
        rows = [*main, *names]
    rows.append((0x8769, LONG, 1, struct.pack(order + "I", directory(default_exif(order)[:5]))))
    rows.append((0x8825, LONG, 1, struct.pack(order + "I", directory(camera_gps(order)))))
    return file.finished(rows)


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


def _with_flags(data: bytes, flags: int) -> bytes:
    """An extended WebP that announces something else than it holds."""
    at = data.index(b"VP8X") + 8
    return data[:at] + bytes([flags]) + data[at + 1 :]


def _with_size(data: bytes) -> bytes:
    """A RIFF file with its size put right."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


OTHERS: dict[str, Callable[[], bytes]] = {
    "little-endian.tif": tiff,
    "big-endian.tif": lambda: tiff(">"),
    "sixteen-bit.tif": lambda: tiff(bits=16),
    "with-gps.tif": lambda: tiff(gps=True),
    "with-gps-big-endian.tif": lambda: tiff(">", gps=True),
    "lzw.tif": lambda: saved("TIFF", compression="tiff_lzw"),
    "jpeg-in-tiff.tif": lambda: saved("TIFF", compression="jpeg"),
    "pages.tif": lambda: saved("TIFF", save_all=True, append_images=[picture("L")]),
    "pages-big-endian.tif": lambda: two_pages(">", gps=False),
    "pages-last-first.tif": lambda: two_pages("<", gps=False, reversed_=True),
    "gps-value-said-to-lie-in-image.tif": lambda: with_stale_altitude(tiff(gps=True), "<", 16),
    "odd-length.tif": lambda: tiff(gps=True) + b"x",
    "xmp.tif": lambda: saved("TIFF", tiffinfo={700: xmp(body=RICH_BODY)}),
    "raw.dng": lambda: tiff(dng=True),
    "big-endian.dng": lambda: tiff(">", dng=True, gps=True),
    "tiled.tif": tiled,
    "tiled-big-endian.tif": lambda: tiled(">"),
    "sub-directories.dng": lambda: tiled(dng=True),
    "sub-directories-big-endian.dng": lambda: tiled(">", dng=True),
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
"""Files of other formats that must be written."""

OTHERS_REFUSED: dict[str, Callable[[], bytes]] = {
    "big.tif": lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + bytes(64),
    "one-gps-for-two-pages.tif": lambda: two_pages(">", gps=True),
    "maker-compression.tif": lambda: tiff(compression=34713),
    "cut-off.tif": lambda: saved("TIFF")[:-2],
    "signed.png": lambda: png(png_chunk(b"caBX", b"\0\0\0\x10jumb")),
    "signed.webp": lambda: _with_size(saved("WEBP", exif=block()) + b"C2PA\4\0\0\0jumb"),
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
    "cut-off.webp": lambda: saved("WEBP", exif=block())[:-4],
}
"""Files of other formats that cannot be changed safely."""


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
