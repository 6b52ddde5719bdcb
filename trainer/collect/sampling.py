"""Random points inside regions, uniform by area on the sphere, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry import MultiPolygon

from geotagger.core.geo import EARTH_RADIUS_KM, FloatArray, LatLon
from geotagger.core.regions import Regions

_POINTS_AT_ONCE = 256


def region_generator(seed: int, region_index: int, purpose: int = 0) -> np.random.Generator:
    """A random generator of one region's own, so that no region depends on how far another one got."""
    return np.random.default_rng([seed, region_index, purpose])


def points_in_region(regions: Regions, index: int, seed: int) -> Iterator[LatLon]:
    """Endless random points of a region, uniform by area.

    On Lambert's cylinder (longitude, sine of latitude) equal areas of the sphere are equal areas of the plane, so
    uniform numbers there, kept where they fall into the polygon, are uniform on the sphere. A region of several
    parts first draws the part by its area, so that scattered islands do not waste draws on the sea between them.
    """
    generator = region_generator(seed, index)
    parts = list(regions.polygon(index).geoms)
    areas = np.array([_cylinder_area(MultiPolygon([part])) for part in parts])
    for part in parts:
        shapely.prepare(part)
    while True:
        for part_number in generator.choice(len(parts), size=_POINTS_AT_ONCE, p=areas / areas.sum()):
            yield _point_in(parts[part_number], generator)


def _point_in(part: shapely.Polygon, generator: np.random.Generator) -> LatLon:
    west, south, east, north = part.bounds
    low, high = np.sin(np.radians([south, north]))
    while True:
        lons = generator.uniform(west, east, 16)
        lats = np.degrees(np.arcsin(generator.uniform(low, high, 16)))
        inside = np.flatnonzero(shapely.contains_xy(part, lons, lats))
        if len(inside):
            return LatLon(float(lats[inside[0]]), float(lons[inside[0]]))


def _cylinder_area(polygon: MultiPolygon) -> float:
    """Area after (longitude, latitude) → (longitude, sine of latitude), edges kept true by short steps."""
    dense = shapely.segmentize(polygon, 0.1)
    return float(
        shapely.transform(dense, lambda xy: np.column_stack((xy[:, 0], np.sin(np.radians(xy[:, 1]))))).area
    )


class SpacedPositions:
    """The positions taken so far, each at least ``min_distance_km`` from all others."""

    def __init__(self, min_distance_km: float) -> None:
        self._min_chord = 2 * np.sin(min(min_distance_km / EARTH_RADIUS_KM, np.pi) / 2)
        self._vectors: FloatArray = np.empty((1024, 3))
        self._count = 0

    def is_free(self, position: LatLon) -> bool:
        """True where a position is far enough from all that were added."""
        if self._count == 0:
            return True
        cosines = self._vectors[: self._count] @ _unit_vector(position)
        closest_chord = np.sqrt(max(0.0, 2.0 - 2.0 * float(cosines.max())))
        return bool(closest_chord >= self._min_chord)

    def add(self, position: LatLon) -> None:
        """Take a position, whether or not it is free."""
        if self._count == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
        self._vectors[self._count] = _unit_vector(position)
        self._count += 1


def _unit_vector(position: LatLon) -> FloatArray:
    lat, lon = np.radians([position.lat_deg, position.lon_deg])
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
