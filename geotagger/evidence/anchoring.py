"""Which located photo a photo belongs to, and how far from it it was taken: learned from trips.

A photo was taken near one of the located photos around it in time, or on the way between the two next ones, or somewhere
else, of which only its picture speaks. The law says how probable each of these is, from the time to each located photo,
how many others lie between, and how widely the traveller is known to move; and how far away the photo then lies, as a
mixture of the densities of ``motion``. Its parameters were learned by ``scripts/fit_evidence.py`` by maximum likelihood and are
kept in ``resources/evidence/motion.json``.
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
_LEAST_BRIDGE_KM = 0.03
_NEVER = -1e4
_MOST_COMPARED = 150

_KNOTS, _SCALES = len(GAP_KNOTS_H), len(SCALES_KM)
SHAPES: Mapping[str, tuple[int, ...]] = {
    "gap": (_KNOTS,),
    "order": (4,),
    "scale": (_KNOTS, _SCALES),
    "scale_order": (2, _SCALES),
    "scale_traveller": (3, 3),
    "way_gap": (_KNOTS,),
    "way": (3,),
    "way_scale": (_KNOTS, len(BRIDGE_SCALES)),
    "away_gap": (_KNOTS,),
    "away_traveller": (3,),
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
        rank: (n, NEIGHBOURS) how many other located photos lie between.
        before, after: (n,) the next located photos on both sides; 0 where there is none.
        has_two: (n,) True where there are both.
        share: (n,) of the time between them that has passed; 0 without.
        span_km: (n,) distance between them; 0 without.
        total_h: (n,) time between them.
        traveller: (n, 3) how widely the located photos are spread, how many photos a day, how many are located; each
            as a logarithm about zero.
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
    spots = places[known]
    rank_here = np.searchsorted(known, np.arange(len(hours)))
    steps = np.arange(EACH_SIDE)
    earlier = rank_here[:, None] - 1 - steps
    later = (rank_here + is_located)[:, None] + steps
    index = np.concatenate((earlier, later), axis=1)
    is_there = (index >= 0) & (index < len(known))
    index = np.clip(index, 0, len(known) - 1)
    gap_h = np.abs(hours[:, None] - hours[known][index])
    gap_h = np.maximum(gap_h, np.maximum(doubt_h[:, None], doubt_h[known][index]))
    before, after = index[:, 0], index[:, EACH_SIDE]
    has_two = is_there[:, 0] & is_there[:, EACH_SIDE] & (doubt_h == 0)
    total_h = np.where(has_two, hours[known][after] - hours[known][before], 1.0)
    share = np.where(has_two, (hours - hours[known][before]) / np.maximum(total_h, 1e-3), 0.0)
    span_km = np.where(has_two, vector_distances_km(spots[before], spots[after]), 0.0)
    rank = np.broadcast_to(np.concatenate((steps, steps)), index.shape)
    days = max(float(hours[-1] - hours[0]) / 24, 1.0) + 1.0
    about = np.array([_spread(spots), np.log(len(hours) / days) + 1.0, np.log(len(known)) - 1.5])
    traveller = np.broadcast_to(about, (len(hours), 3))
    return Surroundings(
        index, is_there, gap_h, rank, before, after, has_two, share, span_km, total_h, traveller
    )


def _spread(spots: FloatArray) -> float:
    """How far located photos are apart: mean logarithm of the distances in kilometres, less its usual value."""
    if len(spots) < 2:
        return 0.0
    some = spots[np.linspace(0, len(spots) - 1, min(len(spots), _MOST_COMPARED)).astype(np.intp)]
    apart = vector_distances_km(some[:, None], some[None])[np.triu_indices(len(some), 1)]
    return float(np.log(np.maximum(apart, 1.0)).mean()) - 4.5


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
