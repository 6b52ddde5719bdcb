"""What XMP says of a position: the standard exif properties, and our own mark of who says so and how sure."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone

from geotagger.core.errors import CoordinateError
from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import gps
from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.xmp import DUBLIN_CORE_TERMS, EXIF, GEOTAGGER, Name, Packet, new_packet, packet_of

SAME_PLACE_DEG = 1e-6
"""Up to this difference a mark belongs to the position that a file holds (0.1 m)."""

_STALE = frozenset(
    {
        "GPSVersionID", "GPSLatitude", "GPSLatitudeRef", "GPSLongitude", "GPSLongitudeRef", "GPSSatellites",
        "GPSStatus", "GPSMeasureMode", "GPSDOP", "GPSSpeedRef", "GPSSpeed", "GPSTrackRef", "GPSTrack", "GPSMapDatum",
        "GPSProcessingMethod", "GPSAreaInformation", "GPSDifferential", "GPSHPositioningError",
    }
)  # fmt: skip
_ALTITUDE = frozenset({"GPSAltitude", "GPSAltitudeRef"})
_DESTINATION = frozenset(gps.TAG_NAMES[tag] for tag in gps.DESTINATION)
_PART = r"(\d{1,2}(?:\.\d*)?)"
_BETWEEN = r"\s*(?:,|°|['′]|deg|\s)\s*"
_ARC = re.compile(
    rf"\s*([+-])?(\d{{1,3}}(?:\.\d*)?)(?:{_BETWEEN}{_PART})?(?:{_BETWEEN}{_PART})?\s*[°'′\"″]?\s*([NSEW])?\s*",
    re.IGNORECASE,
)
_MINUTE_UNITS = 10**7


def _arc(deg: float, letters: str) -> str:
    """XMP form of an angle, ``48,51.5022000N``: whole degrees, minutes with 7 decimals, carried at 60."""
    degrees, units = divmod(round(abs(deg) * 60 * _MINUTE_UNITS), 60 * _MINUTE_UNITS)
    minutes, fraction = divmod(units, _MINUTE_UNITS)
    letter = letters[1] if deg < 0 and (degrees or units) else letters[0]
    return f"{degrees},{minutes}.{fraction:07d}{letter}"


def _degrees(text: str | None, ref: str | None, letters: str) -> float | None:
    """An angle as XMP has it (``48,51.5022N``), or as other programs write it all the same.

    Apple's exports hold decimal degrees without a sign and a property of their own for the hemisphere; others hold
    decimal degrees with a sign, or degrees, minutes and seconds as people read them.
    """
    match = _ARC.fullmatch(
        " ".join((text or "").split())
    )  # runs of blanks could be shared out in endless ways
    if match is None or max(float(match[3] or 0), float(match[4] or 0)) > 60:
        return None
    letter = (match[5] or (ref or "").strip()[:1]).upper()
    if (letter and letter not in letters) or (not letter and match[3]):
        return None
    deg = float(match[2]) + float(match[3] or 0) / 60 + float(match[4] or 0) / 3600
    return -deg if match[1] == "-" or letter == letters[1] else deg


def position_properties(fix: Fix) -> dict[Name, str]:
    """The standard exif properties of a position."""
    result = {
        (EXIF, "GPSVersionID"): "2.3.0.0",
        (EXIF, "GPSLatitude"): _arc(fix.position.lat_deg, "NS"),
        (EXIF, "GPSLongitude"): _arc(fix.position.lon_deg, "EW"),
        (EXIF, "GPSMapDatum"): "WGS-84",
    }
    method = gps.method_of(fix.source)
    if method is not None:
        result[EXIF, "GPSProcessingMethod"] = method
    error = gps.error_metres(fix)
    if error is not None:
        result[EXIF, "GPSHPositioningError"] = f"{error.numerator}/{error.denominator}"
    return result


def mark_properties(fix: Fix, now: datetime) -> dict[Name, str]:
    """Our mark: who says so, for which position, when, and for estimates how sure."""
    if fix.source is Source.CAMERA:
        return {}
    result = {
        (GEOTAGGER, "PositionSource"): fix.source.value,
        (GEOTAGGER, "PositionMarked"): f"{fix.position.lat_deg:.7f},{fix.position.lon_deg:.7f}",
        (GEOTAGGER, "PositionDate"): now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if fix.radius_km is not None and math.isfinite(fix.radius_km):
        result[GEOTAGGER, "PositionRadiusKm"] = f"{fix.radius_km:.6g}"
    if fix.model is not None:
        result[GEOTAGGER, "PositionModel"] = fix.model
    if fix.probability is not None:
        result[GEOTAGGER, "PositionProbability"] = f"{fix.probability:.6g}"
    if fix.candidates:
        result[GEOTAGGER, "PositionCandidates"] = " ".join(f"{code}:{p:.6g}" for code, p in fix.candidates)
    return result


def is_mark(name: Name) -> bool:
    """Whether a property is part of our mark."""
    return name[0] == GEOTAGGER


def is_position(name: Name) -> bool:
    """Whether a property says where the photo was taken, or how that was measured."""
    return name[0] == EXIF and name[1] in _STALE | _ALTITUDE


def is_ours(name: Name) -> bool:
    """Whether a write may change a property; all others must come out as they went in."""
    return is_mark(name) or is_position(name) or (name[0] == EXIF and name[1] in _DESTINATION)


def is_signed_elsewhere(packet: Packet) -> bool:
    """Whether the signature of the photo (C2PA) lies on a server: it covers every byte of the file, and only XMP tells."""
    return "://" in (packet.get(DUBLIN_CORE_TERMS, "provenance") or "")


def holds_position(packet: Packet) -> bool:
    """Whether a packet says anything of latitude or longitude, right or wrong."""
    return packet.get(EXIF, "GPSLatitude") is not None or packet.get(EXIF, "GPSLongitude") is not None


def with_fix(data: bytes | None, fix: Fix, now: datetime, *, position: bool) -> bytes:
    """A packet that carries ``fix``: its mark, and where asked or already there its position.

    Args:
        data: the old packet; None or empty for none.
        position: write the position itself too, as sidecars must.

    Raises:
        UnsafeError: the old packet cannot be changed safely.
    """
    properties = mark_properties(fix, now)
    if not data:
        added = {**(position_properties(fix) if position else {}), **properties}
        return new_packet(added) if added else b""
    packet = packet_of(data)
    if position or holds_position(packet):
        had = holds_position(packet)
        properties = {**position_properties(fix), **properties}
        stale = _STALE | _ALTITUDE if had else _STALE
        return packet.edited(lambda n: is_mark(n) or (n[0] == EXIF and n[1] in stale), properties)
    return packet.edited(is_mark, properties)


def without_fix(data: bytes) -> bytes:
    """A packet without any position and without our mark; empty where nothing else is left.

    Raises:
        UnsafeError: the packet cannot be changed safely.
    """
    packet = packet_of(data)
    ours = [p for p in packet.properties if is_ours(p.name)]
    if not ours:
        return data
    if len(ours) == len(packet.properties) and not packet.holds_more:
        return b""
    return packet.edited(is_ours, {})


def position_in(packet: Packet) -> LatLon | None:
    """The position that a packet states."""
    lat = _degrees(packet.get(EXIF, "GPSLatitude"), packet.get(EXIF, "GPSLatitudeRef"), "NS")
    lon = _degrees(packet.get(EXIF, "GPSLongitude"), packet.get(EXIF, "GPSLongitudeRef"), "EW")
    return None if lat is None or lon is None else gps.checked(lat, lon)


def radius_in(packet: Packet) -> float | None:
    """GPSHPositioningError of a packet in kilometres."""
    numerator, _, denominator = (packet.get(EXIF, "GPSHPositioningError") or "").partition("/")
    metres, parts = _number(numerator), _number(denominator or "1")
    return metres / parts / 1000 if metres is not None and parts else None


def parsed(data: bytes | None) -> Packet | None:
    """A packet for reading; None where it is missing or damaged."""
    if not data:
        return None
    try:
        return packet_of(data)
    except UnsafeError:
        return None


def fix_of(position: LatLon, radius_km: float | None, packet: Packet | None) -> Fix:
    """The fix that a file holds: its position, with our mark where that belongs to this very position."""
    unmarked = Fix(position, Source.CAMERA, radius_km)
    if packet is None:
        return unmarked
    try:
        source = Source(packet.get(GEOTAGGER, "PositionSource") or "")
        lat, lon = (float(part) for part in (packet.get(GEOTAGGER, "PositionMarked") or "").split(","))
        marked = LatLon(lat, lon)
    except (ValueError, CoordinateError):
        return unmarked
    difference = max(abs(marked.lat_deg - position.lat_deg), abs(marked.lon_deg - position.lon_deg))
    if difference > SAME_PLACE_DEG:
        return unmarked
    radius = _number(packet.get(GEOTAGGER, "PositionRadiusKm"))
    return Fix(
        position,
        source,
        radius if radius is not None else radius_km,
        packet.get(GEOTAGGER, "PositionModel"),
        _number(packet.get(GEOTAGGER, "PositionProbability")),
        _candidates(packet.get(GEOTAGGER, "PositionCandidates") or ""),
    )


def _number(text: str | None) -> float | None:
    """A number that is none below zero; what is infinite or no number says nothing."""
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _candidates(text: str) -> tuple[tuple[str, float], ...]:
    pairs = []
    for item in text.split():
        code, _, probability = item.partition(":")
        value = _number(probability)
        if code and value is not None:
            pairs.append((code, value))
    return tuple(pairs)


def foreign(data: bytes | None) -> list[tuple[Name, str]]:
    """All properties that a write must leave as they are.

    Raises:
        UnsafeError: the packet is damaged.
    """
    return packet_of(data).foreign(is_ours) if data else []


def checked_packet(new: bytes, old: bytes | None) -> Packet:
    """A new packet, parsed, after a check that it holds all that is not ours of the old one.

    Raises:
        UnsafeError: it does not.
    """
    packet = packet_of(new)
    if packet.foreign(is_ours) != foreign(old):
        raise UnsafeError("it would lose or change XMP properties")
    return packet
