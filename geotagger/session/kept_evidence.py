"""Keeps the evidence of thousands of predictions small: its words are put together when somebody asks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, overload

from geotagger.core.prediction import Evidence
from geotagger.core.sentence import Sentence

_MOST_SHARED = 4096


class KeptEvidence(Sequence[Evidence]):
    """Pieces of evidence whose reasons, two kilobytes of sentences within sentences, are kept as a line of JSON.

    Attributes:
        heads: the same pieces without photo and words, shared between predictions.
    """

    __slots__ = ("_photos", "_reasons", "heads")

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self.heads = tuple(_head(one.kind, one.weight) for one in evidence)
        self._photos = tuple(one.photo for one in evidence)
        self._reasons = json.dumps([_taken_apart(one.reason) for one in evidence], separators=(",", ":"))

    def __len__(self) -> int:
        return len(self.heads)

    def __iter__(self) -> Iterator[Evidence]:
        for head, photo, reason in zip(self.heads, self._photos, json.loads(self._reasons), strict=True):
            yield Evidence(head.kind, head.weight, photo, _put_together(reason))

    @overload
    def __getitem__(self, index: int) -> Evidence: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Evidence, ...]: ...
    def __getitem__(self, index: int | slice) -> Evidence | tuple[Evidence, ...]:
        return tuple(self)[index]

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeptEvidence):
            return NotImplemented
        return (self.heads, self._photos, self._reasons) == (other.heads, other._photos, other._reasons)

    def __hash__(self) -> int:
        return hash((self.heads, self._photos, self._reasons))


def kept_evidence(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """The same evidence, small; what stands for itself, such as the picture alone, is one value for all photos."""
    if all(one.photo is None and one.reason is None for one in evidence):
        return _shared(tuple(evidence))
    return KeptEvidence(evidence)


def heads(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Kinds and weights of evidence; its words take too long to put together where thousands of photos are asked."""
    return evidence.heads if isinstance(evidence, KeptEvidence) else evidence


@lru_cache(_MOST_SHARED)
def _head(kind: str, weight: float) -> Evidence:
    return Evidence(kind, weight)


@lru_cache(_MOST_SHARED)
def _shared(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return evidence


def _taken_apart(value: Any) -> Any:
    """A sentence as its template and values, in a form that JSON knows."""
    if isinstance(value, Sentence):
        return [value.template, {name: _taken_apart(one) for name, one in value.values.items()}]
    return value


def _put_together(value: Any) -> Any:
    if isinstance(value, list):
        template, values = value
        return Sentence(template, **{name: _put_together(one) for name, one in values.items()})
    return value
