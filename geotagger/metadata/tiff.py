"""The TIFF structure of IFDs, as in EXIF blocks, TIFF, DNG and most raw files: reading it."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from geotagger.metadata.errors import FormatError
from geotagger.metadata.source import Source

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_NUMBERS = {
    1: "B",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    7: "B",
    8: "h",
    9: "i",
    10: "ii",
    11: "f",
    12: "d",
    13: "I",
}

WIDTH, HEIGHT, COMPRESSION, MAKE, MODEL, ORIENTATION = 0x100, 0x101, 0x103, 0x10F, 0x110, 0x112
SUB_IFDS, XMP, EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x14A, 0x2BC, 0x8769, 0x8825, 0xA005

_ORDERS = {b"II": "<", b"MM": ">"}
_ROWS = {order: struct.Struct(order + "HHI4s").iter_unpack for order in "<>"}
MAX_ENTRIES = 4096
MAX_IFDS = 4096
MAX_ENTRIES_IN_ALL = 1 << 19
_MAX_SUB_IFDS = 64
CLASSIC = 42
BIG_TIFF = 43


class Entry(NamedTuple):
    """One 12-byte entry as it stands in the file; a named tuple because thousands are made.

    Attributes:
        values: how many values it holds.
        field: its last four bytes: the value if that fits, else the offset of the value.
    """

    tag: int
    type: int
    values: int
    field: bytes

    @property
    def size(self) -> int:
        """Length of the value in bytes; unknown types count as single bytes."""
        return TYPE_SIZES.get(self.type, 1) * self.values


_entry = partial(tuple.__new__, Entry)
"""Makes an entry of a row three times as fast as ``Entry._make``, which counts the row's fields again."""


@dataclass(frozen=True, slots=True)
class Ifd:
    """One image file directory.

    Attributes:
        has_next: False where the block ends before the next-IFD word.
    """

    offset: int
    entries: tuple[Entry, ...]
    next_offset: int
    has_next: bool

    @property
    def end(self) -> int:
        """Offset behind the table and its next-IFD word."""
        return self.offset + 2 + 12 * len(self.entries) + (4 if self.has_next else 0)

    def get(self, tag: int) -> Entry | None:
        """The first entry of a tag."""
        for entry in self.entries:
            if entry.tag == tag:
                return entry
        return None


