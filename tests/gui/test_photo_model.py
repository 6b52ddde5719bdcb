"""Rows of the list: inserts, targeted updates, filters and headings, without a window."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt, QTimer
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings
from geotagger.gui.column_words import Column
from geotagger.gui.jobs import Jobs
from geotagger.gui.language import use_language
from geotagger.gui.map import photo_ids_in
from geotagger.gui.photo_model import PHOTO_ROLE, PhotoModel, _runs
from geotagger.gui.thumbnails import Thumbnails
from geotagger.gui.workbench import Workbench
from geotagger.session import review
from geotagger.session.arrangement import Filter, Grouping, SortKey
from geotagger.session.photo import PhotoState
from tests.session.made import make_photo, metadata, prediction


@pytest.fixture
def model(jobs: Jobs, qtbot: QtBot) -> PhotoModel:
    workbench = Workbench(jobs, Settings())
    made = PhotoModel(workbench, Thumbnails(jobs, workbench), workbench)
    made.tester = QAbstractItemModelTester(made)  # type: ignore[attr-defined]
    made.bench = workbench  # type: ignore[attr-defined]
    names = ["hike/b.jpg", "hike/a.jpg", "town/c.jpg", "town/d.jpg"]
    ids = workbench.session.add([Path("/photos") / name for name in names])
    workbench.photos_added.emit(ids)
    for photo_id, name in zip(ids, names, strict=True):
        workbench.session.update(photo_id, metadata=metadata(Path("/photos") / name))
    return made


def shown(model: PhotoModel) -> list[str]:
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_rows_follow_the_order_of_arrival(model: PhotoModel) -> None:
    assert shown(model) == ["b.jpg", "a.jpg", "c.jpg", "d.jpg"]
    assert model.photo_count == 4


def test_sorting_keeps_selected_rows_on_their_photos(model: PhotoModel) -> None:
    index = QPersistentModelIndex(model.index(0, 0))
    model.sort(Column.NAME)
    assert shown(model) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert index.row() == 1
    assert index.data() == "b.jpg"
    model.sort(Column.NAME, Qt.SortOrder.DescendingOrder)
    assert shown(model) == ["d.jpg", "c.jpg", "b.jpg", "a.jpg"]
    assert model.sort_key is SortKey.NAME


def test_the_table_shows_no_chance_beside_a_guess_that_was_turned_down(model: PhotoModel) -> None:
    session = model.bench.session  # type: ignore[attr-defined]
    for photo_id in session.ids:
        session.update(photo_id, prediction=prediction("Montana", 0.41))

    def cells(row: int) -> list[str]:
        columns = (Column.REGION, Column.PROBABILITY, Column.RADIUS, Column.POSITION)
        return [model.index(row, column).data() for column in columns]

    assert cells(0) == ["Montana", "41 %", "± 310 km", "46.9, -110.4"]
    session.put(review.reject(session[model.id_at(0)]))
    session.put(review.place(session[model.id_at(1)], LatLon(46.9, -110.4)))
    session.put(review.accept(session[model.id_at(2)]))
    assert cells(0) == ["", "", "", ""]
    assert cells(1) == ["", "", "", "46.90000, -110.40000"]
    assert cells(2) == ["Montana", "41 %", "± 310 km", "46.9, -110.4"]


def test_a_region_is_found_by_its_french_name(model: PhotoModel) -> None:
    use_language("fr")
    model.set_filter(text="colombie")
    assert model.filter.text_regions == {"CA-BC"}
    model.set_filter(text="")
    assert model.filter == Filter()


def test_a_change_touches_only_its_own_row(model: PhotoModel, qtbot: QtBot) -> None:
    workbench = model.bench  # type: ignore[attr-defined]
    photo_id = model.id_at(2)
    workbench.session.update(photo_id, prediction=prediction())
    with qtbot.waitSignal(model.dataChanged) as changed:
        workbench.note_changed([photo_id])
    first, last, *_ = changed.args
    assert (first.row(), last.row()) == (2, 2)
    assert model.index(2, Column.PROBABILITY).data() == "41 %"
    assert model.index(2, Column.REGION).data() == "Montana"


def test_headings_stand_over_their_photos_and_cannot_be_selected(model: PhotoModel) -> None:
    model.set_arrangement(grouping=Grouping.FOLDER)
    assert shown(model) == [
        "hike · 2 photos",
        "b.jpg",
        "a.jpg",
        "town · 2 photos",
        "c.jpg",
        "d.jpg",
    ]
    heading = model.index(0, 0)
    assert not heading.flags() & Qt.ItemFlag.ItemIsSelectable
    assert heading.data(PHOTO_ROLE) is None
    assert model.visible_ids == [1, 2, 3, 4]


def test_filter_hides_and_decisions_bring_rows_in_again(model: PhotoModel, qtbot: QtBot) -> None:
    workbench = model.bench  # type: ignore[attr-defined]
    model.set_filter(states=frozenset({PhotoState.ACCEPTED}))
    assert model.rowCount() == 0
    photo = replace(workbench.session[3], prediction=prediction())
    workbench.session.put(review.accept(photo))
    workbench.note_changed([3])
    qtbot.waitUntil(lambda: shown(model) == ["c.jpg"])
    model.set_arrangement(filter=Filter())
    assert model.rowCount() == 4


def test_closing_photos_takes_their_rows_away(model: PhotoModel) -> None:
    model.bench.close_photos([1, 3])  # type: ignore[attr-defined]
    assert shown(model) == ["a.jpg", "d.jpg"]
    assert model.row_of(4) == 1
    model.bench.close_photos([2, 4])  # type: ignore[attr-defined]
    assert model.rowCount() == 0


def test_dragged_rows_name_their_photos(model: PhotoModel) -> None:
    assert photo_ids_in(model.mimeData([model.index(2, 0), model.index(0, 0), model.index(0, 1)])) == [1, 3]


def test_a_row_reads_well_aloud(model: PhotoModel) -> None:
    model.bench.session.put(make_photo(1, "hike/b.jpg", prediction=prediction()))  # type: ignore[attr-defined]
    assert (
        model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        == "b.jpg, predicted, Montana 41 %, ± 310 km"
    )


def test_neighbouring_rows_become_runs() -> None:
    assert _runs([9, 8, 7, 4, 2, 1]) == [(9, 7), (4, 4), (2, 1)]
    assert _runs([]) == []


def test_headings_of_trips_tell_days_count_and_place(model: PhotoModel, qtbot: QtBot) -> None:
    workbench = model.bench  # type: ignore[attr-defined]
    days = [datetime(2024, 6, 1, 9), datetime(2024, 6, 2, 18), datetime(2024, 7, 1, 8), None]
    for photo_id, day in zip(workbench.session.ids, days, strict=True):
        photo = workbench.session[photo_id]
        facts = metadata(photo.path, taken=day)
        workbench.session.update(photo_id, metadata=facts, prediction=prediction("Montana", 0.8))
    model.set_arrangement(grouping=Grouping.TRIP)
    qtbot.waitUntil(lambda: model.rowCount() == 7)
    assert shown(model) == [
        "2024-06-01 – 2024-06-02 · 2 photos · hike · Montana 80 %",
        "b.jpg",
        "a.jpg",
        "2024-07-01 · 1 photo · town · Montana 80 %",
        "c.jpg",
        "No time known · 1 photo",
        "d.jpg",
    ]
    assert model.heading_rows == [0, 3, 5]
    workbench.session.update(workbench.session.ids[0], prediction=prediction("Alberta", 0.9))
    workbench.note_changed(workbench.session.ids[:1])
    qtbot.waitUntil(lambda: "Alberta 45 %" in shown(model)[0])


def test_a_filtered_list_follows_while_changes_stream_in(model: PhotoModel, qtbot: QtBot) -> None:
    """Changes that come faster than the list is arranged may not put that off for ever."""
    bench: Workbench = model.bench  # type: ignore[attr-defined]
    model.set_filter(states=frozenset({PhotoState.UNLOCATED}))
    bench.session.update(bench.session.ids[0], prediction=prediction())
    stream = QTimer()
    stream.timeout.connect(lambda: bench.photos_changed.emit(bench.session.ids[:1]))
    stream.start(1)
    qtbot.waitUntil(lambda: shown(model) == ["a.jpg", "c.jpg", "d.jpg"])
    assert stream.isActive()
