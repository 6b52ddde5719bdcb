"""Where a photo lies between located neighbours: a cloud of weighted points, much finer than any cell.

The cloud stands for the mixture of ``motion``: rings of points around the place of the neighbour that is nearer in
time, around the other one, and around the point between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import FloatArray
from geotagger.evidence.motion import BRIDGE_SCALES, SCALES_KM, MotionLaw, share_within
from geotagger.evidence.sphere import between, rings, vector_distances_km

_EDGES_KM = np.concatenate(([0.0], np.geomspace(0.02, 9000.0, 27)))
_RADII_KM = np.concatenate(([0.01], np.sqrt(_EDGES_KM[1:-1] * _EDGES_KM[2:])))
_SPOKES = 6
_BRIDGE_EDGES = np.concatenate(([0.0], np.geomspace(0.02, 4.0, 9)))
_BRIDGE_RADII = np.concatenate(([0.01], np.sqrt(_BRIDGE_EDGES[1:-1] * _BRIDGE_EDGES[2:])))
_MEDIAN_STEPS = 8
_NEGLIGIBLE_KM = 0.01


def _ring_shares(scales: FloatArray, edges: FloatArray) -> FloatArray:
    """(scales, rings) share of each density that lies in each ring; rows sum to 1."""
    within = share_within(edges[None, :], scales[:, None])
    shares = np.diff(within, axis=1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


_SHARES = _ring_shares(SCALES_KM, _EDGES_KM)
_BRIDGE_SHARES = _ring_shares(BRIDGE_SCALES, _BRIDGE_EDGES)
OUTER_POINTS = _RADII_KM.size * _SPOKES
"""Points around one known place."""
POINTS = 2 * OUTER_POINTS + _BRIDGE_RADII.size * _SPOKES
"""Points of a cloud."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """The located neighbours of n photos.

    Attributes:
        near, far: (n, 3) unit vectors of the place nearer in time and of the other one; ``far`` equals ``near``
            where there is only one.
        near_gap_h, far_gap_h: (n,) hours to them; ``far_gap_h`` is infinite where there is only one.
    """

    near: FloatArray
    far: FloatArray
    near_gap_h: FloatArray
    far_gap_h: FloatArray

    def of(self, indices: npt.NDArray[np.intp]) -> Anchors:
        """The neighbours of some of the photos."""
        columns = (self.near, self.far, self.near_gap_h, self.far_gap_h)
        return Anchors(*(column[indices] for column in columns))

    @property
    def has_two(self) -> npt.NDArray[np.bool_]:
        """(n,) True where the photo lies between two located ones."""
        return np.isfinite(self.far_gap_h)


@dataclass(frozen=True, slots=True, eq=False)
class Clouds:
    """The clouds of n photos.

    Attributes:
        points: (n, POINTS, 3) unit vectors.
        weights: (n, POINTS), each row summing to 1.
    """

    points: FloatArray
    weights: FloatArray

    def medians(self) -> FloatArray:
        """(n, 3) the points with the smallest expected distance (geometric medians).

        Source: E. Weiszfeld, "Sur le point pour lequel la somme des distances de n points donnés est minimum"
        (1937), on the chords, which for places some hundred kilometres apart are the distances.
        """
        best = self.weights.argmax(axis=1)
        estimate = self.points[np.arange(len(self.points)), best]
        for _ in range(_MEDIAN_STEPS):
            apart = self.points - estimate[:, None]
            distances = np.sqrt(np.einsum("npd,npd->np", apart, apart))
            pull = self.weights / (distances + _NEGLIGIBLE_KM / 6371.0)
            estimate = np.einsum("np,npd->nd", pull, self.points)
            estimate /= np.linalg.norm(estimate, axis=1, keepdims=True)
        return np.asarray(estimate)

    def radii_km(self, centres: FloatArray, mass: float) -> FloatArray:
        """(n,) radii around (n, 3) centres that hold a share ``mass`` of each cloud."""
        distances = vector_distances_km(self.points, centres[:, None])
        order = np.argsort(distances, axis=1)
        ordered = np.take_along_axis(distances, order, axis=1)
        held = np.cumsum(np.take_along_axis(self.weights, order, axis=1), axis=1)
        last = np.minimum((held < mass).sum(axis=1), distances.shape[1] - 1)
        rows = np.arange(len(distances))
        before = np.maximum(last - 1, 0)
        low, high = np.where(last > 0, held[rows, before], 0.0), held[rows, last]
        share = np.clip((mass - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
        inner = np.where(last > 0, ordered[rows, before], 0.0)
        return np.asarray(np.maximum(inner + share * (ordered[rows, last] - inner), _NEGLIGIBLE_KM))

    def mass_within(self, centres: FloatArray, distances_km: FloatArray) -> FloatArray:
        """(n,) share of each cloud nearer to its centre than a distance: the conformal score of a radius."""
        near = vector_distances_km(self.points, centres[:, None]) < distances_km[:, None]
        return np.asarray((self.weights * near).sum(axis=1))


def clouds(anchors: Anchors, law: MotionLaw) -> Clouds:
    """The clouds that follow from located neighbours alone."""
    two = anchors.has_two
    n = len(two)
    far_gap = np.where(two, anchors.far_gap_h, anchors.near_gap_h)
    mixture = law.bridge_weights(anchors.near_gap_h, far_gap)
    scales = len(SCALES_KM)
    near = np.where(two[:, None], mixture[:, :scales], law.near_weights(anchors.near_gap_h))
    far = np.where(two[:, None], mixture[:, scales : 2 * scales], 0.0)
    middle = np.where(two[:, None], mixture[:, 2 * scales :], 0.0)
    share = anchors.near_gap_h / np.maximum(anchors.near_gap_h + far_gap, 1e-9)
    span_km = vector_distances_km(anchors.near, anchors.far)
    between_points = between(anchors.near, anchors.far, share)
    bridge_radii = np.maximum(_BRIDGE_RADII * span_km[:, None], _RADII_KM[0])
    parts = [
        (rings(anchors.near, _RADII_KM, _SPOKES), near @ _SHARES),
        (rings(anchors.far, _RADII_KM, _SPOKES), far @ _SHARES),
        (rings(between_points, bridge_radii, _SPOKES), middle @ _BRIDGE_SHARES),
    ]
    points = np.concatenate([p.reshape(n, -1, 3) for p, _ in parts], axis=1)
    weights = np.concatenate([np.repeat(w / _SPOKES, _SPOKES, axis=1) for _, w in parts], axis=1)
    return Clouds(points, weights / weights.sum(axis=1, keepdims=True))


def anchors_of_others(
    hours: npt.ArrayLike, located: npt.ArrayLike, places: FloatArray
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Anchors]:
    """The located neighbours of every photo of one clock; a photo is never its own neighbour.

    Args:
        hours: (n,) times of all photos, ascending.
        located: (n,) True for photos with a known place.
        places: (n, 3) unit vectors; ignored where ``located`` is False.

    Returns:
        Indices of the located photo that is nearer in time and of the one on the other side (equal where there is
        one side only), and the anchors. For photos with no other located one they mean nothing.
    """
    time_h, is_known = np.asarray(hours, np.float64), np.asarray(located, np.bool_)
    known = np.flatnonzero(is_known)
    every = np.arange(len(time_h))
    rank = np.searchsorted(known, every)
    before, after = rank - 1, rank + is_known
    has_before, has_after = before >= 0, after < len(known)
    last = max(len(known) - 1, 0)
    before_index, after_index = known[np.clip(before, 0, last)], known[np.clip(after, 0, last)]
    gap_before = np.where(has_before, np.abs(time_h - time_h[before_index]), np.inf)
    gap_after = np.where(has_after, np.abs(time_h[after_index] - time_h), np.inf)
    swap = gap_after < gap_before
    near = np.where(swap, after_index, before_index)
    far = np.where(has_before & has_after, np.where(swap, before_index, after_index), near)
    far_gap = np.where(near == far, np.inf, np.maximum(gap_before, gap_after))
    return near, far, Anchors(places[near], places[far], np.minimum(gap_before, gap_after), far_gap)
