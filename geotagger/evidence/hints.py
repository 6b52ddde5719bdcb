"""What is said of a place in words: "Canada", "Banff, July 2019", or the city, state and country that a file names.

Read offline, with the names and codes of countries and regions and the towns of ``core.places``. A hint makes places more
or less probable; it never rules one out. A month or a year in it says which photos it is about.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import numpy as np

from geotagger.core.cells import CellGrid
from geotagger.core.errors import GeotaggerError
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.places import Place, load_places, plain_name
from geotagger.core.regions import Region, load_regions
from geotagger.core.sentence import Sentence

_TOWN_KM = 60.0
_BORDER_KM = 60.0
_OVER_THE_BORDER = 0.2
"""How much less probable a cell near a named town is where another region than the town's begins."""
_MOST_NAMESAKES = 8
_MARGIN = timedelta(days=3)
_LEAST_LETTERS = 4
_MOST_WORDS = 4

_COUNTRIES = {
    "canada": "CA",
    "united states": "US",
    "united states of america": "US",
    "usa": "US",
    "us": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "etats-unis": "US",
    "america": "US",
}
_COUNTRY_CODES = {"CA": "CA", "CAN": "CA", "US": "US", "USA": "US"}
_MONTHS = (
    ("january", "janvier", "jan"),
    ("february", "fevrier", "feb"),
    ("march", "mars", "mar"),
    ("april", "avril", "apr"),
    ("may", "mai"),
    ("june", "juin", "jun"),
    ("july", "juillet", "jul"),
    ("august", "aout", "aug"),
    ("september", "septembre", "sep", "sept"),
    ("october", "octobre", "oct"),
    ("november", "novembre", "nov"),
    ("december", "decembre", "dec"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(r"((?:19|20)\d\d)[-_. ]?(0[1-9]|1[0-2])(?:[-_. ]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
_SEPARATORS = re.compile(r"[,;/|()_]+|\s[-–—]\s")


class HintError(GeotaggerError):
    """A hint names no place that the program knows."""


class HintOrigin(Enum):
    """Who said it; the value is how probable it is that the hint means nothing."""

    USER = 0.02
    FILE = 0.05
    """The fields for city, state and country of a photo; some programs fill them for a whole batch."""
    FOLDER = 0.2
    """The name of a folder, which can mean anything."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A place in the user's words, understood.

    Attributes:
        text: as it was given.
        towns: places and how probable each is the one that was meant.
        regions: indices of regions that were named, or of the countries that were.
        begin, end: which photos it is about, by their clocks; None for all.
    """

    text: str
    towns: tuple[tuple[LatLon, float], ...]
    regions: tuple[int, ...]
    begin: datetime | None
    end: datetime | None
    origin: HintOrigin

    @property
    def words(self) -> Sentence:
        """The hint as evidence in words."""
        if self.origin is HintOrigin.FOLDER:
            return Sentence("its folder is called “{text}”", text=self.text)
        if self.origin is HintOrigin.FILE:
            return Sentence("the file names “{text}”", text=self.text)
        return Sentence("you said “{text}”", text=self.text)

    @property
    def meaning(self) -> Hashable:
        """What the likelihood depends on; the same for different words of the same place."""
        return self.towns, self.regions, self.origin

    def speaks_of(self, clock: datetime | None) -> bool:
        """True for a photo that the hint is about; without a clock any photo may be."""
        if clock is None or self.begin is None or self.end is None:
            return True
        return self.begin - _MARGIN <= clock.replace(tzinfo=None) < self.end + _MARGIN

    def likelihood(self, grid: CellGrid) -> FloatArray:
        """(cells,) how well each cell agrees, at most 1.

        With nothing else known, the place is one that was named with all the probability that the origin leaves.
        """
        if self.towns:
            lats, lons = zip(*((place.lat_deg, place.lon_deg) for place, _ in self.towns), strict=True)
            weights = np.array([weight for _, weight in self.towns])
            near = weights @ np.exp(-grid.distances_km(lats, lons) / _TOWN_KM)
            if self.regions:
                near = np.where(np.isin(grid.region, self.regions), near, _OVER_THE_BORDER * near)
        else:
            inside = np.isin(grid.region, self.regions)
            apart = grid.distances_km(grid.lat_deg[inside], grid.lon_deg[inside]).min(axis=0)
            near = np.where(inside, 1.0, 0.5 * np.exp(-apart / _BORDER_KM))
        usual = float(near @ grid.area_km2 / grid.area_km2.sum())
        leak = self.origin.value
        agrees = leak + (1 - leak) * near / usual
        return np.asarray(agrees / agrees.max())


def parse_hint(text: str, origin: HintOrigin = HintOrigin.USER) -> Hint:
    """Understand a hint.

    Raises:
        HintError: it names no country, region or town that the program knows.
    """
    begin, end, rest = _period(text)
    parts = [part.strip() for part in _SEPARATORS.split(rest) if part.strip()]
    countries: list[str] = []
    regions: list[int] = []
    towns: list[list[Place]] = []
    for part in parts:
        if not _understand(part, countries, regions, towns):
            for words in _word_groups(part):
                if _understand(words, countries, regions, towns):
                    break
    within = set(regions) or {region.index for region in load_regions() if region.country in countries}
    meant = [_weighted(found, within) for found in towns]
    chosen = tuple(pair for pairs in meant for pair in pairs)
    if not chosen and not within:
        raise HintError(
            "“{text}” names no country, state, province or town that the program knows.", text=text
        )
    return Hint(text, chosen, tuple(sorted(within)), begin, end, origin)


def folder_hint(name: str) -> Hint | None:
    """The hint in the name of a folder; None where it names no place."""
    try:
        return parse_hint(name, HintOrigin.FOLDER)
    except HintError:
        return None


def hint_in_file(city: str | None, state: str | None, country: str | None) -> Hint | None:
    """The hint in what a file names as its place; None where that is abroad, or a city alone.

    A state that is not known counts for nothing beside a country that is: it may be abbreviated ("Calif.").
    """
    land = None
    if country is not None:
        land = _COUNTRIES.get(plain_name(country)) or _COUNTRY_CODES.get(country.upper())
        if land is None:
            return None
    within = {r.index for r in load_regions() if (land is None or r.country == land) and _is_called(r, state)}
    if not within and land is not None:
        within = {region.index for region in load_regions() if region.country == land}
    if not within:
        return None
    text = ", ".join(name for name in (city, state, country) if name is not None)
    towns = () if city is None else tuple(_weighted(_towns_called(city), within))
    return Hint(text, towns, tuple(sorted(within)), None, None, HintOrigin.FILE)


def _is_called(region: Region, name: str | None) -> bool:
    if name is None:
        return False
    return name.upper() in (region.code, region.postal) or plain_name(name) == plain_name(region.name)


def _understand(part: str, countries: list[str], regions: list[int], towns: list[list[Place]]) -> bool:
    plain, names = plain_name(part), load_regions()
    if plain in _COUNTRIES:
        countries.append(_COUNTRIES[plain])
        return True
    for region in names:
        is_code = part in (region.code, region.postal)
        if is_code or plain in (plain_name(region.name), region.code.lower()):
            regions.append(region.index)
            return True
    found = _towns_called(part)
    if found:
        towns.append(found)
    return bool(found)


def _towns_called(name: str) -> list[Place]:
    plain = plain_name(name)
    return [place for place in load_places().search(name, limit=40) if plain_name(place.name) == plain]


def _word_groups(part: str) -> list[str]:
    """The words of a part that may be a name, longest groups first; names begin with a capital letter."""
    words = part.split()
    groups = []
    for length in range(min(len(words), _MOST_WORDS), 0, -1):
        for first in range(len(words) - length + 1):
            group = words[first : first + length]
            if group[0][:1].isupper() and group[-1][:1].isupper() and len("".join(group)) >= _LEAST_LETTERS:
                groups.append(" ".join(group))
    return groups


def _weighted(found: list[Place], within: set[int]) -> list[tuple[LatLon, float]]:
    """Towns of one name, the more important ones more probable; only those in the regions that were named."""
    regions = load_regions()
    kept = [p for p in found if not within or regions.region_at(p.position) in within][:_MOST_NAMESAKES]
    return [(place.position, 1.0 / rank**2) for rank, place in enumerate(kept, start=1)]


def _period(text: str) -> tuple[datetime | None, datetime | None, str]:
    """The time that a text names, and the text without it."""
    found = _DATE.search(text)
    if found is not None:
        year, month = int(found[1]), int(found[2])
        rest = text[: found.start()] + "," + text[found.end() :]
        return datetime(year, month, 1), _next_month(year, month), rest
    years = _YEAR.findall(text)
    if not years:
        return None, None, text
    first, last = int(min(years)), int(max(years))
    months = [_MONTH_OF[w] for w in re.findall(r"[a-z]+", plain_name(text)) if w in _MONTH_OF]
    # A month goes with the year only where both are named; “May” or “March” by itself may be a name.
    rest = _YEAR.sub(",", text)
    if not months or first != last:
        return datetime(first, 1, 1), datetime(last + 1, 1, 1), rest
    rest = " ".join(word for word in rest.replace(",", " , ").split() if plain_name(word) not in _MONTH_OF)
    return datetime(first, min(months), 1), _next_month(first, max(months)), rest


def _next_month(year: int, month: int) -> datetime:
    return datetime(year + month // 12, month % 12 + 1, 1)
