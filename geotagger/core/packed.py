"""A sequence that lies packed in a few bytes, and is read when somebody asks for what is in it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class Packed(Sequence[T]):
    """What a subclass need not say again: it says how many there are, goes through them, and names what it keeps."""

    __slots__ = ()

    @property
    @abstractmethod
    def kept(self) -> Hashable:
        """What lies in memory; two of one class in which it is the same are the same."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return tuple(self)[index]

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Packed):
            return NotImplemented
        return type(self) is type(other) and self.kept == other.kept

    def __hash__(self) -> int:
        return hash(self.kept)
