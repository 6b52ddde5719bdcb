"""Fast answers for many points at once: which cell is nearest, and which region holds them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.core.regions import NOWHERE, Regions
from geotagger.evidence.sphere import unit_vectors

Indices = npt.NDArray[np.intp]

_SOUTH, _NORTH, _WEST, _EAST = 15.0, 85.0, -180.0, -45.0
_CELL_STEP = 0.5
_REGION_STEP = 0.25
_EXACT_UP_TO = 40_000
"""So many points are asked of the polygons themselves; for more the table is worth its making."""
_AT_ONCE = 4096
ON_THE_MAP_KM = 300.0
"""Where the nearest cell is farther away, a photo is from abroad, and says nothing of where on the map others are from."""


class PlaceRaster:
    """Tables in latitude and longitude over the area of the regions, made when first needed."""

    def __init__(self, grid: CellGrid, regions: Regions) -> None:
        self._grid = grid
        self._regions = regions
        self._unit = unit_vectors(grid.lat_deg, grid.lon_deg).astype(np.float32)

    def cells(self, lats_deg: FloatArray, lons_deg: FloatArray) -> Indices:
        """The cells nearest to points, to about half a degree."""
        table = self._cell_table
        row = np.clip((lats_deg - _SOUTH) / _CELL_STEP, 0, table.shape[0] - 1).astype(np.intp)
        column = np.clip((lons_deg - _WEST) / _CELL_STEP, 0, table.shape[1] - 1).astype(np.intp)
        return np.asarray(table[row, column])

    def regions(self, lats_deg: FloatArray, lons_deg: FloatArray) -> Indices:
        """The region of each point; at sea or abroad that of the nearest cell."""
        lats, lons = np.ravel(lats_deg), np.ravel(lons_deg)
        if len(lats) <= _EXACT_UP_TO and "_region_table" not in self.__dict__:
            found = self._regions.indices_at(lats, lons)
        else:
            found = self._from_table(lats, lons)
        missing = found == NOWHERE
        if missing.any():
            found[missing] = self._grid.region[self.cells(lats[missing], lons[missing])]
        return np.asarray(found.reshape(np.shape(lats_deg)), np.intp)

    def _from_table(self, lats: FloatArray, lons: FloatArray) -> Indices:
        table = self._region_table
        row = np.floor((lats - _SOUTH) / _REGION_STEP).astype(np.intp)
        column = np.floor((lons - _WEST) / _REGION_STEP).astype(np.intp)
        inside = (row >= 0) & (row < table.shape[0]) & (column >= 0) & (column < table.shape[1])
        found = np.full(len(lats), NOWHERE, np.intp)
        found[inside] = table[row[inside], column[inside]]
        unsure = np.flatnonzero(found == _MIXED)
        if len(unsure):
            found[unsure] = self._regions.indices_at(lats[unsure], lons[unsure])
        return found

    @cached_property
    def _cell_table(self) -> Indices:
        lats = np.arange(_SOUTH, _NORTH, _CELL_STEP) + _CELL_STEP / 2
        lons = np.arange(_WEST, _EAST, _CELL_STEP) + _CELL_STEP / 2
        points = unit_vectors(*np.meshgrid(lats, lons, indexing="ij")).astype(np.float32).reshape(-1, 3)
        nearest = [
            np.argmax(points[i : i + _AT_ONCE] @ self._unit.T, axis=1)
            for i in range(0, len(points), _AT_ONCE)
        ]
        return np.asarray(np.concatenate(nearest).reshape(len(lats), len(lons)))

    @cached_property
    def _region_table(self) -> Indices:
        """The region of each square all of whose corners lie in it, else ``_MIXED``."""
        lats = np.arange(_SOUTH, _NORTH + _REGION_STEP, _REGION_STEP)
        lons = np.arange(_WEST, _EAST + _REGION_STEP, _REGION_STEP)
        lat, lon = np.meshgrid(lats, lons, indexing="ij")
        corners = self._regions.indices_at(lat.ravel(), lon.ravel()).reshape(lat.shape)
        first = corners[:-1, :-1]
        same = (first == corners[1:, :-1]) & (first == corners[:-1, 1:]) & (first == corners[1:, 1:])
        return np.where(same, first, _MIXED)


_MIXED = -2
