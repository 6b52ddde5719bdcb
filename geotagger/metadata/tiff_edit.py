"""Changing the GPS directory and the XMP packet of a TIFF structure by appending, with nothing moved.

New directories and values go behind the end of the block; the only old bytes that change are the pointers
to them and the values of removed positions, which are blanked. Offsets inside maker notes stay right because
everything they can refer to stays where it is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from geotagger.metadata.edit import Edit, Splice, ordered, replacing
from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.source import Source
from geotagger.metadata.tiff import BYTE, EXIF_IFD, GPS_IFD, LONG, RATIONAL, SHORT, XMP, Entry, Ifd, Tiff

MAX_BLOCK_BYTES = 0xFFFF_FFFF
_MAX_IMAGE_PARTS = 1 << 20


@dataclass(frozen=True, slots=True)
class Field:
    """A new value for a tag, already in the byte order of its block."""

    tag: int
    type: int
    values: int
    data: bytes


GpsRewrite = Callable[[Tiff, Sequence[Entry]], Sequence[Entry | Field]]
"""From the entries of the old GPS directory (none where there is none) to those of the new; none removes it."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a block holds, as ranges that must stay as they are."""

    tables: tuple[tuple[str, Ifd], ...]
    ranges: tuple[tuple[int, int], ...]
    """(start, end) of tables and values, except those of the GPS directories that may change, and of image data."""
    images: tuple[tuple[int, int], ...]
    """(start, end) of image data alone."""