class Tiff:
    """A TIFF block: byte order, and its directories on demand.

    Args:
        magics: accepted words after the byte order; raw formats have their own.

    Raises:
        FormatError: there is no TIFF header.
    """

    __slots__ = ("first_ifd", "is_cut_short", "order", "source")

    def __init__(self, source: Source, magics: frozenset[int] = frozenset({CLASSIC})) -> None:
        header = source.read(0, 8)
        self.order = _ORDERS.get(header[:2], "")
        if len(header) < 8 or not self.order:
            raise FormatError("its TIFF header is damaged")
        magic, self.first_ifd = struct.unpack(self.order + "HI", header[2:])
        if magic not in magics:
            raise FormatError("it is a BigTIFF" if magic == BIG_TIFF else "its TIFF header is damaged")
        self.source = source
        self.is_cut_short = False
        """Whether the last walk left out directories, because there are more than any photo has."""

    def ifd(self, offset: int) -> Ifd:
        """The directory at ``offset``.

        Raises:
            FormatError: it does not lie within the block.
        """
        head = self.source.read(offset, 2)
        if len(head) < 2 or offset < 8:
            raise FormatError("an EXIF directory lies outside of its block")
        (count,) = struct.unpack(self.order + "H", head)
        table = self.source.read(offset + 2, 12 * count + 4)
        if count > MAX_ENTRIES or len(table) < 12 * count:
            raise FormatError("an EXIF directory is cut off")
        entries = tuple(map(_entry, _ROWS[self.order](table[: 12 * count])))
        has_next = len(table) == 12 * count + 4
        next_offset = struct.unpack(self.order + "I", table[-4:])[0] if has_next else 0
        return Ifd(offset, entries, next_offset, has_next)

    def offset_of(self, entry: Entry) -> int:
        """Offset of a value that does not fit into its entry."""
        return int(struct.unpack(self.order + "I", entry.field)[0])

    def value(self, entry: Entry, limit: int = 1 << 20) -> bytes:
        """The bytes of a value, cut at ``limit`` and where the block ends."""
        if entry.size <= 4:
            return entry.field[: entry.size]
        return self.source.read(self.offset_of(entry), min(entry.size, limit))

    def numbers(self, entry: Entry, limit: int = 1 << 16) -> tuple[float, ...]:
        """The values of an entry as numbers; rationals as flat pairs; empty where they cannot be read."""
        code = _NUMBERS.get(entry.type)
        if code is None:
            return ()
        data = self.value(entry, limit * TYPE_SIZES[entry.type])
        whole = len(data) // TYPE_SIZES[entry.type]
        return struct.unpack(
            f"{self.order}{whole * len(code)}{code[0]}", data[: whole * TYPE_SIZES[entry.type]]
        )

    def integer(self, entry: Entry | None) -> int | None:
        """The first value of an integer entry."""
        if entry is None or entry.type not in (1, 3, 4, 6, 8, 9, 13):
            return None
        numbers = self.numbers(entry, 1)
        return int(numbers[0]) if numbers else None

    def text(self, entry: Entry | None) -> str | None:
        """A text value up to its first NUL, without outer blanks; None where there is none."""
        if entry is None or entry.type not in (ASCII, UNDEFINED, BYTE):
            return None
        text = self.value(entry, 4096).split(b"\0")[0].decode("utf-8", "replace").strip()
        return text or None

    def pointed(self, parent: Ifd, tag: int) -> Ifd | None:
        """The directory that an entry of ``parent`` points to; None where there is none or it is broken."""
        offset = self.integer(parent.get(tag))
        if not offset:
            return None
        try:
            return self.ifd(offset)
        except FormatError:
            return None

    def walks_whole(self) -> bool:
        """Whether a walk comes to all directories."""
        deque(self.walk(), 0)
        return not self.is_cut_short

    def walk(self) -> Iterator[tuple[str, Ifd]]:
        """All directories that can be reached and read, each once, with a name such as ``IFD0/Exif``.

        Where there are thousands of them it ends early, and says so in ``is_cut_short``.

        Raises:
            FormatError: the first directory cannot be read.
        """
        self.is_cut_short = False
        seen: set[int] = set()
        entries = 0
        waiting: deque[tuple[str, int, bool]] = deque([("IFD0", self.first_ifd, True)])
        while waiting:
            if len(seen) >= MAX_IFDS or entries > MAX_ENTRIES_IN_ALL:
                self.is_cut_short = True
                return
            name, offset, chained = waiting.popleft()
            if (not offset and name != "IFD0") or offset in seen:
                continue
            try:
                ifd = self.ifd(offset)
            except FormatError:
                if name == "IFD0":
                    raise
                continue
            seen.add(offset)
            entries += len(ifd.entries)
            yield name, ifd
            for tag, label in ((EXIF_IFD, "Exif"), (GPS_IFD, "GPS"), (INTEROP_IFD, "Interop")):
                pointer = self.integer(ifd.get(tag))
                if pointer:
                    waiting.append((f"{name}/{label}", pointer, False))
            for entry in ifd.entries:
                if entry.tag == SUB_IFDS and entry.type in (LONG, 13):
                    if entry.values > _MAX_SUB_IFDS or len(waiting) >= MAX_IFDS:
                        self.is_cut_short = True
                        return
                    for index, sub in enumerate(self.numbers(entry)):
                        waiting.append((f"{name}/Sub{index}", int(sub), True))
            if chained and ifd.next_offset:
                stem = name.rstrip("0123456789")
                waiting.append((f"{stem}{int(name[len(stem) :]) + 1}", ifd.next_offset, True))
