"""Photos of one trip in the real window: a place spreads to the neighbours in time, decisions stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo

MONTANA, GASPE = LatLon(46.9, -110.4), LatLon(48.8, -64.5)


def save_located(path: Path, seed: int, taken: str) -> None:
    save_photo(path, seed=seed, taken=taken)
    with Image.open(path) as image:
        exif = image.getexif()
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (46, 54, 0), 3: "W", 4: (110, 24, 0)})
        image.save(path, exif=exif)


@pytest.fixture
def trip(tmp_path: Path) -> Path:
    folder = tmp_path / "trip"
    for number in range(3):
        save_photo(folder / f"open_{number}.jpg", seed=number, taken=f"2024:06:01 10:0{number}:00")
    return folder


def place_of(app: App, name: str) -> LatLon:
    prediction = app.photo(name).prediction
    assert prediction is not None
    return prediction.position


def kinds(app: App, name: str) -> list[str]:
    prediction = app.photo(name).prediction
    assert prediction is not None
    return [evidence.kind for evidence in prediction.evidence]


def place(app: App, name: str, position: LatLon) -> None:
    app.select(name)
    app.window.workbench.place(app.window.workbench.selected_ids, position)
    app.wait(lambda: app.window.judging.busy)
    app.wait(app.is_idle)


def test_a_located_photo_places_its_neighbours_and_the_file_says_so(app: App, trip: Path) -> None:
    save_located(trip / "located.jpg", seed=9, taken="2024:06:01 10:05:00")
    app.open(trip)
    assert app.photo("located.jpg").state is PhotoState.LOCATED
    assert app.photo("located.jpg").prediction is None
    for number in range(3):
        name = f"open_{number}.jpg"
        assert app.photo(name).state is PhotoState.PREDICTED
        assert place_of(app, name).distance_km(MONTANA) < 5
        assert "time-neighbour" in kinds(app, name)
    app.select("open_0.jpg")
    assert "5 min before located, which has GPS" in app.window.panel._evidence.text()
    app.do("accept")
    edited = app.photo("open_0.jpg").edited
    assert edited is not None
    assert edited.source is Source.NEIGHBOUR


def test_a_correction_moves_the_rest_of_the_trip_and_no_decision(app: App, trip: Path) -> None:
    app.open(trip)
    app.select("open_2.jpg")
    app.do("accept")
    accepted = app.photo("open_2.jpg")
    before = place_of(app, "open_1.jpg")
    assert before.distance_km(GASPE) > 50
    place(app, "open_0.jpg", GASPE)
    assert place_of(app, "open_1.jpg").distance_km(GASPE) < 5
    assert app.window.notices.text == "1 photo of this trip moved."
    assert app.photo("open_2.jpg") == accepted
    assert app.photo("open_0.jpg").shown_position == GASPE

    app.select("open_2.jpg")
    app.do("revert")
    app.wait(lambda: place_of(app, "open_2.jpg").distance_km(GASPE) < 5)

    app.do("undo")
    app.do("undo")
    app.wait(lambda: place_of(app, "open_1.jpg") == before)
    assert app.photo("open_2.jpg").edited == accepted.edited
    assert app.photo("open_2.jpg").state is PhotoState.ACCEPTED
    assert app.photo("open_0.jpg").state is PhotoState.PREDICTED


def test_a_correction_overtakes_one_that_is_still_being_judged(app: App, trip: Path) -> None:
    app.open(trip)
    judging = app.window.judging
    app.select("open_0.jpg")
    ids = app.window.workbench.selected_ids
    app.window.workbench.place(ids, MONTANA)
    app.wait(lambda: judging._asked_ids)
    app.window.workbench.place(ids, GASPE)
    app.wait(lambda: place_of(app, "open_1.jpg").distance_km(GASPE) < 5)
    app.wait(app.is_idle)
    assert place_of(app, "open_2.jpg").distance_km(GASPE) < 5


def test_with_the_setting_off_each_photo_is_judged_alone(app: App, trip: Path) -> None:
    together = app.window.workbench.settings
    app.window.preferences.apply(replace(together, judge_together=False))
    app.open(trip)
    alone = {p.path.name: p.prediction for p in app.window.workbench.session}
    assert all(kinds(app, name) == ["image"] for name in alone)
    app.window.preferences.apply(together)
    app.wait(lambda: app.window.judging.busy)
    app.wait(app.is_idle)
    assert all("time-neighbour" in kinds(app, name) for name in alone)
    app.window.preferences.apply(replace(together, judge_together=False))
    app.wait(lambda: {p.path.name: p.prediction for p in app.window.workbench.session} == alone)


def test_closing_a_photo_takes_its_place_from_the_others(app: App, trip: Path) -> None:
    save_located(trip / "located.jpg", seed=9, taken="2024:06:01 10:05:00")
    app.open(trip)
    assert place_of(app, "open_0.jpg").distance_km(MONTANA) < 5
    app.select("located.jpg")
    app.do("close")
    app.wait(lambda: app.window.judging.busy)
    app.wait(app.is_idle)
    assert place_of(app, "open_0.jpg").distance_km(MONTANA) > 5
    assert app.window.notices.text == "3 photos of this trip moved."
    moves = app.window.notices._details.splitlines()
    assert [line.partition(":")[0] for line in moves] == ["open_0.jpg", "open_1.jpg", "open_2.jpg"]


def test_the_first_photo_is_shown_at_once(app: App, trip: Path) -> None:
    app.open(trip)
    assert app.window.workbench.current_id == app.window.model.visible_ids[0]
