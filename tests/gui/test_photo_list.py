"""The list: its selection through sorting and filtering, and one order in menu and header."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from geotagger.core.geo import LatLon
from geotagger.gui.column_words import Column
from geotagger.session.arrangement import SortKey
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo


@pytest.fixture
def opened(app: App, tmp_path: Path) -> App:
    for number in range(4):
        save_photo(tmp_path / f"IMG_{number}.jpg", seed=number)
    app.open(tmp_path)
    return app


def selected(app: App) -> list[str]:
    return [photo.path.name for photo in app.window.workbench.selected]


def rows_selected(app: App) -> list[str]:
    view = app.window.photo_list.view
    return sorted({view.model().index(i.row(), 0).data() for i in view.selectionModel().selectedIndexes()})


def test_what_a_filter_hides_is_selected_again_when_it_is_shown(opened: App) -> None:
    opened.select("IMG_1.jpg", "IMG_2.jpg")
    opened.window.model.set_filter(text="img_1")
    assert selected(opened) == rows_selected(opened) == ["IMG_1.jpg"]
    opened.window.model.set_filter(text="img_3")
    assert selected(opened) == rows_selected(opened) == ["IMG_3.jpg"], "panel and map show something"
    opened.window.model.set_filter(text="no such photo")
    assert selected(opened) == rows_selected(opened) == [], "no key may decide a photo that nobody sees"
    opened.window.model.set_filter(text="")
    assert selected(opened) == rows_selected(opened) == ["IMG_1.jpg", "IMG_2.jpg"]
    assert opened.window.workbench.current == opened.photo("IMG_2.jpg")


def test_what_is_selected_in_a_filtered_list_stays_when_everything_is_shown(opened: App) -> None:
    opened.select("IMG_1.jpg")
    opened.window.model.set_filter(text="img_3")
    opened.window.photo_list.view.setCurrentIndex(opened.window.model.index(0, 0))
    opened.select("IMG_3.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    opened.window.model.set_filter(text="")
    assert selected(opened) == rows_selected(opened) == ["IMG_3.jpg"]


def test_a_photo_that_leaves_the_filtered_list_makes_room_for_the_next(opened: App) -> None:
    opened.window.model.set_filter(states=frozenset({PhotoState.PREDICTED}))
    opened.select("IMG_1.jpg")
    opened.do("accept")
    opened.wait(lambda: selected(opened) == ["IMG_2.jpg"])
    assert rows_selected(opened) == ["IMG_2.jpg"]
    opened.do("undo")
    opened.wait(lambda: opened.window.model.photo_count == 4)
    assert selected(opened) == ["IMG_2.jpg"]


def test_photos_taken_out_of_the_list_come_back_with_all_that_was_decided(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.do("accept")
    opened.select("IMG_1.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    before = {photo.path.name: photo for photo in opened.window.workbench.session}
    opened.wait(opened.is_idle)
    opened.select("IMG_0.jpg", "IMG_1.jpg")
    opened.do("close")
    assert list(opened.states()) == ["IMG_2.jpg", "IMG_3.jpg"]
    assert selected(opened) == rows_selected(opened) == ["IMG_2.jpg"], "the review goes on at the next one"
    opened.do("undo")
    opened.wait(lambda: opened.window.model.photo_count == 4)
    opened.wait(lambda: rows_selected(opened) == ["IMG_0.jpg", "IMG_1.jpg"])
    assert opened.photo("IMG_0.jpg") == before["IMG_0.jpg"]
    assert opened.photo("IMG_1.jpg") == before["IMG_1.jpg"]
    opened.wait(lambda: [opened.window.model.index(n, 0).data() for n in range(4)] == sorted(before))
    assert opened.window.judging.guess_of(opened.photo("IMG_0.jpg").id) is not None, "it can be judged again"
    opened.do("undo")
    assert opened.photo("IMG_1.jpg").state is PhotoState.PREDICTED
    opened.do("redo")
    opened.do("redo")
    assert list(opened.states()) == ["IMG_2.jpg", "IMG_3.jpg"]
    opened.do("close_all")
    assert opened.states() == {}
    opened.do("undo")
    opened.do("undo")
    opened.wait(lambda: opened.window.model.photo_count == 4)
    assert opened.photo("IMG_1.jpg").state is PhotoState.CORRECTED


def test_a_photo_that_was_taken_out_before_it_was_predicted_is_predicted_when_it_comes_back(
    opened: App, tmp_path: Path
) -> None:
    late = save_photo(tmp_path / "late" / "LATE.jpg", seed=9)
    opened.window.open_paths([late])
    opened.wait(lambda: "LATE.jpg" in opened.states())
    opened.select("LATE.jpg")
    opened.do("close")
    opened.wait(opened.is_idle)
    opened.do("undo")
    opened.wait(lambda: opened.states().get("LATE.jpg") is PhotoState.PREDICTED)
    opened.wait(opened.is_idle)


def test_sorting_keeps_selection_and_current_row_in_sight(opened: App) -> None:
    opened.select("IMG_0.jpg", "IMG_3.jpg")
    opened.window.model.sort(Column.NAME, Qt.SortOrder.DescendingOrder)
    assert sorted(selected(opened)) == rows_selected(opened) == ["IMG_0.jpg", "IMG_3.jpg"]
    view = opened.window.photo_list.view
    assert view.viewport().rect().intersects(view.visualRect(view.currentIndex()))


def test_menu_and_header_tell_the_same_order(opened: App) -> None:
    opened.do("table")
    photo_list = opened.window.photo_list
    header, menu = photo_list.table_view.horizontalHeader(), photo_list._order_menu
    ticked = {action.text() for action in menu.actions() if action.isChecked()}
    assert ticked == {"Order of arrival", "No groups"}
    for column in (Column.POSITION, Column.NAME, Column.NAME):
        at = QPoint(header.sectionViewportPosition(column) + 8, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened.window.model.sort_key is SortKey.NAME
    ticked = {action.text() for action in menu.actions() if action.isChecked()}
    assert ticked == {"Name", "No groups", "Highest first"}
    next(action for action in menu.actions() if action.text() == "Time taken").trigger()
    assert header.sortIndicatorSection() == Column.TAKEN
    assert header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
    next(action for action in menu.actions() if action.text() == "Order of arrival").trigger()
    assert header.sortIndicatorSection() == -1
