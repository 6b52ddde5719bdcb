"""Judges the photos of a trip together, from what was kept of each."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from mmap import mmap
from typing import TypeVar

import numpy as np

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.core.regions import load_regions
from geotagger.evidence.camera_clocks import CameraClock
from geotagger.evidence.gallery import Gallery
from geotagger.evidence.tracks import ClockReading
from geotagger.evidence.tuning import place_prior
from geotagger.session.compact import Pile, compact
from geotagger.session.context import (
    ContextItem,
    camera_clocks,
    clock_on_track,
    clocks_set_right,
    predict_in_context,
    rolls_of,
    speaks_beyond_image,
)
from geotagger.session.guesses import TripPhoto
from geotagger.session.sources import Sources

EVERYTHING = Sources()

_TURN = 16
"""So many photos are worked on in one go, some milliseconds."""
_PAUSE_S = 1e-5
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of judging.

    Attributes:
        predictions: those that are other ones now, by the id of the photo.
        clocks: how camera clocks without a time zone relate to UTC on the track, by roll, for the user to confirm.
        cameras: how the clocks of different cameras of one roll stand to each other, by roll and camera, for the user
            to confirm.
    """

    predictions: Mapping[int, Prediction]
    clocks: Mapping[str, ClockReading]
    cameras: Mapping[tuple[str, str], CameraClock]


def judge_trips(
    photos: Sequence[TripPhoto],
    changed_ids: AbstractSet[int],
    grid: CellGrid,
    calibration: Calibration,
    model_id: str,
    device: str,
    gallery: Gallery | None = None,
    sources: Sources = EVERYTHING,
) -> Judgement:
    """Judge the photos of each roll together.

    Args:
        photos: all that may take part.
        changed_ids: only the rolls that these belong to are judged.
        sources: what may speak.

    Raises:
        GeotaggerError: a resource is damaged, or the gallery cannot be read.
    """
    rolls: dict[str, list[TripPhoto]] = {}
    names = rolls_of([p.photo.metadata for p in photos if p.photo.metadata is not None])
    for photo, roll in zip(photos, names, strict=True):
        rolls.setdefault(roll, []).append(photo)
    found: dict[int, Prediction] = {}
    clocks: dict[str, ClockReading] = {}
    cameras: dict[tuple[str, str], CameraClock] = {}
    facts = grid, calibration, model_id, device
    # One roll after the other: only what is needed for one is held in full at a time.
    for roll, members in rolls.items():
        if changed_ids.isdisjoint(m.photo.id for m in members) or all(m.guess is None for m in members):
            continue
        of_roll = _judge_roll(members, *facts, gallery, sources)
        found.update(zip(of_roll.ids, of_roll.predictions, strict=True))
        cameras |= {(roll, one.camera): one for one in of_roll.cameras}
        if of_roll.clock is not None:
            clocks[roll] = of_roll.clock
    return Judgement(found, clocks, cameras)


@dataclass(frozen=True, slots=True, eq=False)
class _OfRoll:
    """What came of one roll: predictions that are other ones now, in the order of the ids, and clocks."""

    ids: array[int]
    predictions: Pile
    cameras: Sequence[CameraClock]
    clock: ClockReading | None


def _judge_roll(
    members: Sequence[TripPhoto],
    grid: CellGrid,
    calibration: Calibration,
    model_id: str,
    device: str,
    gallery: Gallery | None,
    sources: Sources,
) -> _OfRoll:
    outputs = _outputs(members, sources, _silent(grid))
    hints = () if sources.hint is None else (sources.hint,)
    items = [
        ContextItem(m.photo.metadata, output, m.place, hints)
        for m, output in zip(members, outputs, strict=True)
        if m.photo.metadata is not None
    ]
    cameras, times = {}, [item.metadata.taken for item in items]
    if "time-neighbour" in sources.kinds:
        cameras = camera_clocks(items, grid)
        times = clocks_set_right(items, cameras, sources.camera_offsets)
    is_local = any(time is not None and time.tzinfo is None for time in times)
    clock = None
    if sources.track is not None and "track" in sources.kinds and is_local:
        clock = clock_on_track(items, sources.track, times)
    predictions = predict_in_context(
        items,
        grid,
        calibration,
        model_id,
        device,
        kinds=sources.kinds,
        track=sources.track,
        clock_offset=sources.clock_offset,
        camera_offsets=sources.camera_offsets,
        cameras=cameras,
        gallery=gallery if "gallery" in sources.kinds else None,
    )
    ids, pile = array("q"), Pile()
    for member, together in _giving_way(zip(members, predictions, strict=True)):
        if member.guess is None:
            continue
        stands = sources.image and not speaks_beyond_image(together)
        now = member.guess.alone() if stands else compact(together)
        if now != member.photo.prediction:
            ids.append(member.photo.id)
            pile.add(now)
    return _OfRoll(ids, pile, [one for some in cameras.values() for one in some], clock)


def _giving_way(things: Iterable[_T]) -> Iterator[_T]:
    """The things, with pauses in which other threads have Python's lock.

    NumPy's operations and files let it go and take it again before a thread that waits for it is awake.
    """
    for number, thing in enumerate(things):
        if number % _TURN == 0:
            time.sleep(_PAUSE_S)
        yield thing


def _outputs(
    members: Sequence[TripPhoto], sources: Sources, silent: ImageOutput
) -> Iterator[ImageOutput | None]:
    """What the network said of each photo, as far as it may speak: its picture of the photo still finds like photos.

    All of it lies in one piece of memory from the system, 18 KB for a photo, which goes back there as one. In arrays of
    their own it would stay with the process, in the heap of the thread that judged.
    """
    sizes = [0 if m.guess is None else sum(m.guess.sizes) for m in members]
    space = np.frombuffer(mmap(-1, sum(sizes) * np.dtype(np.float32).itemsize), np.float32)
    parts = np.split(space, np.cumsum(sizes)[:-1])
    for member, part in _giving_way(zip(members, parts, strict=True)):
        if member.guess is None:
            yield None
        else:
            output = member.guess.output(part)
            yield output if sources.image else replace(silent, embedding=output.embedding)


def _silent(grid: CellGrid) -> ImageOutput:
    """What a network would say that has seen nothing."""
    regions = len(load_regions())
    return ImageOutput(
        np.full(regions, 1 / regions, np.float32),
        place_prior(grid).astype(np.float32),
        np.zeros(0, np.float32),
    )
