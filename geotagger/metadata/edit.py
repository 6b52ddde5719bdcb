"""A change to a file as a list of splices: what goes out and what comes in, and nothing else."""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.source import Source

_HEADER = struct.Struct("<QII")


@dataclass(frozen=True, slots=True)
class Splice:
    """At ``offset`` of the old file the bytes ``removed`` give way to ``inserted``."""

    offset: int
    removed: bytes
    inserted: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the file grows."""
        return len(self.inserted) - len(self.removed)


Edit = tuple[Splice, ...]
"""Splices in file order that do not overlap. An edit is its own before-image: ``invert`` takes it back."""


def ordered(splices: Iterable[Splice]) -> Edit:
    """Sort splices into an edit and drop those that change nothing.

    Raises:
        UnsafeError: two splices overlap, because the file uses the same bytes for two things.
    """
    edit = tuple(sorted((s for s in splices if s.removed != s.inserted), key=lambda s: s.offset))
    for left, right in pairwise(edit):
        if left.offset + len(left.removed) > right.offset:
            raise UnsafeError("some of its parts overlap")
    return edit


def shifted(edit: Edit, by: int) -> Edit:
    """The same edit for a file in which everything lies ``by`` bytes later."""
    return tuple(Splice(s.offset + by, s.removed, s.inserted) for s in edit)


def _longest(limit: int, holds: Callable[[int], bool]) -> int:
    """The largest n up to ``limit`` for which ``holds``, where it holds for all smaller ones."""
    return bisect_left(range(1, limit + 1), True, key=lambda n: not holds(n))


def replacing(offset: int, old: bytes, new: bytes) -> Splice:
    """The shortest splice that turns ``old`` at ``offset`` into ``new``."""
    limit = min(len(old), len(new))
    head = _longest(limit, lambda n: old[:n] == new[:n])
    tail = _longest(limit - head, lambda n: old[len(old) - n :] == new[len(new) - n :])
    return Splice(offset + head, old[head : len(old) - tail], new[head : len(new) - tail])


def growth(edit: Edit) -> int:
    """By how many bytes the file grows in all."""
    return sum(s.growth for s in edit)


def apply(data: bytes, edit: Edit) -> bytes:
    """The edited bytes.

    Raises:
        ValueError: the data does not hold what the edit removes.
    """
    parts: list[bytes] = []
    position = 0
    for splice in edit:
        end = splice.offset + len(splice.removed)
        if data[splice.offset : end] != splice.removed or splice.offset > len(data):
            raise ValueError("the edit does not belong to this data")
        parts += (data[position : splice.offset], splice.inserted)
        position = end
    parts.append(data[position:])
    return b"".join(parts)


def invert(edit: Edit) -> Edit:
    """The edit that takes this one back."""
    result: list[Splice] = []
    shift = 0
    for splice in edit:
        result.append(Splice(splice.offset + shift, splice.inserted, splice.removed))
        shift += splice.growth
    return tuple(result)


def pieces(size: int, edit: Edit) -> Iterator[tuple[int, int] | bytes]:
    """The edited file from front to back: ``(offset, length)`` runs of the old file, and new bytes."""
    position = 0
    for splice in edit:
        if splice.offset > position:
            yield position, splice.offset - position
        if splice.inserted:
            yield splice.inserted
        position = splice.offset + len(splice.removed)
    if position < size:
        yield position, size - position


class EditedSource:
    """A file as it will be after an edit, without making it."""

    __slots__ = ("_parts", "_source", "_starts", "size")

    def __init__(self, source: Source, edit: Edit) -> None:
        self._source = source
        self._parts = list(pieces(source.size, edit))
        self._starts: list[int] = []
        self.size = 0
        for part in self._parts:
            self._starts.append(self.size)
            self.size += len(part) if isinstance(part, bytes) else part[1]

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes of the edited file from ``offset`` on."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        end = min(offset + length, self.size)
        result: list[bytes] = []
        index = bisect_right(self._starts, offset) - 1
        while offset < end:
            part = self._parts[index]
            within = offset - self._starts[index]
            if isinstance(part, bytes):
                chunk = part[within : within + end - offset]
            else:
                chunk = self._source.read(part[0] + within, min(part[1] - within, end - offset))
                if not chunk:
                    break
            result.append(chunk)
            offset += len(chunk)
            index = index + 1 if isinstance(part, bytes) or within + len(chunk) == part[1] else index
        return b"".join(result)


def pack(edit: Edit) -> bytes:
    """An edit as bytes, for the journal."""
    return b"".join(
        _HEADER.pack(s.offset, len(s.removed), len(s.inserted)) + s.removed + s.inserted for s in edit
    )


def unpack(data: bytes) -> Edit:
    """The edit that ``pack`` turned into bytes.

    Raises:
        ValueError: the bytes are not a packed edit.
    """
    splices: list[Splice] = []
    position = 0
    while position < len(data):
        if position + _HEADER.size > len(data):
            raise ValueError("not a packed edit")
        offset, removed, inserted = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        middle, end = position + removed, position + removed + inserted
        if end > len(data):
            raise ValueError("not a packed edit")
        splices.append(Splice(offset, data[position:middle], data[middle:end]))
        position = end
    return tuple(splices)
