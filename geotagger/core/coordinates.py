"""Positions as people write them: parsing every usual notation, and formatting in the one they like."""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import unquote

from geotagger.core.errors import CoordinateError
from geotagger.core.geo import LatLon


class Notation(str, Enum):
    """How a position is shown."""

    DECIMAL = "decimal"
    """46.90000, -110.40000"""
    DEGREES_MINUTES = "degrees-minutes"
    """46°54.000′N 110°24.000′W"""
    DEGREES_MINUTES_SECONDS = "degrees-minutes-seconds"
    """46°54′00.0″N 110°24′00.0″W"""


_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_PAIR = rf"({_NUMBER})\s*,\s*({_NUMBER})"

# Where a link or URI carries its position, most telling first: the place marked, then the centre of the view.
_LINK_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^geo:{_PAIR}",
        rf"!3d({_NUMBER})!4d({_NUMBER})",
        rf"[?&]mlat=({_NUMBER})&mlon=({_NUMBER})",
        rf"[?&](?:q|query|ll|daddr|destination|sll|center|cp)=(?:loc:|geo:)?({_NUMBER})(?:\s*,\s*|~)({_NUMBER})",
        rf"#map=\d+(?:\.\d+)?/({_NUMBER})/({_NUMBER})",
        rf"@{_PAIR}",
        rf"/(?:place|search|dir)/{_PAIR}",
        rf"[?&]lat=({_NUMBER})&lon=({_NUMBER})",
    )
)

_PLAIN = re.compile(
    rf"\s*[\[(]?\s*(?:lat(?:itude)?\s*[:=]?\s*)?({_NUMBER})\s*°?\s*(?:[,;]\s*|\s+)(?:lon(?:gitude)?\s*[:=]?\s*)?({_NUMBER})\s*°?\s*[\])]?\s*",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"\s*([+-]?\d+,\d+)\s*°?\s*(?:[;/]\s*|\s+|,\s+)([+-]?\d+,\d+)\s*°?\s*")

# Degrees, minutes, seconds with a hemisphere letter before or after; O is ouest or Ost, told apart by context.
# No number ends before another digit: else a long run of digits could be shared out in more ways than can be tried.
_PART = r"(\d+(?:[.,]\d+)?)(?!\d)"
_ANGLE = (
    rf"{_PART}\s*(?:[°ºd:]|deg|\s)?\s*(?:{_PART}\s*(?:[′'’‘m:]|\s)?\s*)?(?:{_PART}\s*(?:[″\"”“s]|''|′′)?\s*)?"
)
_HEMISPHERE_AFTER = re.compile(rf"\s*{_ANGLE}([NS])\s*[,;/]?\s*{_ANGLE}([EWO])\s*", re.IGNORECASE)
_HEMISPHERE_BEFORE = re.compile(rf"\s*([NS])\s*{_ANGLE}\s*[,;/]?\s*([EWO])\s*{_ANGLE}\s*", re.IGNORECASE)
_SIGNED_DMS = re.compile(
    r"\s*([+-]?)(\d+)\s*°\s*(\d+(?:\.\d+)?)\s*[′'’](?:\s*(\d+(?:\.\d+)?)\s*(?:[″\"”]|''))?\s*[,;]?\s*"
    r"([+-]?)(\d+)\s*°\s*(\d+(?:\.\d+)?)\s*[′'’](?:\s*(\d+(?:\.\d+)?)\s*(?:[″\"”]|''))?\s*"
)

_MAX_LENGTH = 2000


