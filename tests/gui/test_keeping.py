"""What was decided survives a crash, a closed window and a drive that is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings, Theme
from geotagger.gui import keeping, reading
from geotagger.gui.appearance import Appearance
from geotagger.gui.guard import UnwrittenDialog
from geotagger.gui.jobs import Jobs
from geotagger.gui.write_dialogs import ReportDialog
from geotagger.session.kept_session import load_session
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo

StartAgain = Callable[[], App]


@pytest.fixture
def start_again(opened: App, jobs: Jobs, appearance: Appearance) -> StartAgain:
    """Another start of the program; the windows before stay as they were left."""
    from geotagger.gui.window import MainWindow

    def start() -> App:
        window = MainWindow(jobs, Settings(theme=Theme.LIGHT), appearance)
        window._closing_agreed = True  # no question at the end of the test
        opened.bot.addWidget(window)
        window.show()
        return App(window, opened.bot)

    return start


def test_kept_decisions_come_back_at_the_next_start(opened: App, start_again: StartAgain) -> None:
    opened.select("IMG_0.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    opened.select("IMG_1.jpg")
    opened.do("reject")
    opened.window.close()
    guard = opened.dialog(UnwrittenDialog)
    assert isinstance(guard, UnwrittenDialog)
    guard.keep_button.click()
    assert not opened.window.isVisible()
    again = start_again()
    again.window.restore_last_session()
    again.wait(lambda: again.states() == {"IMG_0.jpg": PhotoState.CORRECTED, "IMG_1.jpg": PhotoState.SKIPPED})
    assert again.photo("IMG_0.jpg").shown_position == LatLon(46.9, -110.4)
    assert "2 photos of last time" in again.window.notices.text
    again.wait(again.is_idle)


def test_photos_of_last_time_that_are_gone_are_named(opened: App, start_again: StartAgain) -> None:
    gone = opened.photo("IMG_1.jpg").path
    opened.window.keeping.keep_now()
    opened.wait(lambda: len(load_session()) == 2)
    gone.unlink()
    again = start_again()
    again.window.restore_last_session()
    again.wait(lambda: list(again.states()) == ["IMG_0.jpg"])
    assert again.window.notices.text == "1 photo of last time is no longer there."
    assert again.window.notices._details == str(gone)
    again.wait(again.is_idle)


def test_a_drive_that_does_not_answer_holds_up_neither_the_window_nor_what_was_decided(
    opened: App, start_again: StartAgain, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    again = start_again()
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


@pytest.mark.parametrize("is_stopped", [False, True])
@pytest.mark.parametrize("step", ["_take", "_read_all"])
def test_a_window_closed_before_the_photos_of_last_time_are_back_keeps_what_was_decided(
    opened: App, start_again: StartAgain, monkeypatch: pytest.MonkeyPatch, step: str, is_stopped: bool
) -> None:
    opened.select("IMG_1.jpg")
    opened.do("reject")
    opened.window.keeping.keep_now()
    opened.wait(lambda: [one.skipped for one in load_session()] == [False, True])
    answers, do = threading.Event(), getattr(reading, step)

    def wait_and_do(found: Any) -> Any:
        assert answers.wait(60)
        return do(found)

    monkeypatch.setattr(reading, step, wait_and_do)
    again = start_again()
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


def test_the_session_is_kept_while_the_user_works(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.do("accept")
    opened.window.keeping.keep_now()
    opened.wait(lambda: any(photo.edited for photo in load_session()))


def test_what_is_wanted_again_after_a_run_was_taken_back_is_kept(opened: App) -> None:
    opened.select("IMG_0.jpg")
    opened.do("accept")
    opened.window.writing._start(opened.window.workbench.session.pending_ids)
    opened.wait(opened.is_idle)
    opened.dialog(ReportDialog).accept()
    opened.do("undo")
    opened.window.keeping.keep_now()  # the disk is slow: the files hold the positions still
    opened.wait(opened.is_idle)
    opened.dialog(ReportDialog).accept()
    assert opened.photo("IMG_0.jpg").state is PhotoState.ACCEPTED
    opened.wait(lambda: any(photo.edited for photo in load_session()), timeout_ms=10_000)


def test_a_window_that_was_closed_with_nothing_left_to_do_starts_empty(opened: App) -> None:
    opened.window.keeping.keep_now()
    opened.wait(lambda: len(load_session()) == 2)
    opened.window.close()
    assert load_session() == []


def look_at_the_last_session(app: App) -> None:
    """Bring it back, as far as it is there."""
    app.window.restore_last_session()
    app.wait(lambda: app.window.keeping._timer.isActive())


def keep_and_close(app: App) -> None:
    """Leave the window as somebody does who goes on next time."""
    app.window._closing_agreed = False
    app.window.close()
    guard = app.dialog(UnwrittenDialog)
    assert isinstance(guard, UnwrittenDialog)
    guard.keep_button.click()
    app.wait(app.is_idle)


@pytest.fixture
def away(opened: App, tmp_path: Path) -> Path:
    """Where the drive with two decided photos is, while it is not plugged in."""
    opened.select("IMG_0.jpg")
    opened.window.workbench.place(opened.window.workbench.selected_ids, LatLon(46.9, -110.4))
    opened.select("IMG_1.jpg")
    opened.do("reject")
    keep_and_close(opened)
    return (tmp_path / "photos").rename(tmp_path / "unplugged")


DECIDED = {"IMG_0.jpg": PhotoState.CORRECTED, "IMG_1.jpg": PhotoState.SKIPPED}


def test_decisions_on_a_drive_that_is_not_there_come_back_at_the_start_that_finds_it(
    away: Path, start_again: StartAgain
) -> None:
    for words in ("2 photos of last time are no longer there. What you decided is kept", ""):
        without = start_again()
        look_at_the_last_session(without)
        assert without.states() == {}
        assert without.window.notices.text.startswith(words)
        assert words or without.window.notices.isHidden(), "said once, not at each start"
        without.window._closing_agreed = False
        without.window.close()
        assert [one.is_decided for one in load_session()] == [True, True]
    away.rename(away.with_name("photos"))
    again = start_again()
    again.window.restore_last_session()
    again.wait(lambda: again.states() == DECIDED)
    assert again.photo("IMG_0.jpg").shown_position == LatLon(46.9, -110.4)
    again.wait(again.is_idle)
    again.window.keeping.keep_now()
    again.wait(lambda: [one.absent_since for one in load_session()] == [None, None])


def test_decisions_on_a_drive_that_is_not_there_come_back_when_its_photos_are_dropped_in(
    away: Path, start_again: StartAgain
) -> None:
    again = start_again()
    look_at_the_last_session(again)
    photos = away.rename(away.with_name("photos"))
    again.open(photos / "IMG_0.jpg")
    assert again.states() == {"IMG_0.jpg": PhotoState.CORRECTED}
    again.window.workbench.close_photos([again.photo("IMG_0.jpg").id])
    again.window.keeping.close(keep=False)
    assert [one.path.name for one in load_session()] == ["IMG_1.jpg"], "what was seen and closed is done with"


def test_the_list_of_last_time_is_not_lost_by_decisions_that_are_kept_for_absent_photos(
    away: Path, start_again: StartAgain, tmp_path: Path
) -> None:
    without = start_again()
    look_at_the_last_session(without)
    save_photo(tmp_path / "new" / "IMG_2.jpg", seed=5)
    without.open(tmp_path / "new")
    without.select("IMG_2.jpg")
    without.do("accept")
    keep_and_close(without)
    away.rename(away.with_name("photos"))
    again = start_again()
    again.window.restore_last_session()
    again.wait(lambda: again.states() == {**DECIDED, "IMG_2.jpg": PhotoState.ACCEPTED})
    again.wait(again.is_idle)
