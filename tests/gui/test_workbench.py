"""Decisions in the window's middle: those that come to nothing, and those about more photos than one turn takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings
from geotagger.gui import turns
from geotagger.gui.history_view import HistoryView
from geotagger.gui.jobs import Jobs
from geotagger.gui.workbench import Workbench
from geotagger.session.photo import PhotoState
from tests.session.made import metadata, prediction


def with_guesses(jobs: Jobs, count: int) -> tuple[Workbench, list[int]]:
    """A workbench with photos that have a guess, and their ids."""
    workbench = Workbench(jobs, Settings())
    ids = workbench.session.add([Path(f"/photos/{number}.jpg") for number in range(count)])
    for photo_id in ids:
        read = metadata(Path(f"/photos/{photo_id}.jpg"))
        workbench.session.update(photo_id, metadata=read, prediction=prediction())
    return workbench, ids


def test_accepting_where_there_is_no_guess_says_so(jobs: Jobs) -> None:
    workbench, said = Workbench(jobs, Settings()), []
    workbench.mentioned.connect(lambda sentence, _: said.append(sentence))
    ids = workbench.session.add([Path("/photos/a.jpg"), Path("/photos/b.jpg")])
    for photo_id, name in zip(ids, "ab", strict=True):
        workbench.session.update(photo_id, metadata=metadata(Path(f"/photos/{name}.jpg")))
    workbench.accept_selected()
    assert said == []
    workbench.select(ids[:1])
    workbench.accept_selected()
    workbench.select(ids)
    workbench.accept_selected()
    assert said == ["This photo has no guess yet.", "None of these photos has a guess yet."]
    workbench.session.update(ids[0], prediction=prediction())
    workbench.accept_selected()
    assert len(said) == 2
    assert workbench.session[ids[0]].state is PhotoState.ACCEPTED


def test_only_guesses_that_were_shown_count_as_agreed_with(jobs: Jobs) -> None:
    workbench, ids = with_guesses(jobs, 3)
    workbench.select(ids[:1])
    workbench.select(ids)  # the panel shows the last one
    workbench.accept_selected()
    sources = [photo.edited.source for photo in workbench.session if photo.edited is not None]
    assert sources == [Source.MODEL_CONFIRMED, Source.MODEL, Source.MODEL_CONFIRMED]


def test_accepting_several_keeps_what_was_decided_of_some_of_them(jobs: Jobs) -> None:
    workbench, ids = with_guesses(jobs, 3)
    workbench.place(ids[:1], LatLon(51.0, -115.0))
    workbench.select(ids[1:2])
    workbench.reject_selected()
    workbench.select(ids)
    workbench.accept_selected()
    states = [photo.state for photo in workbench.session]
    assert states == [PhotoState.CORRECTED, PhotoState.SKIPPED, PhotoState.ACCEPTED]
    workbench.select(ids[:2])
    workbench.accept_selected()
    assert {photo.state for photo in workbench.session} == {PhotoState.ACCEPTED}


@pytest.fixture
def many(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """Photos with guesses, so many that each takes a turn of its own."""
    monkeypatch.setattr(turns, "_AT_ONCE", 1)
    monkeypatch.setattr(turns, "_TURN_S", 0.0)
    workbench, ids = with_guesses(jobs, 6)
    workbench.select(ids)
    return workbench


def in_state(workbench: Workbench, state: PhotoState) -> int:
    return workbench.session.counts[state]


def test_a_decision_about_very_many_photos_lets_the_window_breathe_and_is_one_step(
    qtbot: QtBot, many: Workbench
) -> None:
    told: list[int] = []
    many.photos_changed.connect(told.extend)
    many.accept_selected()
    assert 0 < in_state(many, PhotoState.ACCEPTED) < 6
    assert many.is_deciding
    qtbot.waitUntil(lambda: sorted(told) == many.session.ids)
    assert in_state(many, PhotoState.ACCEPTED) == 6
    assert many.undo_stack.count() == 1
    many.undo()
    assert 0 < in_state(many, PhotoState.PREDICTED) < 6
    qtbot.waitUntil(lambda: in_state(many, PhotoState.PREDICTED) == 6)
    many.redo()
    qtbot.waitUntil(lambda: in_state(many, PhotoState.ACCEPTED) == 6)


def test_what_follows_a_decision_at_once_finds_it_done(many: Workbench) -> None:
    many.accept_selected()
    many.undo()
    many.finish_decisions()
    assert in_state(many, PhotoState.PREDICTED) == 6
    many.accept_selected()
    many.place(many.session.ids[2:], LatLon(45.5, -73.6))
    many.finish_decisions()
    assert (in_state(many, PhotoState.ACCEPTED), in_state(many, PhotoState.CORRECTED)) == (2, 4)
    many.undo()
    many.undo()
    many.finish_decisions()
    assert in_state(many, PhotoState.PREDICTED) == 6


def test_a_click_far_back_into_the_history_goes_all_the_way(qtbot: QtBot, many: Workbench) -> None:
    many.accept_selected()
    many.reject_selected()
    many.undo_stack.setIndex(0)
    assert many.is_deciding
    qtbot.waitUntil(lambda: not many.is_deciding)
    assert in_state(many, PhotoState.PREDICTED) == 6
    many.undo_stack.setIndex(2)
    qtbot.waitUntil(lambda: not many.is_deciding)
    assert in_state(many, PhotoState.SKIPPED) == 6


@pytest.mark.parametrize("by_key", [False, True])
def test_going_back_in_the_history_finishes_what_is_being_decided_first(
    qtbot: QtBot, many: Workbench, by_key: bool
) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    history = HistoryView(many, owner)
    history.show()
    ids = many.session.ids
    many.select(ids[:5])
    many.reject_selected()
    many.finish_decisions()
    many.select(ids)
    many.reject_selected()
    assert many.is_deciding
    assert many.undo_stack.count() == 1, "no photo has changed so far"
    if by_key:
        QTest.keyClick(history, Qt.Key.Key_Home)
    else:
        at = history.visualRect(history.model().index(0, 0)).center()
        QTest.mouseClick(history.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: not many.is_deciding)
    assert in_state(many, PhotoState.PREDICTED) == 6
    assert (many.undo_stack.index(), many.undo_stack.count()) == (0, 2), "both steps can be done again"
    QTest.keyClick(history, Qt.Key.Key_Escape)
    assert not history.isVisible()


def test_what_is_being_rejected_or_placed_is_not_accepted_with_the_sure_guesses(many: Workbench) -> None:
    many.select(many.session.ids[:3])
    many.reject_selected()
    assert 0 < in_state(many, PhotoState.SKIPPED) < 3
    many.accept_all(0.1)
    many.finish_decisions()
    assert (in_state(many, PhotoState.SKIPPED), in_state(many, PhotoState.ACCEPTED)) == (3, 3)


def test_a_guess_that_became_unsure_before_its_turn_is_not_accepted_with_the_sure_ones(
    many: Workbench,
) -> None:
    many.accept_all(0.4)
    last = many.session.ids[-1]
    many.session.update(last, prediction=prediction(probability=0.3))
    many.finish_decisions()
    assert many.session[last].state is PhotoState.PREDICTED
    assert in_state(many, PhotoState.ACCEPTED) == 5


def test_what_the_panel_shows_after_the_decision_was_not_looked_at_before(many: Workbench) -> None:
    many.accept_selected()
    fourth = many.session.ids[3]
    many.select([fourth])
    many.finish_decisions()
    fix = many.session[fourth].edited
    assert fix is not None
    assert fix.source is Source.MODEL


def test_a_guess_that_moved_since_it_was_shown_counts_as_not_looked_at(jobs: Jobs) -> None:
    workbench, ids = with_guesses(jobs, 2)
    workbench.select(ids[:1])
    workbench.select(ids)
    moved = replace(prediction(), position=LatLon(10.0, 20.0))
    workbench.session.update(ids[0], prediction=moved)
    workbench.accept_selected()
    sources = [photo.edited.source for photo in workbench.session if photo.edited is not None]
    assert sources == [Source.MODEL, Source.MODEL_CONFIRMED]


def test_a_step_that_fails_does_not_hold_up_those_behind_it(qtbot: QtBot, many: Workbench) -> None:
    def failing() -> Iterator[None]:
        yield
        yield
        raise RuntimeError("a step failed")

    done: list[int] = []

    def working() -> Iterator[None]:
        done.append(1)
        yield

    made = turns.Turns(many)
    made.run(failing())
    made.run(working())
    with pytest.raises(RuntimeError):
        made.finish()
    qtbot.waitUntil(lambda: not made.busy)
    assert done == [1]
