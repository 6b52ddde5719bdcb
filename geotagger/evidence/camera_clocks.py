"""How far the clocks of two cameras of one traveller are apart: a phone that knows the time, and a camera that may not.

Every offset on a grid of five minutes is tried. It is the more probable the better the rhythms of the two cameras agree
(people photograph in bursts, with both cameras), the more alike the photos look that would have been taken at the same
moment, and the better the places agree: located photos of one camera against positions, or guesses, of the other.
Whole hours are expected more than odd minutes, since most wrong clocks show another time zone. Where nothing speaks for
another offset, that expectation keeps the clocks as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.core.sentence import Sentence
from geotagger.evidence.anchoring import SCALES_KM
from geotagger.evidence.motion import MotionLaw, density_per_km2
from geotagger.evidence.sphere import unit_vectors, vector_distances_km

SURE = 0.9
"""An offset at least this probable is believed without being asked for."""
STEP_H = 1 / 12
LONGEST_H = 26.0
"""Larger offsets are not looked for: a clock that is days wrong gives itself away in no such way."""
_MOST_MOMENTS = 200
_MOMENT_GAP_H = 1 / 30
_RHYTHM_H = 0.15
_RHYTHM_SHARE = 0.5
_RHYTHM_WEIGHT = 0.5
_SAME_MOMENT_H = 0.15
_ALIKE_WEIGHT = 0.5
_PLACE_WEIGHT = 0.7
_LEAST_SPREAD = 0.02
_GUESS_BLUR_KM = 150.0
_MOST_NATS = 5.0
_NEAREST_H = 12.0
_LAND_KM2 = 2e7
_WIDTH_STEPS = 2


@dataclass(frozen=True, slots=True, eq=False)
class CameraRoll:
    """The photos of one camera in one roll, in order of time.

    Attributes:
        camera: its name.
        hours: (n,) believable clocks in hours, ascending.
        places: (n, 3) unit vectors; NaN where no position is known.
        cells: (n, cells) what the network says of each photo.
        embeddings: (n, dimensions) of unit length.
    """

    camera: str
    hours: FloatArray
    places: FloatArray
    cells: npt.NDArray[np.float32]
    embeddings: npt.NDArray[np.float32]

    def thinned(self) -> CameraRoll:
        """One photo for each moment, and not too many."""
        chosen = moments(self.hours)
        return CameraRoll(
            self.camera,
            self.hours[chosen],
            self.places[chosen],
            self.cells[chosen],
            self.embeddings[chosen],
        )

    @property
    def is_located(self) -> npt.NDArray[np.bool_]:
        """(n,) True where a position is known."""
        return np.asarray(np.isfinite(self.places[:, 0]))


def moments(hours: FloatArray) -> npt.NDArray[np.intp]:
    """Numbers of one photo for each moment of (n,) ascending times, and not too many: what is asked of a roll."""
    keep, last = [], -np.inf
    for index, hour in enumerate(hours.tolist()):
        if hour - last >= _MOMENT_GAP_H:
            keep.append(index)
            last = hour
    chosen = np.array(keep, np.intp)
    if len(chosen) > _MOST_MOMENTS:
        chosen = chosen[np.linspace(0, len(chosen) - 1, _MOST_MOMENTS).astype(np.intp)]
    return chosen


@dataclass(frozen=True, slots=True)
class CameraClock:
    """How a camera's clock most probably stands to that of another camera, for the user to confirm.

    Attributes:
        reference: the camera whose clock is taken to be right.
        offset: what the camera shows minus what the reference shows.
        probability: that this is right within ten minutes.
    """

    camera: str
    reference: str
    offset: timedelta
    probability: float

    @property
    def is_sure(self) -> bool:
        """True where the offset is used without being confirmed."""
        return self.probability >= SURE

    @property
    def shift(self) -> timedelta:
        """What is taken off the camera's clock: nothing where the offset is not sure."""
        return self.offset if self.is_sure else timedelta(0)

    @property
    def sentence(self) -> Sentence:
        """What is known, in words."""
        names = {"camera": self.camera, "other": self.reference}
        if not self.is_sure:
            return Sentence(
                "Nothing tells whether the clocks of {camera} and {other} agree; they are taken as they are.",
                **names,
            )
        names |= {"span": offset_words(abs(self.offset)), "share": f"{100 * self.probability:.0f}"}
        if not self.offset:
            return Sentence("The clocks of {camera} and {other} agree ({share} %).", **names)
        if self.offset > timedelta(0):
            return Sentence(
                "The clock of {camera} is {span} ahead of that of {other} ({share} %); this was set right.",
                **names,
            )
        return Sentence(
            "The clock of {camera} is {span} behind that of {other} ({share} %); this was set right.", **names
        )


