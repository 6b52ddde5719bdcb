"""JPEG files (with MPO, Ultra HDR and motion photos): finding their EXIF and XMP segments and splicing in new ones."""

from __future__ import annotations

import re
import struct
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from geotagger.metadata import mpf
from geotagger.metadata.container import (
    Change,
    Contents,
    block_is_empty_without,
    changed_packet_in,
    is_blank,
)
from geotagger.metadata.edit import Edit, Splice, growth, ordered, replacing, shifted
from geotagger.metadata.errors import SIGNED, FormatError, UnsafeError
from geotagger.metadata.preview import largest_preview
from geotagger.metadata.source import MemorySource, Source
from geotagger.metadata.tiff import GPS_IFD, Tiff
from geotagger.metadata.tiff_edit import edit_block, new_block

EXIF_HEADER = b"Exif\0\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENDED_PLACE = slice(len(EXTENDED_XMP_HEADER) + 32, len(EXTENDED_XMP_HEADER) + 40)
"""Length of the whole and offset of this part, behind the MD5 of the whole."""
MAX_PAYLOAD = 0xFFFF - 2
SOI, EOI, SOS, APP0, APP1, APP2, APP11, APP13 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEB, 0xED
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_ODD_EXIF = re.compile(rb".{0,4}exif\0", re.IGNORECASE | re.DOTALL)
_PHOTOSHOP = b"Photoshop 3.0\0"
_RESOLUTION_RESOURCE = b"8BIM\x03\xed\0\0\0\0\0\x10"
_AFCP = re.compile(rb"AXS[!*]")
_TRAILER_WINDOW = 65_536
_MAX_SEGMENTS = 4096
_MAX_BETWEEN = 1 << 16
"""So many bytes of fill may stand between all segments; erased memory cards hold nothing else."""


class Segment(NamedTuple):
    """A marker segment; a named tuple because every photo has a dozen.

    Attributes:
        start: offset of its 0xFF, behind any fill bytes.
        payload: offset of its data, behind the length.
        size: length of its data.
    """

    marker: int
    start: int
    payload: int
    size: int

    @property
    def end(self) -> int:
        """Offset behind the segment."""
        return self.payload + self.size


@dataclass(frozen=True, slots=True)
class _Parts:
    segments: tuple[Segment, ...]
    exif: tuple[Segment, ...]
    xmp: tuple[Segment, ...]
    blocks: tuple[bytes, ...]
    """The TIFF block of each EXIF segment."""
    packet: bytes | None
    resources: bytes | None
    """The Photoshop image resources, which may go on from one segment to the next."""
    extended_xmp_places: bool
    width_px: int | None
    height_px: int | None


def segments(source: Source) -> list[Segment]:
    """The marker segments up to and including the first start of scan.

    Raises:
        FormatError: the headers are damaged or cut off before it.
    """
    read, size = source.read, source.size
    if read(0, 2) != b"\xff\xd8":
        raise FormatError("it is not a JPEG file")
    found: list[Segment] = []
    position, between = 2, 0
    while len(found) < _MAX_SEGMENTS and between < _MAX_BETWEEN:
        head = read(position, 4)
        if len(head) < 2:
            raise FormatError("the JPEG file is cut off before its image")
        if head[0] != 0xFF:
            raise FormatError("the JPEG file's headers are damaged")
        marker = head[1]
        if marker == 0xFF:
            position += 1
            between += 1
            continue
        if marker in (0x00, SOI, EOI):
            raise FormatError("the JPEG file's headers are damaged")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            position += 2
            between += 2
            continue
        length = int.from_bytes(head[2:4], "big")
        if len(head) < 4 or length < 2 or position + 2 + length > size:
            raise FormatError("the JPEG file is cut off before its image")
        found.append(Segment(marker, position, position + 4, length - 2))
        if marker == SOS:
            return found
        position += 2 + length
    raise FormatError("the JPEG file's headers are damaged")


@lru_cache(maxsize=64)
def _parts(source: Source) -> _Parts:
    """What the headers hold; kept for the last sources, because a write looks at each several times (in many threads)."""
    exif: list[Segment] = []
    xmp: list[Segment] = []
    blocks: list[bytes] = []
    packet: bytes | None = None
    resources: list[bytes] = []
    extended: list[tuple[bytes, bytes]] = []
    width = height = None
    found = segments(source)
    for segment in found:
        if segment.marker == APP1:
            data = source.read(segment.payload, segment.size)
            if data.startswith(EXIF_HEADER):
                exif.append(segment)
                blocks.append(data[len(EXIF_HEADER) :])
            elif data.startswith(XMP_HEADER):
                xmp.append(segment)
                packet = packet if packet is not None else data[len(XMP_HEADER) :]
            elif data.startswith(EXTENDED_XMP_HEADER):
                extended.append((data[_EXTENDED_PLACE], data[_EXTENDED_PLACE.stop :]))
        elif segment.marker == APP13:
            data = source.read(segment.payload, segment.size)
            if data.startswith(_PHOTOSHOP):
                resources.append(data[len(_PHOTOSHOP) :])
        elif segment.marker in _FRAMES and width is None:
            height, width = struct.unpack(">HH", source.read(segment.payload + 1, 4).ljust(4, b"\0"))
    return _Parts(
        tuple(found),
        tuple(exif),
        tuple(xmp),
        tuple(blocks),
        packet,
        b"".join(resources) or None,
        b"GPSL" in b"".join(part for _, part in sorted(extended)),
        width,
        height,
    )


