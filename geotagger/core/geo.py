"""Positions on Earth and the distances between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.errors import CoordinateError

EARTH_RADIUS_KM = 6371.0088
"""Mean Earth radius R1 of the IUGG, the radius of every distance in the program."""

SCORE_SCALE_KM = 1160.0
"""Distance at which the score of a guess has fallen to 1/e (the class project's scale)."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class LatLon:
    """A WGS-84 position in decimal degrees, north and east positive.

    Raises:
        CoordinateError: a value is not finite or out of range.
    """

    lat_deg: float
    lon_deg: float

    def __post_init__(self) -> None:
        """Refuse what is not a position, so that no later code has to ask."""
        if not (math.isfinite(self.lat_deg) and math.isfinite(self.lon_deg)):
            raise CoordinateError("A position needs two finite numbers.")
        if not -90.0 <= self.lat_deg <= 90.0:
            raise CoordinateError("Latitude {lat} is not between -90 and 90 degrees.", lat=self.lat_deg)
        if not -180.0 <= self.lon_deg <= 180.0:
            raise CoordinateError("Longitude {lon} is not between -180 and 180 degrees.", lon=self.lon_deg)

    def distance_km(self, other: LatLon) -> float:
        """Great-circle distance to another position in kilometres."""
        return float(haversine_km(self.lat_deg, self.lon_deg, other.lat_deg, other.lon_deg))

    def bearing_deg(self, other: LatLon) -> float:
        """Initial course of the great circle to another position, clockwise from north, 0 up to 360."""
        lat, other_lat = math.radians(self.lat_deg), math.radians(other.lat_deg)
        east = math.radians(other.lon_deg - self.lon_deg)
        x = math.cos(lat) * math.sin(other_lat) - math.sin(lat) * math.cos(other_lat) * math.cos(east)
        return math.degrees(math.atan2(math.sin(east) * math.cos(other_lat), x)) % 360.0


def haversine_km(
    lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike, other_lat_deg: npt.ArrayLike, other_lon_deg: npt.ArrayLike
) -> FloatArray:
    """Great-circle distances in kilometres by the haversine formula; arguments broadcast like numpy arrays.

    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    lat, lon, other_lat, other_lon = (
        np.radians(np.asarray(v, dtype=np.float64)) for v in (lat_deg, lon_deg, other_lat_deg, other_lon_deg)
    )
    half_chord = (
        np.sin((other_lat - lat) / 2) ** 2
        + np.cos(lat) * np.cos(other_lat) * np.sin((other_lon - lon) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord, 0.0, 1.0))))


def distance_score(distance_km: npt.ArrayLike) -> FloatArray:
    """Score of a guess, ``exp(-distance_km / 1160)``: 1 at the true place, 0 far away."""
    return np.asarray(np.exp(-np.asarray(distance_km, dtype=np.float64) / SCORE_SCALE_KM))


def destination(start: LatLon, bearing_deg: float, distance_km: float) -> LatLon:
    """The position reached from ``start`` along a great circle.

    Args:
        bearing_deg: initial course, clockwise from north.
        distance_km: length of the way.
    """
    angle = distance_km / EARTH_RADIUS_KM
    lat, lon, bearing = (math.radians(v) for v in (start.lat_deg, start.lon_deg, bearing_deg))
    sin_lat = math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing)
    new_lat = math.asin(max(-1.0, min(1.0, sin_lat)))
    new_lon = lon + math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * sin_lat
    )
    return LatLon(math.degrees(new_lat), (math.degrees(new_lon) + 540.0) % 360.0 - 180.0)
