"""Settings, keys, history, the guard, exports, and coming back after a crash."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from PySide6.QtWidgets import QComboBox, QLabel, QSpinBox, QUndoView

from geotagger.core.coordinates import Notation
from geotagger.core.geo import LatLon
from geotagger.core.settings import Device, Settings, Theme, load_settings
from geotagger.gui import keeping, predicting, reading
from geotagger.gui.appearance import Appearance
from geotagger.gui.challenge_dialog import ChallengeDialog
from geotagger.gui.crash import CrashDialog, CrashWatch
from geotagger.gui.guard import UnwrittenDialog
from geotagger.gui.jobs import Jobs
from geotagger.gui.settings_dialog import SettingsDialog
from geotagger.gui.sheets import AboutDialog, KeySheet
from geotagger.session.kept_session import load_session
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo


def save_located_photo(path: Path, lat: float, lon: float, seed: int) -> None:
    save_photo(path, seed=seed)
    exif = Image.open(path).getexif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (lat, 0.0, 0.0), 3: "W", 4: (-lon, 0.0, 0.0)})
    Image.open(path).save(path, exif=exif)


@pytest.fixture
def opened(app: App, tmp_path: Path) -> Iterator[App]:
    for number in range(2):
        save_photo(tmp_path / "photos" / f"IMG_{number}.jpg", seed=number)
    app.open(tmp_path / "photos")
    yield app
    app.window._closing_agreed = True


def test_every_setting_can_be_changed_and_is_kept(app: App) -> None:
    app.do("settings")
    dialog = app.dialog(SettingsDialog)
    assert isinstance(dialog, SettingsDialog)
    assert set(dialog.inputs) == {declared.name for declared in fields(Settings)}
    notation, theme = dialog.inputs["notation"], dialog.inputs["theme"]
    assert isinstance(notation, QComboBox)
    assert isinstance(theme, QComboBox)
    notation.setCurrentIndex(list(Notation).index(Notation.DEGREES_MINUTES_SECONDS))
    theme.setCurrentIndex(list(Theme).index(Theme.DARK))
    threshold = dialog.inputs["accept_threshold"]
    assert isinstance(threshold, QSpinBox)
    threshold.setValue(75)
    dialog.save_button.click()
    kept = load_settings()
    assert kept.notation is Notation.DEGREES_MINUTES_SECONDS
    assert kept.accept_threshold == 0.75
    assert app.window.appearance.palette.dark
    assert app.window.toolbar.threshold == 0.75


def test_positions_are_shown_in_the_chosen_notation(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    opened.wait(lambda: opened.window.panel.position.text() == "46.90000, -110.40000")
    changed = Settings(theme=Theme.LIGHT, notation=Notation.DEGREES_MINUTES_SECONDS)
    opened.window.apply_settings(changed)
    assert opened.window.panel.position.text() == "46°54′00.0″N 110°24′00.0″W"


def test_key_sheet_names_every_action_with_a_key(app: App) -> None:
    app.do("shortcuts")
    sheet = app.dialog(KeySheet)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    for declared in app.window.actions_.declared:
        if declared.keys:
            assert declared.tip in shown
    sheet.accept()


def test_about_names_the_model_and_the_licences(opened: App) -> None:
    opened.do("about")
    sheet = opened.dialog(AboutDialog)
    text = "\n".join(label.text() for label in sheet.findChildren(QLabel))
    facts = opened.window.predicting.facts
    assert facts is not None
    assert facts.model_id in text
    assert "LGPL" in text
    assert "Natural Earth" in text
    sheet.accept()


def test_history_lists_the_steps_and_goes_back_by_a_click(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.do("accept")
    opened.select("IMG_1.jpg")
    opened.do("reject")
    opened.do("history")
    view = opened.window.findChild(QUndoView)
    assert isinstance(view, QUndoView)
    assert view.model().rowCount() == 3
    view.setCurrentIndex(view.model().index(0, 0))
    assert set(opened.states().values()) == {PhotoState.PREDICTED}


def test_closing_with_unwritten_positions_asks_first(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.do("accept")
    opened.window.close()
    assert opened.window.isVisible()
    guard = opened.dialog(UnwrittenDialog)
    assert isinstance(guard, UnwrittenDialog)
    guard.reject()
    assert opened.window.isVisible()
    opened.window.close()
    guard = opened.dialog(UnwrittenDialog)
    assert isinstance(guard, UnwrittenDialog)
    guard.drop_button.click()
    assert not opened.window.isVisible()
    assert load_session() == []


def test_kept_decisions_come_back_at_the_next_start(opened: App, jobs: Jobs, appearance: Appearance) -> None:
    from geotagger.gui.window import MainWindow

    opened.select("IMG_0.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    opened.select("IMG_1.jpg")
    opened.do("reject")
    opened.window.close()
    guard = opened.dialog(UnwrittenDialog)
    assert isinstance(guard, UnwrittenDialog)
    guard.keep_button.click()
    assert not opened.window.isVisible()
    again = App(MainWindow(jobs, Settings(theme=Theme.LIGHT), appearance), opened.bot)
    opened.bot.addWidget(again.window)
    again.window.show()
    again.window.restore_last_session()
    again.wait(lambda: again.states() == {"IMG_0.jpg": PhotoState.CORRECTED, "IMG_1.jpg": PhotoState.SKIPPED})
    assert again.photo("IMG_0.jpg").shown_position == LatLon(46.9, -110.4)
    assert "2 photos of last time" in again.window.notices.text
    again.wait(again.is_idle)
    again.window._closing_agreed = True


def test_photos_of_last_time_that_are_gone_are_named(opened: App, jobs: Jobs, appearance: Appearance) -> None:
    from geotagger.gui.window import MainWindow

    gone = opened.photo("IMG_1.jpg").path
    opened.window.keeping.keep_now()
    opened.wait(lambda: len(load_session()) == 2)
    gone.unlink()
    again = App(MainWindow(jobs, Settings(theme=Theme.LIGHT), appearance), opened.bot)
    opened.bot.addWidget(again.window)
    again.window.show()
    again.window.restore_last_session()
    again.wait(lambda: list(again.states()) == ["IMG_0.jpg"])
    assert again.window.notices.text == "1 photo of last time is no longer there."
    assert again.window.notices._details == str(gone)
    again.wait(again.is_idle)
    again.window._closing_agreed = True


def test_a_drive_that_does_not_answer_holds_up_neither_the_window_nor_what_was_decided(
    opened: App, jobs: Jobs, appearance: Appearance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geotagger.gui.window import MainWindow

    opened.select("IMG_1.jpg")
    opened.do("reject")
    opened.window.keeping.keep_now()
    opened.wait(lambda: [one.skipped for one in load_session()] == [False, True])
    answers, ask = threading.Event(), keeping._are_there

    def ask_and_wait(paths: Sequence[Path]) -> list[bool]:
        assert threading.current_thread() is not threading.main_thread()
        assert answers.wait(60)
        return ask(paths)

    monkeypatch.setattr(keeping, "_are_there", ask_and_wait)
    again = App(MainWindow(jobs, Settings(theme=Theme.LIGHT), appearance), opened.bot)
    opened.bot.addWidget(again.window)
    again.window.show()
    try:
        again.window.restore_last_session()
        again.wait(lambda: again.window.map_view._bridge.is_ready)
        assert again.states() == {}
        again.window.keeping.close(keep=False)
        assert [one.skipped for one in load_session()] == [False, True]
    finally:
        answers.set()
    again.wait(lambda: again.states().get("IMG_1.jpg") is PhotoState.SKIPPED and len(again.states()) == 2)
    assert "2 photos of last time" in again.window.notices.text
    again.wait(again.is_idle)
    again.window._closing_agreed = True


@pytest.mark.parametrize("is_stopped", [False, True])
@pytest.mark.parametrize("step", ["_take", "_read_all"])
def test_a_window_closed_before_the_photos_of_last_time_are_back_keeps_what_was_decided(
    opened: App,
    jobs: Jobs,
    appearance: Appearance,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_stopped: bool,
) -> None:
    from geotagger.gui.window import MainWindow

    opened.select("IMG_1.jpg")
    opened.do("reject")
    opened.window.keeping.keep_now()
    opened.wait(lambda: [one.skipped for one in load_session()] == [False, True])
    answers, do = threading.Event(), getattr(reading, step)

    def wait_and_do(found: Any) -> Any:
        assert answers.wait(60)
        return do(found)

    monkeypatch.setattr(reading, step, wait_and_do)
    again = App(MainWindow(jobs, Settings(theme=Theme.LIGHT), appearance), opened.bot)
    opened.bot.addWidget(again.window)
    try:
        again.window.restore_last_session()
        again.wait(lambda: "2 photos of last time" in again.window.notices.text)
        if step == "_read_all":
            again.wait(lambda: set(again.states().values()) == {PhotoState.READING})
        if is_stopped:
            again.window.reading.cancel()
            assert again.states() == {}
        again.window.close()
        assert [one.path.name for one in load_session() if one.skipped] == ["IMG_1.jpg"]
    finally:
        answers.set()


def test_another_model_is_only_used_from_the_next_start_on(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its guesses could not be judged with those that are there, whose cells are others."""
    app.window.predicting.load_model()
    app.wait(lambda: app.window.predicting.predictor is not None)
    asked: list[tuple[Path | None, str]] = []
    made = app.window.predicting.predictor

    def make(folder: Path | None, device: str, on_notice: Any) -> Any:
        asked.append((folder, device))
        return made

    monkeypatch.setattr(predicting, "_make_predictor", make)
    app.window.apply_settings(replace(app.window.workbench.settings, model_dir=str(tmp_path)))
    app.window.apply_settings(replace(app.window.workbench.settings, device=Device.CPU))
    app.wait(lambda: not app.window.predicting.model_is_loading)
    assert asked == [(None, "cpu")]


