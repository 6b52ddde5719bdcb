"""The keys of the window, pressed for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QTabWidget, QWidget

from geotagger.core.geo import LatLon
from geotagger.gui.actions import declared_actions
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo


@pytest.fixture
def opened(app: App, tmp_path: Path) -> App:
    for number in range(3):
        save_photo(tmp_path / f"IMG_{number}.jpg", seed=number)
    app.open(tmp_path)
    app.window.activateWindow()
    app.window.photo_list.view.setFocus()
    app.select("IMG_0.jpg")
    return app


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    widget = app.window.focusWidget()
    assert isinstance(widget, QWidget)
    QTest.keyClick(widget, key, modifiers)


def test_review_without_the_mouse(opened: App) -> None:
    press(opened, Qt.Key.Key_Return)
    assert opened.photo("IMG_0.jpg").state is PhotoState.ACCEPTED
    press(opened, Qt.Key.Key_Down)
    assert opened.window.workbench.current == opened.photo("IMG_1.jpg")
    press(opened, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert opened.photo("IMG_1.jpg").state is PhotoState.ACCEPTED
    assert opened.window.workbench.current == opened.photo("IMG_2.jpg")
    press(opened, Qt.Key.Key_Backspace)
    assert opened.photo("IMG_2.jpg").state is PhotoState.SKIPPED
    press(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.photo("IMG_2.jpg").state is PhotoState.PREDICTED
    press(opened, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert opened.photo("IMG_2.jpg").state is PhotoState.SKIPPED


def test_tab_goes_through_the_window_as_it_is_read(opened: App) -> None:
    window = opened.window
    opened.wait(lambda: window.map_view._bridge.is_ready)
    order: list[QWidget] = [window.toolbar]
    while (following := order[-1].nextInFocusChain()) is not window.toolbar:
        order.append(following)
    at = order.index

    toolbar = [at(stop) for stop in window.toolbar.tab_stops]
    assert toolbar == sorted(toolbar)
    assert at(window.toolbar.filter) < at(window.photo_list.list_view)
    assert at(window.photo_list.list_view) < at(window.map_view.tab_stop) < at(window.panel)
    assert at(window.panel) < at(window.panel.position) < at(window.bottom_bar._cancel)


def test_letters_typed_into_a_field_do_nothing_else(opened: App) -> None:
    press(opened, Qt.Key.Key_Slash)
    assert opened.window.focusWidget() is opened.window.toolbar.filter
    QTest.keyClicks(opened.window.toolbar.filter, "fcv_1")
    press(opened, Qt.Key.Key_Backspace)
    press(opened, Qt.Key.Key_Backspace)
    assert opened.window.toolbar.filter.text() == "fcv"
    assert set(opened.states().values()) == {PhotoState.PREDICTED}


def test_filter_narrows_the_list_and_escape_brings_all_back(opened: App) -> None:
    press(opened, Qt.Key.Key_Slash)
    QTest.keyClicks(opened.window.toolbar.filter, "img_1")
    opened.wait(lambda: opened.window.model.rowCount() == 1)
    press(opened, Qt.Key.Key_Escape)
    opened.wait(lambda: opened.window.model.rowCount() == 3)
    assert opened.window.focusWidget() is opened.window.photo_list.view


def test_enter_in_the_position_field_places_and_does_not_accept(opened: App) -> None:
    field = opened.window.panel.position
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "46.9, -110.4")
    press(opened, Qt.Key.Key_Return)
    assert opened.photo("IMG_0.jpg").state is PhotoState.CORRECTED


def test_a_town_can_be_typed_instead_of_a_position(opened: App) -> None:
    field = opened.window.panel.position
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "bozem")
    assert field._suggestions.stringList()[0] == "Bozeman, Montana"
    press(opened, Qt.Key.Key_Return)
    placed = opened.photo("IMG_0.jpg").shown_position
    assert placed is not None
    assert placed.distance_km(LatLon(45.68, -111.04)) < 10
    opened.wait(lambda: "in Bozeman" in opened.window.panel._near.text())


def test_a_text_that_is_no_position_is_refused_with_a_sentence(opened: App) -> None:
    field = opened.window.panel.position
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "xqzzt wrmpf")
    press(opened, Qt.Key.Key_Return)
    assert opened.photo("IMG_0.jpg").state is PhotoState.PREDICTED
    assert "is not a position" in opened.window.panel._problem.text()
    press(opened, Qt.Key.Key_Escape)
    assert opened.window.panel._problem.isHidden()


def test_no_two_actions_share_a_key() -> None:
    keys = [QKeySequence(key).toString() for action in declared_actions() for key in action.keys]
    assert len(keys) == len(set(keys))
    assert all(keys), "every key is one that Qt knows"


@pytest.mark.parametrize("name", ["settings", "places", "evidence"])
def test_what_has_the_keys_looks_so_in_every_dialog(opened: App, name: str) -> None:
    opened.do(name)
    dialog = opened.dialog(QDialog)
    dialog.activateWindow()
    opened.wait(dialog.isActiveWindow)
    stops = [
        widget
        for widget in dialog.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not isinstance(widget, QTabWidget)  # gives the keys on to its tabs
    ]
    assert len(stops) > 1
    for stop in stops:
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        with_keys = dialog.grab().toImage()
        stop.clearFocus()
        assert dialog.grab().toImage() != with_keys, (type(stop), stop.accessibleName())
    dialog.reject()
    opened.wait(lambda: not dialogs_shown())


def test_what_has_the_keys_looks_so_in_the_window(opened: App) -> None:
    window = opened.window
    opened.wait(window.isActiveWindow)
    opened.select("IMG_1.jpg")
    panel = [one for one in window.panel.findChildren(QWidget) if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    stops = [*window.toolbar.tab_stops, *window.photo_list.tab_stops, window.panel, *panel]
    for stop in [one for one in stops if one.isVisible() and one.isEnabled()]:
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        at = QRect(stop.mapTo(window, QPoint()), stop.size())
        with_keys = window.grab(at).toImage()
        stop.clearFocus()
        assert window.grab(at).toImage() != with_keys, (type(stop), stop.accessibleName())


def test_the_preview_is_zoomed_and_moved_with_the_keys_and_leaves_all_others_to_the_window(
    opened: App,
) -> None:
    preview = opened.window.panel.preview
    opened.wait(lambda: preview._pixmap is not None)
    QTest.mouseClick(preview, Qt.MouseButton.LeftButton)
    assert opened.window.focusWidget() is opened.window.photo_list.view, (
        "a click leaves the arrows to the list"
    )
    preview.setFocus(Qt.FocusReason.TabFocusReason)
    whole = preview._target()
    press(opened, Qt.Key.Key_Right)
    assert preview._target() == whole, "what is not zoomed does not move"
    for _ in range(6):
        press(opened, Qt.Key.Key_Plus)
    zoomed = preview._target()
    assert zoomed.width() > 3 * whole.width()
    assert (zoomed.center() - whole.center()).manhattanLength() < 0.01
    press(opened, Qt.Key.Key_Right)
    press(opened, Qt.Key.Key_Down)
    moved = preview._target()
    assert moved.size() == zoomed.size()
    assert (moved.x(), moved.y()) == pytest.approx((zoomed.x() - 40, zoomed.y() - 40))
    for _ in range(99):
        press(opened, Qt.Key.Key_Left)
    assert preview._target().left() == pytest.approx(whole.left()), "it never leaves the picture"
    press(opened, Qt.Key.Key_Minus)
    assert whole.width() < preview._target().width() < zoomed.width()
    press(opened, Qt.Key.Key_0)
    assert preview._target() == whole
    press(opened, Qt.Key.Key_Plus)
    press(opened, Qt.Key.Key_Return)
    assert opened.photo("IMG_0.jpg").state is PhotoState.ACCEPTED
    press(opened, Qt.Key.Key_Backspace)
    assert opened.photo("IMG_0.jpg").state is PhotoState.SKIPPED


def dialogs_shown() -> list[QWidget]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
