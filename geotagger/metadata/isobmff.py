"""HEIC and Canon CR3 files (ISO base media boxes): reading only; positions go into a sidecar."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from geotagger.metadata.container import Change, Contents
from geotagger.metadata.edit import Edit
from geotagger.metadata.errors import FormatError, UnsafeError
from geotagger.metadata.preview import largest_preview
from geotagger.metadata.source import SliceSource, Source

HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"mif2"}
)
CR3_BRAND = b"crx "
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_PREVIEW_UUID = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MAX_BOXES = 4096
_MAX_EXIF_ITEMS = 4
_MAX_META_BYTES = 16 << 20
_MAX_PREVIEW_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and where its content lies."""

    type: bytes
    start: int
    size: int


def boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets, as far as they can be followed."""
    count = 0
    while start + 8 <= end and count < _MAX_BOXES:
        head = source.read(start, 16)
        if len(head) < 8:
            return
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            return
        yield Box(head[4:8], start + header, size - header)
        start += size
        count += 1


def _uuid_boxes(source: Source, found: list[Box]) -> dict[bytes, Box]:
    return {
        source.read(b.start, 16): Box(b"uuid", b.start + 16, b.size - 16)
        for b in found
        if b.type == b"uuid" and b.size >= 16
    }


class Heif:
    """HEIC and its relatives.

    Decoders turn the image as the container says, so the orientation in EXIF must not be applied again:
    the size is that of the image as shown.
    """

    def contents(self, source: Source) -> Contents:
        """EXIF, XMP and size of the primary image."""
        meta = _Meta(source)
        width, height = meta.shown_size()
        exif = meta.exif()
        return Contents("HEIC", width, height, (exif,) if exif else (), meta.xmp(), orientation_applied=True)

    def preview(self, source: Source) -> bytes | None:
        """A JPEG thumbnail in its EXIF; the images of the container itself are HEVC."""
        exif = _Meta(source).exif()
        return largest_preview(exif) if exif else None

    def edit(self, source: Source, change: Change) -> Edit:
        """Never."""
        raise UnsafeError("a HEIC file cannot be changed safely")

    def frame(self, source: Source) -> Hashable:
        """Nothing, because nothing changes."""
        return None


class _Meta:
    """The item directory of a HEIF file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        meta = next((b for b in boxes(source, 0, source.size) if b.type == b"meta"), None)
        if meta is None or meta.size > _MAX_META_BYTES:
            raise FormatError("the HEIC file holds no image directory")
        self._boxes = {b.type: b for b in boxes(source, meta.start + 4, meta.start + meta.size)}
        self._types = self._item_types()

    def _content(self, kind: bytes) -> bytes:
        box = self._boxes.get(kind)
        return self._source.read(box.start, box.size) if box else b""

    def _item_types(self) -> dict[int, tuple[bytes, bytes]]:
        """Item types and what follows them, by item number."""
        box = self._boxes.get(b"iinf")
        found: dict[int, tuple[bytes, bytes]] = {}
        if box is None:
            return found
        version = self._source.read(box.start, 1)
        skip = 6 if version == b"\0" else 8
        for entry in boxes(self._source, box.start + skip, box.start + box.size):
            data = self._source.read(entry.start, min(entry.size, 256))
            if entry.type != b"infe" or len(data) < 12 or data[0] not in (2, 3):
                continue
            wide = 2 if data[0] == 2 else 4
            found[int.from_bytes(data[4 : 4 + wide], "big")] = (
                data[6 + wide : 10 + wide],
                data[10 + wide :],
            )
        return found

    def _item(self, number: int) -> Source | None:
        """The data of an item that lies in one piece in the file."""
        data = self._content(b"iloc")
        if len(data) < 8 or data[0] > 2:
            return None
        version = data[0]
        offset_size, length_size, base_size = data[4] >> 4, data[4] & 15, data[5] >> 4
        index_size = data[5] & 15 if version else 0
        wide = 4 if version == 2 else 2
        position = 6

        def number_at(size: int) -> int:
            nonlocal position
            value = int.from_bytes(data[position : position + size], "big")
            position += size
            return value

        for _ in range(number_at(wide)):
            if position >= len(data):
                return None
            item = number_at(wide)
            method = number_at(2) & 15 if version else 0
            number_at(2)
            base = number_at(base_size)
            extents = number_at(2)
            if item != number or extents != 1:
                position += extents * (index_size + offset_size + length_size)
            else:
                number_at(index_size)
                start, length = base + number_at(offset_size), number_at(length_size)
                if position > len(data):
                    return None
                inner = self._boxes.get(b"idat")
                if method == 1 and inner:
                    start += inner.start
                elif method:
                    return None
                return SliceSource(self._source, start, length)
        return None

    def exif(self) -> Source | None:
        """The TIFF structure of the EXIF item."""
        for number in [n for n, (kind, _) in self._types.items() if kind == b"Exif"][:_MAX_EXIF_ITEMS]:
            item = self._item(number)
            if item is not None and item.size > 12:
                skip = 4 + int.from_bytes(item.read(0, 4), "big")
                return SliceSource(item, skip, item.size - skip)
        return None

    def xmp(self) -> bytes | None:
        """The XMP packet."""
        for number, (kind, rest) in self._types.items():
            if kind == b"mime" and b"application/rdf+xml" in rest:
                item = self._item(number)
                return item.read(0, min(item.size, _MAX_META_BYTES)) if item is not None else None
        return None

    def shown_size(self) -> tuple[int | None, int | None]:
        """Width and height of the primary image after the container's rotation."""
        pitm = self._content(b"pitm")
        primary = int.from_bytes(pitm[4:6] if pitm[:1] == b"\0" else pitm[4:8], "big")
        iprp = self._boxes.get(b"iprp")
        inner = {b.type: b for b in boxes(self._source, iprp.start, iprp.start + iprp.size)} if iprp else {}
        if b"ipco" not in inner or b"ipma" not in inner:
            return None, None
        ipco = inner[b"ipco"]
        properties = list(boxes(self._source, ipco.start, ipco.start + ipco.size))
        width = height = None
        turned = False
        for index in self._associations(inner[b"ipma"], primary):
            if not 0 < index <= len(properties):
                continue
            box = properties[index - 1]
            data = self._source.read(box.start, min(box.size, 12))
            if box.type == b"ispe" and len(data) == 12:
                width, height = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
            elif box.type == b"irot" and data:
                turned = bool(data[0] & 1)
        return (height, width) if turned else (width, height)

    def _associations(self, box: Box, primary: int) -> list[int]:
        """Numbers of the properties of an item."""
        data = self._source.read(box.start, box.size)
        if len(data) < 8:
            return []
        wide_items, wide_indices = bool(data[0]), bool(data[3] & 1)
        position = 8
        for _ in range(int.from_bytes(data[4:8], "big")):
            step = 4 if wide_items else 2
            item = int.from_bytes(data[position : position + step], "big")
            position += step
            if position >= len(data):
                return []
            count = data[position]
            position += 1
            size = 2 if wide_indices else 1
            raw = data[position : position + count * size]
            position += count * size
            if item == primary:
                mask = 0x7FFF if wide_indices else 0x7F
                return [int.from_bytes(raw[i : i + size], "big") & mask for i in range(0, len(raw), size)]
        return []


