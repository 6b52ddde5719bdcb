"""Photos that were taken out of the list and come back, whatever happened to them meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication

from geotagger.core.geo import LatLon
from geotagger.gui.write_dialogs import ReportDialog, SummaryDialog
from geotagger.session.arrangement import Grouping
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo

NAMES = ("IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg")
HERE = LatLon(46.9, -110.4)


@pytest.fixture
def placed(app: App, tmp_path: Path) -> App:
    """The window with three photos, of which the first two were placed by hand."""
    for number, name in enumerate(NAMES):
        save_photo(tmp_path / "photos" / name, seed=number)
    app.open(tmp_path / "photos")
    app.window.workbench.place([app.photo(name).id for name in NAMES[:2]], HERE)
    app.window._closing_agreed = True
    return app


def remove(app: App, *names: str) -> None:
    app.select(*names)
    app.do("close")


def names_selected(app: App) -> list[str]:
    return [photo.path.name for photo in app.window.workbench.selected]


def names_marked(app: App) -> list[str]:
    """The photos that the list marks as selected."""
    rows = {index.row() for index in app.window.photo_list.list_view.selectionModel().selectedIndexes()}
    ids = [app.window.model.id_at(row) for row in sorted(rows)]
    return [app.window.workbench.session[i].path.name for i in ids if i is not None]


def test_a_run_taken_back_while_its_photos_are_out_of_the_list_is_known_when_they_come_back(
    placed: App, tmp_path: Path
) -> None:
    window = placed.window
    before = {name: (tmp_path / "photos" / name).read_bytes() for name in NAMES}
    placed.do("write")
    summary = placed.dialog(SummaryDialog)
    assert isinstance(summary, SummaryDialog)
    summary.write_button.click()
    placed.wait(lambda: not window.writing.busy)
    remove(placed, *NAMES[:2])
    report = placed.dialog(ReportDialog)
    assert isinstance(report, ReportDialog)
    report.undo_button.click()
    placed.wait(lambda: not window.writing.busy)
    assert {name: (tmp_path / "photos" / name).read_bytes() for name in NAMES} == before
    placed.dialog(ReportDialog).reject()
    placed.do("undo")
    assert [placed.photo(name).state for name in NAMES[:2]] == [PhotoState.CORRECTED] * 2
    assert [placed.photo(name).on_disk for name in NAMES[:2]] == [None] * 2
    assert window.workbench.session.pending_count == 2


def test_what_was_decided_comes_back_once_where_the_photo_was_dropped_in_again(
    placed: App, tmp_path: Path
) -> None:
    window = placed.window
    remove(placed, *NAMES[:2])
    placed.open(tmp_path / "photos" / NAMES[0])
    assert placed.photo(NAMES[0]).state is PhotoState.PREDICTED, "opened by hand it begins anew"
    placed.do("undo")
    assert sorted(placed.states().items()) == [
        (NAMES[0], PhotoState.CORRECTED),
        (NAMES[1], PhotoState.CORRECTED),
        (NAMES[2], PhotoState.PREDICTED),
    ]
    ids = window.workbench.session.ids
    placed.wait(lambda: window.model.visible_ids == sorted(ids), timeout_ms=20_000)  # where each was before
    placed.do("redo")
    assert list(placed.states()) == [NAMES[2]]
    placed.do("undo")
    placed.do("undo")
    placed.wait(placed.is_idle)
    assert set(placed.states().values()) == {PhotoState.PREDICTED}


def test_what_is_decided_of_a_photo_opened_again_is_taken_back_before_the_removal(
    placed: App, tmp_path: Path
) -> None:
    remove(placed, NAMES[0])
    placed.open(tmp_path / "photos" / NAMES[0])
    placed.select(NAMES[0])
    placed.do("reject")
    remove(placed, NAMES[0])
    placed.do("undo")
    assert placed.photo(NAMES[0]).state is PhotoState.SKIPPED
    placed.do("undo")
    assert placed.photo(NAMES[0]).state is PhotoState.PREDICTED
    placed.do("undo")
    assert placed.photo(NAMES[0]).edited is not None
    assert placed.photo(NAMES[0]).shown_position == HERE


def test_photos_that_come_back_are_selected_only_where_the_filter_shows_them(placed: App) -> None:
    window = placed.window
    remove(placed, *NAMES[:2])
    window.toolbar.filter.setText("IMG_1")
    placed.wait(lambda: window.model.rowCount() == 0)
    placed.do("undo")
    placed.wait(lambda: names_selected(placed) == [NAMES[1]], timeout_ms=20_000)
    assert names_marked(placed) == [NAMES[1]]
    assert window.workbench.current == placed.photo(NAMES[1])
    assert window.model.photo_count == 1
    window.toolbar.filter.setText("")
    placed.wait(lambda: names_selected(placed) == list(NAMES[:2]), timeout_ms=20_000)


def test_photos_that_come_back_hidden_leave_the_selection_alone(placed: App) -> None:
    window = placed.window
    remove(placed, *NAMES[:2])
    window.toolbar.filter.setText("IMG_2")
    placed.wait(lambda: window.model.filter.text == "IMG_2")
    assert names_selected(placed) == [NAMES[2]]
    placed.do("undo")
    QCoreApplication.processEvents()
    placed.wait(lambda: not window.model._later.isActive())
    assert names_selected(placed) == names_marked(placed) == [NAMES[2]]
    assert window.workbench.current == placed.photo(NAMES[2])
    placed.do("reject")
    assert placed.states()[NAMES[0]] is PhotoState.CORRECTED, "what is hidden is not decided unseen"


def test_several_selected_photos_stay_so_beside_one_that_came_back_hidden(placed: App) -> None:
    window = placed.window
    placed.select(NAMES[1])
    placed.do("revert")
    remove(placed, NAMES[0])
    window.model.set_filter(states=frozenset({PhotoState.PREDICTED}))
    placed.select(*NAMES[1:])
    placed.do("undo")
    QCoreApplication.processEvents()
    placed.wait(lambda: not window.model._later.isActive())
    window.model.set_arrangement(descending=True)
    assert sorted(names_selected(placed)) == list(NAMES[1:])
    assert sorted(names_marked(placed)) == list(NAMES[1:])
    window.photo_list.filter_menu.show_everything()
    placed.wait(lambda: names_selected(placed) == [NAMES[0]], timeout_ms=20_000)


def test_photos_that_come_back_to_a_list_of_trips_are_selected(placed: App) -> None:
    placed.window.photo_list.group_by(Grouping.TRIP)
    placed.wait(lambda: placed.window.model.heading_rows)
    placed.do("close_all")
    placed.do("undo")
    placed.wait(lambda: names_marked(placed) == list(NAMES), timeout_ms=20_000)
    assert names_selected(placed) == list(NAMES)
