"""Settings, keys, history, the guard and exports."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLabel, QSpinBox, QUndoView

from geotagger.core.coordinates import Notation
from geotagger.core.geo import LatLon
from geotagger.core.sentence import Sentence
from geotagger.core.settings import Device, Settings, Theme, load_settings
from geotagger.gui import predicting
from geotagger.gui.challenge_dialog import ChallengeDialog
from geotagger.gui.crash import CrashDialog, CrashWatch
from geotagger.gui.guard import UnwrittenDialog
from geotagger.gui.language import use_language
from geotagger.gui.place_dialogs import PlacesSheet
from geotagger.gui.settings_dialog import SettingsDialog
from geotagger.gui.sheets import AboutDialog, KeySheet
from geotagger.gui.write_dialogs import ReportDialog
from geotagger.session.kept_session import load_session
from geotagger.session.photo import PhotoState
from geotagger.session.write_report import WriteReport
from tests.gui.conftest import App
from tests.images import save_photo


def save_located_photo(path: Path, lat: float, lon: float, seed: int) -> None:
    save_photo(path, seed=seed)
    exif = Image.open(path).getexif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (lat, 0.0, 0.0), 3: "W", 4: (-lon, 0.0, 0.0)})
    Image.open(path).save(path, exif=exif)


def test_every_setting_can_be_changed_and_is_kept(app: App) -> None:
    app.do("settings")
    dialog = app.dialog(SettingsDialog)
    assert isinstance(dialog, SettingsDialog)
    assert set(dialog.inputs) == {declared.name for declared in fields(Settings)}
    assert all((one.focusProxy() or one).accessibleName() for one in dialog.inputs.values())
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
    opened.window.preferences.apply(changed)
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
    app.window.preferences.apply(replace(app.window.workbench.settings, model_dir=str(tmp_path)))
    app.window.preferences.apply(replace(app.window.workbench.settings, device=Device.CPU))
    app.wait(lambda: not app.window.predicting.model_is_loading)
    assert asked == [(None, "cpu")]


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


def test_no_dialog_cuts_off_what_it_says(app: App) -> None:
    use_language("fr")
    reason = Sentence("Another program has changed this file since it was read.")
    report = WriteReport(1, failures=[(Path("n" * 150 + f"{number}.jpg"), reason) for number in range(7)])
    for dialog in (
        AboutDialog("geotagger-b0-12345678", app.window),
        ReportDialog(report, app.window),
        UnwrittenDialog(3, app.window),
        PlacesSheet(app.window.placing, Notation.DECIMAL, app.window),
        KeySheet(app.window.actions_.declared, app.window),
        SettingsDialog(Settings(), app.window),
    ):
        dialog.open()
        app.wait(lambda dialog=dialog: dialog.isVisible())
        for number in range(dialog.pages.count()) if isinstance(dialog, SettingsDialog) else (0,):
            if isinstance(dialog, SettingsDialog):
                dialog.pages.setCurrentIndex(number)
                app.wait(dialog.pages.widget(number).isVisible)
            for label in dialog.findChildren(QLabel):
                if label.isVisible() and label.wordWrap():
                    assert label.height() >= label.heightForWidth(label.width()), label.text()
        dialog.close()
    app.wait(
        lambda: not any(isinstance(w, QDialog) and w.isVisible() for w in QApplication.topLevelWidgets())
    )
