"""Keeps the evidence of thousands of predictions small: its words are put together when somebody asks for them."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any

from geotagger.core.packed import Packed
from geotagger.core.prediction import Evidence
from geotagger.core.sentence import Sentence

_STEPS = 100
"""Weights are kept to the hundredth, as they are given."""
_MOST_SHARED = 4096


class KeptEvidence(Packed[Evidence]):
    """Pieces of evidence whose reasons, two kilobytes of sentences within sentences, are kept as a short line of JSON.

    Attributes:
        heads: the same pieces without photo and words, shared between predictions.
        photos: that each piece comes from.
    """

    __slots__ = ("_reasons", "heads", "photos")

    def __init__(self, heads: Sequence[Evidence], photos: Sequence[str | None], reasons: str) -> None:
        self.heads = tuple(heads)
        self.photos = tuple(photos)
        self._reasons = reasons

    @classmethod
    def of(cls, evidence: Sequence[Evidence]) -> KeptEvidence:
        """Keep evidence small."""
        heads = [Evidence(one.kind, round(one.weight, 2)) for one in evidence]
        return cls(heads, [one.photo for one in evidence], _text([_taken_apart(e.reason) for e in evidence]))

    def to_bytes(self) -> bytes:
        """All of it but the photos in one piece."""
        rows = [(one.kind, round(_STEPS * one.weight)) for one in self.heads]
        return f"{_text(rows)}\n{self._reasons}".encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes, photos: Iterator[str | None]) -> KeptEvidence:
        """The evidence again that ``to_bytes`` gave.

        Args:
            photos: begin with those of this evidence; no more of them are taken.
        """
        rows, reasons = data.decode("ascii").split("\n")
        heads = [_head(*row) for row in json.loads(rows)]
        return cls(heads, list(islice(photos, len(heads))), reasons)

    def __len__(self) -> int:
        return len(self.heads)

    def __iter__(self) -> Iterator[Evidence]:
        for head, photo, reason in zip(self.heads, self.photos, json.loads(self._reasons), strict=True):
            yield Evidence(head.kind, head.weight, photo, _put_together(reason))

    @property
    def kept(self) -> Hashable:
        return self.heads, self.photos, self._reasons


def kept_evidence(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """The same evidence, small; what stands for itself, such as the picture alone, is one value for all photos."""
    if all(one.photo is None and one.reason is None for one in evidence):
        return _shared(tuple(evidence))
    return KeptEvidence.of(evidence)


def heads(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Kinds and weights of evidence; its words take too long to put together where thousands of photos are asked."""
    return evidence.heads if isinstance(evidence, KeptEvidence) else evidence


@lru_cache(_MOST_SHARED)
def _head(kind: str, steps: int) -> Evidence:
    return Evidence(kind, steps / _STEPS)


@lru_cache(_MOST_SHARED)
def _shared(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return evidence


def _text(values: Any) -> str:
    return json.dumps(values, separators=(",", ":"))


def _taken_apart(value: Any) -> Any:
    """A sentence as the number of its form and its values, which JSON knows how to write."""
    if isinstance(value, Sentence):
        return [_forms.number((value.template, *value.values)), *map(_taken_apart, value.values.values())]
    return value


def _put_together(value: Any) -> Any:
    if isinstance(value, list):
        number, *values = value
        template, *names = _forms.form(number)
        return Sentence(template, **dict(zip(names, map(_put_together, values), strict=True)))
    return value


class _Forms:
    """Templates of sentences with the names of their values, each once: few are in use, in thousands of reasons."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}
        self._forms: list[tuple[str, ...]] = []
        self._lock = Lock()

    def number(self, form: tuple[str, ...]) -> int:
        """What a form can be had back by, as long as the program runs."""
        known = self._numbers.get(form)
        if known is not None:
            return known
        with self._lock:
            if form not in self._numbers:
                self._forms.append(form)
                self._numbers[form] = len(self._forms) - 1
            return self._numbers[form]

    def form(self, number: int) -> tuple[str, ...]:
        """The form again."""
        return self._forms[number]


_forms = _Forms()
