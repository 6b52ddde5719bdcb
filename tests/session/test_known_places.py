"""Places that the user has named."""

from __future__ import annotations

from pathlib import Path

import pytest

from geotagger.core.errors import KnownPlaceError
from geotagger.core.geo import LatLon, destination
from geotagger.session.known_places import KnownPlaces, known_places_file

CABIN, HOME = LatLon(46.9, -110.4), LatLon(45.5, -73.6)


def names(places: KnownPlaces) -> list[str]:
    return [place.name for place in places.all]


def test_places_are_kept_in_order_for_the_next_start() -> None:
    places = KnownPlaces()
    places.add("  Home   town ", HOME)
    places.add("Éclair cabin", CABIN)
    again = KnownPlaces()
    assert names(again) == ["Éclair cabin", "Home town"]
    assert again.all[0].position == CABIN


def test_the_same_name_moves_the_place() -> None:
    places = KnownPlaces()
    places.add("Cabin", HOME)
    places.add("cabin", CABIN)
    assert [(p.name, p.position) for p in KnownPlaces().all] == [("cabin", CABIN)]


def test_rename_and_remove() -> None:
    places = KnownPlaces()
    places.add("Cabin", CABIN)
    places.add("Home", HOME)
    places.rename("Cabin", "Hut")
    places.rename("Home", "HOME")
    assert names(KnownPlaces()) == ["HOME", "Hut"]
    places.remove("HOME")
    assert names(KnownPlaces()) == ["Hut"]


def test_names_that_cannot_be_are_refused_with_a_sentence() -> None:
    places = KnownPlaces()
    places.add("Cabin", CABIN)
    places.add("Home", HOME)
    with pytest.raises(KnownPlaceError, match="already a place called Cabin"):
        places.rename("Home", "Cabin")
    with pytest.raises(KnownPlaceError, match="needs a name"):
        places.add("  ", HOME)
    assert names(places) == ["Cabin", "Home"]


def test_search_knows_no_accents_and_finds_starts_of_words() -> None:
    places = KnownPlaces()
    places.add("Chalet d'été", CABIN)
    places.add("Saint-Élie", HOME)
    assert [p.name for p in places.search("eLi")] == ["Saint-Élie"]
    assert [p.name for p in places.search("chal")] == ["Chalet d'été"]
    assert places.search("halet") == []
    assert places.search("  ") == []


def test_a_photo_nearby_is_at_the_place() -> None:
    places = KnownPlaces()
    assert places.at(CABIN) is None
    places.add("Cabin", CABIN)
    found = places.at(destination(CABIN, 90, 0.2))
    assert found is not None
    assert found.name == "Cabin"
    assert places.at(destination(CABIN, 90, 0.5)) is None


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 1, "places": [{"name": "x", "lat": 95, "lon": 0}]}']
)
def test_a_damaged_file_is_set_aside(content: str) -> None:
    file = known_places_file()
    file.write_text(content)
    places = KnownPlaces()
    assert len(places) == 0
    assert file.with_name("places.json.damaged").read_text() == content
    places.add("Cabin", CABIN)
    assert names(KnownPlaces()) == ["Cabin"]


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    places = KnownPlaces(tmp_path / "gone" / "places.json")
    with pytest.raises(KnownPlaceError, match="could not be kept"):
        places.add("Cabin", CABIN)
    assert len(places) == 0


def test_places_that_cannot_be_read_just_now_are_left_alone() -> None:
    file = known_places_file()
    KnownPlaces().add("Cabin", CABIN)
    aside = file.rename(file.with_name("aside"))
    file.mkdir()  # refuses to be read for everybody, also for who may do everything
    places = KnownPlaces()
    with pytest.raises(KnownPlaceError, match="could not be kept"):
        places.add("Home", CABIN)
    file.rmdir()
    aside.rename(file)
    with pytest.raises(KnownPlaceError, match="could not be kept"):
        places.add("Home", CABIN)
    assert names(KnownPlaces()) == ["Cabin"]