class Jpeg:
    """The JPEG format."""

    def contents(self, source: Source) -> Contents:
        """Its EXIF blocks, its XMP packet and the size of its (first) image."""
        parts = _parts(source)
        blocks = tuple(MemorySource(b) for b in parts.blocks if b[:2] in (b"II", b"MM") and not is_blank(b))
        return Contents(
            "JPEG",
            parts.width_px,
            parts.height_px or None,
            blocks,
            parts.packet,
            resources=parts.resources,
            extended_xmp_places=parts.extended_xmp_places,
        )

    def preview(self, source: Source) -> bytes | None:
        """Its EXIF thumbnail."""
        return next((t for b in self.contents(source).exif if (t := largest_preview(b))), None)

    def edit(self, source: Source, change: Change) -> Edit:
        """Splices for the EXIF and XMP segments; everything else keeps its place relative to its neighbours."""
        parts = _parts(source)
        _refuse_unknown(source, parts)
        splices = list(_edit_exif(source, parts, change))
        splices += _edit_xmp(parts, change)
        edit = ordered(splices)
        _refuse_broken_offsets(source, parts, edit)
        return ordered([*edit, *_moved_images(source, parts, edit)])

    def frame(self, source: Source) -> Hashable:
        """All other segments with their data, and the length of what follows the headers."""
        parts = _parts(source)
        skip = {*parts.exif, *parts.xmp}
        kept = tuple((s.marker, _comparable(source, s)) for s in parts.segments if s not in skip)
        return kept, source.size - parts.segments[-1].end


def _comparable(source: Source, segment: Segment) -> bytes:
    data = source.read(segment.payload, segment.size)
    return mpf.comparable(data, segment.payload, source.size) if _is_mpf(source, segment) else data


def _refuse_unknown(source: Source, parts: _Parts) -> None:
    """Refuse layouts in which a longer EXIF or XMP segment could break something else."""
    if len(parts.xmp) > 1:
        raise UnsafeError("it holds several XMP packets")
    for segment in parts.segments:
        if segment.marker == APP1 and segment not in parts.exif:
            head = source.read(segment.payload, 12)
            if _ODD_EXIF.match(head):
                raise UnsafeError("its EXIF segment has an unknown layout")
        if segment.marker == APP11 and b"c2pa" in source.read(segment.payload, segment.size):
            raise UnsafeError(SIGNED)
    if parts.extended_xmp_places:
        raise UnsafeError("its extended XMP holds a position")
    for block in parts.blocks:
        if not is_blank(block) and block[:4] not in (b"II*\0", b"MM\0*"):
            raise UnsafeError("its EXIF block is damaged or spread over several segments")
    start = max(parts.segments[-1].end, source.size - _TRAILER_WINDOW)
    tail = source.read(start, source.size - start)
    if _AFCP.search(tail):
        raise UnsafeError("it has an AFCP trailer, which would lose its place")


def _is_mpf(source: Source, segment: Segment) -> bool:
    return segment.marker == APP2 and source.read(segment.payload, len(mpf.HEADER)) == mpf.HEADER


def _moved_images(source: Source, parts: _Parts, edit: Edit) -> list[Splice]:
    """Splices for lists of images that stand before what grows, as ExifTool does it too."""
    splices: list[Splice] = []
    for segment in parts.segments:
        by = sum(s.growth for s in edit if s.offset >= segment.end)
        if by and _is_mpf(source, segment):
            payload = source.read(segment.payload, segment.size)
            end = parts.segments[-1].end
            splices += mpf.moved(payload, segment.payload, end, source.size, by)
    return splices


def _refuse_broken_offsets(source: Source, parts: _Parts, edit: Edit) -> None:
    """Refuse growth that would move an image away from where a maker note looks for it."""
    if not growth(edit):
        return
    for segment, block in zip(parts.exif, parts.blocks, strict=True):
        base = segment.payload + len(EXIF_HEADER)
        if any(
            _is_image(source, at)
            for at in _possible_offsets(block, base, parts.segments[-1].end, source.size)
        ):
            raise UnsafeError("its EXIF block refers to an image behind the photo")


def _possible_offsets(block: bytes, base: int, start: int, end: int) -> set[int]:
    """Places in the file between ``start`` and ``end`` that some four bytes of an EXIF block could mean.

    Maker notes are not documented, so every four bytes count, in both byte orders, as an offset from the block
    or from the start of the file.
    """
    found: set[int] = set()
    for shift in range(4):
        words = block[shift : len(block) - (len(block) - shift) % 4]
        for order in ("<u4", ">u4"):
            values = np.frombuffer(words, order).astype(np.int64)
            for places in (values, values + base):
                found.update(places[(places >= start) & (places < end - 3)].tolist())
    return found


