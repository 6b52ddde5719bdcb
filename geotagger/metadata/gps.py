"""GPS tags and positions: which tags a position becomes, and which position the tags of a camera mean."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from fractions import Fraction

from geotagger.core.errors import CoordinateError
from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata.tiff import ASCII, BYTE, RATIONAL, UNDEFINED, Entry, Ifd, Tiff
from geotagger.metadata.tiff_edit import Field

VERSION, LAT_REF, LAT, LON_REF, LON = 0, 1, 2, 3, 4
MAP_DATUM, METHOD, ERROR = 0x12, 0x1B, 0x1F
POSITION = frozenset({LAT_REF, LAT, LON_REF, LON})
ALTITUDE = frozenset({0x05, 0x06})
STALE = frozenset({0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, MAP_DATUM, METHOD, 0x1C, 0x1E, ERROR})
"""Satellites, status, mode, DOP, speed, track, datum, method, area, differential, error: they describe the
measurement of the old position and say nothing true about a new one."""
DESTINATION = frozenset(range(0x13, 0x1B))

TAG_NAMES = {
    VERSION: "GPSVersionID", LAT_REF: "GPSLatitudeRef", LAT: "GPSLatitude", LON_REF: "GPSLongitudeRef",
    LON: "GPSLongitude", 0x05: "GPSAltitudeRef", 0x06: "GPSAltitude", 0x07: "GPSTimeStamp", 0x08: "GPSSatellites",
    0x09: "GPSStatus", 0x0A: "GPSMeasureMode", 0x0B: "GPSDOP", 0x0C: "GPSSpeedRef", 0x0D: "GPSSpeed",
    0x0E: "GPSTrackRef", 0x0F: "GPSTrack", 0x10: "GPSImgDirectionRef", 0x11: "GPSImgDirection",
    MAP_DATUM: "GPSMapDatum", 0x13: "GPSDestLatitudeRef", 0x14: "GPSDestLatitude", 0x15: "GPSDestLongitudeRef",
    0x16: "GPSDestLongitude", 0x17: "GPSDestBearingRef", 0x18: "GPSDestBearing", 0x19: "GPSDestDistanceRef",
    0x1A: "GPSDestDistance", METHOD: "GPSProcessingMethod", 0x1C: "GPSAreaInformation", 0x1D: "GPSDateStamp",
    0x1E: "GPSDifferential", ERROR: "GPSHPositioningError",
}  # fmt: skip

_UNITS_PER_DEGREE = 36_000_000
"""Tenths of a milli-second of arc: the error of rounding to them is at most 1.6 mm."""


def arc_parts(deg: float) -> tuple[int, int, int]:
    """Whole degrees, whole minutes and 1/10 000 seconds of ``abs(deg)``, carried so that 60 never shows."""
    degrees, rest = divmod(round(abs(deg) * _UNITS_PER_DEGREE), _UNITS_PER_DEGREE)
    minutes, seconds = divmod(rest, _UNITS_PER_DEGREE // 60)
    return degrees, minutes, seconds


def _hemisphere(deg: float, positive: bytes, negative: bytes) -> bytes:
    return negative if deg < 0 and any(arc_parts(deg)) else positive


def method_of(source: Source) -> str | None:
    """GPSProcessingMethod for a source; only GPS, CELLID, WLAN and MANUAL are valid."""
    if source is Source.CAMERA:
        return None
    return "GPS" if source is Source.TRACK else "MANUAL"


def error_metres(fix: Fix) -> Fraction | None:
    """The 80 % radius in metres with one decimal, at least 0.1."""
    if fix.radius_km is None or not math.isfinite(fix.radius_km) or fix.radius_km < 0:
        return None
    return Fraction(max(1, min(round(fix.radius_km * 10_000), 0xFFFF_FFFF)), 10)


def fields_of(fix: Fix, order: str) -> list[Field]:
    """The GPS fields of a position, sorted by tag, in byte order ``<`` or ``>``."""
    lat, lon = fix.position.lat_deg, fix.position.lon_deg

    def arc(tag: int, deg: float) -> Field:
        degrees, minutes, seconds = arc_parts(deg)
        return Field(tag, RATIONAL, 3, struct.pack(order + "6I", degrees, 1, minutes, 1, seconds, 10_000))

    fields = [
        Field(VERSION, BYTE, 4, bytes((2, 3, 0, 0))),
        Field(LAT_REF, ASCII, 2, _hemisphere(lat, b"N", b"S") + b"\0"),
        arc(LAT, lat),
        Field(LON_REF, ASCII, 2, _hemisphere(lon, b"E", b"W") + b"\0"),
        arc(LON, lon),
        Field(MAP_DATUM, ASCII, 7, b"WGS-84\0"),
    ]
    method = method_of(fix.source)
    if method is not None:
        text = b"ASCII\0\0\0" + method.encode("ascii")
        fields.append(Field(METHOD, UNDEFINED, len(text), text))
    error = error_metres(fix)
    if error is not None:
        fields.append(Field(ERROR, RATIONAL, 1, struct.pack(order + "II", int(error * 10), 10)))
    return fields


def rewritten(fix: Fix, tiff: Tiff, old: Sequence[Entry]) -> list[Entry | Field]:
    """The entries of a GPS directory after ``fix`` replaced what it held."""
    drop = STALE | POSITION | {VERSION}
    if any(e.tag in (LAT, LON) for e in old):
        drop |= ALTITUDE
    kept: list[Entry | Field] = [e for e in old if e.tag not in drop]
    return sorted([*kept, *fields_of(fix, tiff.order)], key=lambda e: e.tag)


def stripped(tiff: Tiff, old: Sequence[Entry]) -> list[Entry | Field]:
    """The entries of a GPS directory without any position; empty where nothing else is left."""
    drop = STALE | POSITION | ALTITUDE | DESTINATION
    kept: list[Entry | Field] = [e for e in old if e.tag not in drop]
    return kept if any(e.tag != VERSION for e in kept) else []


def _degrees(numbers: Sequence[float]) -> float | None:
    """Degrees from one to three rationals; 0/0 counts as nothing, as cameras mean it."""
    total = 0.0
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))[:3]
    if not pairs:
        return None
    for (numerator, denominator), unit in zip(pairs, (1, 60, 3600), strict=False):
        if denominator == 0:
            if numerator != 0 or unit == 1:
                return None
            continue
        total += numerator / denominator / unit
    return total


def position_of(tiff: Tiff, ifd: Ifd) -> LatLon | None:
    """The position that a GPS directory holds.

    It needs both values and both hemispheres, in range, and not (0, 0), which is what cameras write
    when they do not know.
    """
    values: list[float] = []
    for tag, ref_tag, letters in ((LAT, LAT_REF, "NS"), (LON, LON_REF, "EW")):
        entry = ifd.get(tag)
        ref = (tiff.text(ifd.get(ref_tag)) or "").upper()[:1]
        if entry is None or entry.type not in (RATIONAL, 10) or not ref or ref not in letters:
            return None
        deg = _degrees(tiff.numbers(entry, 3))
        if deg is None:
            return None
        values.append(-deg if ref == letters[1] else deg)
    return checked(values[0], values[1])


def checked(lat_deg: float, lon_deg: float) -> LatLon | None:
    """A position, unless it is out of range or (0, 0)."""
    if lat_deg == 0 and lon_deg == 0:
        return None
    try:
        return LatLon(lat_deg + 0.0, lon_deg + 0.0)
    except CoordinateError:
        return None


def radius_km_of(tiff: Tiff, ifd: Ifd) -> float | None:
    """GPSHPositioningError in kilometres."""
    entry = ifd.get(ERROR)
    numbers = tiff.numbers(entry, 1) if entry is not None and entry.type == RATIONAL else ()
    if len(numbers) < 2 or not numbers[1]:
        return None
    return numbers[0] / numbers[1] / 1000


def shown(tiff: Tiff, entry: Entry) -> str:
    """A GPS value as text for the table of what a write would change."""
    if entry.tag in (LAT, LON, 0x14, 0x16):
        deg = _degrees(tiff.numbers(entry, 3))
        return "" if deg is None else f"{deg:.7f}"
    if entry.tag in (METHOD, 0x1C):
        return tiff.value(entry, 256)[8:].decode("latin-1").strip("\0 ")
    if entry.type == ASCII:
        return tiff.text(entry) or ""
    numbers = tiff.numbers(entry, 8)
    if entry.type in (RATIONAL, 10):
        return " ".join(
            f"{a / b:g}" if b else "undefined" for a, b in zip(numbers[::2], numbers[1::2], strict=False)
        )
    return (".".join if entry.tag == VERSION else " ".join)(f"{n:g}" for n in numbers)
