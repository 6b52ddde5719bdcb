"""Whole stories in the real window: real files, the real model, the real map; files are re-read by other readers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QLabel

from geotagger.core.geo import LatLon
from geotagger.gui.write_dialogs import ReportDialog, SummaryDialog
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.gui.map.map_samples import DRAG, LoadedMap
from tests.images import bad_photos, save_photo


def gps_of(path: Path) -> tuple[float, float] | None:
    """The position as Pillow reads it."""
    with Image.open(path) as image:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    if not gps:
        return None
    lat, lon = (float(d) + float(m) / 60 + float(s) / 3600 for d, m, s in (gps[2], gps[4]))
    return (-lat if gps[1] == "S" else lat, -lon if gps[3] == "W" else lon)


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def drop(app: App, *paths: Path) -> QDropEvent:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction | Qt.DropAction.MoveAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.setDropAction(Qt.DropAction.MoveAction)
    app.window.dropEvent(event)
    return event


def write_all(app: App) -> None:
    app.do("write")
    summary = app.dialog(SummaryDialog)
    summary.write_button.click()
    app.wait(lambda: not app.window.writing.busy)


def close_report(app: App) -> None:
    app.dialog(ReportDialog).accept()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        save_photo(
            tmp_path / "photos" / f"IMG_{number}.jpg", seed=number, taken=f"2024:06:0{number + 1} 10:00:00"
        )
    return tmp_path / "photos"


def test_drop_predict_correct_accept_write_undo(app: App, folder: Path) -> None:
    before = digests(folder)
    event = drop(app, folder)
    assert event.dropAction() is Qt.DropAction.CopyAction, "a move would delete the photos"
    app.wait(lambda: len(app.window.workbench.session) == 6 and app.is_idle())
    assert set(app.states().values()) == {PhotoState.PREDICTED}
    assert digests(folder) == before, "predicting writes nothing"

    app.select("IMG_0.jpg")
    app.do("accept")
    app.select("IMG_1.jpg")
    app.window.panel.position.setFocus()
    app.window.panel.position.selectAll()
    QTest.keyClicks(app.window.panel.position, "46°54'N 110°24'W")
    QTest.keyClick(app.window.panel.position, Qt.Key.Key_Return)
    app.select("IMG_2.jpg")
    app.do("reject")
    assert app.photo("IMG_0.jpg").state is PhotoState.ACCEPTED
    assert app.photo("IMG_1.jpg").state is PhotoState.CORRECTED
    assert app.photo("IMG_2.jpg").state is PhotoState.SKIPPED

    write_all(app)
    close_report(app)
    assert gps_of(folder / "IMG_1.jpg") == pytest.approx((46.9, -110.4), abs=1e-6)
    guess = app.photo("IMG_0.jpg").prediction
    assert guess is not None
    assert gps_of(folder / "IMG_0.jpg") == pytest.approx(
        (guess.position.lat_deg, guess.position.lon_deg), abs=1e-6
    )
    assert gps_of(folder / "IMG_2.jpg") is None
    assert app.photo("IMG_0.jpg").state is PhotoState.WRITTEN

    app.do("undo")
    app.wait(lambda: not app.window.writing.busy)
    close_report(app)
    assert digests(folder) == before, "undo brings every file back byte for byte"
    assert app.photo("IMG_1.jpg").state is PhotoState.CORRECTED

    app.do("redo")
    app.wait(lambda: not app.window.writing.busy)
    close_report(app)
    assert gps_of(folder / "IMG_1.jpg") == pytest.approx((46.9, -110.4), abs=1e-6)
    app.do("undo")
    app.wait(lambda: not app.window.writing.busy)
    close_report(app)
    while app.window.workbench.undo_stack.canUndo():
        app.do("undo")
    assert digests(folder) == before
    assert set(app.states().values()) == {PhotoState.PREDICTED}


def test_undo_this_run_in_the_report(app: App, folder: Path) -> None:
    before = digests(folder)
    app.open(folder)
    app.window.workbench.select([p.id for p in app.window.workbench.session])
    app.do("accept")
    write_all(app)
    assert digests(folder) != before
    report = app.dialog(ReportDialog)
    report.undo_button.click()
    app.wait(lambda: not app.window.writing.busy)
    close_report(app)
    assert digests(folder) == before


def test_every_bad_photo_gets_a_sentence_and_the_others_go_on(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    bad = bad_photos(folder)
    save_photo(folder / "good.jpg", seed=3)
    app.open(folder)
    broken = [path for path in bad.values() if path.exists()]
    assert len(broken) >= 4
    for path in broken:
        photo = app.photo(path.name)
        assert photo.state is PhotoState.FAILED, path.name
        assert photo.error is not None
        assert photo.error.endswith(".")
    assert app.photo("good.jpg").state is PhotoState.PREDICTED


def test_a_photo_changed_by_another_program_is_not_written(app: App, folder: Path) -> None:
    app.open(folder)
    app.select("IMG_3.jpg")
    app.window.workbench.place(app.window.workbench.selected_ids, LatLon(50.0, -100.0))
    save_photo(folder / "IMG_3.jpg", seed=99)
    before = digests(folder)
    write_all(app)
    close_report(app)
    assert digests(folder) == before
    assert app.photo("IMG_3.jpg").state is PhotoState.FAILED
    write_all(app)
    close_report(app)
    assert gps_of(folder / "IMG_3.jpg") == pytest.approx((50.0, -100.0), abs=1e-6)
    assert app.photo("IMG_3.jpg").state is PhotoState.WRITTEN, "trying again takes the file as it is now"


def test_while_a_run_is_paused_another_cannot_begin(app: App, folder: Path) -> None:
    app.open(folder)
    app.window.workbench.select([p.id for p in app.window.workbench.session])
    app.do("accept")
    app.do("write")
    app.window.writing.pause(True)
    summary = app.dialog(SummaryDialog)
    app.window.writing.progressed.connect(lambda: app.window.writing.pause(True))
    summary.write_button.click()
    app.wait(lambda: app.window.writing.busy)
    app.select("IMG_1.jpg")  # makes the toolbar count anew, a moment later
    app.wait(lambda: not app.window.toolbar._counting.isActive())
    assert not app.window.actions_["write"].isEnabled()
    app.window.writing.progressed.disconnect()
    app.window.writing.progressed.connect(app.window._refresh_actions)
    app.window.writing.pause(False)
    app.wait(lambda: not app.window.writing.busy)
    close_report(app)
    assert not app.window.actions_["write"].isEnabled(), "nothing is left to write"


def test_skipped_files_are_counted_and_named(app: App, folder: Path) -> None:
    (folder / "notes.docx").write_text("not a photo")
    app.open(folder)
    assert not app.window.notices.isHidden()
    assert app.window.notices.text.startswith("1 file was passed over")
    assert "notes.docx" in app.window.notices._details


def test_one_photo_dropped_twice_comes_in_once(app: App, folder: Path) -> None:
    app.open(folder)
    link = folder.parent / "link.jpg"
    link.symlink_to(folder / "IMG_0.jpg")
    app.window.open_paths([folder / "IMG_0.jpg", link])
    app.wait(app.is_idle)
    assert len(app.window.workbench.session) == 6
    assert app.window.notices.text == "1 photo was in the list already."


def test_copy_and_paste_put_photos_at_one_place(app: App, folder: Path) -> None:
    app.open(folder)
    QGuiApplication.clipboard().setText("geo:46.9,-110.4")
    app.select("IMG_0.jpg", "IMG_1.jpg")
    app.do("paste")
    assert app.photo("IMG_0.jpg").shown_position == LatLon(46.9, -110.4)
    assert app.photo("IMG_1.jpg").shown_position == LatLon(46.9, -110.4)
    app.select("IMG_1.jpg")
    QGuiApplication.clipboard().clear()
    app.do("copy")
    assert QGuiApplication.clipboard().text() == "46.90000, -110.40000"
    QGuiApplication.clipboard().setText("no position at all")
    app.do("paste")
    assert "Nothing was pasted" in app.window.notices.text


def test_accept_all_takes_exactly_the_counted_guesses(app: App, folder: Path) -> None:
    app.open(folder)
    shares = sorted(p.prediction.best.probability for p in app.window.workbench.session)  # type: ignore[union-attr]
    threshold = shares[2]
    expected = sum(share >= threshold for share in shares)
    app.window.toolbar.threshold = threshold
    app.window.toolbar.refresh()
    assert f"({expected})" in app.window.actions_["accept_all"].text()
    app.do("accept_all")
    assert sum(state is PhotoState.ACCEPTED for state in app.states().values()) == expected
    app.do("undo")
    assert set(app.states().values()) == {PhotoState.PREDICTED}


def test_dragging_the_marker_on_the_real_page_corrects_the_photo(app: App, folder: Path) -> None:
    app.open(folder / "IMG_0.jpg")
    photo = app.photo("IMG_0.jpg")
    assert photo.prediction is not None
    view = app.window.map_view
    page = LoadedMap(view, view.findChild(QWebEngineView).page(), app.bot)
    app.select("IMG_0.jpg")
    icon = f"document.querySelector('[data-photo=\"{photo.id}\"]')"
    page.wait_js(f"Boolean({icon})")
    page.run(DRAG + f"drag({icon}, 40, 40, {{}});")
    app.wait(lambda: app.photo("IMG_0.jpg").state is PhotoState.CORRECTED)
    moved = app.photo("IMG_0.jpg").shown_position
    assert moved is not None
    assert moved.lat_deg < photo.prediction.position.lat_deg, "down is south"
    assert moved.lon_deg > photo.prediction.position.lon_deg, "right is east"
    write_all(app)
    close_report(app)
    assert gps_of(folder / "IMG_0.jpg") == pytest.approx((moved.lat_deg, moved.lon_deg), abs=1e-6)


def test_thirty_photos_from_the_drop_to_the_undo(app: App, tmp_path: Path) -> None:
    """The whole way: drop, predict, drag one marker on the page, accept what is likely, write, undo."""
    folder = tmp_path / "photos"
    names = [f"IMG_{number:02}.jpg" for number in range(30)]
    for number, name in enumerate(names):
        save_photo(folder / name, seed=number, taken=f"2024:06:01 10:{number:02}:00")
    before = digests(folder)
    drop(app, folder)
    app.wait(lambda: len(app.window.workbench.session) == 30 and app.is_idle())
    assert app.states() == dict.fromkeys(names, PhotoState.PREDICTED)

    photo = app.photo("IMG_07.jpg")
    guess = photo.shown_position
    assert guess is not None
    app.select("IMG_07.jpg")
    view = app.window.map_view
    page = LoadedMap(view, view.findChild(QWebEngineView).page(), app.bot)
    icon = f"document.querySelector('[data-photo=\"{photo.id}\"]')"
    page.wait_js(f"Boolean({icon})")
    page.run(DRAG + f"drag({icon}, 30, -60, {{}});")
    app.wait(lambda: app.photo("IMG_07.jpg").state is PhotoState.CORRECTED)

    def likely_names() -> set[str]:
        return {
            p.path.name
            for p in app.window.workbench.session
            if p.state is PhotoState.PREDICTED and p.prediction and p.prediction.best.probability >= 0.6
        }

    app.wait(lambda: app.is_idle() and likely_names())
    corrected = app.photo("IMG_07.jpg").shown_position
    assert corrected is not None
    assert corrected.lat_deg > guess.lat_deg, "up is north"

    assert app.window.workbench.settings.accept_threshold == 0.6
    likely = likely_names()
    assert likely, "the correction tells the photos around it where they are"
    app.wait(lambda: f"({len(likely)})" in app.window.actions_["accept_all"].text())
    app.do("accept_all")
    decided = {name for name, state in app.states().items() if state is PhotoState.ACCEPTED}
    assert decided == likely
    assert digests(folder) == before, "nothing is written before the user says so"

    wanted = {name: app.photo(name).shown_position for name in [*likely, "IMG_07.jpg"]}
    write_all(app)
    close_report(app)
    for name in names:
        place = wanted.get(name)
        expected = None if place is None else pytest.approx((place.lat_deg, place.lon_deg), abs=1e-6)
        assert gps_of(folder / name) == expected, name
    unchanged = {name for name, digest in digests(folder).items() if digest == before[name]}
    assert unchanged == set(names) - set(wanted)

    app.do("undo")
    app.wait(lambda: not app.window.writing.busy)
    close_report(app)
    assert digests(folder) == before, "undo brings every file back byte for byte"


def test_clicking_the_map_places_a_photo_that_is_nowhere(app: App, folder: Path) -> None:
    app.open(folder)
    app.select("IMG_0.jpg")
    app.do("reject")
    app.window.map_view.map_clicked.emit(46.9, -110.4)
    assert app.photo("IMG_0.jpg").shown_position == LatLon(46.9, -110.4)
    app.window.map_view.map_clicked.emit(10.0, 10.0)
    assert app.photo("IMG_0.jpg").shown_position == LatLon(46.9, -110.4), "a placed photo stays"


def test_cancelling_leaves_the_rest_without_a_guess(app: App, folder: Path) -> None:
    predicting = app.window.predicting
    running: list[bool] = []

    def cancel_once() -> None:
        # At once when it begins: on a busy machine all may be done before a test that waits has looked.
        if predicting.progress.running and not running:
            running.append(True)
            predicting.cancel()

    predicting.progressed.connect(cancel_once)
    app.window.open_paths([folder])
    app.wait(lambda: running)
    app.wait(app.is_idle)
    assert set(app.states().values()) == {PhotoState.UNLOCATED}
    app.window.workbench.select([p.id for p in app.window.workbench.session])
    app.do("predict")
    app.wait(lambda: set(app.states().values()) == {PhotoState.PREDICTED})


def test_a_photo_with_a_camera_position_is_shown_but_not_guessed_unless_asked(
    app: App, tmp_path: Path
) -> None:
    path = save_photo(tmp_path / "located.jpg", seed=1)
    gps = {1: "N", 2: (46, 54, 0), 3: "W", 4: (110, 24, 0)}
    with Image.open(path) as image:
        exif = image.getexif()
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
        image.save(path, exif=exif)
    app.open(path)
    photo = app.photo("located.jpg")
    assert photo.state is PhotoState.LOCATED
    assert photo.prediction is None
    assert photo.shown_position is not None
    assert photo.shown_position.distance_km(LatLon(46.9, -110.4)) < 0.001
    app.select("located.jpg")
    app.do("predict")
    app.wait(lambda: app.photo("located.jpg").state is PhotoState.PREDICTED)
    app.do("accept")
    before = path.read_bytes()
    write_all_even_if_nothing(app)
    assert path.read_bytes() == before, "a camera position is never replaced unless the user says so"


def write_all_even_if_nothing(app: App) -> None:
    app.do("write")
    summary = app.dialog(SummaryDialog)
    assert not summary.write_button.isEnabled()
    assert "Nothing can be written" in [label.text() for label in summary.findChildren(QLabel)]
    summary.reject()


def test_closing_photos_leaves_their_files_alone(app: App, folder: Path) -> None:
    before = digests(folder)
    app.open(folder)
    app.select("IMG_0.jpg")
    app.do("close")
    assert len(app.window.workbench.session) == 5
    app.do("close_all")
    assert len(app.window.workbench.session) == 0
    assert app.window.model.rowCount() == 0
    assert digests(folder) == before