def _value_ranges(tiff: Tiff, entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """(start, end) of the values that do not fit into their entries."""
    return [(start, start + e.size) for e in entries if e.size > 4 for start in (tiff.offset_of(e),)]


def _image_ranges(tiff: Tiff, ifd: Ifd) -> list[tuple[int, int]]:
    """(start, end) of the image data that a directory refers to."""
    found: list[tuple[int, int]] = []
    for offsets_tag, sizes_tag in _DATA_PAIRS:
        offsets, sizes = ifd.get(offsets_tag), ifd.get(sizes_tag)
        if offsets is not None and sizes is not None:
            starts, lengths = tiff.numbers(offsets, 1 << 22), tiff.numbers(sizes, 1 << 22)
            found += [(int(a), int(a + n)) for a, n in zip(starts, lengths, strict=False)]
    return found


def _survey(tiff: Tiff, everywhere: bool) -> _Layout:
    tables = tuple(tiff.walk())
    if tiff.is_cut_short:
        raise UnsafeError("it has more directories than any photo")
    ranges: list[tuple[int, int]] = [(0, 8)]
    for name, ifd in tables:
        if name == "IFD0/GPS" or (everywhere and name.endswith("/GPS")):
            continue
        ranges.append((ifd.offset, ifd.end))
        ranges += _value_ranges(tiff, ifd.entries)
    images: list[tuple[int, int]] = []
    for _, ifd in tables:
        images += _image_ranges(tiff, ifd)
        if len(images) > _MAX_IMAGE_PARTS:
            raise UnsafeError("its images consist of more parts than those of any photo")
    return _Layout(tables, (*ranges, *images), tuple(images))


def _refuse_broken(tiff: Tiff, layout: _Layout, everywhere: bool) -> None:
    """Refuse directories whose entries cannot be carried over faithfully."""
    names = {ifd.offset: name for name, ifd in layout.tables}
    first = layout.tables[0][1]
    for tag, label in ((GPS_IFD, "GPS"), (EXIF_IFD, "Exif")):
        pointers = [e for e in first.entries if e.tag == tag]
        if len(pointers) > 1:
            raise UnsafeError("its first EXIF directory points to several {kind} directories", kind=label)
        if pointers:
            if pointers[0].type not in (LONG, 13) or pointers[0].values != 1:
                raise UnsafeError("the pointer to its {kind} directory is damaged", kind=label)
            offset = tiff.offset_of(pointers[0])
            if names.get(offset) != f"IFD0/{label}" and not (tag == GPS_IFD and offset == 0):
                raise UnsafeError("its {kind} directory is damaged", kind=label)
    if sum(1 for e in first.entries if e.tag == XMP) > 1:
        raise UnsafeError("it holds several XMP packets")
    if not everywhere and any(tiff.integer(ifd.get(GPS_IFD)) for _, ifd in layout.tables[1:]):
        # The position of another page, or the same once more: readers would disagree about which one counts.
        raise UnsafeError("a second of its EXIF directories refers to a position")


def _refuse_dangling(tiff: Tiff, layout: _Layout, new_size: int) -> None:
    """Refuse values that reach beyond the block: appended bytes would become part of them."""
    old_size = tiff.source.size
    if new_size > MAX_BLOCK_BYTES:
        raise UnsafeError("it is too large to grow")
    starts_ends = list(layout.images)
    for _, ifd in layout.tables:
        if ifd.next_offset:
            starts_ends.append((ifd.next_offset, ifd.next_offset + 6))
        for entry in ifd.entries:
            start = tiff.offset_of(entry)
            if entry.size > 4:
                starts_ends.append((start, start + entry.size))
            elif entry.tag in _POINTERS and entry.size == 4:
                starts_ends.append((start, start + 6))
    for start, end in starts_ends:
        if end > old_size and start < new_size:
            raise UnsafeError("its EXIF block is cut off: a value lies behind its end")


_POINTERS = frozenset({EXIF_IFD, GPS_IFD, 0xA005})
_DATA_PAIRS = ((0x111, 0x117), (0x144, 0x145), (0x201, 0x202))
"""Tags that hold offsets and lengths of image data: strips, tiles, thumbnail."""
_NEAR_BYTES = 8192
"""So near to its directory lies a value that was written together with it."""


def _refuse_touching_images(layout: _Layout, edit: Edit) -> None:
    """Refuse an edit that changes image data, because something that is to change is said to lie within it."""
    for splice in edit:
        start, end = splice.offset, splice.offset + len(splice.removed)
        if any(begin < end and start < stop for begin, stop in layout.images):
            raise UnsafeError("its EXIF directories and its image overlap")


def _blanked(tiff: Tiff, gps: Ifd, kept: Sequence[Entry | Field], layout: _Layout) -> list[Splice]:
    """Overwrite the values of removed GPS entries, so that an old position cannot be dug out.

    Values that lie far from their directory are left: where a program moved the one and forgot the other, they may
    be anything by now.
    """
    old = gps.entries
    keep = [e for e in kept if isinstance(e, Entry)]
    near, far = gps.offset - _NEAR_BYTES, gps.end + _NEAR_BYTES
    used = [(begin, end) for begin, end in layout.ranges if begin < far and near < end]
    used += [(ifd.offset, ifd.end) for name, ifd in layout.tables if name.endswith("/GPS")]
    used += _value_ranges(tiff, keep)
    splices: list[Splice] = []
    for entry in old:
        if entry in keep or not 4 < entry.size <= 256:
            continue
        start = tiff.offset_of(entry)
        value = tiff.value(entry)
        if len(value) != entry.size or start < near or start + entry.size > far:
            continue
        if all(end <= start or begin >= start + entry.size for begin, end in used):
            splices.append(Splice(start, value, bytes(entry.size)))
            used.append((start, start + entry.size))
    return splices


def _entry_bytes(order: str, entry: Entry) -> bytes:
    return struct.pack(order + "HHI4s", entry.tag, entry.type, entry.values, entry.field)


def _table(order: str, entries: Sequence[Entry], next_offset: int) -> bytes:
    ordered_entries = sorted(entries, key=lambda e: e.tag)
    return (
        struct.pack(order + "H", len(ordered_entries))
        + b"".join(_entry_bytes(order, e) for e in ordered_entries)
        + struct.pack(order + "I", next_offset)
    )


class _Tail:
    """What is appended behind the block; every piece starts at an even offset."""

    def __init__(self, order: str, start: int, padding: int) -> None:
        self._order = order
        self._start = start
        self.data = bytearray(padding + (start + padding) % 2)

    def add(self, data: bytes) -> int:
        """Append a piece and return its offset in the block."""
        offset = self._start + len(self.data)
        self.data += data + bytes(len(data) % 2)
        return offset

    def entry(self, item: Entry | Field) -> Entry:
        """The entry of a field, whose value is appended where it does not fit."""
        if isinstance(item, Entry):
            return item
        if len(item.data) <= 4:
            return Entry(item.tag, item.type, item.values, item.data.ljust(4, b"\0"))
        field = struct.pack(self._order + "I", self.add(item.data))
        return Entry(item.tag, item.type, item.values, field)


def edit_block(
    source: Source,
    rewrite_gps: GpsRewrite,
    xmp: bytes | None = None,
    further_xmp: Callable[[bytes], bytes] | None = None,
) -> Edit:
    """Splices that give a TIFF structure a new GPS directory and, if not None, a new XMP packet (tag 700).

    Args:
        rewrite_gps: makes the new GPS entries from the old ones.
        xmp: the new packet; empty removes the tag.
        further_xmp: given to take positions out of further directories (other pages), too, in their places: makes
            the new packet of one from the old. Else a position there is a reason to refuse.

    Raises:
        FormatError: there is no TIFF structure.
        UnsafeError: it is broken in a way that would make a change risky.
    """
    tiff = Tiff(source)
    everywhere = further_xmp is not None
    layout = _survey(tiff, everywhere)
    _refuse_broken(tiff, layout, everywhere)
    first = layout.tables[0][1]
    pointer = first.get(GPS_IFD)
    old_gps = tiff.ifd(tiff.offset_of(pointer)) if pointer and tiff.offset_of(pointer) else None
    old = old_gps.entries if old_gps else ()
    new = rewrite_gps(tiff, old)
    if not new and len(first.entries) == 1:
        # An empty first directory is no valid TIFF: the version of the tags may stay, it says nothing.
        new = [e for e in old if e.tag == 0]

    start = _end_without(tiff, layout, old_gps, new)
    padding = 0 if all(ifd.has_next for _, ifd in layout.tables) else 4
    tail = _Tail(tiff.order, start, padding)
    empty = len(tail.data)
    splices: list[Splice] = []
    entries = list(first.entries)
    changed = False
    if tuple(new) != tuple(old):
        if old_gps is not None:
            splices += [s for s in _blanked(tiff, old_gps, new, layout) if s.offset < start]
        changed |= _place_gps(tiff, old_gps, pointer, new, tail, entries, splices)
    if xmp is not None:
        changed |= _place_xmp(tiff, layout, xmp, tail, entries, splices)
    if further_xmp is not None:
        splices += _cleared_pages(tiff, layout, old_gps, rewrite_gps, further_xmp)
    if changed:
        if not entries:
            raise UnsafeError("its first EXIF directory would become empty")
        _place_first(tiff, first, entries, tail, splices)
    if len(tail.data) > empty:
        splices.append(replacing(start, source.read(start, source.size - start), bytes(tail.data)))
        _refuse_dangling(tiff, layout, start + len(tail.data))
    edit = ordered(splices)
    _refuse_touching_images(layout, edit)
    return edit


def _end_without(tiff: Tiff, layout: _Layout, old: Ifd | None, new: Sequence[Entry | Field]) -> int:
    """Where the block ends without the old GPS directory.

    That is where it begins if the end of the block holds nothing else, as after an earlier write of ours: so a
    position that is written again and again does not pile up. Else it is the end of the block.
    """
    end = tiff.source.size
    if old is None or not old.has_next or not any(isinstance(e, Field) for e in new):
        return end
    kept = [e for e in new if isinstance(e, Entry)]
    parts = sorted([(old.offset, old.end), *_value_ranges(tiff, (e for e in old.entries if e not in kept))])
    start = parts[0][0]
    others = [*layout.ranges, *_value_ranges(tiff, kept)]
    gapless = all(0 <= right - left_end <= 1 for (_, left_end), (right, _) in pairwise(parts))
    if start % 2 or parts[-1][1] != end or not gapless or any(b > start and a < end for a, b in others):
        return end
    return start


def _place_gps(
    tiff: Tiff,
    old: Ifd | None,
    pointer: Entry | None,
    new: Sequence[Entry | Field],
    tail: _Tail,
    entries: list[Entry],
    splices: list[Splice],
) -> bool:
    """Put the GPS directory in its place; True where the first directory's entries changed."""
    if not new:
        if pointer is None:
            return False
        entries.remove(pointer)
        if old is not None:
            table = tiff.source.read(old.offset, old.end - old.offset)
            splices.append(Splice(old.offset, table, _table(tiff.order, (), 0).ljust(len(table), b"\0")))
        return True
    if (
        old is not None
        and old.has_next
        and all(isinstance(e, Entry) for e in new)
        and len(new) <= len(old.entries)
    ):
        kept = [e for e in new if isinstance(e, Entry)]
        table = tiff.source.read(old.offset, old.end - old.offset)
        fresh = _table(tiff.order, kept, old.next_offset).ljust(len(table), b"\0")
        splices.append(replacing(old.offset, table, fresh))
        return False
    made = [tail.entry(item) for item in new]
    offset = tail.add(_table(tiff.order, made, old.next_offset if old else 0))
    field = struct.pack(tiff.order + "I", offset)
    if pointer is None:
        entries.append(Entry(GPS_IFD, LONG, 1, field))
        return True
    index = entries.index(pointer)
    entries[index] = Entry(GPS_IFD, pointer.type, 1, field)
    return True


def _place_xmp(
    tiff: Tiff, layout: _Layout, xmp: bytes, tail: _Tail, entries: list[Entry], splices: list[Splice]
) -> bool:
    """Put the packet in its place; True where the first directory's entries changed."""
    present = layout.tables[0][1].get(XMP)
    if not xmp:
        if present is None:
            return False
        entries.remove(present)
        splices += _blanked_packet(tiff, present, layout)
        return True
    if present is not None:
        old = tiff.value(present, 1 << 30)
        if old == xmp:
            return False
        if len(xmp) == len(old) > 4:
            splices.append(replacing(tiff.offset_of(present), old, xmp))
            return False
    made = tail.entry(Field(XMP, BYTE, len(xmp), xmp))
    if present is None:
        entries.append(made)
    else:
        entries[entries.index(present)] = made
        splices += _blanked_packet(tiff, present, layout)
    return True


def _blanked_packet(tiff: Tiff, packet: Entry, layout: _Layout) -> list[Splice]:
    """Overwrite a packet that nothing refers to any more, unless something else is said to lie there, too."""
    old = tiff.value(packet, 1 << 30)
    start, end = tiff.offset_of(packet), tiff.offset_of(packet) + packet.size
    used = [*layout.ranges]
    for name, ifd in layout.tables:
        if name.endswith("/GPS"):
            used += [(ifd.offset, ifd.end), *_value_ranges(tiff, ifd.entries)]
    alone = sum(begin < end and start < stop for begin, stop in used) == 1
    return [Splice(start, old, bytes(len(old)))] if alone and len(old) == packet.size > 4 else []


def _cleared_pages(
    tiff: Tiff,
    layout: _Layout,
    first_gps: Ifd | None,
    rewrite_gps: GpsRewrite,
    new_xmp: Callable[[bytes], bytes],
) -> list[Splice]:
    """Take positions out of all directories but the first, with nothing moved.

    Raises:
        UnsafeError: one is damaged, or its packet would grow.
    """
    splices: list[Splice] = []
    done = {first_gps.offset} if first_gps is not None else set()
    for name, ifd in layout.tables[1:]:
        if name.endswith("/GPS"):
            continue
        entries = list(ifd.entries)
        for pointer in (e for e in ifd.entries if e.tag == GPS_IFD):
            entries.remove(pointer)
            offset = tiff.integer(pointer)
            if not offset or offset in done:
                continue
            done.add(offset)
            old = next((i for n, i in layout.tables if i.offset == offset and n.endswith("/GPS")), None)
            if old is None:
                raise UnsafeError("its {kind} directory is damaged", kind="GPS")
            kept = [e for e in rewrite_gps(tiff, old.entries) if isinstance(e, Entry)]
            splices += _blanked(tiff, old, kept, layout)
            splices.append(_shrunk(tiff, old, kept))
            if kept:
                entries.insert(ifd.entries.index(pointer), pointer)
        for packet in (e for e in ifd.entries if e.tag == XMP and e.size > 4):
            before = tiff.value(packet, 1 << 30)
            after = new_xmp(before)
            if len(after) > len(before):
                raise UnsafeError("the XMP of another page cannot be changed in its place")
            splices.append(replacing(tiff.offset_of(packet), before, after.ljust(len(before))))
            if not after:
                entries.remove(packet)
        if len(entries) < len(ifd.entries):
            if not entries:
                raise UnsafeError("one of its EXIF directories would become empty")
            splices.append(_shrunk(tiff, ifd, entries))
    return list(dict.fromkeys(splices))


def _shrunk(tiff: Tiff, ifd: Ifd, entries: Sequence[Entry]) -> Splice:
    """A directory with fewer entries in its place, in their old order."""
    if not ifd.has_next:
        raise UnsafeError("one of its EXIF directories is cut off")
    table = tiff.source.read(ifd.offset, ifd.end - ifd.offset)
    fresh = struct.pack(tiff.order + "H", len(entries)) + b"".join(
        _entry_bytes(tiff.order, e) for e in entries
    )
    return replacing(ifd.offset, table, (fresh + table[-4:]).ljust(len(table), b"\0"))


def _place_first(tiff: Tiff, first: Ifd, entries: list[Entry], tail: _Tail, splices: list[Splice]) -> None:
    """Write the first directory: in place where it does not grow, else behind the block."""
    table = tiff.source.read(first.offset, first.end - first.offset)
    in_order = [e.tag for e in entries] == sorted(e.tag for e in entries)
    if [e.tag for e in entries] == [e.tag for e in first.entries]:
        # The same tags with other values: only those entries change, in their old order.
        for index, (old, new) in enumerate(zip(first.entries, entries, strict=True)):
            if old != new:
                at = first.offset + 2 + 12 * index
                splices.append(replacing(at, _entry_bytes(tiff.order, old), _entry_bytes(tiff.order, new)))
        return
    if len(entries) < len(first.entries) and first.has_next and in_order:
        fresh = _table(tiff.order, entries, first.next_offset).ljust(len(table), b"\0")
        splices.append(replacing(first.offset, table, fresh))
        return
    offset = tail.add(_table(tiff.order, entries, first.next_offset))
    splices.append(Splice(4, tiff.source.read(4, 4), struct.pack(tiff.order + "I", offset)))


def new_block(gps: Sequence[Field], resolution: tuple[int, int, int]) -> bytes:
    """A big-endian EXIF block for an image that has none.

    Args:
        gps: the GPS fields (big-endian).
        resolution: horizontal, vertical, and unit (1 none, 2 inch, 3 centimetre), as the image states elsewhere.
    """
    horizontal, vertical, unit = resolution
    fields = [
        Field(0x11A, RATIONAL, 1, struct.pack(">II", horizontal, 1)),
        Field(0x11B, RATIONAL, 1, struct.pack(">II", vertical, 1)),
        Field(0x128, SHORT, 1, struct.pack(">H", unit)),
        Field(0x213, SHORT, 1, struct.pack(">H", 1)),
    ]
    tail = _Tail(">", 8, 0)
    tail.add(bytes(len(_table(">", (), 0)) + 12 * (len(fields) + 1)))
    entries = [tail.entry(f) for f in fields]
    gps_offset = tail.add(_table(">", [tail.entry(f) for f in gps], 0))
    entries.append(Entry(GPS_IFD, LONG, 1, struct.pack(">I", gps_offset)))
    table = _table(">", entries, 0)
    return b"MM" + struct.pack(">HI", 42, 8) + table + bytes(tail.data[len(table) :])