def offset_words(offset: timedelta) -> str:
    """A time span such as ``6 h``, ``45 min`` or ``1 h 5 min``."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))


def camera_clock(
    camera: CameraRoll, reference: CameraRoll, grid: CellGrid, prior: FloatArray, law: MotionLaw
) -> CameraClock:
    """The offset between two cameras of one traveller.

    Args:
        reference: the camera that is taken to be right; the one with more located photos is the better choice.
        prior: (cells,) how often photos are taken in each cell.
    """
    one, other = camera.thinned(), reference.thinned()
    steps = round(LONGEST_H / STEP_H)
    offsets = np.asarray(np.arange(-steps, steps + 1) * STEP_H, np.float64)
    scores = _expected(offsets)
    if len(one.hours) and len(other.hours):
        scores = scores + _rhythm(one, other, offsets) + _likeness(one, other, offsets)
        scores += _places(one, other, offsets, grid, prior, law)
    chances = np.exp(scores - scores.max())
    chances /= chances.sum()
    near = np.convolve(chances, np.ones(2 * _WIDTH_STEPS + 1), "same")
    best = int(near.argmax())
    window = np.arange(max(best - _WIDTH_STEPS, 0), min(best + _WIDTH_STEPS + 1, len(offsets)))
    # The likeliest of the offsets around the best place: whole hours win where nothing tells them apart.
    minutes = round(60 * float(offsets[window[chances[window].argmax()]]))
    probability = float(min(near[best], 1.0))
    return CameraClock(camera.camera, reference.camera, timedelta(minutes=minutes), probability)


def _expected(offsets: FloatArray) -> FloatArray:
    """Log of how probable each offset is beforehand."""
    minutes = np.round(offsets * 60).astype(int)
    chances = np.full(len(offsets), 0.15 / len(offsets))
    whole = (minutes % 60 == 0) & (minutes != 0)
    chances[whole] += 0.3 * np.exp(-np.abs(offsets[whole]) / 8) / np.exp(-np.abs(offsets[whole]) / 8).sum()
    half = minutes % 60 == 30
    chances[half] += 0.02 / half.sum()
    chances[minutes == 0] += 0.4
    chances[np.abs(minutes) == 5] += 0.065
    return np.asarray(np.log(chances / chances.sum()))


def _rhythm(one: CameraRoll, other: CameraRoll, offsets: FloatArray) -> FloatArray:
    """Whether both cameras are used at the same times, against use at any time of the days."""
    bursts = _bursts(one.hours)
    shifted = bursts[None, :] - offsets[:, None]
    gaps = np.abs(shifted - _nearest(other.hours, shifted))
    awake_h = 14.0 * max(1.0, (other.hours[-1] - other.hours[0]) / 24.0)
    density = np.exp(-gaps / _RHYTHM_H) / (2 * _RHYTHM_H) / len(_bursts(other.hours))
    # A moment of the other camera explains at most one burst's worth; without one the burst is as good as anywhere.
    ratio = _RHYTHM_SHARE * density * awake_h + (1 - _RHYTHM_SHARE)
    return np.asarray(_RHYTHM_WEIGHT * np.clip(np.log(ratio), -1.0, 3.0).sum(axis=1))


def _bursts(hours: FloatArray) -> FloatArray:
    """Beginnings of bursts: photos with none in the half hour before."""
    return np.asarray(hours[np.diff(hours, prepend=-np.inf) > 0.5])


def _nearest(sorted_hours: FloatArray, wanted: FloatArray) -> FloatArray:
    right = np.clip(np.searchsorted(sorted_hours, wanted), 1, max(len(sorted_hours) - 1, 1))
    after = sorted_hours[np.minimum(right, len(sorted_hours) - 1)]
    before = sorted_hours[right - 1]
    return np.where(wanted - before <= np.abs(after - wanted), before, after)


def _likeness(one: CameraRoll, other: CameraRoll, offsets: FloatArray) -> FloatArray:
    """Whether photos of the same moment look alike, measured by photos of one camera a few minutes apart."""
    same = np.concatenate([_neighbour_likeness(roll) for roll in (one, other)])
    pairs = one.embeddings @ other.embeddings.T
    if len(same) < 3 or not pairs.any():
        return np.zeros(len(offsets))
    mean, spread = float(pairs.mean()), max(float(pairs.std()), _LEAST_SPREAD)
    alike = float(same.mean())
    if alike < mean + spread / 2:
        return np.zeros(len(offsets))
    ratios = np.clip((alike - mean) * (pairs - (alike + mean) / 2) / spread**2, -2.0, 3.0)
    gaps = one.hours[:, None] - other.hours[None, :]
    scores = np.zeros(len(offsets))
    for k, offset in enumerate(offsets.tolist()):
        together = np.abs(gaps - offset) < _SAME_MOMENT_H
        counts = together.sum(axis=1)
        found = counts > 0
        # One moment speaks once, however many photos were taken in it.
        scores[k] = ((ratios * together).sum(axis=1)[found] / counts[found]).sum()
    return _ALIKE_WEIGHT * scores


def _neighbour_likeness(roll: CameraRoll) -> FloatArray:
    near = np.diff(roll.hours) < _SAME_MOMENT_H
    return np.asarray((roll.embeddings[1:] * roll.embeddings[:-1]).sum(axis=1)[near], np.float64)


def _places(
    one: CameraRoll,
    other: CameraRoll,
    offsets: FloatArray,
    grid: CellGrid,
    prior: FloatArray,
    law: MotionLaw,
) -> FloatArray:
    """Whether the photos lie where the other camera's located photos of the time say."""
    scores = np.zeros(len(offsets))
    for first, second, sign in ((one, other, 1.0), (other, one, -1.0)):
        anchors = second.is_located
        if not anchors.any():
            continue
        hours, places = second.hours[anchors], second.places[anchors]
        # Where both are located, that is said once.
        speaks = np.ones(len(first.hours), np.bool_) if sign > 0 else ~first.is_located
        if not speaks.any():
            continue
        worth = _worth(first, speaks, places, grid, prior)
        located = first.is_located[speaks]
        apart = vector_distances_km(first.places[speaks][:, None], places[None])
        for k, offset in enumerate((sign * offsets).tolist()):
            when = first.hours[speaks] - offset
            index = np.abs(when[:, None] - hours[None]).argmin(axis=1)
            rows = np.arange(len(index))
            gap = np.abs(when - hours[index])
            guess = worth[rows, index]
            if located.any():
                weights = law.near_weights(gap[located])
                law_density = density_per_km2(apart[rows, index][located][:, None], SCALES_KM)
                guess[located] = np.log((law_density * weights).sum(axis=1) * _LAND_KM2 + 1e-3)
            guess = np.clip(guess, -_MOST_NATS, _MOST_NATS) * np.exp(-gap / _NEAREST_H)
            scores[k] += guess.sum() / np.sqrt(len(guess))
    return _PLACE_WEIGHT * scores


def _worth(
    roll: CameraRoll, speaks: npt.NDArray[np.bool_], places: FloatArray, grid: CellGrid, prior: FloatArray
) -> FloatArray:
    """(photos, places) log of how much more the network expects a photo near a place than it does on average."""
    apart = vector_distances_km(unit_vectors(grid.lat_deg, grid.lon_deg)[:, None], places[None])
    near = np.exp(-apart / _GUESS_BLUR_KM)
    return np.asarray(np.log((roll.cells[speaks] @ near + 1e-4) / (prior @ near + 1e-4)))
