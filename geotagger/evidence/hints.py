"""What is said of a place in words: "Canada", "Banff, July 2019", or the city, state and country that a file names.

Read offline, with the names and codes of countries and regions and the towns of ``core.places``. A hint makes places more
or less probable; it never rules one out. A month or a year in it says which photos it is about.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

import numpy as np

from geotagger.core.cells import CellGrid
from geotagger.core.errors import GeotaggerError
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.places import Place, load_places, plain_name
from geotagger.core.regions import load_regions
from geotagger.core.sentence import Sentence
from geotagger.evidence.agreement import around, likelihood
from geotagger.evidence.place_names import (
    AREAS,
    COUNTRIES,
    LANDMARKS,
    WASHINGTON,
    countries_abroad,
    name_key,
    region_abbreviations,
    region_names,
)

_TOWN_KM = 60.0
_OVER_THE_BORDER = 0.2
"""How much less probable a cell near a named town is where another region than the town's begins."""
_MOST_NAMESAKES = 8
_MARGIN = timedelta(days=3)
_LEAST_LETTERS = 4
_MOST_WORDS = 4

_COUNTRY_CODES = {"CA": "CA", "CAN": "CA", "US": "US", "USA": "US"}
_COAST_KM = 30.0
"""A town so near to a region belongs to it: the coastlines of the map are coarse."""
_TAIL_WORDS = 4
_MOST_TOLD = 60
_NO_NAMES = frozenset(
    (
        "trip",
        "holiday",
        "holidays",
        "vacation",
        "visit",
        "tour",
        "weekend",
        "hiking",
        "camping",
        "skiing",
        "road",
        "summer",
        "winter",
        "spring",
        "fall",
        "autumn",
        "from",
        "near",
        "at",
        "in",
        "to",
        "the",
        "downtown",
        "old",
        "greater",
        "city",
        "of",
        "wedding",
        "christmas",
        "photos",
        "pictures",
        "voyage",
        "vacances",
        "randonnee",
        "ete",
        "hiver",
        "a",
    )
)
"""Words before a name that are no part of it, though they may begin with a capital letter."""
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
_MONTH_YEAR = re.compile(r"(?<!\d)(0?[1-9]|1[0-2])/((?:19|20)\d\d)(?!\d)")
_CAPITAL = re.compile(r"washington\s*,?\s*d\.?\s?c\b\.?", re.IGNORECASE)
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
        is_either: True where the towns are another meaning of the words than the regions.
    """

    text: str
    towns: tuple[tuple[LatLon, float], ...]
    regions: tuple[int, ...]
    begin: datetime | None
    end: datetime | None
    origin: HintOrigin
    is_either: bool = False

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
        return self.towns, self.regions, self.origin, self.is_either

    def speaks_of(self, clock: datetime | None) -> bool:
        """True for a photo that the hint is about; without a clock any photo may be."""
        if clock is None or self.begin is None or self.end is None:
            return True
        return self.begin - _MARGIN <= clock.replace(tzinfo=None) < self.end + _MARGIN

    def likelihood(self, grid: CellGrid) -> FloatArray:
        """(cells,) how well each cell agrees, at most 1."""
        near = np.zeros(len(grid))
        if self.towns:
            lats, lons = zip(*((place.lat_deg, place.lon_deg) for place, _ in self.towns), strict=True)
            weights = np.array([weight for _, weight in self.towns])
            near = weights @ np.exp(-grid.distances_km(lats, lons) / _TOWN_KM)
            if self.regions and not self.is_either:
                near = np.where(np.isin(grid.region, self.regions), near, _OVER_THE_BORDER * near)
        if self.is_either or not self.towns:
            near = np.maximum(near, around(grid, np.isin(grid.region, self.regions)))
        return likelihood(grid, near, self.origin.value)


def parse_hint(text: str, origin: HintOrigin = HintOrigin.USER) -> Hint:
    """Understand a hint.

    Raises:
        HintError: it names no country, region or town that the program knows, or one abroad.
    """
    begin, end, rest = _period(text)
    rest = _CAPITAL.sub("Washington DC", rest)
    parts = [part.strip() for part in _SEPARATORS.split(rest) if part.strip()]
    names = [name for number, part in enumerate(parts) for name in _names_in(part, number > 0, origin)]
    regions = [region for name in names for region in name.regions]
    towns: list[Sequence[Place]] = []
    for number, name in enumerate(names):
        later = {region for other in names[number + 1 :] for region in other.regions}
        inside = _towns_called(name.text, later) if name.regions and later else []
        if inside:
            # “Ontario, California”: what is named before a region is a town of it, where there is one.
            regions = [region for region in regions if region not in name.regions or region in later]
            towns.append(inside)
        elif name.towns:
            towns.append(name.towns)
    countries = {name.country for name in names}
    within = set(regions) or {region.index for region in load_regions() if region.country in countries}
    told = text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"
    if not within and any(name_key(part) in countries_abroad() for part in parts):
        raise HintError(
            "“{text}” lies outside the states, provinces and territories that the program knows.", text=told
        )
    chosen = tuple(pair for found in towns for pair in _weighted(found, within))
    if not chosen and not within:
        raise HintError(
            "“{text}” names no country, state, province or town that the program knows.", text=told
        )
    is_either = not chosen and [name_key(name.text) for name in names if not name.country] == ["washington"]
    if is_either:
        chosen = ((WASHINGTON, 1.0),)
    return Hint(text, chosen, tuple(sorted(within)), begin, end, origin, is_either)


def folder_hint(name: str) -> Hint | None:
    """The hint in the name of a folder; None where it names no place."""
    try:
        return parse_hint(name, HintOrigin.FOLDER)
    except HintError:
        return None


def hint_in_file(city: str | None, state: str | None, country: str | None) -> Hint | None:
    """The hint in what a file names as its place; None where that is abroad, or a city alone.

    A state that is not known counts for nothing beside a country that is.
    """
    land = None
    if country is not None:
        land = COUNTRIES.get(name_key(country)) or _COUNTRY_CODES.get(country.upper())
        if land is None:
            return None
    called = None if state is None else _region_called(state, may_be_short=True)
    within = {r.index for r in load_regions() if (land is None or r.country == land) and r.index == called}
    if not within and land is not None:
        within = {region.index for region in load_regions() if region.country == land}
    if not within:
        return None
    text = ", ".join(name for name in (city, state, country) if name is not None)
    towns = () if city is None else tuple(_weighted(_towns_called(city), within))
    return Hint(text, towns, tuple(sorted(within)), None, None, HintOrigin.FILE)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that was understood: of a country, of regions, or else of towns, the most important ones first."""

    text: str
    country: str | None = None
    regions: tuple[int, ...] = ()
    towns: tuple[Place, ...] = ()


