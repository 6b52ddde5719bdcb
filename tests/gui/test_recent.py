"""Recent folders: what is remembered, and where it is offered."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from geotagger.gui.appearance import Appearance
from geotagger.gui.empty_state import EmptyState
from geotagger.gui.jobs import Jobs
from geotagger.gui.names import tool_tip
from geotagger.gui.recent import RecentFolders, folder_words
from geotagger.gui.window_layout import layout_file

pytestmark = pytest.mark.usefixtures("collect_widgets")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"trip {number}" for number in range(12)]
    for folder in made:
        folder.mkdir()
        (folder / "a.jpg").touch()
    return made


def remember(bot: QtBot, recent: RecentFolders, *paths: Path) -> None:
    """Remember, and wait until the disk was asked which of the paths are folders."""
    with bot.waitSignal(recent.changed):
        recent.remember(paths)


def texts(menu: QMenu) -> list[str]:
    menu.aboutToShow.emit()
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def test_the_newest_come_first_once_each_and_not_too_many(
    qtbot: QtBot, jobs: Jobs, folders: list[Path]
) -> None:
    recent = RecentFolders(layout_file(), jobs)
    for folder in folders:
        remember(qtbot, recent, folder)
    remember(qtbot, recent, folders[5])
    assert recent.folders[:2] == [folders[5], folders[11]]
    assert len(recent.folders) == len(set(recent.folders)) == 10


def test_single_photos_stand_for_their_folder(qtbot: QtBot, jobs: Jobs, folders: list[Path]) -> None:
    recent = RecentFolders(layout_file(), jobs)
    roundabout = folders[1] / ".." / folders[0].name
    remember(qtbot, recent, folders[0] / "a.jpg", folders[1] / "a.jpg", folders[0], roundabout)
    assert recent.folders == [folders[0], folders[1]]


@pytest.mark.parametrize("count", [1, 2])
def test_they_are_there_at_the_next_start_if_the_folder_is(
    qtbot: QtBot, jobs: Jobs, folders: list[Path], count: int
) -> None:
    remember(qtbot, RecentFolders(layout_file(), jobs), *folders[:count])
    shutil.rmtree(folders[1])
    kept = QSettings(layout_file().fileName(), QSettings.Format.IniFormat)
    again = RecentFolders(kept, jobs)
    qtbot.waitUntil(lambda: again.folders == [folders[0]])


def test_a_drive_that_does_not_answer_keeps_nobody_waiting(
    qtbot: QtBot, jobs: Jobs, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(qtbot, RecentFolders(layout_file(), jobs), *folders[:2])
    answer, is_dir = threading.Event(), Path.is_dir
    monkeypatch.setattr(
        Path, "is_dir", lambda path: (path not in folders or answer.wait(30)) and is_dir(path)
    )
    shutil.rmtree(folders[0])
    recent = RecentFolders(layout_file(), jobs)
    assert recent.folders == folders[:2], "shown until it is known to be gone"
    with qtbot.waitSignal(recent.changed):
        answer.set()
    assert recent.folders == [folders[1]]


def test_the_menu_opens_one_and_clears_all(qtbot: QtBot, jobs: Jobs, folders: list[Path]) -> None:
    recent, menu, chosen = RecentFolders(layout_file(), jobs), QMenu(), list[Path]()
    recent.fill(menu)
    recent.chosen.connect(chosen.append)
    assert texts(menu) == ["No recent folders", "Clear this list"]
    assert not menu.actions()[-1].isEnabled()
    remember(qtbot, recent, *folders[:2])
    assert texts(menu)[:2] == [folder_words(folder) for folder in folders[:2]]
    menu.actions()[1].trigger()
    assert chosen == [folders[1]]
    menu.actions()[-1].trigger()
    assert texts(menu)[0] == "No recent folders"


def test_the_empty_window_offers_them(
    qtbot: QtBot, jobs: Jobs, appearance: Appearance, folders: list[Path]
) -> None:
    recent, chosen = RecentFolders(layout_file(), jobs), list[Path]()
    recent.chosen.connect(chosen.append)
    empty = EmptyState(recent, appearance)
    buttons = empty._recent_buttons
    assert all(button.isHidden() for button in buttons)
    remember(qtbot, recent, *folders[:6])
    remember(qtbot, recent, folders[6])
    newest = [folders[6], *folders[:2]]
    assert [button.toolTip() for button in buttons] == [tool_tip(str(folder)) for folder in newest]
    assert not any(button.isHidden() for button in buttons)
    recent.chosen.connect(lambda folder: recent.remember([folder]))  # as the window does
    with qtbot.waitSignal(recent.changed):
        buttons[2].click()
    assert chosen == [newest[2]]
    assert buttons[0].toolTip() == tool_tip(str(newest[2]))
    recent.clear()
    assert all(button.isHidden() for button in buttons)
