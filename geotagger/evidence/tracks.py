"""Recorded tracks (GPX, KML, GeoJSON): read, and asked where one was at a moment, as ``exiftool -geotag`` would say.

Between two points of a track that lie at most ``MAX_GAP_S`` apart in time the position is interpolated; elsewhere
the nearest point counts if it is at most ``MAX_REACH_S`` away. These limits and the arithmetic are ExifTool's.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import gpxpy
import numpy as np
from gpxpy.gpx import GPXException

from geotagger.core.errors import GeotaggerError
from geotagger.core.geo import FloatArray, LatLon, haversine_km
from geotagger.core.os_reason import os_reason
from geotagger.core.sentence import Sentence

MAX_GAP_S = 1800.0
"""Longest time between two points that is interpolated (ExifTool's GeoMaxIntSecs)."""
MAX_REACH_S = 1800.0
"""How far in time a single point reaches (ExifTool's GeoMaxExtSecs)."""
_GPS_RADIUS_KM = 0.02
_WALK_KM_PER_S = 5.0 / 3600
_MAX_BYTES = 256 * 2**20
_FIRST_YEAR, _LAST_YEAR = 1980, 2200
_MOST_LAID = 300
"""So many located photos, spread evenly, tell how a clock stands to a track."""
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_ENCODINGS = ("utf-8", "utf-16", "ascii", "iso8859-1", "iso8859-15", "cp1252")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")

TRACK_SUFFIXES = (".gpx", ".kml", ".geojson", ".json")
"""Endings of the files that can hold a track."""


class TrackError(GeotaggerError):
    """A track file cannot be read or holds no points with times."""


@dataclass(frozen=True, slots=True)
class TrackFix:
    """Where a track was at a moment.

    Attributes:
        gap_s: time to the nearest recorded point.
        radius_km: 80 % radius: the receiver's own error and what one can stray between the points.
    """

    position: LatLon
    gap_s: float
    radius_km: float


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Points in order of time.

    Attributes:
        time_s: (n,) seconds since 1970 UTC, strictly ascending.
        lat_deg, lon_deg: (n,) positions.
        names: files that the points come from.
    """

    time_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    names: tuple[str, ...]

    def at(self, moment: datetime) -> TrackFix | None:
        """Where the track was at a moment with a time zone; None where it does not say.

        Raises:
            ValueError: the moment has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("a moment on a track needs a time zone")
        return self.at_s(moment.timestamp())

    def at_s(self, second: float) -> TrackFix | None:
        """Where the track was at a moment in seconds since 1970 UTC; None where it does not say."""
        right = int(np.searchsorted(self.time_s, second, side="right"))
        left = right - 1
        if left < 0:
            return self._point(0, self.time_s[0] - second)
        if right >= len(self.time_s):
            return self._point(left, second - self.time_s[left])
        before, after = second - self.time_s[left], self.time_s[right] - second
        if before + after > MAX_GAP_S:
            return self._point(left, before) if before < after else self._point(right, after)
        share = before / (before + after)
        lat = self.lat_deg[left] + share * (self.lat_deg[right] - self.lat_deg[left])
        step = (self.lon_deg[right] - self.lon_deg[left] + 180.0) % 360.0 - 180.0
        lon = (self.lon_deg[left] + share * step + 180.0) % 360.0 - 180.0
        span_km = float(
            haversine_km(self.lat_deg[left], self.lon_deg[left], self.lat_deg[right], self.lon_deg[right])
        )
        nearest = min(before, after)
        stray_km = min(0.25 * span_km + _WALK_KM_PER_S * nearest / 2, span_km + _WALK_KM_PER_S * nearest)
        return TrackFix(LatLon(float(lat), float(lon)), float(nearest), _GPS_RADIUS_KM + stray_km)

    def _point(self, index: int, gap_s: float) -> TrackFix | None:
        if gap_s > MAX_REACH_S:
            return None
        place = LatLon(float(self.lat_deg[index]), float(self.lon_deg[index]))
        return TrackFix(place, float(gap_s), _GPS_RADIUS_KM + _WALK_KM_PER_S * float(gap_s))


def load_tracks(paths: Sequence[Path]) -> Track:
    """The points of all files as one track, as of :func:`load_track` and :func:`joined`."""
    return joined([load_track(path) for path in paths])


def load_track(path: Path) -> Track:
    """The points of a file; where two have the same time, the later one counts.

    Raises:
        TrackError: the file cannot be read, is of an unknown kind, or holds no points with times.
    """
    points = {
        moment.timestamp(): (lat, lon) for moment, lat, lon in _read(path) if _is_known(moment, lat, lon)
    }
    if not points:
        raise TrackError("{name} holds no track points with times.", name=path.name)
    return _track(points, (path.name,))


def _is_known(moment: datetime, lat_deg: float, lon_deg: float) -> bool:
    """False for what a receiver writes that does not know yet: 0, 0, and times long before or after the age of GPS."""
    is_on_earth = -90 <= lat_deg <= 90 and -180 <= lon_deg <= 180
    return is_on_earth and (lat_deg, lon_deg) != (0.0, 0.0) and _FIRST_YEAR <= moment.year < _LAST_YEAR


def joined(tracks: Sequence[Track]) -> Track:
    """One track of all points; where two have the same time, that of the later track in the order given counts."""
    points: dict[float, tuple[float, float]] = {}
    for track in tracks:
        places = zip(track.lat_deg.tolist(), track.lon_deg.tolist(), strict=True)
        points.update(zip(track.time_s.tolist(), places, strict=True))
    return _track(points, tuple(name for track in tracks for name in track.names))


def _track(points: Mapping[float, tuple[float, float]], names: tuple[str, ...]) -> Track:
    times = sorted(points)
    places = np.array([points[time] for time in times])
    return Track(np.array(times), places[:, 0], places[:, 1], names)


Point = tuple[datetime, float, float]


def _read(path: Path) -> Iterator[Point]:
    suffix = path.suffix.lower()
    if suffix not in TRACK_SUFFIXES:
        raise TrackError("{name} is not a track that can be read; use GPX, KML or GeoJSON.", name=path.name)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise TrackError("{name} is too large for a track.", name=path.name)
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise TrackError(
            "{name} cannot be read: {problem}.", name=path.name, problem=os_reason(error)
        ) from error
    except (UnicodeError, LookupError) as error:
        raise TrackError("{name} is not a text file, so it holds no track.", name=path.name) from error
    if suffix in (".gpx", ".kml") and ("<!DOCTYPE" in text or "<!ENTITY" in text):
        raise TrackError(
            "{name} defines entities of its own, which no track needs; it was not read.", name=path.name
        )
    try:
        if suffix == ".gpx":
            return iter(_gpx_points(text))
        if suffix == ".kml":
            return iter(_kml_points(text))
        return iter(_geojson_points(text))
    except _DAMAGED as error:
        raise TrackError("{name} is damaged and cannot be read as a track.", name=path.name) from error


_DAMAGED = (
    GPXException,
    ElementTree.ParseError,
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What reading a document raises that is not what it seems to be."""


def _decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or the encoding that its mark or its XML declaration names, which is left out."""
    declared = _DECLARED.match(data)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8" if declared is None else codecs.lookup(declared[1].decode("ascii")).name
    if encoding not in _ENCODINGS:
        raise LookupError(encoding)
    return _DECLARATION.sub("", data.decode("utf-8-sig" if encoding == "utf-8" else encoding), count=1)


def _gpx_points(text: str) -> list[Point]:
    document = gpxpy.parse(text)
    in_file = [point for track in document.tracks for segment in track.segments for point in segment.points]
    every: list[Any] = [
        *document.waypoints,
        *(p for route in document.routes for p in route.points),
        *in_file,
    ]
    return [(_utc(p.time), p.latitude, p.longitude) for p in every if p.time is not None]


def _kml_points(text: str) -> list[Point]:
    root = ElementTree.fromstring(text)
    points: list[Point] = []
    for element in root.iter():
        kind = _local(element.tag)
        if kind == "Track":
            times = [child.text for child in element if _local(child.tag) == "when"]
            places = [child.text for child in element if _local(child.tag) == "coord"]
            for time, place in zip(times, places, strict=False):
                # Either may stand empty where the receiver did not know.
                if (moment := _time_or_none(time)) is not None and (place or "").strip():
                    lon, lat = _floats(place, None)[:2]
                    points.append((moment, lat, lon))
        elif kind == "Placemark":
            points += _placemark_points(element)
    return points


def _placemark_points(placemark: ElementTree.Element) -> list[Point]:
    """A point with a time, or a line with a time span along which its corners are spread evenly."""
    found = {_local(element.tag): element for element in placemark.iter() if element.text}
    if "Track" in found or "coord" in found or "coordinates" not in found:
        return []
    places = [_floats(entry, ",") for entry in (found["coordinates"].text or "").split()]
    when, begin, end = (
        _time_or_none(found[name].text if name in found else None) for name in ("when", "begin", "end")
    )
    if when is not None and places:
        return [(when, places[0][1], places[0][0])]
    if begin is not None and end is not None and places:
        spread = places if len(places) > 1 else places * 2
        step = (end - begin) / (len(spread) - 1)
        return [(begin + step * i, place[1], place[0]) for i, place in enumerate(spread)]
    return []


def _geojson_points(text: str) -> list[Point]:
    document = json.loads(text)
    features = document["features"] if document["type"] == "FeatureCollection" else [document]
    points: list[Point] = []
    for feature in features:
        properties = feature.get("properties") or {}
        geometry = feature.get("geometry") or {}
        if geometry.get("type") == "Point":
            time = next((properties[k] for k in ("time", "timestamp", "when") if properties.get(k)), None)
            if (moment := _json_time(time)) is not None:
                points.append((moment, *_json_place(geometry["coordinates"])))
        elif geometry.get("type") in ("LineString", "MultiLineString"):
            times = _line_times(properties)
            places = geometry["coordinates"]
            if geometry["type"] == "MultiLineString":
                times = [t for part in times for t in part] if times and isinstance(times[0], list) else times
                places = [place for part in places for place in part]
            points += [
                (moment, *_json_place(place))
                for time, place in zip(times, places, strict=False)
                if (moment := _json_time(time)) is not None
            ]
    return points


def _line_times(properties: dict[str, Any]) -> list[Any]:
    """Times of the corners, in either of the two ways in which converters from GPX write them."""
    nested = properties.get("coordinateProperties") or {}
    for times in (properties.get("coordTimes"), properties.get("times"), nested.get("times")):
        if isinstance(times, list):
            return times
    return []


def _json_place(coordinates: Sequence[float]) -> tuple[float, float]:
    return float(coordinates[1]), float(coordinates[0])


def _json_time(value: Any) -> datetime | None:
    """A moment as text or as seconds or milliseconds since 1970, also written as text; None for anything else."""
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value.strip()) else value
    if isinstance(value, (int, float)):
        seconds = value / 1000 if value > 1e11 else value
        return datetime.fromtimestamp(seconds, timezone.utc) if 0 < seconds < 1e10 else None
    return _time_or_none(value) if isinstance(value, str) else None


_NUMBER = re.compile(r"\d{9,}(?:\.\d+)?")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _floats(text: str | None, separator: str | None) -> list[float]:
    return [float(part) for part in (text or "").strip().split(separator)]


def _parse_time(text: str | None) -> datetime:
    written = (text or "").strip().replace("Z", "+00:00")
    # Python 3.10 reads three or six decimals only, and no offset without a colon.
    if "T" in written:
        written = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", written)
    if "." in written:
        head, _, tail = written.partition(".")
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        written = f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"
    return _utc(datetime.fromisoformat(written))


def _time_or_none(text: str | None) -> datetime | None:
    """A moment; None where there is none, or one that names no more than a month."""
    try:
        return _parse_time(text)
    except ValueError:
        return None


def _utc(moment: datetime) -> datetime:
    """Tracks without a time zone mean UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


_OFFSETS = tuple(timedelta(minutes=15 * step) for step in range(-48, 57))


@dataclass(frozen=True, slots=True)
class ClockReading:
    """How a camera clock without a time zone relates to UTC.

    Attributes:
        offset: camera clock minus UTC.
        reason: a sentence that says why, for the user to confirm.
    """

    offset: timedelta
    reason: str


def offset_from_located(track: Track, located: Iterable[tuple[datetime, LatLon]]) -> ClockReading | None:
    """The camera's offset from UTC, found by laying located photos on the track.

    Args:
        located: camera clocks without a time zone, and the places of the photos.

    Returns:
        The offset, to the quarter of an hour, at which the photos lie best on the track; None where fewer than
        two photos are given, they would lie more than a kilometre off on average, or another offset fits as well.
    """
    photos = list(located)
    if len(photos) < 2:
        return None
    photos = photos[:: -(-len(photos) // _MOST_LAID)]
    clock_s = np.array([t.replace(tzinfo=timezone.utc).timestamp() for t, _ in photos])
    misses = []
    for offset in _OFFSETS:
        miss = []
        for second, (_, place) in zip(clock_s - offset.total_seconds(), photos, strict=False):
            fix = track.at_s(float(second))
            miss.append(10.0 if fix is None else min(fix.position.distance_km(place), 10.0))
        misses.append(float(np.mean(miss)))
    order = np.argsort(misses)
    best, second_best = misses[order[0]], misses[order[1]]
    if best > 1.0 or second_best - best < 0.2:
        return None
    offset = _OFFSETS[int(order[0])]
    return ClockReading(
        offset, Sentence("located photos lie on the track if the clock shows {zone}", zone=utc_name(offset))
    )


def utc_name(offset: timedelta) -> str:
    """A name such as ``UTC−07:00``."""
    minutes = round(offset.total_seconds() / 60)
    sign = "+" if minutes >= 0 else "−"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
