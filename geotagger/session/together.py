"""Judges the photos of a trip together, from what was kept of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.core.regions import load_regions
from geotagger.evidence.camera_clocks import CameraClock
from geotagger.evidence.gallery import Gallery
from geotagger.evidence.tracks import ClockReading
from geotagger.evidence.tuning import place_prior
from geotagger.session.compact import compact
from geotagger.session.context import (
    ContextItem,
    camera_clocks,
    clock_on_track,
    clocks_set_right,
    predict_in_context,
    rolls_of,
    speaks_beyond_image,
)
from geotagger.session.guesses import KeptGuess, TripPhoto
from geotagger.session.sources import Sources

EVERYTHING = Sources()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of judging.

    Attributes:
        predictions: those that are other ones now, by the id of the photo.
        clocks: how camera clocks without a time zone relate to UTC on the track, by roll, for the user to confirm.
        cameras: how the clocks of different cameras of one roll stand to each other, by camera, for the user to confirm.
    """

    predictions: Mapping[int, Prediction]
    clocks: Mapping[str, ClockReading]
    cameras: Mapping[str, CameraClock]


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
    cameras: dict[str, CameraClock] = {}
    silent = _silent(grid)
    hints = () if sources.hint is None else (sources.hint,)
    # One roll after the other: only its outputs are held in full precision at a time.
    for roll, members in rolls.items():
        if changed_ids.isdisjoint(m.photo.id for m in members) or all(m.guess is None for m in members):
            continue
        items = [
            ContextItem(m.photo.metadata, _output(m.guess, sources, silent), m.place, hints)
            for m in members
            if m.photo.metadata is not None
        ]
        of_roll, times = {}, [item.metadata.taken for item in items]
        if "time-neighbour" in sources.kinds:
            of_roll = camera_clocks(items, grid)
            times = clocks_set_right(items, of_roll, sources.camera_offsets)
        cameras |= {one.camera: one for some in of_roll.values() for one in some}
        is_local = any(time is not None and time.tzinfo is None for time in times)
        if sources.track is not None and "track" in sources.kinds and is_local:
            clocks[roll] = clock_on_track(items, sources.track, times)
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
            cameras=of_roll,
            gallery=gallery if "gallery" in sources.kinds else None,
        )
        for member, together in zip(members, predictions, strict=True):
            if member.guess is None:
                continue
            stands = sources.image and not speaks_beyond_image(together)
            now = member.guess.alone() if stands else compact(together)
            if now != member.photo.prediction:
                found[member.photo.id] = now
    return Judgement(found, clocks, cameras)


def _output(guess: KeptGuess | None, sources: Sources, silent: ImageOutput) -> ImageOutput | None:
    """What the network said, as far as it may speak: its picture of the photo still finds like photos."""
    if guess is None:
        return None
    output = guess.output()
    return output if sources.image else replace(silent, embedding=output.embedding)


def _silent(grid: CellGrid) -> ImageOutput:
    """What a network would say that has seen nothing."""
    regions = len(load_regions())
    return ImageOutput(
        np.full(regions, 1 / regions, np.float32),
        place_prior(grid).astype(np.float32),
        np.zeros(0, np.float32),
    )
