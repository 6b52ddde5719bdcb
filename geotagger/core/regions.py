"""The 63 regions (US states, Canadian provinces and territories): their order, names, shapes and distances.

The order is the class order of every model: alphabetical by English name, both countries together.
Shapes come from Natural Earth at 1 : 50 million, so borders and coasts are true to about 3 km.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LinearRing, MultiPolygon

from geotagger.core.errors import ResourceError
from geotagger.core.geo import EARTH_RADIUS_KM, FloatArray, LatLon
from geotagger.core.paths import resource_path

IndexArray = npt.NDArray[np.intp]

NOWHERE = -1
"""What ``Regions.indices_at`` says of a position outside all regions."""

_BORDER_STEP_DEG = 0.05
"""Borders are straight in latitude and longitude; points this close follow them on the globe too."""

_POSITIONS_AT_ONCE = 1024
"""Positions compared with a border in one matrix product; keeps memory under about 100 MB."""


@dataclass(frozen=True, slots=True)
class Region:
    """One state, province or territory.

    Attributes:
        index: place in the class order, 0 to 62.
        code: ISO 3166-2, such as ``US-CO``.
        postal: two letters, unique over both countries, such as ``CO``.
        country: ISO 3166-1, ``US`` or ``CA``.
    """

    index: int
    code: str
    name: str
    postal: str
    country: str


class Regions:
    """All regions in class order, with the questions one can ask of their shapes.

    Distances and areas are on the sphere of ``EARTH_RADIUS_KM``. A region that crosses the 180th meridian (Alaska)
    is cut there in its polygon, but not in its distances.
    """

    def __init__(self, regions: Sequence[Region], polygons: Sequence[MultiPolygon]) -> None:
        self._regions = tuple(regions)
        self._polygons = np.array(polygons, dtype=object)
        self._by_code = {region.code: region for region in regions}
        self._by_postal = {region.postal: region for region in regions}

    def __len__(self) -> int:
        return len(self._regions)

    def __iter__(self) -> Iterator[Region]:
        return iter(self._regions)

    def __getitem__(self, index: int) -> Region:
        return self._regions[index]

    @property
    def codes(self) -> tuple[str, ...]:
        """ISO 3166-2 codes in class order."""
        return tuple(region.code for region in self._regions)

    @property
    def names(self) -> tuple[str, ...]:
        """English names in class order."""
        return tuple(region.name for region in self._regions)

    def by_code(self, code: str) -> Region:
        """The region with an ISO 3166-2 code; KeyError if there is none."""
        return self._by_code[code]

    def by_postal(self, postal: str) -> Region:
        """The region with a two-letter postal code; KeyError if there is none."""
        return self._by_postal[postal]

    def polygon(self, index: int) -> MultiPolygon:
        """The shape in degrees, x = longitude, y = latitude."""
        polygon: MultiPolygon = self._polygons[index]
        return polygon

    def region_at(self, position: LatLon) -> int | None:
        """Index of the region that holds a position; None at sea, on a great lake, or abroad."""
        index = int(self.indices_at([position.lat_deg], [position.lon_deg])[0])
        return None if index == NOWHERE else index

    def indices_at(self, lats_deg: npt.ArrayLike, lons_deg: npt.ArrayLike) -> IndexArray:
        """(n,) index of the region that holds each position, or ``NOWHERE``.

        On a shared border the lower index wins.
        """
        points = shapely.points(np.asarray(lons_deg, np.float64), np.asarray(lats_deg, np.float64))
        point_numbers, indices = self._tree.query(points, predicate="intersects")
        found = np.full(len(points), len(self), dtype=np.intp)
        np.minimum.at(found, point_numbers, indices)
        found[found == len(self)] = NOWHERE
        return found

    def nearest(self, position: LatLon) -> int:
        """Index of the region that holds a position, or else of the one nearest to it."""
        return int(np.argmin(self.distance_matrix_km([position.lat_deg], [position.lon_deg])[0]))

    def distance_km(self, index: int, position: LatLon) -> float:
        """Distance from a position to a region: 0 inside, else along the great circle to its border."""
        lats, lons = np.array([position.lat_deg]), np.array([position.lon_deg])
        return float(self._distances_km(index, lats, lons, _unit_vectors(lats, lons))[0])

    def distance_matrix_km(self, lats_deg: npt.ArrayLike, lons_deg: npt.ArrayLike) -> FloatArray:
        """(n, 63) distances from n positions to all regions in kilometres, 0 inside."""
        lats, lons = np.asarray(lats_deg, np.float64), np.asarray(lons_deg, np.float64)
        vectors = _unit_vectors(lats, lons)
        result = np.empty((len(lats), len(self)))
        for index in range(len(self)):
            result[:, index] = self._distances_km(index, lats, lons, vectors)
        return result

    def area_km2(self, index: int) -> float:
        """Area on the sphere in square kilometres, without great lakes and sea."""
        return self._areas_km2[index]

    def geojson(self) -> dict[str, Any]:
        """A GeoJSON FeatureCollection; each feature has ``code`` and ``name``, coordinates to 0.001 degrees."""
        features = []
        for region in self:
            geometry = json.loads(
                shapely.to_geojson(shapely.set_precision(self.polygon(region.index), 0.001))
            )
            features.append(
                {
                    "type": "Feature",
                    "properties": {"code": region.code, "name": region.name},
                    "geometry": geometry,
                }
            )
        return {"type": "FeatureCollection", "features": features}

    @cached_property
    def _tree(self) -> shapely.STRtree:
        shapely.prepare(self._polygons)
        return shapely.STRtree(self._polygons)

    @cached_property
    def _borders(self) -> tuple[_Border, ...]:
        return tuple(_Border.around(polygon) for polygon in self._polygons)

    @cached_property
    def _areas_km2(self) -> tuple[float, ...]:
        areas = []
        for polygon in self._polygons:
            outer = sum(_ring_area_km2(part.exterior) for part in polygon.geoms)
            areas.append(
                outer - sum(_ring_area_km2(hole) for part in polygon.geoms for hole in part.interiors)
            )
        return tuple(areas)

    def _distances_km(
        self, index: int, lats_deg: FloatArray, lons_deg: FloatArray, vectors: FloatArray
    ) -> FloatArray:
        distances = np.empty(len(vectors))
        for first in range(0, len(vectors), _POSITIONS_AT_ONCE):
            chunk = slice(first, first + _POSITIONS_AT_ONCE)
            distances[chunk] = self._borders[index].distances_km(vectors[chunk])
        polygon = self._polygons[index]
        shapely.prepare(polygon)
        distances[shapely.intersects_xy(polygon, lons_deg, lats_deg)] = 0.0
        return distances


@dataclass(frozen=True, slots=True)
class _Border:
    """The outline of one region as short segments between unit vectors.

    Attributes:
        starts, ends: (m, 3) ends of the segments.
        previous: (m,) index of the segment that ends where this one starts.
    """

    starts: FloatArray
    ends: FloatArray
    previous: IndexArray

    @classmethod
    def around(cls, polygon: MultiPolygon) -> _Border:
        """The outline of all parts and holes of a polygon in degrees."""
        starts, ends, previous = [], [], []
        count = 0
        for ring in shapely.get_rings(shapely.get_parts(polygon)):
            lons, lats = _dense_coordinates(ring).T
            corners = _unit_vectors(lats, lons)
            starts.append(corners[:-1])
            ends.append(corners[1:])
            previous.append(np.roll(np.arange(count, count + len(corners) - 1), 1))
            count += len(corners) - 1
        return cls(np.concatenate(starts), np.concatenate(ends), np.concatenate(previous))

    def distances_km(self, points: FloatArray) -> FloatArray:
        """(n,) great-circle distances from (n, 3) unit vectors to the outline."""
        closest = np.argmax(points @ self.starts.T, axis=1)
        # The nearest point of the outline lies on one of the two segments that meet at the nearest corner.
        chords = np.minimum(self._chords(points, closest), self._chords(points, self.previous[closest]))
        return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chords / 2, 0.0, 1.0)))

    def _chords(self, points: FloatArray, segments: IndexArray) -> FloatArray:
        """(n,) straight-line distances from each point to its segment, in Earth radii."""
        starts = self.starts[segments]
        along = self.ends[segments] - starts
        length_squared = np.maximum(np.einsum("ij,ij->i", along, along), 1e-30)
        share = np.clip(np.einsum("ij,ij->i", points - starts, along) / length_squared, 0.0, 1.0)
        return np.asarray(np.linalg.norm(points - (starts + share[:, None] * along), axis=1))


def _unit_vectors(lats_deg: FloatArray, lons_deg: FloatArray) -> FloatArray:
    lat, lon = np.radians(lats_deg), np.radians(lons_deg)
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def _dense_coordinates(ring: LinearRing) -> FloatArray:
    """(m, 2) longitudes and latitudes along a ring, at most ``_BORDER_STEP_DEG`` apart."""
    return np.asarray(shapely.get_coordinates(shapely.segmentize(ring, _BORDER_STEP_DEG)))


def _ring_area_km2(ring: LinearRing) -> float:
    """Area inside a ring on the sphere, by Lambert's equal-area cylinder."""
    lon, lat = np.radians(_dense_coordinates(ring)).T
    sine = np.sin(lat)
    return abs(float(np.sum(np.diff(lon) * (sine[1:] + sine[:-1]) / 2))) * EARTH_RADIUS_KM**2


@cache
def load_regions() -> Regions:
    """The regions that ship with the program, read once.

    Raises:
        ResourceError: the regions file is missing or damaged.
    """
    path = resource_path("regions", "regions.json")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        scale, translate = np.array(document["scale"]), np.array(document["translate"])
        regions, polygons = [], []
        for index, entry in enumerate(document["regions"]):
            country, postal = entry["code"].split("-")
            regions.append(Region(index, entry["code"], entry["name"], postal, country))
            rings = [
                [np.array(ring).reshape(-1, 2).cumsum(axis=0) * scale + translate for ring in polygon]
                for polygon in entry["polygons"]
            ]
            polygons.append(MultiPolygon([(outer, holes) for outer, *holes in rings]))
    except (ValueError, KeyError) as error:
        raise ResourceError(
            "The program's map of regions is damaged; please install the program again."
        ) from error
    return Regions(regions, polygons)
