"""Which located photo a photo belongs to, and how far from it it was taken: learned from trips.

A photo was taken near one of the located photos around it in time, or on the way between the two next ones, or somewhere
else, of which only its picture speaks. The law says how probable each of these is, from the time to each located photo,
its order among them, how widely the traveller is known to move, and how far from all that is known the photo lies in time;
and how far away it then lies in space, as a mixture of the densities of ``motion``. What counts are outings, not photos: a
thousand positions of one afternoon say of another year what two say. The parameters were learned by
``scripts/fit_evidence.py`` by maximum likelihood and are kept in ``resources/evidence/motion.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import FloatArray
from geotagger.evidence.sphere import vector_distances_km

SCALES_KM = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0])
"""Scales of the densities around a known place; the mean distance is twice the scale."""
BRIDGE_SCALES = np.array([0.02, 0.06, 0.2, 0.6])
"""Scales around the point on the way, as shares of the distance between the two located photos."""
GAP_KNOTS_H = np.array([1 / 60, 0.1, 0.5, 2.0, 6.0, 15.0, 36.0, 96.0, 240.0, 720.0, 2400.0, 8760.0, 40000.0])
"""Time gaps, in hours, at which parameters are kept; between them they change linearly in the logarithm."""
EACH_SIDE = 4
"""Located photos that are looked at before a photo, and after it."""
NEIGHBOURS = 2 * EACH_SIDE
OUTING_GAP_H = 12.0
"""Located photos further apart in time than this are of different outings."""
TRAVELLER_FACTS = 5
_FURTHER = 1.2
"""The next located photo that is looked at is further away in time by this factor."""
_MOMENT_H = 0.02
_MOST_BEYOND = 6.0
_LEAST_BRIDGE_KM = 0.03
_NEVER = -1e4
_MOST_COMPARED = 150

_KNOTS, _SCALES = len(GAP_KNOTS_H), len(SCALES_KM)
SHAPES: Mapping[str, tuple[int, ...]] = {
    "gap": (_KNOTS,),
    "order": (4,),
    "scale": (_KNOTS, _SCALES),
    "scale_order": (2, _SCALES),
    "scale_traveller": (TRAVELLER_FACTS, 3),
    "way_gap": (_KNOTS,),
    "way": (3,),
    "way_scale": (_KNOTS, len(BRIDGE_SCALES)),
    "away_gap": (_KNOTS,),
    "away_traveller": (TRAVELLER_FACTS,),
}
"""The parameters: all are logits, or slopes of logits."""

_STEEPNESS = np.arange(_SCALES) / _SCALES
TRAVELLER_BASES = np.stack((_STEEPNESS, _STEEPNESS**2, (_STEEPNESS > 0.75).astype(float)))
"""(3, scales) shapes in which what is known of the traveller moves the logits of the scales."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """n photos and the located photos around them in time.

    Attributes:
        index: (n, NEIGHBOURS) which located photo; 0 where there is none.
        is_there: (n, NEIGHBOURS) False where there is none.
        gap_h: (n, NEIGHBOURS) hours to it.
        rank: (n, NEIGHBOURS) how many of the others on its side lie between.
        before, after: (n,) the next located photos on both sides; 0 where there is none.
        has_two: (n,) True where there are both.
        share: (n,) of the time between them that has passed; 0 without.
        span_km: (n,) distance between them; 0 without.
        total_h: (n,) time between them.
        traveller: (n, TRAVELLER_FACTS) how far the outings with located photos are apart; how many outings a
            day there are at all; how many are located; how far from all of these in time, as a share of the time
            that they span; and the same where it is more than that time. Each as a logarithm about zero.
    """

    index: npt.NDArray[np.intp]
    is_there: npt.NDArray[np.bool_]
    gap_h: FloatArray
    rank: npt.NDArray[np.intp]
    before: npt.NDArray[np.intp]
    after: npt.NDArray[np.intp]
    has_two: npt.NDArray[np.bool_]
    share: FloatArray
    span_km: FloatArray
    total_h: FloatArray
    traveller: FloatArray

    def of(self, rows: npt.NDArray[np.intp]) -> Surroundings:
        """Those of some of the photos."""
        return Surroundings(*(getattr(self, name)[rows] for name in self.__slots__))


def surroundings(
    hours: FloatArray, is_located: npt.NDArray[np.bool_], places: FloatArray, doubt_h: FloatArray
) -> Surroundings:
    """What lies around each photo of a roll; a photo is never its own neighbour.

    Args:
        hours: (n,) clocks, ascending.
        is_located: (n,) True for photos with a known place; at least one.
        places: (n, 3) unit vectors; ignored where not located.
        doubt_h: (n,) hours by which a clock may be wrong; a gap counts as no shorter.
    """
    known = np.flatnonzero(is_located)
    spots, times = places[known], hours[known]
    rank_here = np.searchsorted(known, np.arange(len(hours)))
    earlier = _ever_further(hours, times, rank_here - 1, -1)
    later = _ever_further(hours, times, rank_here + is_located, 1)
    index = np.stack(earlier + later, axis=1)
    is_there = (index >= 0) & (index < len(known))
    index = np.clip(index, 0, len(known) - 1)
    gap_h = np.abs(hours[:, None] - times[index])
    gap_h = np.maximum(gap_h, np.maximum(doubt_h[:, None], doubt_h[known][index]))
    before, after = index[:, 0], index[:, EACH_SIDE]
    has_two = is_there[:, 0] & is_there[:, EACH_SIDE] & (doubt_h == 0)
    total_h = np.where(has_two, times[after] - times[before], 1.0)
    share = np.where(has_two, (hours - times[before]) / np.maximum(total_h, 1e-3), 0.0)
    span_km = np.where(has_two, vector_distances_km(spots[before], spots[after]), 0.0)
    steps = np.arange(EACH_SIDE)
    rank = np.broadcast_to(np.concatenate((steps, steps)), index.shape)
    nearest_h = np.where(is_there, gap_h, np.inf).min(axis=1)
    traveller = _traveller(hours, times, spots, nearest_h)
    return Surroundings(
        index, is_there, gap_h, rank, before, after, has_two, share, span_km, total_h, traveller
    )


def outings(times_h: FloatArray) -> npt.NDArray[np.intp]:
    """(n,) ascending times → number of the outing of each, from 0: one ends where half a day passes."""
    return np.cumsum(np.diff(times_h, prepend=times_h[:1]) > OUTING_GAP_H)


def _ever_further(
    hours: FloatArray, times: FloatArray, nearest: npt.NDArray[np.intp], step: int
) -> list[npt.NDArray[np.intp]]:
    """Located photos on one side of (n,) hours, beginning with the nearest; beyond those that there are, no number.

    Each is a good deal further away in time than the one before it, so that what was taken together, be it two photos
    or a thousand points of a track, says about the same of a photo that is far from it.
    """
    chosen = [nearest]
    for _ in range(EACH_SIDE - 1):
        last = chosen[-1]
        gap_h = np.abs(hours - times[np.clip(last, 0, len(times) - 1)])
        beyond_h = np.maximum(gap_h * _FURTHER, gap_h + _MOMENT_H)
        if step < 0:
            following = np.minimum(np.searchsorted(times, hours - beyond_h, "right") - 1, last - 1)
        else:
            following = np.maximum(np.searchsorted(times, hours + beyond_h, "left"), last + 1)
        chosen.append(np.where((last < 0) | (last >= len(times)), last, following))
    return chosen


def _traveller(hours: FloatArray, times: FloatArray, spots: FloatArray, nearest_h: FloatArray) -> FloatArray:
    """(n, TRAVELLER_FACTS): see ``Surroundings``. Nothing here depends on how many photos an outing has."""
    outing = outings(times)
    days = max(float(hours[-1] - hours[0]) / 24, 1.0) + 1.0
    beyond = np.clip(np.log((nearest_h + 1.0) / (times[-1] - times[0] + 1.0)), -_MOST_BEYOND, _MOST_BEYOND)
    facts = np.empty((len(hours), TRAVELLER_FACTS))
    facts[:, 0] = _spread(spots[np.flatnonzero(np.diff(outing, prepend=-1))])
    facts[:, 1] = np.log((outings(hours)[-1] + 1) / days) + 1.0
    facts[:, 2] = np.log(outing[-1] + 1) - 1.0
    facts[:, 3] = beyond / 2
    facts[:, 4] = np.maximum(beyond, 0.0) / 2
    return facts


def _spread(spots: FloatArray) -> float:
    """How far outings are apart: mean logarithm of the distances in kilometres, less its usual value.

    Of few outings little is known, and so much nearer to nothing is what is told of them.
    """
    if len(spots) < 2:
        return 0.0
    some = spots[np.linspace(0, len(spots) - 1, min(len(spots), _MOST_COMPARED)).astype(np.intp)]
    apart = vector_distances_km(some[:, None], some[None])[np.triu_indices(len(some), 1)]
    mean = float(np.log(np.maximum(apart, 1.0)).mean()) - 4.5
    return mean * (len(spots) - 1) / len(spots)


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """How a photo is shared out among what may have been its place.

    Attributes:
        near: (n, NEIGHBOURS) at each located photo.
        way: (n,) on the way.
        away: (n,) elsewhere; with the other two it sums to 1.
        near_scales: (n, NEIGHBOURS, scales); each row sums to 1.
        way_scales: (n, bridge scales); likewise.
        way_scales_km: (n, bridge scales) what these are in kilometres.
    """

    near: FloatArray
    way: FloatArray
    away: FloatArray
    near_scales: FloatArray
    way_scales: FloatArray
    way_scales_km: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class AnchorLaw:
    """The learned parameters, by the names of ``SHAPES``."""

    parameters: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        """Refuse parameters of other names or shapes."""
        if {name: value.shape for name, value in self.parameters.items()} != dict(SHAPES):
            raise ValueError("the parameters of the law of located photos have the wrong shapes")

    def shares(self, around: Surroundings) -> Shares:
        """How photos are shared out, by what lies around them."""
        p = self.parameters
        knots = gap_shares(around.gap_h)
        features = order_features(around)
        near = np.where(around.is_there, knots @ p["gap"] + features @ p["order"], _NEVER)
        scales = knots @ p["scale"] + features[..., [0, 1]] @ p["scale_order"]
        scales += ((around.traveller @ p["scale_traveller"]) @ TRAVELLER_BASES)[:, None]
        total = gap_shares(around.total_h)
        way = np.where(around.has_two, total @ p["way_gap"] + way_features(around) @ p["way"], _NEVER)
        nearest = gap_shares(nearest_gap_h(around))
        away = nearest @ p["away_gap"] + around.traveller @ p["away_traveller"]
        every = _softmax(np.concatenate((near, way[:, None], away[:, None]), axis=1))
        scales_km = np.maximum(BRIDGE_SCALES * around.span_km[:, None], _LEAST_BRIDGE_KM)
        return Shares(
            every[:, :NEIGHBOURS],
            every[:, NEIGHBOURS],
            every[:, NEIGHBOURS + 1],
            _softmax(scales),
            _softmax(total @ p["way_scale"]),
            scales_km,
        )

    def to_json(self) -> dict[str, Any]:
        """The parameters as JSON values, to three decimals."""
        return {name: np.round(value, 3).tolist() for name, value in self.parameters.items()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> AnchorLaw:
        """The law that ``to_json`` gave."""
        return cls({name: np.asarray(document[name], np.float64) for name in SHAPES})


def gap_shares(gap_h: npt.ArrayLike, knots_h: FloatArray = GAP_KNOTS_H) -> FloatArray:
    """(...) hours → (..., knots): how much of each knot, for linear interpolation in the logarithm."""
    logs = np.log(np.clip(np.asarray(gap_h, np.float64), knots_h[0], knots_h[-1]))
    at = np.interp(logs, np.log(knots_h), np.arange(len(knots_h)))
    left = np.minimum(at.astype(np.intp), len(knots_h) - 2)
    shares = np.zeros((*at.shape, len(knots_h)))
    np.put_along_axis(shares, left[..., None], (1 - at + left)[..., None], axis=-1)
    np.put_along_axis(shares, left[..., None] + 1, (at - left)[..., None], axis=-1)
    return shares


def nearest_gap_h(around: Surroundings) -> FloatArray:
    """(n,) hours to the nearest located photo."""
    return np.asarray(np.where(around.is_there, around.gap_h, np.inf).min(axis=1))


def order_features(around: Surroundings) -> FloatArray:
    """(n, NEIGHBOURS, 4): next one on its side; logarithm of the rank; nearest of all; next, by the time to it."""
    is_next = (around.rank == 0).astype(float)
    is_nearest = around.is_there & (around.gap_h == nearest_gap_h(around)[:, None])
    by_time = is_next * np.log(np.maximum(around.gap_h, 0.02))
    return np.stack((is_next, np.log1p(around.rank), is_nearest.astype(float), by_time), axis=-1)


def way_features(around: Surroundings) -> FloatArray:
    """(n, 3): share of the time to the nearer end, logarithm of the distance, logarithm of the share."""
    share = np.minimum(around.share, 1 - around.share)
    return np.stack((share, np.log1p(around.span_km), np.log(np.maximum(share, 0.0) + 0.01)), axis=-1)


def _softmax(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
