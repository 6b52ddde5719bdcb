"""How much of what lies around located photos lies in each region."""

from __future__ import annotations

import numpy as np

from geotagger.core.geo import FloatArray
from geotagger.core.regions import load_regions
from geotagger.evidence.anchoring import Surroundings
from geotagger.evidence.local import RING_KM, WAY_RINGS, Floats, Placed
from geotagger.evidence.raster import PlaceRaster
from geotagger.evidence.sphere import positions, rings

_SPOKES = 6
_NEGLIGIBLE_SHARE = 0.01


def ring_regions(raster: PlaceRaster, spots: FloatArray) -> Floats:
    """(known, rings, regions) how much of each ring around each of (known, 3) places lies in each region."""
    found = raster.regions(*positions(rings(spots, RING_KM, _SPOKES)))
    table = np.zeros((len(spots), len(RING_KM), len(load_regions())), np.float32)
    for spoke in range(_SPOKES):
        region = found[..., spoke, None]
        np.put_along_axis(table, region, np.take_along_axis(table, region, 2) + np.float32(1 / _SPOKES), 2)
    return table


def region_shares(raster: PlaceRaster, around: Surroundings, spots: Placed, rings_of: Floats) -> FloatArray:
    """(n, regions) how much lies in each region, but for what lies near no located photo.

    Args:
        rings_of: what ``ring_regions`` gave for all located photos.
    """
    total = np.einsum("nkr,nkrc->nc", spots.near_rings.astype(np.float32), rings_of[around.index])
    on_way = np.flatnonzero(spots.way_rings.sum(axis=1) > _NEGLIGIBLE_SHARE)
    if len(on_way):
        radii = np.maximum(WAY_RINGS * around.span_km[on_way, None], RING_KM[0])
        found = raster.regions(*positions(rings(spots.way_points[on_way], radii, _SPOKES)))
        weights = np.repeat(spots.way_rings[on_way, :, None] / _SPOKES, _SPOKES, axis=2)
        flat = found + total.shape[1] * np.arange(len(on_way))[:, None, None]
        sums = np.bincount(flat.ravel(), weights.ravel(), len(on_way) * total.shape[1])
        total[on_way] += sums.reshape(len(on_way), -1)
    return np.asarray(total, np.float64)
