"""Tracks, hints, switches and learning in the real window: guesses follow at once, and it is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit

from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.core.paths import data_dir
from geotagger.core.settings import load_settings
from geotagger.evidence.gallery import DATABASE_NAME, Gallery
from geotagger.gui.evidence_sheet import EvidenceSheet
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.gui.test_judging import GASPE, MONTANA, kinds, place_of, save_located
from tests.gui.test_stories import drop
from tests.images import save_photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(2):
        save_photo(folder / f"open_{number}.jpg", seed=number, taken=f"2024:06:01 10:0{number}:00")
    return folder


def write_track(path: Path, place: LatLon, hour: int) -> Path:
    points = "".join(
        f'<trkpt lat="{place.lat_deg}" lon="{place.lon_deg}"><time>2024-06-01T{hour:02}:{minute:02}:00Z</time></trkpt>'
        for minute in range(0, 60, 5)
    )
    path.write_text(
        '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><trkseg>{points}</trkseg></trk></gpx>"
    )
    return path


def sheet_of(app: App) -> EvidenceSheet:
    app.do("evidence")
    sheet = app.dialog(EvidenceSheet)
    assert isinstance(sheet, EvidenceSheet)
    return sheet


def test_a_dropped_track_places_the_photos_and_says_how_it_read_their_clocks(
    app: App, photos: Path, tmp_path: Path
) -> None:
    app.open(photos)
    track = write_track(tmp_path / "hike.gpx", MONTANA, hour=16)  # 10 o'clock in Montana's summer
    drop(app, track)
    app.wait(lambda: all("track" in kinds(app, f"open_{n}.jpg") for n in range(2)))
    assert place_of(app, "open_0.jpg").distance_km(MONTANA) < 1
    assert len(app.window.workbench.session) == 2, "a track is no photo"
    app.select("open_0.jpg")
    app.do("accept")
    edited = app.photo("open_0.jpg").edited
    assert edited is not None
    assert edited.source is Source.TRACK

    sheet = sheet_of(app)
    assert [sheet.track_list.item(0).text(), sheet.track_list.count()] == ["hike.gpx", 1]
    assert sheet._clock.text().startswith("−06:00: ")
    sheet.offset.setText("+02:00")
    sheet.offset.editingFinished.emit()
    assert app.window.given.offset_by_hand == timedelta(hours=2)
    app.wait(lambda: "track" not in kinds(app, "open_1.jpg"))
    sheet.offset.setText("nonsense")
    sheet.offset.editingFinished.emit()
    assert not sheet._problem.isHidden()
    sheet.offset.setText("")
    sheet.offset.editingFinished.emit()
    app.wait(lambda: "track" in kinds(app, "open_1.jpg"))
    sheet.track_list.setCurrentRow(0)
    sheet.remove_button.click()
    app.wait(lambda: "track" not in kinds(app, "open_1.jpg"))
    assert app.photo("open_0.jpg").state is PhotoState.ACCEPTED, "decisions stay"
    sheet.accept()


def test_the_clock_of_a_camera_is_told_and_set_for_each_folder(app: App, tmp_path: Path) -> None:
    for month, folder in ((6, "june"), (7, "july")):
        for number, camera in enumerate(("Testmake One", "Othermake Two")):
            name = tmp_path / folder / f"{folder}{number}.jpg"
            save_photo(
                name, seed=10 * month + number, taken=f"2024:0{month}:01 1{number}:00:00", camera=camera
            )
    app.open(tmp_path / "june", tmp_path / "july")
    app.wait(lambda: len(app.window.judging.cameras) == 2)
    sheet = sheet_of(app)
    fields = {field.accessibleName(): field for field in sheet.findChildren(QLineEdit)}
    (june,) = (name for name in fields if name.startswith("june · "))
    assert any(name.startswith("july · ") for name in fields)
    fields[june].setText("+1:00")
    fields[june].editingFinished.emit()
    ((roll, _),) = app.window.given.camera_offsets
    assert roll == str(tmp_path / "june")
    sheet.accept()


def test_a_file_that_is_no_track_is_named_and_changes_nothing(app: App, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gpx"
    bad.write_text("this is a letter")
    drop(app, bad)
    app.wait(lambda: "bad.gpx" in app.window.notices.text)
    assert app.window.given.paths == ()
    assert app.window.given.track is None


def test_a_damaged_gallery_is_told_once_and_the_rest_still_speaks(app: App, photos: Path) -> None:
    (data_dir() / DATABASE_NAME).write_bytes(b"this is no database" * 100)
    save_located(photos / "located.jpg", seed=9, taken="2024:06:01 10:05:00")
    app.open(photos)
    app.wait(lambda: "time-neighbour" in kinds(app, "open_0.jpg"))
    assert "The photos are judged without it." in app.window.notices.text


def test_switches_judge_at_once_and_are_remembered(app: App, photos: Path) -> None:
    save_located(photos / "located.jpg", seed=9, taken="2024:06:01 10:05:00")
    app.open(photos)
    assert "time-neighbour" in kinds(app, "open_0.jpg")
    sheet = sheet_of(app)
    sheet.switches["judge_together"].setChecked(False)
    app.wait(lambda: kinds(app, "open_0.jpg") == ["image"])
    assert not load_settings().judge_together
    shown = place_of(app, "open_0.jpg")
    sheet.switches["use_image"].setChecked(False)
    app.wait(lambda: place_of(app, "open_0.jpg") != shown)
    unseen = {place_of(app, f"open_{number}.jpg") for number in range(2)}
    assert len(unseen) == 1, "without a picture all photos are alike"
    assert not load_settings().use_image
    sheet.switches["use_image"].setChecked(True)
    app.wait(lambda: place_of(app, "open_0.jpg") == shown)
    sheet.accept()


def test_a_hint_in_words_counts_until_it_is_taken_back(app: App, photos: Path) -> None:
    app.open(photos)
    sheet = sheet_of(app)
    sheet.hint.setText("nowhere at all, really")
    sheet.hint.editingFinished.emit()
    app.wait(lambda: not sheet._hint_problem.isHidden())
    sheet.hint.setText("Banff")
    sheet.hint.editingFinished.emit()
    app.wait(lambda: "hint" in kinds(app, "open_0.jpg"))
    assert sheet._hint_problem.isHidden()
    sheet.hint.setText("")
    sheet.hint.editingFinished.emit()
    app.wait(lambda: "hint" not in kinds(app, "open_0.jpg"))
    sheet.accept()


def test_located_photos_are_learned_and_forgotten(app: App, photos: Path) -> None:
    save_located(photos / "located.jpg", seed=9, taken="2024:06:01 10:05:00")
    app.open(photos)
    before = (photos / "located.jpg").read_bytes()
    sheet = sheet_of(app)
    app.wait(
        lambda: sheet._known.text().startswith("The program knows 0 photos. 1 of the photos in the list")
    )
    assert not sheet.forget_button.isEnabled(), "there is nothing to forget"
    sheet.learn_button.click()
    app.wait(lambda: sheet._known.text().startswith("The program knows 1 photo."))
    with Gallery() as gallery:
        assert gallery.count() == 1
    assert (photos / "located.jpg").read_bytes() == before
    sheet.forget_button.click()
    app.wait(lambda: sheet._known.text().startswith("The program knows 0 photos."))
    with Gallery() as gallery:
        assert gallery.count() == 0
    sheet.accept()


def test_learning_can_be_cancelled(app: App, photos: Path) -> None:
    for number in range(20):
        save_located(photos / f"located_{number}.jpg", seed=number, taken="2024:06:01 10:05:00")
    app.open(photos)
    app.window.learning.learn()
    assert app.window.learning.progress.running
    app.window.cancel_work()
    assert not app.window.learning.progress.running
    app.wait(app.is_idle)


def test_a_correction_is_learned_where_the_user_wants_it_and_forgotten_with_it(
    app: App, photos: Path
) -> None:
    app.window.preferences.apply(replace(app.window.workbench.settings, learn_corrections=True))
    app.open(photos)
    app.select("open_0.jpg")
    with app.bot.waitSignal(app.window.learning.changed, timeout=60_000):
        app.window.workbench.place(app.window.workbench.selected_ids, GASPE)
    with Gallery() as gallery:
        assert gallery.count() == 1
    with app.bot.waitSignal(app.window.learning.changed, timeout=60_000):
        app.do("undo")
    with Gallery() as gallery:
        assert gallery.count() == 0
