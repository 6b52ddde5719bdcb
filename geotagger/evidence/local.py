"""Where a photo lies among located ones: the best point, and how much lies within a distance of it.

What ``anchoring`` says is a mixture of bell-like densities around located photos and around a point on the way. Here each
density stands for rings around its centre, which is finer than any cell and needs no points on the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import FloatArray
from geotagger.evidence.anchoring import BRIDGE_SCALES, NEIGHBOURS, SCALES_KM, Shares, Surroundings
from geotagger.evidence.motion import density_per_km2, share_within
from geotagger.evidence.sphere import between, vector_distances_km

Floats = npt.NDArray[np.float32]

_EDGES_KM = np.concatenate(([0.0], np.geomspace(0.02, 9000.0, 27)))
RING_KM = np.concatenate(([0.01], np.sqrt(_EDGES_KM[1:-1] * _EDGES_KM[2:])))
"""Radii of the rings around a located photo."""
_WAY_EDGES = np.concatenate(([0.0], np.geomspace(0.02, 4.0, 9)))
WAY_RINGS = np.concatenate(([0.01], np.sqrt(_WAY_EDGES[1:-1] * _WAY_EDGES[2:])))
"""Radii of the rings around the point on the way, as shares of the distance between the two located photos."""
_ANGLES = np.pi * (np.arange(4) + 0.5) / 4
_STEP_LOG = float(np.log(_EDGES_KM[3] / _EDGES_KM[2]))
_NEGLIGIBLE_KM = 0.01
_NEAR_ENOUGH_KM = 25.0
"""The best point is the one with most of the photo's places within about this distance."""
_BISECTIONS = 16
_CELL_SCALE_KM = 30.0
"""Densities narrower than a cell are spread to about its size."""
_NEGLIGIBLE_SHARE = 0.01


