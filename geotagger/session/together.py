"""Keeps small what the network said of each photo of a session, and judges the photos of a trip together from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import LatLon
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.evidence.gallery import Gallery
from geotagger.session.compact import compact
from geotagger.session.context import ContextItem, predict_in_context, rolls_of, speaks_beyond_image
from geotagger.session.photo import Photo

HalfVector = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class KeptGuess:
    """What is kept of a predicted photo: six kilobytes of numbers, beside the prediction itself.

    Attributes:
        alone: the prediction of the photo judged by itself.
        regions: (63,) probabilities.
        cell_roots: (cells,) square roots of the probabilities: half precision holds those of small ones too.
        embedding: (dimensions,).
    """

    alone: Prediction
    regions: HalfVector
    cell_roots: HalfVector
    embedding: HalfVector

    @classmethod
    def of(cls, output: ImageOutput, alone: Prediction) -> KeptGuess:
        """Keep what the network said, and the prediction made from it."""
        return cls(
            alone,
            output.region_probabilities.astype(np.float16),
            np.sqrt(output.cell_probabilities).astype(np.float16),
            output.embedding.astype(np.float16),
        )

    def output(self) -> ImageOutput:
        """What the network said, to about a thousandth."""
        cells = np.square(self.cell_roots.astype(np.float32))
        return ImageOutput(
            self.regions.astype(np.float32), cells / cells.sum(), self.embedding.astype(np.float32)
        )


@dataclass(frozen=True, slots=True, eq=False)
class TripPhoto:
    """A photo as it takes part in judging.

    Attributes:
        guess: None for a photo that was not predicted, and only speaks for others.
        place: where the user put it; an accepted estimate is no place that is known.
    """

    photo: Photo
    guess: KeptGuess | None
    place: LatLon | None


def place_of_user(photo: Photo) -> LatLon | None:
    """Where the user put a photo by hand, written or not; agreeing with an estimate makes it no surer."""
    edited = photo.edited
    return edited.position if edited is not None and not edited.source.is_estimate else None


def trip_photos(photos: Iterable[Photo], guesses: Mapping[int, KeptGuess]) -> list[TripPhoto]:
    """The photos that were predicted, and those that can place others: with a position and a clock."""
    found = []
    for photo in photos:
        if photo.metadata is None:
            continue
        guess, place = guesses.get(photo.id), place_of_user(photo)
        can_place = photo.metadata.taken is not None and (place is not None or photo.has_camera_position)
        if guess is not None or can_place:
            found.append(TripPhoto(photo, guess, place))
    return found


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