def test_the_session_is_kept_while_the_user_works(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.do("accept")
    opened.window.keeping.keep_now()
    opened.wait(lambda: any(photo.edited for photo in load_session()))


def test_a_window_that_was_closed_with_nothing_left_to_do_starts_empty(opened: App) -> None:
    opened.window.keeping.keep_now()
    opened.wait(lambda: len(load_session()) == 2)
    opened.window.close()
    assert load_session() == []


def test_exports_hold_what_the_window_shows(opened: App, tmp_path: Path) -> None:
    opened.select("IMG_0.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    for ending in ("csv", "geojson", "gpx", "kml", "html"):
        file = tmp_path / f"positions.{ending}"
        opened.window.exporting.export(file)
        opened.wait(
            lambda name=file.name: f"2 positions were exported to {name}" in opened.window.notices.text
        )
        text = file.read_text(encoding="utf-8")
        assert "IMG_0.jpg" in text
        assert "IMG_1.jpg" in text
        assert "46.9" in text


def test_an_export_that_fails_says_why(opened: App, tmp_path: Path) -> None:
    opened.window.exporting.export(tmp_path / "no such folder" / "positions.csv")
    opened.wait(lambda: not opened.window.notices.isHidden())
    assert opened.window.notices.text.endswith(".")


def test_unexpected_errors_end_in_a_report_that_can_be_copied(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = CrashWatch()
    try:
        raise RuntimeError("a bug that nobody caught")
    except RuntimeError as error:
        watch._on_error(RuntimeError, error, error.__traceback__)
    dialog = app.dialog(CrashDialog)
    assert isinstance(dialog, CrashDialog)
    assert "a bug that nobody caught" in dialog.text.toPlainText()
    assert "Python" in dialog.text.toPlainText()
    dialog.accept()


def test_a_challenge_is_played_to_its_end(app: App, tmp_path: Path) -> None:
    for number in range(2):
        save_located_photo(tmp_path / f"IMG_{number}.jpg", 46.0 + number, -110.0, seed=number)
    app.window.open_paths([tmp_path])
    app.wait(lambda: list(app.states().values()) == [PhotoState.LOCATED] * 2 and app.window.predicting.facts)
    app.do("challenge")
    game = app.dialog(ChallengeDialog)
    assert isinstance(game, ChallengeDialog)
    for _ in range(2):
        assert not game.button.isEnabled()
        truth = game.challenge.round.truth
        game.map_view.map_clicked.emit(truth.lat_deg, truth.lon_deg)
        assert "Model" not in game.text, "the model's guess is hidden until the user has guessed"
        game.button.click()
        assert "You: 0 km away, 100 points" in game.text
        app.wait(lambda: game.challenge.round.model is not None)
        app.wait(lambda: "Model: " in game.text and "no guess" not in game.text)
        game.button.click()
    assert "You 200, model " in game.text
    game.button.click()
    assert set(app.states().values()) == {PhotoState.LOCATED}, "playing changes nothing in the session"


def test_a_challenge_needs_located_photos(opened: App) -> None:
    opened.do("challenge")
    assert "needs photos that hold a position" in opened.window.notices.text
