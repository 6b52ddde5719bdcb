"""Moving about on the sphere with arrays: unit vectors, great circles, rings of points around a place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import EARTH_RADIUS_KM, FloatArray


def unit_vectors(lats_deg: npt.ArrayLike, lons_deg: npt.ArrayLike) -> FloatArray:
    """(...) positions → (..., 3) unit vectors."""
    lat, lon = np.radians(np.asarray(lats_deg, np.float64)), np.radians(np.asarray(lons_deg, np.float64))
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=-1)


def positions(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(..., 3) vectors of any length → latitudes and longitudes in degrees."""
    lat = np.degrees(np.arctan2(vectors[..., 2], np.hypot(vectors[..., 0], vectors[..., 1])))
    return np.asarray(lat), np.asarray(np.degrees(np.arctan2(vectors[..., 1], vectors[..., 0])))


def vector_distances_km(vectors: FloatArray, others: FloatArray) -> FloatArray:
    """Great-circle distances between unit vectors; arguments broadcast; exact for near and far alike."""
    half_chord = np.linalg.norm(vectors - others, axis=-1) / 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.clip(half_chord, 0.0, 1.0)))


def between(starts: FloatArray, ends: FloatArray, shares: npt.ArrayLike) -> FloatArray:
    """(n, 3) points a share of the way along the great circle from ``starts`` to ``ends`` (n, 3)."""
    share = np.asarray(shares, np.float64)[..., None]
    angle = (vector_distances_km(starts, ends) / EARTH_RADIUS_KM)[..., None]
    sine = np.sin(angle)
    nearly_same = sine < 1e-9
    safe = np.where(nearly_same, 1.0, sine)
    along = (np.sin((1 - share) * angle) * starts + np.sin(share * angle) * ends) / safe
    result = np.where(nearly_same, starts, along)
    return np.asarray(result / np.linalg.norm(result, axis=-1, keepdims=True))


def rings(centres: FloatArray, radii_km: FloatArray, spokes: int) -> FloatArray:
    """Points on circles around places.

    Args:
        centres: (n, 3) unit vectors.
        radii_km: (n, rings) or (rings,) radii.
        spokes: points per circle; each circle is turned half a step against the one inside it.

    Returns:
        (n, rings, spokes, 3) unit vectors.
    """
    pole_is_far = np.abs(centres[:, 2:]) < 0.9
    helper = np.where(pole_is_far, np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    east = np.cross(helper, centres)
    east /= np.linalg.norm(east, axis=-1, keepdims=True)
    north = np.cross(centres, east)
    radii = np.broadcast_to(radii_km, (len(centres), np.shape(radii_km)[-1])) / EARTH_RADIUS_KM
    turn = 2 * np.pi / spokes
    angles = turn * (np.arange(spokes) + 0.5 * (np.arange(radii.shape[1]) % 2)[:, None])
    directions = (
        np.cos(angles)[None, ..., None] * north[:, None, None]
        + np.sin(angles)[None, ..., None] * east[:, None, None]
    )
    return np.asarray(
        np.cos(radii)[..., None, None] * centres[:, None, None] + np.sin(radii)[..., None, None] * directions
    )
