"""What a file names as the place of its photo: city, state and country, in XMP or in the IPTC-IIM records of a JPEG file.

IPTC Photo Metadata Standard (City, Province or State, Country; in XMP ``photoshop:City`` and so on) and IPTC-IIM 4.2, record 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from geotagger.metadata.model import PlaceNames
from geotagger.metadata.xmp import IPTC_CORE, PHOTOSHOP, Packet

_IPTC_RESOURCE = 0x0404
_CODED_CHARACTER_SET = (1, 90)
_UTF_8 = b"\x1b%G"
_CITY, _STATE, _COUNTRY_CODE, _COUNTRY = (2, 90), (2, 95), (2, 100), (2, 101)
_LONGEST = 64


def place_names(packets: Iterable[Packet], resources: bytes | None) -> PlaceNames | None:
    """The names in the first XMP packet that has any, else in the IPTC records; None where there are none.

    Args:
        resources: the Photoshop image resources of a JPEG file.
    """
    for packet in packets:
        country = packet.get(PHOTOSHOP, "Country") or packet.get(IPTC_CORE, "CountryCode")
        found = _names(packet.get(PHOTOSHOP, "City"), packet.get(PHOTOSHOP, "State"), country)
        if found is not None:
            return found
    if resources is None:
        return None
    records = dict(_records(_iptc(resources)))
    said_so = records.get(_CODED_CHARACTER_SET) == _UTF_8
    texts = {
        key: value.decode("utf-8", "replace") if said_so else _text(value) for key, value in records.items()
    }
    return _names(texts.get(_CITY), texts.get(_STATE), texts.get(_COUNTRY) or texts.get(_COUNTRY_CODE))


def _text(value: bytes) -> str:
    """A value of records that do not say in which characters they are written.

    Many programs write UTF-8 without saying so. Text in another character set is hardly ever valid UTF-8 by chance,
    unless it is plain ASCII; so Exiv2 guesses, too. Else it is Western European, as ExifTool takes it.
    """
    for encoding in ("utf-8", "cp1252"):
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")


@lru_cache
def _names(city: str | None, state: str | None, country: str | None) -> PlaceNames | None:
    """One value for all photos of a place: thousands of them may be open."""
    usable = [_usable(name) for name in (city, state, country)]
    return PlaceNames(*usable) if any(usable) else None


def _usable(name: str | None) -> str | None:
    """A name as people write it; None for long text, marked-up lists and bytes that are no text."""
    plain = " ".join((name or "").replace("\0", " ").split())
    return plain if 0 < len(plain) <= _LONGEST and plain.isprintable() and "<" not in plain else None


def _iptc(resources: bytes) -> bytes:
    """The IPTC-IIM records among Photoshop image resources; what is damaged or cut off ends the search."""
    at = 0
    while resources[at : at + 4] == b"8BIM":
        kind = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = resources[at + 6 : at + 7]
        size_at = at + 6 + _even(1 + (name[0] if name else 0))
        size = int.from_bytes(resources[size_at : size_at + 4], "big")
        if kind == _IPTC_RESOURCE:
            return resources[size_at + 4 : size_at + 4 + size]
        at = size_at + 4 + _even(size)
    return b""


def _records(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Record and dataset number, and value, of each dataset; extended ones, which no name needs, end the search."""
    at = 0
    while at + 5 <= len(data) and data[at] == 0x1C:
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if size & 0x8000:
            return
        yield (data[at + 1], data[at + 2]), data[at + 5 : at + 5 + size]
        at += 5 + size


def _even(size: int) -> int:
    return size + size % 2