def _ring_shares(scales: FloatArray, edges: FloatArray) -> FloatArray:
    """(scales, rings) share of each density that lies in each ring; rows sum to 1."""
    shares = np.diff(share_within(edges[None, :], scales[:, None]), axis=1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


SCALE_RINGS = _ring_shares(SCALES_KM, _EDGES_KM)
_WAY_SCALE_RINGS = _ring_shares(BRIDGE_SCALES, _WAY_EDGES)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """n photos with their best points, and what lies around these.

    Attributes:
        centres: (n, 3) unit vectors.
        near_rings: (n, NEIGHBOURS, rings) how much lies in each ring around each located photo.
        way_points: (n, 3) points on the way.
        way_rings: (n, way rings) how much lies in the rings around them.
    """

    centres: FloatArray
    near_rings: FloatArray
    way_points: FloatArray
    way_rings: FloatArray
    _log_km: Floats
    _weights: Floats

    def radii_km(self, masses: FloatArray) -> FloatArray:
        """(n,) radii around the centres that hold (n,) shares."""
        low = np.full(len(masses), np.log(_NEGLIGIBLE_KM))
        high = np.full(len(masses), np.log(_EDGES_KM[-1]))
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            holds = self._within(middle) >= masses
            high, low = np.where(holds, middle, high), np.where(holds, low, middle)
        return np.asarray(np.exp(high))

    def mass_within(self, distances_km: FloatArray) -> FloatArray:
        """(n,) share nearer to the centre than a distance: the conformal score of a radius."""
        return self._within(np.log(np.maximum(distances_km, _NEGLIGIBLE_KM)))

    def _within(self, log_km: FloatArray) -> FloatArray:
        # A ring is as wide as its distance to the next one: that makes the share grow without steps.
        part = (log_km[:, None].astype(np.float32) - self._log_km) / np.float32(_STEP_LOG) + np.float32(0.5)
        within = np.einsum("np,np->n", self._weights, np.clip(part, 0.0, 1.0))
        return np.asarray(within, np.float64)


def placed(
    around: Surroundings, shares: Shares, spots: FloatArray, cells: FloatArray, posteriors: FloatArray
) -> Placed:
    """Find the best points.

    Args:
        spots: (known, 3) unit vectors of the located photos.
        cells: (m, 3) unit vectors of cells.
        posteriors: (n, m) what the pictures say of these, for the share of photos that lie elsewhere.
    """
    n = len(shares.way)
    near = spots[around.index]
    way = between(spots[around.before], spots[around.after], around.share)
    way[~around.has_two] = near[~around.has_two, 0]
    every = np.concatenate((near, way[:, None]), axis=1)
    apart = vector_distances_km(every[:, :, None], every[:, None])
    best = _values(around, shares, apart).argmax(axis=1)
    rows = np.arange(n)
    centres, distances = every[rows, best], apart[rows, best]
    near_rings = (shares.near_scales @ SCALE_RINGS) * shares.near[..., None]
    way_rings = (shares.way_scales @ _WAY_SCALE_RINGS) * shares.way[:, None]
    away_rings = _rings_of_cells(centres, cells, posteriors) * shares.away[:, None]
    way_km = np.maximum(WAY_RINGS * around.span_km[:, None], RING_KM[0])
    log_km = np.concatenate(
        (
            _log_distances(distances[:, :NEIGHBOURS, None], RING_KM).reshape(n, -1),
            _log_distances(distances[:, NEIGHBOURS:], way_km).reshape(n, -1),
            np.broadcast_to(np.log(RING_KM).astype(np.float32), (n, len(RING_KM))),
        ),
        axis=1,
    )
    spread = len(_ANGLES)
    weights = np.concatenate(
        (
            np.repeat(near_rings / spread, spread, axis=2).reshape(n, -1),
            np.repeat(way_rings / spread, spread, axis=1),
            away_rings,
        ),
        axis=1,
    )
    return Placed(centres, near_rings, way, way_rings, log_km, weights.astype(np.float32))


def density_over_cells(shares: Shares, row: int, spots: FloatArray, cells: FloatArray) -> FloatArray:
    """(m,) density of the law of one photo at (m, 3) cells, but for what lies on the way or near no located photo.

    Args:
        row: which photo.
        spots: (NEIGHBOURS, 3) the located photos around it.
    """
    scales = np.maximum(SCALES_KM, _CELL_SCALE_KM)
    density = np.zeros(len(cells))
    for k in np.flatnonzero(shares.near[row] > _NEGLIGIBLE_SHARE).tolist():
        apart = vector_distances_km(cells, spots[k])
        density += shares.near[row, k] * (
            density_per_km2(apart[:, None], scales) @ shares.near_scales[row, k]
        )
    return density


def _values(around: Surroundings, shares: Shares, apart: FloatArray) -> FloatArray:
    """(n, NEIGHBOURS + 1) about how much lies within ``_NEAR_ENOUGH_KM`` of each candidate."""
    near_km = _NEAR_ENOUGH_KM + 2 * SCALES_KM
    way_km = _NEAR_ENOUGH_KM + 2 * shares.way_scales_km
    values = np.zeros(apart.shape[:2])
    for k in range(NEIGHBOURS):
        parts = shares.near[:, k, None] * shares.near_scales[:, k] * (_NEAR_ENOUGH_KM / near_km) ** 2
        values += np.einsum("ns,ncs->nc", parts, np.exp(-apart[:, :, k, None] / near_km))
    parts = shares.way[:, None] * shares.way_scales * (_NEAR_ENOUGH_KM / way_km) ** 2
    values += np.einsum("ns,ncs->nc", parts, np.exp(-apart[:, :, NEIGHBOURS, None] / way_km[:, None]))
    values[:, :NEIGHBOURS][~around.is_there] = -1.0
    values[:, NEIGHBOURS][~around.has_two] = -1.0
    return values


def _log_distances(centre_km: FloatArray, ring_km: FloatArray) -> Floats:
    """(..., rings, angles) logarithms of the distances of points on rings, seen from a point off their centre."""
    apart, ring = centre_km[..., None].astype(np.float32), ring_km[..., None].astype(np.float32)
    squares = (apart - ring) ** 2 + 2 * apart * ring * (1 - np.cos(_ANGLES).astype(np.float32))
    return np.asarray(0.5 * np.log(np.maximum(squares, np.float32(_NEGLIGIBLE_KM**2))), np.float32)


def _rings_of_cells(centres: FloatArray, cells: FloatArray, posteriors: FloatArray) -> FloatArray:
    """(n, rings) share of each posterior in each ring around each centre."""
    chords = np.sqrt(np.maximum(2 - 2 * (centres @ cells.T), 0.0))
    ring = np.searchsorted(_EDGES_KM[1:-1], 2 * 6371.0088 * np.arcsin(np.minimum(chords / 2, 1.0)))
    rings, n = len(RING_KM), len(centres)
    flat = (ring + rings * np.arange(n)[:, None]).ravel()
    return np.asarray(np.bincount(flat, posteriors.ravel(), rings * n).reshape(n, rings), np.float64)
