"""The cell grid: North America cut into H3 hexagons, each cut again along the borders of the regions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geotagger.core.geo import SCORE_SCALE_KM, FloatArray, LatLon, haversine_km
from geotagger.core.regions import Regions, load_regions

_SLIVER_SHARE = 0.02
"""Parts of a hexagon smaller than this are left out, unless the region would have no cell at all."""

_KM_PER_DEGREE = 111.195
_OUTLINE_DEGREES = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class CellGrid:
    """Cells that cover the regions: each is the part of one H3 hexagon that lies in one region.

    So every cell has exactly one region, and the probability of a region is the sum over its cells.

    Attributes:
        resolution: H3 resolution of the hexagons.
        h3_index: H3 index of the hexagon of each cell.
        region: (cells,) index of the region in class order.
        lat_deg, lon_deg: (cells,) a point of the cell that lies on the region's land.
        area_km2: (cells,) land area.
    """

    resolution: int
    h3_index: tuple[str, ...]
    region: npt.NDArray[np.int16]
    lat_deg: FloatArray
    lon_deg: FloatArray
    area_km2: FloatArray

    def __post_init__(self) -> None:
        """Refuse a grid whose columns do not fit together, or that holds what cannot be."""
        lengths = {len(c) for c in (self.h3_index, self.region, self.lat_deg, self.lon_deg, self.area_km2)}
        if lengths != {len(self)} or not len(self):
            raise ValueError("the columns of a cell grid must have one length above zero")
        on_earth = (np.abs(self.lat_deg) <= 90) & (np.abs(self.lon_deg) <= 180)
        if not (on_earth & (self.area_km2 > 0) & (self.area_km2 < math.inf)).all():
            raise ValueError("every cell of a grid must have a place on Earth and an area")
        if not all(map(h3.is_valid_cell, self.h3_index)):
            raise ValueError("every cell of a grid must lie in a hexagon of H3")

    def __len__(self) -> int:
        return len(self.h3_index)

    def position(self, cell: int) -> LatLon:
        """The point that stands for a cell; it lies on land of the cell's region."""
        return LatLon(float(self.lat_deg[cell]), float(self.lon_deg[cell]))

    def distances_km(self, lats_deg: npt.ArrayLike, lons_deg: npt.ArrayLike) -> FloatArray:
        """(n, cells) great-circle distances from n positions to the points of all cells."""
        lats, lons = np.asarray(lats_deg, np.float64), np.asarray(lons_deg, np.float64)
        return haversine_km(lats[:, None], lons[:, None], self.lat_deg, self.lon_deg)

    def region_sums(self, probabilities: npt.ArrayLike, regions: int) -> FloatArray:
        """(..., cells) probabilities of cells → (..., regions) probabilities of regions."""
        values = np.asarray(probabilities, np.float64)
        sums = np.zeros((*values.shape[:-1], regions))
        for region in range(regions):
            sums[..., region] = values[..., self.region == region].sum(axis=-1)
        return sums

    def region_sums_of(
        self, cells: npt.NDArray[np.intp], probabilities: FloatArray, regions: int
    ) -> FloatArray:
        """(n, m) probabilities of some cells → (n, regions) probabilities of regions."""
        member = np.zeros((len(cells), regions))
        member[np.arange(len(cells)), self.region[cells]] = 1.0
        return np.asarray(probabilities @ member)

    def to_json(self) -> dict[str, Any]:
        """The grid as JSON values, positions to 1e-5 degrees."""
        return {
            "resolution": self.resolution,
            "h3_index": list(self.h3_index),
            "region": self.region.tolist(),
            "lat_deg": np.round(self.lat_deg, 5).tolist(),
            "lon_deg": np.round(self.lon_deg, 5).tolist(),
            "area_km2": np.round(self.area_km2, 1).tolist(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CellGrid:
        """The grid that ``to_json`` gave.

        Raises:
            KeyError, TypeError, ValueError: the document is not a cell grid.
        """
        return cls(
            resolution=int(document["resolution"]),
            h3_index=tuple(str(index) for index in document["h3_index"]),
            region=np.asarray(document["region"], np.int16),
            lat_deg=np.asarray(document["lat_deg"], np.float64),
            lon_deg=np.asarray(document["lon_deg"], np.float64),
            area_km2=np.asarray(document["area_km2"], np.float64),
        )


@lru_cache(maxsize=4096)
def cell_outline(grid: CellGrid, cell: int) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The outer borders of a cell, each a ring of (latitude, longitude) in degrees: its hexagon on its region's land.

    Takes up to some milliseconds where a coast or a border runs through the hexagon; each cell is worked out once.
    """
    land = load_regions().polygon(int(grid.region[cell]))
    rings: list[tuple[tuple[float, float], ...]] = []
    for hexagon in _hexagon_polygons(grid.h3_index[cell]):
        piece = hexagon if land.contains_properly(hexagon) else shapely.intersection(land, hexagon)
        for part in shapely.get_parts(piece):
            if isinstance(part, shapely.Polygon):
                exterior = shapely.get_coordinates(part.exterior.simplify(_OUTLINE_DEGREES))
                rings.append(tuple((round(lat, 3), round(lon, 3)) for lon, lat in exterior.tolist()))
    return tuple(rings)


class CellDistances:
    """Distances and scores between all cells of a grid, computed once and kept (float32, n² each)."""

    def __init__(self, grid: CellGrid) -> None:
        self.grid = grid

    @cached_property
    def km(self) -> npt.NDArray[np.float32]:
        """(cells, cells) great-circle distances between the points of the cells."""
        distances = self.grid.distances_km(self.grid.lat_deg, self.grid.lon_deg)
        np.fill_diagonal(distances, self.typical_km)
        return distances.astype(np.float32)

    @cached_property
    def score(self) -> npt.NDArray[np.float32]:
        """(cells, cells) ``exp(-distance / 1160 km)``."""
        return np.asarray(np.exp(-self.km / np.float32(SCORE_SCALE_KM)), np.float32)

    @cached_property
    def typical_km(self) -> FloatArray:
        """(cells,) mean distance of a place in the cell from its point: 2/3 of the radius of a disk as large."""
        return np.asarray(2 / 3 * np.sqrt(self.grid.area_km2 / math.pi))


def build_cell_grid(regions: Regions, resolution: int = 3) -> CellGrid:
    """Cut all regions into cells; takes some seconds.

    Args:
        resolution: H3 resolution; hexagons of resolution 3 have about 12 400 km².
    """
    rows: list[tuple[int, str, float, float, float]] = []
    for region in range(len(regions)):
        polygon = regions.polygon(region)
        shapely.prepare(polygon)
        pieces = []
        for index in sorted(_hexagons_touching(polygon, resolution)):
            for hexagon in _hexagon_polygons(index):
                piece = shapely.intersection(polygon, hexagon)
                if not piece.is_empty and piece.area > 0:
                    pieces.append((index, hexagon, piece, _area_km2(piece)))
        kept = [p for p in pieces if p[3] >= _SLIVER_SHARE * _area_km2(p[1])]
        for index, _, piece, area_km2 in kept or [max(pieces, key=lambda p: p[3])]:
            point = _inner_point(piece)
            rows.append((region, index, point.y, point.x, area_km2))
    return CellGrid(
        resolution=resolution,
        h3_index=tuple(row[1] for row in rows),
        region=np.array([row[0] for row in rows], np.int16),
        lat_deg=np.round(np.array([row[2] for row in rows]), 5),
        lon_deg=np.round(np.array([row[3] for row in rows]), 5),
        area_km2=np.round(np.array([row[4] for row in rows]), 1),
    )


def _hexagons_touching(polygon: BaseGeometry, resolution: int) -> set[str]:
    # H3 fills polygons by hexagon centres; one ring around that and around the border reaches all that touch.
    inside: set[str] = set()
    for part in shapely.get_parts(polygon):
        inside.update(h3.geo_to_cells(part, resolution))
        for lon, lat in shapely.get_coordinates(part.exterior):
            inside.add(h3.latlng_to_cell(lat, lon, resolution))
    return {neighbour for index in inside for neighbour in h3.grid_disk(index, 1)}


def _hexagon_polygons(index: str) -> list[BaseGeometry]:
    """The hexagon in degrees; in two pieces where it crosses the 180th meridian, as the regions are."""
    corners = np.array([(lon, lat) for lat, lon in h3.cell_to_boundary(index)])
    if np.ptp(corners[:, 0]) < 180.0:
        return [shapely.Polygon(corners)]
    east = np.where(corners[:, 0] < 0, corners[:, 0] + 360.0, corners[:, 0])
    whole = shapely.Polygon(np.column_stack((east, corners[:, 1])))
    west_part = shapely.intersection(whole, shapely.box(0.0, -90.0, 180.0, 90.0))
    east_part = shapely.intersection(whole, shapely.box(180.0, -90.0, 360.0, 90.0))
    return [west_part, shapely.transform(east_part, lambda xy: xy - (360.0, 0.0))]


def _area_km2(shape: BaseGeometry) -> float:
    """Area of a shape of some hundred kilometres, exact for the sphere along its parallel."""
    lat = shape.centroid.y
    return float(shape.area) * _KM_PER_DEGREE**2 * math.cos(math.radians(lat))


def _inner_point(shape: BaseGeometry) -> shapely.Point:
    """The centroid where it lies inside, else a point that surely does."""
    centroid = shape.centroid
    return centroid if shape.contains(centroid) else shape.representative_point()
