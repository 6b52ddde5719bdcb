"""Keeps thousands of predictions small: ranked regions and cells as a few bytes, read when somebody asks for them."""

from __future__ import annotations

import struct
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache
from typing import TypeVar, overload

from geotagger.core.geo import LatLon
from geotagger.core.packed import Packed
from geotagger.core.prediction import CellProbability, Prediction, RegionProbability
from geotagger.core.regions import load_regions
from geotagger.session.kept_evidence import KeptEvidence, kept_evidence

T = TypeVar("T")

_STEPS = 10_000
"""Probabilities are kept to a hundredth of a per cent, a hundred times finer than they are shown."""
_PAIR = struct.Struct("<HH")
_NOWHERE = LatLon(0.0, 0.0)


def compact(prediction: Prediction) -> Prediction:
    """The same prediction, about a tenth as large. Probabilities are rounded; their order stays."""
    if isinstance(prediction.regions, _RankedRegions):
        return prediction
    return replace(
        prediction,
        regions=_RankedRegions(_row((_numbers()[r.code], r.probability) for r in prediction.regions)),
        evidence=kept_evidence(prediction.evidence),
        cells=_RankedCells(_row((c.cell, c.probability) for c in prediction.cells)),
    )


class _Ranking(Packed[T]):
    """Numbered things with their probabilities, four bytes for each."""

    __slots__ = ("row",)

    def __init__(self, row: bytes) -> None:
        self.row = row

    @property
    def kept(self) -> bytes:
        return self.row

    @staticmethod
    @abstractmethod
    def _made(number: int, probability: float) -> T:
        """What a number stands for."""

    def __len__(self) -> int:
        return len(self.row) // _PAIR.size

    def __iter__(self) -> Iterator[T]:
        for number, steps in _PAIR.iter_unpack(self.row):
            yield self._made(number, steps / _STEPS)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if not isinstance(index, slice):
            return super().__getitem__(index)
        # Thousands of guesses are accepted at once, each with its best regions: the others are not made for that.
        pairs = tuple(_PAIR.iter_unpack(self.row))[index]
        return tuple(self._made(number, steps / _STEPS) for number, steps in pairs)


class _RankedRegions(_Ranking[RegionProbability]):
    """Regions by their class. The best one is kept ready, since the list is sorted and filtered by it."""

    __slots__ = ("_best",)

    def __init__(self, row: bytes) -> None:
        super().__init__(row)
        number, steps = _PAIR.unpack_from(row)
        self._best = self._made(number, steps / _STEPS)

    @staticmethod
    def _made(number: int, probability: float) -> RegionProbability:
        region = load_regions()[number]
        return RegionProbability(region.code, region.name, probability)

    @overload
    def __getitem__(self, index: int) -> RegionProbability: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RegionProbability, ...]: ...
    def __getitem__(self, index: int | slice) -> RegionProbability | tuple[RegionProbability, ...]:
        return self._best if index == 0 else super().__getitem__(index)


class _RankedCells(_Ranking[CellProbability]):
    __slots__ = ()

    @staticmethod
    def _made(number: int, probability: float) -> CellProbability:
        return CellProbability(number, probability)


def _row(ranked: Iterable[tuple[int, float]]) -> bytes:
    return b"".join(_PAIR.pack(number, round(probability * _STEPS)) for number, probability in ranked)


@cache
def _numbers() -> dict[str, int]:
    return {region.code: region.index for region in load_regions()}


# As bytes -------------------------------------------------------------------------------------------------

_HEAD = struct.Struct("<dddBBB")
LARGEST_BYTES = _HEAD.size + 255 + 2 * 255 * _PAIR.size
"""A prediction of ``to_bytes`` is no longer than this."""


def frame_of(prediction: Prediction) -> Prediction:
    """What many predictions have in common, as one value for all of them: model, device, coverage, evidence."""
    return _shared_frame(
        replace(prediction, regions=(), position=_NOWHERE, radius_km=0.0, region_set=(), cells=())
    )


@lru_cache(256)
def _shared_frame(frame: Prediction) -> Prediction:
    return frame


def to_bytes(prediction: Prediction) -> bytes:
    """What a compact prediction says beyond its frame."""
    regions, cells = prediction.regions, prediction.cells
    assert isinstance(regions, _RankedRegions), "it is made compact first"
    assert isinstance(cells, _RankedCells), "it is made compact first"
    place, held = prediction.position, bytes(_numbers()[code] for code in prediction.region_set)
    sizes = len(held), len(regions), len(cells)
    return (
        _HEAD.pack(place.lat_deg, place.lon_deg, prediction.radius_km, *sizes)
        + held
        + regions.row
        + cells.row
    )


def from_bytes(data: bytes, frame: Prediction) -> Prediction:
    """The compact prediction again.

    Args:
        data: begins with it; what follows is not looked at.
    """
    lat_deg, lon_deg, radius_km, held, regions, cells = _HEAD.unpack_from(data)
    codes = load_regions().codes
    first = _HEAD.size + held
    second = first + regions * _PAIR.size
    return replace(
        frame,
        regions=_RankedRegions(data[first:second]),
        position=LatLon(lat_deg, lon_deg),
        radius_km=radius_km,
        region_set=tuple(codes[number] for number in data[_HEAD.size : first]),
        cells=_RankedCells(data[second : second + cells * _PAIR.size]),
    )


class Pile:
    """Compact predictions one behind the other in one piece of memory, as long as what they were made of is there.

    Python gives memory back by the megabyte, and only where nothing is left in it. Small values that stay, made among
    the thousands that a judgement needs for a moment, would keep all of it; so they are made when those are gone.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q")
        self._frames: list[Prediction] = []
        self._photos: list[str | None] = []

    def add(self, prediction: Prediction) -> None:
        """Put a compact prediction on top."""
        evidence = prediction.evidence
        is_kept = isinstance(evidence, KeptEvidence)
        self._frames.append(frame_of(replace(prediction, evidence=()) if is_kept else prediction))
        self._bytes += to_bytes(prediction)
        self._ends.append(len(self._bytes))
        if isinstance(evidence, KeptEvidence):
            self._bytes += evidence.to_bytes()
            self._photos += evidence.photos
        self._ends.append(len(self._bytes))

    def __iter__(self) -> Iterator[Prediction]:
        """All of them from the lowest on, made anew."""
        photos, start = iter(self._photos), 0
        data, made, before = b"", None, None
        for frame, middle, end in zip(self._frames, self._ends[::2], self._ends[1::2], strict=True):
            below, data = data, bytes(self._bytes[start:middle])
            if made is None or frame is not before or data != below:
                made, before = from_bytes(data, frame), frame
            if end == middle:
                yield made
            else:
                # Photos that were taken at one time are at one place, which is kept once.
                yield replace(made, evidence=KeptEvidence.from_bytes(bytes(self._bytes[middle:end]), photos))
            start = end
