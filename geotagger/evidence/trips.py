"""What is known of the photos of a batch, and how they fall into rolls, trips and stops by their clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.prediction import ImageOutput
from geotagger.evidence.clocks import (
    DOUBT_H,
    clock_hours,
    contradicted,
    copied_in_one_go,
    moves_impossibly,
)
from geotagger.evidence.gallery import GalleryMatch
from geotagger.evidence.sphere import unit_vectors
from geotagger.evidence.tracks import TrackFix

Indices = npt.NDArray[np.intp]

TRIP_GAP_H = 48.0
"""Photos further apart in time belong to different trips, for people who look at them."""
CHAIN_GAP_H = 400 * 24.0
"""Pictures further apart in time say nothing of each other; located photos still do, since people come back."""
_COPY_STEP_H = 24.0
STOP_GAP_H = 1 / 3
STOP_LENGTH_H = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class CellFactor:
    """What a source other than pictures and clocks says of a place.

    Attributes:
        kind: the kind of the evidence, such as ``hint``.
        words: what it was read from.
        values: (cells,) likelihoods, not below zero; any common factor is of no matter.
    """

    kind: str
    words: str
    values: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ContextPhoto:
    """All that is known of one photo of a batch.

    Attributes:
        name: what the photo is called in explanations and evidence, such as its path.
        output: what the network says.
        clock: the camera's clock.
        place: where the photo was taken, if that is known for sure: by GPS or from the user. Estimates do not count.
        roll: photos with the same text share a clock and a traveller.
        track: where a recorded track was when the photo was taken.
        matches: photos of the user's gallery that show the same.
        factors: what else is known of the place.
    """

    name: str
    output: ImageOutput
    clock: datetime | None = None
    place: LatLon | None = None
    roll: str = ""
    track: TrackFix | None = None
    matches: tuple[GalleryMatch, ...] = ()
    factors: tuple[CellFactor, ...] = ()

    @property
    def known_place(self) -> LatLon | None:
        """Where it was taken, by itself or by the track."""
        if self.place is not None:
            return self.place
        return self.track.position if self.track is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The photos of one roll in order of time.

    Attributes:
        indices: (n,) which photos of the batch.
        clocks: (n,) their clocks in hours, ascending.
        hours: (n,) the same, but photos that were copied in one go count as a day apart.
        doubt_h: (n,) hours by which a clock may be wrong.
        contradicted: (n,) True for a located photo whose position cannot be, by those before and after it.
        stops: (n,) number of the stop of each photo, ascending from 0.
    """

    indices: Indices
    clocks: FloatArray
    hours: FloatArray
    doubt_h: FloatArray
    contradicted: npt.NDArray[np.bool_]
    stops: Indices

    def copied(self, one: int, other: int) -> bool:
        """True where the clocks of both photos only tell when they were copied, and that was at about one time."""
        both = self.doubt_h[one] > 0 and self.doubt_h[other] > 0
        return bool(both and abs(self.clocks[one] - self.clocks[other]) < DOUBT_H)

    @property
    def parts(self) -> list[Chain]:
        """The chain cut where photos are so far apart that their pictures say nothing of each other."""
        starts = np.append(0, np.flatnonzero(np.diff(self.hours) > CHAIN_GAP_H) + 1).tolist()
        ends = [*starts[1:], len(self.hours)]
        return [
            Chain(
                self.indices[a:b],
                self.clocks[a:b],
                self.hours[a:b],
                self.doubt_h[a:b],
                self.contradicted[a:b],
                self.stops[a:b] - self.stops[a],
            )
            for a, b in zip(starts, ends, strict=True)
        ]

    @property
    def stop_hours(self) -> FloatArray:
        """(stops,) middle of each stop in time."""
        starts = np.flatnonzero(np.diff(self.stops, prepend=-1))
        ends = np.append(starts[1:], len(self.stops)) - 1
        return np.asarray((self.hours[starts] + self.hours[ends]) / 2)


def chains(photos: Sequence[ContextPhoto], now: datetime | None = None) -> list[Chain]:
    """The chains of a batch. Photos whose clock cannot be believed are in none."""
    rolls: dict[str, list[int]] = {}
    for index, photo in enumerate(photos):
        rolls.setdefault(photo.roll, []).append(index)
    found = []
    for members in rolls.values():
        every = clock_hours([photos[i].clock for i in members], now)
        known = np.flatnonzero(np.isfinite(every))
        order = known[np.argsort(every[known], kind="stable")]
        indices, hours = np.array(members, np.intp)[order], every[order]
        if not len(indices):
            continue
        copied = copied_in_one_go(hours, np.stack([photos[i].output.embedding for i in indices]))
        spread = hours + _COPY_STEP_H * np.cumsum(copied)
        wrong = _contradicted(photos, indices, spread)
        if wrong is not None:
            doubt_h = np.where(copied, DOUBT_H, 0.0)
            found.append(Chain(indices, hours, spread, doubt_h, wrong, _stops(spread)))
    return found


def trips(photos: Sequence[ContextPhoto], now: datetime | None = None) -> list[list[int]]:
    """Indices of the photos of each trip, in order of time: a trip ends where its roll pauses for two days."""
    found = []
    for chain in chains(photos, now):
        cuts = np.flatnonzero(np.diff(chain.clocks) > TRIP_GAP_H) + 1
        found += [part.tolist() for part in np.split(chain.indices, cuts)]
    return found


def _contradicted(
    photos: Sequence[ContextPhoto], indices: Indices, hours: FloatArray
) -> npt.NDArray[np.bool_] | None:
    """(n,) which positions cannot be; None where the clock is nonsense."""
    wrong = np.zeros(len(indices), np.bool_)
    places = [(n, place) for n, i in enumerate(indices.tolist()) if (place := photos[i].place) is not None]
    if len(places) < 3:
        return wrong
    known = np.array([n for n, _ in places])
    spots = unit_vectors([p.lat_deg for _, p in places], [p.lon_deg for _, p in places])
    outliers = contradicted(hours[known], spots)
    if moves_impossibly(hours[known][~outliers], spots[~outliers]):
        return None
    wrong[known] = outliers
    return wrong


def _stops(hours: FloatArray) -> Indices:
    stops = np.zeros(len(hours), np.intp)
    stop, start = 0, hours[0]
    for i in range(1, len(hours)):
        if hours[i] - hours[i - 1] > STOP_GAP_H or hours[i] - start > STOP_LENGTH_H:
            stop, start = stop + 1, hours[i]
        stops[i] = stop
    return stops