def _names_in(part: str, is_later: bool, origin: HintOrigin) -> list[_Name]:
    """The names in one part of a hint: all of it, one and the region that it is in, or some of its words."""
    may_be_short = is_later and origin is not HintOrigin.FOLDER
    whole = _understood(part, may_be_short)
    if whole is not None:
        return [whole]
    words = part.split()
    for length in range(1, min(len(words), _TAIL_WORDS + 1)):
        tail = _understood(" ".join(words[-length:]), may_be_short=False)
        if tail is None and length == 1 and origin is not HintOrigin.FOLDER:
            short = _region_called(words[-1], may_be_short=True)
            # “montreal qc”: two small letters are a region where there is such a town in it.
            head = "" if short is None else " ".join(words[:-1])
            tail = (
                _Name(words[-1], regions=(short,))
                if short is not None and _towns_called(head, {short})
                else None
            )
        if tail is not None and (tail.regions or tail.country):
            return [*_names_in(" ".join(words[:-length]), False, origin), tail]
    return _names_among(words, origin)


def _names_among(words: list[str], origin: HintOrigin) -> list[_Name]:
    """Names among other words, longer ones first; those begin with a capital letter, or with none in the whole part."""
    found: dict[int, _Name] = {}
    free = [True] * len(words)
    capitals = any(word[:1].isupper() for word in words)
    for length in range(min(len(words) - 1, _MOST_WORDS), 0, -1):
        for first in range(len(words) - length + 1):
            group = words[first : first + length]
            is_name = all(word[:1].isupper() == capitals for word in (group[0], group[-1]))
            if not is_name or len("".join(group)) < _LEAST_LETTERS or not all(free[first : first + length]):
                continue
            before = words[first - 1] if first else ""
            if length == 1 and before[:1].isupper() and name_key(before) not in _NO_NAMES:
                continue  # “John Denver” is no town
            name = _understood(" ".join(group), may_be_short=False)
            if name is None:
                continue
            found[first] = name
            free[first : first + length] = [False] * length
            if origin is HintOrigin.FOLDER:
                return [name]
    return [found[first] for first in sorted(found)]


def _understood(text: str, may_be_short: bool) -> _Name | None:
    key = name_key(text)
    if key in COUNTRIES:
        return _Name(text, country=COUNTRIES[key])
    region = _region_called(text, may_be_short)
    if region is not None:
        return _Name(text, regions=(region,))
    if key in AREAS:
        return _Name(text, regions=tuple(load_regions().by_code(code).index for code in AREAS[key]))
    if key in LANDMARKS:
        return _Name(text, towns=(Place(text, LANDMARKS[key], None),))
    towns = tuple(_towns_called(text))
    return _Name(text, towns=towns) if towns else None


def _region_called(text: str, may_be_short: bool) -> int | None:
    key = name_key(text)
    is_marked = "." in text or (text.isupper() and len(key) == len(text))
    if key in region_names() or not (may_be_short or is_marked):
        return region_names().get(key)
    return region_abbreviations().get(key)


def _towns_called(name: str, within: Set[int] = frozenset()) -> Sequence[Place]:
    """Towns of a name, the more important ones first; only those in some regions, if there are any."""
    places = load_places()
    found = [places[index] for index in _towns_by_key().get(name_key(name), ())]
    return _inside(found, within) if within else found


@cache
def _towns_by_key() -> dict[str, list[int]]:
    towns: dict[str, list[int]] = {}
    for index, name in enumerate(load_places().names):
        towns.setdefault(name_key(name), []).append(index)
    return towns


def _inside(found: Sequence[Place], within: Set[int]) -> Sequence[Place]:
    """Those in some regions; where there are none, those so near that a coarse coastline or border may be why."""
    regions = load_regions()
    inside = [place for place in found if regions.region_at(place.position) in within]
    if inside:
        return inside
    likely = found[:_MOST_NAMESAKES]
    return [p for p in likely if any(regions.distance_km(r, p.position) <= _COAST_KM for r in within)]


def _weighted(found: Sequence[Place], within: Set[int]) -> list[tuple[LatLon, float]]:
    """Towns of one name, the more important ones more probable; only those in the regions that were named."""
    kept = (_inside(found, within) if within else found)[:_MOST_NAMESAKES]
    return [(place.position, 1.0 / rank**2) for rank, place in enumerate(kept, start=1)]


def _period(text: str) -> tuple[datetime | None, datetime | None, str]:
    """The time that a text names, and the text without it."""
    text = _MONTH_YEAR.sub(lambda found: f"{found[2]}-{int(found[1]):02}", text)
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