class Cr3:
    """Canon CR3: each EXIF directory is a TIFF structure of its own."""

    def contents(self, source: Source) -> Contents:
        """Its directories and its XMP packet."""
        blocks, top = self._canon(source)
        uuids = _uuid_boxes(source, top)
        xmp = uuids.get(_XMP_UUID)
        return Contents(
            "CR3",
            None,
            None,
            (blocks[b"CMT1"],) if b"CMT1" in blocks else (),
            source.read(xmp.start, min(xmp.size, _MAX_META_BYTES)) if xmp else None,
            exif_directory=blocks.get(b"CMT2"),
            gps_directory=blocks.get(b"CMT4"),
        )

    def _canon(self, source: Source) -> tuple[dict[bytes, Source], list[Box]]:
        top = list(boxes(source, 0, source.size))
        moov = next((b for b in top if b.type == b"moov"), None)
        if moov is None:
            raise FormatError("the CR3 file is cut off")
        canon = _uuid_boxes(source, list(boxes(source, moov.start, moov.start + moov.size))).get(_CANON_UUID)
        inner = boxes(source, canon.start, canon.start + canon.size) if canon else ()
        return {b.type: SliceSource(source, b.start, b.size) for b in inner}, top

    def preview(self, source: Source) -> bytes | None:
        """The preview of 1620 pixels, else the thumbnail."""
        blocks, top = self._canon(source)
        box = _uuid_boxes(source, top).get(_CANON_PREVIEW_UUID)
        places: list[Source] = [SliceSource(source, box.start, box.size)] if box else []
        places += [blocks[b"THMB"]] if b"THMB" in blocks else []
        for place in places:
            data = place.read(0, min(place.size, _MAX_PREVIEW_BYTES))
            start = data.find(b"\xff\xd8\xff")
            if start >= 0:
                return data[start:]
        return None

    def edit(self, source: Source, change: Change) -> Edit:
        """Never."""
        raise UnsafeError("a raw file cannot be changed safely")

    def frame(self, source: Source) -> Hashable:
        """Nothing, because nothing changes."""
        return None