def _is_image(source: Source, at: int) -> bool:
    """Whether an image begins there; Minolta's cameras overwrote the first byte of their previews.

    Neither pattern is found in compressed image data by chance, where nothing but a zero follows 0xFF.
    """
    head = source.read(at, 4)
    return head[:3] == b"\xff\xd8\xff" or head[1:] == b"\xd8\xff\xdb"


def _segment_splices(segment: Segment, inner: Edit, header: int) -> list[Splice]:
    """An edit of a segment's block as splices of the file, with the new length of the segment."""
    size = segment.size + growth(inner)
    if size > MAX_PAYLOAD:
        raise UnsafeError("its EXIF or XMP segment has no room left")
    return [
        replacing(segment.payload - 2, (segment.size + 2).to_bytes(2, "big"), (size + 2).to_bytes(2, "big")),
        *shifted(inner, segment.payload + header),
    ]


def _new_segment(header: bytes, data: bytes) -> bytes:
    size = len(header) + len(data)
    if size > MAX_PAYLOAD:
        raise UnsafeError("its EXIF or XMP segment has no room left")
    return b"\xff\xe1" + (size + 2).to_bytes(2, "big") + header + data


def _whole(source: Source, segment: Segment) -> bytes:
    return source.read(segment.start, segment.end - segment.start)


def _insertion_point(parts: _Parts) -> int:
    """Behind the JFIF header if there is one, else right behind the start of the image."""
    end = 2
    for segment in parts.segments:
        if segment.marker != APP0:
            break
        end = segment.end
    return end


def _edit_exif(source: Source, parts: _Parts, change: Change) -> list[Splice]:
    usable = [i for i, b in enumerate(parts.blocks) if not is_blank(b)]
    if not usable:
        if not change.new_gps:
            return []
        fresh = _new_segment(EXIF_HEADER, new_block(change.new_gps, _resolution(source, parts)))
        if parts.exif:
            return [Splice(parts.exif[0].start, _whole(source, parts.exif[0]), fresh)]
        return [Splice(_insertion_point(parts), b"", fresh)]
    splices: list[Splice] = []
    for index in usable:
        segment, block = parts.exif[index], MemorySource(parts.blocks[index])
        packet = changed_packet_in(block, change)
        if index != usable[0] and packet is None and not (_points_to_gps(block) or change.further_xmp):
            continue
        if not change.new_gps and block_is_empty_without(block, change):
            splices.append(Splice(segment.start, _whole(source, segment), b""))
            continue
        inner = edit_block(block, change.gps, packet, change.further_xmp)
        if inner:
            splices += _segment_splices(segment, inner, len(EXIF_HEADER))
    return splices


def _points_to_gps(block: Source) -> bool:
    try:
        tiff = Tiff(block)
        return tiff.ifd(tiff.first_ifd).get(GPS_IFD) is not None
    except FormatError as error:
        raise UnsafeError("one of its EXIF blocks is damaged") from error


def _edit_xmp(parts: _Parts, change: Change) -> list[Splice]:
    old = parts.packet
    new = change.xmp(old)
    if parts.xmp:
        segment = parts.xmp[0]
        assert old is not None
        if not new:
            header = b"\xff\xe1" + (segment.size + 2).to_bytes(2, "big") + XMP_HEADER
            return [Splice(segment.start, header + old, b"")]
        inner = ordered([replacing(0, old, new)])
        return _segment_splices(segment, inner, len(XMP_HEADER)) if inner else []
    if not new:
        return []
    exif = [s for s, b in zip(parts.exif, parts.blocks, strict=True) if not is_blank(b)]
    at = (exif or parts.exif)[0].end if parts.exif else _insertion_point(parts)
    return [Splice(at, b"", _new_segment(XMP_HEADER, new))]


def _resolution(source: Source, parts: _Parts) -> tuple[int, int, int]:
    """Resolution as Photoshop or JFIF state it, so that the new EXIF block does not contradict; else 72 per inch."""
    jfif: tuple[int, int, int] | None = None
    for segment in parts.segments:
        head = source.read(segment.payload, 14)
        if segment.marker == APP13 and head == _PHOTOSHOP:
            data = source.read(segment.payload, segment.size)
            at = data.find(_RESOLUTION_RESOURCE)
            numbers = data[at + 12 : at + 24]
            # Two fixed-point numbers per inch; the unit beside each is only for display.
            if at >= 0 and len(numbers) == 12:
                horizontal, _, _, vertical = struct.unpack(">IHHI", numbers)
                if horizontal >> 16 and vertical >> 16:
                    return horizontal >> 16, vertical >> 16, 2
        elif segment.marker == APP0 and head.startswith(b"JFIF\0") and len(head) == 14:
            unit, horizontal, vertical = struct.unpack(">BHH", head[7:12])
            if horizontal and vertical and (unit in (1, 2) or horizontal != vertical):
                jfif = jfif or (horizontal, vertical, unit + 1 if unit in (1, 2) else 1)
    return jfif or (72, 72, 2)
