"""Towns by position and by name."""

from __future__ import annotations

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.places import load_places


@pytest.mark.parametrize(
    ("lat", "lon", "name", "region"),
    [
        (45.68, -111.05, "Bozeman", "Montana"),
        (60.72, -135.05, "Whitehorse", "Yukon"),
        (45.51, -73.57, "Montréal", "Quebec"),
        (21.31, -157.86, "Honolulu", "Hawaii"),
    ],
)
def test_nearest_town(lat: float, lon: float, name: str, region: str) -> None:
    place, distance_km = load_places().nearest(LatLon(lat, lon))
    assert (place.name, place.region) == (name, region)
    assert distance_km < 12


def test_search_finds_the_exact_name_first() -> None:
    assert load_places().search("Bozeman")[0].name == "Bozeman"
    assert load_places().search("boze")[0].region == "Montana"


def test_search_ignores_case_and_accents() -> None:
    assert load_places().search("montreal")[0].name == "Montréal"
    assert load_places().search("MONTRÉAL")[0].region == "Quebec"


def test_a_region_after_a_comma_chooses_among_namesakes() -> None:
    found = load_places().search("portland, or")
    assert [place.region for place in found] == ["Oregon"] * len(found)
    assert found[0].position.distance_km(LatLon(45.52, -122.68)) < 20


def test_search_for_nothing_or_nonsense_finds_nothing() -> None:
    assert load_places().search("") == []
    assert load_places().search(" , montana") == []
    assert load_places().search("xqzzt") == []


def test_search_gives_no_more_than_asked_for() -> None:
    assert len(load_places().search("s", limit=5)) == 5
