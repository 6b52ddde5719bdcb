"""Judges the photos of a trip together, from what was kept of each."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.prediction import Prediction
from geotagger.evidence.gallery import Gallery
from geotagger.session.compact import compact
from geotagger.session.context import ContextItem, predict_in_context, rolls_of, speaks_beyond_image
from geotagger.session.guesses import TripPhoto


def judge_trips(
    photos: Sequence[TripPhoto],
    changed_ids: AbstractSet[int],
    grid: CellGrid,
    calibration: Calibration,
    model_id: str,
    device: str,
    gallery: Gallery | None = None,
) -> dict[int, Prediction]:
    """The predictions that are other ones now, by the id of the photo.

    Args:
        photos: all that may take part.
        changed_ids: only the rolls that these belong to are judged.

    Raises:
        GeotaggerError: a resource is damaged, or the gallery cannot be read.
    """
    rolls: dict[str, list[TripPhoto]] = {}
    names = rolls_of([p.photo.metadata for p in photos if p.photo.metadata is not None])
    for photo, roll in zip(photos, names, strict=True):
        rolls.setdefault(roll, []).append(photo)
    found: dict[int, Prediction] = {}
    # One roll after the other: only its outputs are held in full precision at a time.
    for members in rolls.values():
        if changed_ids.isdisjoint(m.photo.id for m in members) or all(m.guess is None for m in members):
            continue
        items = [
            ContextItem(m.photo.metadata, m.guess.output() if m.guess else None, m.place)
            for m in members
            if m.photo.metadata is not None
        ]
        predictions = predict_in_context(items, grid, calibration, model_id, device, gallery=gallery)
        for member, together in zip(members, predictions, strict=True):
            if member.guess is None:
                continue
            now = compact(together) if speaks_beyond_image(together) else member.guess.alone
            if now != member.photo.prediction:
                found[member.photo.id] = now
    return found
