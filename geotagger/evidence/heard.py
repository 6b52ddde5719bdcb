"""What else is known of a place, such as a hint, weighed against located photos as it is against pictures.

A hint makes some places more probable, whoever speaks of them. So each of the places that the law of located photos holds for
possible (near one of them, on the way, elsewhere) counts as much more as the hint finds it likelier than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellDistances, CellGrid
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.regions import load_regions
from geotagger.evidence.anchoring import SCALES_KM, Shares
from geotagger.evidence.raster import ON_THE_MAP_KM, PlaceRaster
from geotagger.evidence.sphere import positions, vector_distances_km
from geotagger.evidence.trips import ContextPhoto

Indices = npt.NDArray[np.intp]

_CELL_SCALE_KM = 30.0
"""Densities narrower than a cell are spread to about its size."""
_OVERRULED = 0.05
"""A hint had no say where it finds a place less probable than this, beside the places that it means."""


def heard_of(
    photos: Sequence[ContextPhoto], distances: CellDistances, located: Indices
) -> tuple[Indices, Heard | None]:
    """Which of the things that are known besides is known of each photo, -1 for none, and all of them.

    Args:
        located: (known,) cells of the located photos; -1 for one off the map.
    """
    found: dict[tuple[int, ...], int] = {}
    values: list[FloatArray] = []
    which = np.full(len(photos), -1)
    for number, photo in enumerate(photos):
        if photo.factors:
            key = tuple(id(factor.values) for factor in photo.factors)
            if key not in found:
                found[key] = len(values)
                values.append(np.prod([factor.values for factor in photo.factors], axis=0))
            which[number] = found[key]
    return which, Heard(distances, np.stack(values), located) if values else None


def cells_on_map(raster: PlaceRaster, cells: FloatArray, vectors: FloatArray) -> Indices:
    """(...) cells of (..., 3) places; -1 for one off the map.

    Args:
        cells: (cells, 3) unit vectors of all cells.
    """
    nearest = raster.cells(*positions(vectors))
    return np.where(vector_distances_km(vectors, cells[nearest]) > ON_THE_MAP_KM, -1, nearest)


def is_overruled(
    raster: PlaceRaster, grid: CellGrid, values: FloatArray, place: LatLon, best_region: str
) -> bool:
    """True where (cells,) likelihoods speak against both the place that a photo got and the region that is named first."""
    cell = int(raster.cells(np.array([place.lat_deg]), np.array([place.lon_deg]))[0])
    inside = grid.region == load_regions().by_code(best_region).index
    return bool(max(values[cell], values[inside].max()) < _OVERRULED * values.max())


class Heard:
    """Likelihoods of places for some photos, spread as the law of located photos spreads places.

    Args:
        values: (n, cells) likelihoods, at most 1, of n different things that are known.
        located: (known,) cells of the located photos; -1 for one off the map.
    """

    def __init__(self, distances: CellDistances, values: FloatArray, located: Indices) -> None:
        area = distances.grid.area_km2.astype(np.float32)
        # How often it means nothing, which is all that it can take from a place that a located photo speaks for. Of
        # places that nothing speaks for it may take more: there are so many of them.
        self._least = values.min(axis=1) / (values @ area / area.sum())
        self.values = np.maximum(values, self._least[:, None])
        cells, self._row_of = np.unique(located, return_inverse=True)
        coarse, self._scale_of = np.unique(np.maximum(SCALES_KM, _CELL_SCALE_KM), return_inverse=True)
        self._spread = np.empty((len(values), len(cells), len(coarse)), np.float32)
        for number, scale in enumerate(coarse.tolist()):
            kernel = np.exp(distances.km[cells] / np.float32(-scale)) * area
            kernel /= kernel.sum(axis=1, keepdims=True)
            self._spread[:, :, number] = self.values.astype(np.float32) @ kernel.T
        self._spread[:, cells < 0] = self._least[:, None, None]

    def weigh(
        self,
        shares: Shares,
        which: Indices,
        near: Indices,
        way: Indices,
        cells: Indices,
        posteriors: FloatArray,
    ) -> Shares:
        """How photos are shared out after this was heard.

        Args:
            shares: of r photos, without it.
            which: (r,) what is known of each; -1 for nothing.
            near: (r, NEIGHBOURS) the located photos around each.
            way: (r,) cells of the points on the way; -1 for one off the map.
            cells: (m,) cells that the pictures speak of.
            posteriors: (r, m) what they say, with it.
        """
        told = np.flatnonzero(which >= 0)
        what = which[told]
        rows = self._row_of.reshape(-1)[near[told]]
        around = self._spread[what[:, None], rows][..., self._scale_of.reshape(-1)]
        scales = shares.near_scales[told] * around
        by_place = scales.sum(axis=2)
        on_way = np.where(way[told] >= 0, self.values[what, way[told]], self._least[what])
        # The pictures have heard it already: what is left is how much it cost them.
        elsewhere = 1 / (posteriors[told] / self.values[what][:, cells]).sum(axis=1)
        parts = np.column_stack(
            (
                shares.near[told] * by_place,
                shares.way[told] * on_way,
                shares.away[told] * elsewhere,
            )
        )
        parts /= parts.sum(axis=1, keepdims=True)
        found = replace(
            shares,
            near=shares.near.copy(),
            way=shares.way.copy(),
            away=shares.away.copy(),
            near_scales=shares.near_scales.copy(),
        )
        found.near[told], found.way[told], found.away[told] = parts[:, :-2], parts[:, -2], parts[:, -1]
        found.near_scales[told] = scales / by_place[..., None]
        return found