def parse_coordinates(text: str) -> LatLon:
    """Read a position in any usual notation.

    Understood are decimal degrees (``46.9, -110.4``; with a decimal comma ``46,9; -110,4``), degrees with
    minutes and seconds and a hemisphere before or after (``46°54'N 110°24'W``), ``geo:`` URIs (RFC 5870)
    and links of the usual map sites. Latitude comes first.

    Raises:
        CoordinateError: the text is none of these, or out of range.
    """
    text = text.strip()
    if not text:
        raise CoordinateError("There is no position in an empty text.")
    if len(text) > _MAX_LENGTH:
        raise CoordinateError("The text is too long to be a position.")
    is_link = text.lower().startswith(("geo:", "http://", "https://")) or "maps" in text.lower()
    if is_link:
        decoded = unquote(text).replace("+", " ")
        for pattern in _LINK_PATTERNS:
            if found := pattern.search(decoded):
                return LatLon(float(found[1]), float(found[2]))
        raise CoordinateError("The link holds no position.")
    text = " ".join(text.replace("−", "-").replace("–", "-").split())
    if found := _PLAIN.fullmatch(text):
        return LatLon(float(found[1]), float(found[2]))
    if found := _DECIMAL_COMMA.fullmatch(text):
        return LatLon(float(found[1].replace(",", ".")), float(found[2].replace(",", ".")))
    if found := _HEMISPHERE_AFTER.fullmatch(text):
        return LatLon(
            _degrees(found[1], found[2], found[3], found[4]), _degrees(found[5], found[6], found[7], found[8])
        )
    if found := _HEMISPHERE_BEFORE.fullmatch(text):
        return LatLon(
            _degrees(found[2], found[3], found[4], found[1]), _degrees(found[6], found[7], found[8], found[5])
        )
    if found := _SIGNED_DMS.fullmatch(text):
        return LatLon(
            _degrees(found[2], found[3], found[4], "S" if found[1] == "-" else "N"),
            _degrees(found[6], found[7], found[8], "W" if found[5] == "-" else "E"),
        )
    raise CoordinateError(
        "“{text}” is not a position; write it like 46.9, -110.4 or 46°54'N 110°24'W.", text=text[:60]
    )


def _degrees(degrees: str, minutes: str | None, seconds: str | None, hemisphere: str) -> float:
    parts = [float(part.replace(",", ".")) if part else 0.0 for part in (degrees, minutes, seconds)]
    if parts[1] >= 60 or parts[2] >= 60:
        raise CoordinateError("Minutes and seconds must be less than 60.")
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    # O stands for ouest (French): there is no other letter O for east in the languages of the program.
    return -value if hemisphere.upper() in "SWO" else value


def format_position(
    position: LatLon, notation: Notation = Notation.DECIMAL, radius_km: float | None = None
) -> str:
    """The position as text; ``parse_coordinates`` reads each of these notations back.

    Args:
        radius_km: how near it is known; the text then has no digits that only pretend to know more. None, or a small
            radius, gives them all.
    """
    coarse = 0 if radius_km is None else sum(radius_km >= limit for limit in _COARSE_FROM_KM)
    if notation is Notation.DECIMAL:
        digits = _DECIMALS[coarse]
        return f"{position.lat_deg:.{digits}f}, {position.lon_deg:.{digits}f}"
    if coarse:
        lat = _format_minutes(position.lat_deg, "NS", _WHOLE_MINUTES[coarse - 1])
        lon = _format_minutes(position.lon_deg, "EW", _WHOLE_MINUTES[coarse - 1])
    else:
        lat = _format_angle(position.lat_deg, "NS", notation)
        lon = _format_angle(position.lon_deg, "EW", notation)
    return f"{lat} {lon}"


_COARSE_FROM_KM = (10.0, 100.0)
_DECIMALS = (5, 2, 1)
_WHOLE_MINUTES = (1, 10)
"""From each radius on, positions are shown to a tenth of it or so: 0.01° and 1′ are one to two kilometres."""


def _format_minutes(value_deg: float, hemispheres: str, step: int) -> str:
    degrees, minutes = divmod(round(abs(value_deg) * 60 / step) * step, 60)
    return f"{degrees}°{minutes:02d}′{hemispheres[value_deg < 0]}"


def _format_angle(value_deg: float, hemispheres: str, notation: Notation) -> str:
    hemisphere = hemispheres[value_deg < 0]
    if notation is Notation.DEGREES_MINUTES:
        # Whole thousandths of a minute, so that 59.9996 carries over instead of printing 60.000.
        total = round(abs(value_deg) * 60_000)
        degrees, thousandths = divmod(total, 60_000)
        return f"{degrees}°{thousandths / 1000:06.3f}′{hemisphere}"
    total = round(abs(value_deg) * 36_000)
    degrees, rest = divmod(total, 36_000)
    minutes, tenths = divmod(rest, 600)
    return f"{degrees}°{minutes:02d}′{tenths / 10:04.1f}″{hemisphere}"


def format_radius(radius_km: float) -> str:
    """A radius rounded to two digits, with its unit: ``± 310 km``, ``± 4.2 km``, ``± 850 m``."""
    if radius_km < 1:
        return f"± {_two_digits(radius_km * 1000):.0f} m"
    rounded = _two_digits(radius_km)
    return f"± {rounded:.1f} km" if rounded < 10 else f"± {rounded:,.0f} km".replace(",", " ")


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
