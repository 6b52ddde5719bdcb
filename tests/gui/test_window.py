"""Appearance, layout and start of the window."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QToolButton

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings, Theme, load_settings
from geotagger.core.write_policy import WritePolicy
from geotagger.gui.appearance import Appearance, blend, chosen_ground
from geotagger.gui.jobs import Jobs
from geotagger.gui.photo_list import ListShape
from geotagger.gui.theme import DARK, LIGHT
from geotagger.metadata import in_place, open_journal, write_fix
from geotagger.metadata.edit import Edit
from geotagger.metadata.edited_bytes import edited_bytes
from geotagger.metadata.source import FileSource
from tests.gui.conftest import App
from tests.images import save_photo

ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly


def test_empty_window_explains_itself(app: App) -> None:
    assert app.window.empty_state.isVisible()
    assert not app.window.actions_["accept"].isEnabled()
    assert not app.window.actions_["write"].isEnabled()


def test_every_action_has_a_tool_tip_and_every_button_a_name(app: App) -> None:
    for declared in app.window.actions_.declared:
        assert app.window.actions_[declared.name].toolTip()
    for button in app.window.toolbar.findChildren(QToolButton):
        if button.objectName() != "qt_toolbar_ext_button" and button.parent() is app.window.toolbar:
            assert button.accessibleName() or button.text()


def test_dark_and_light_follow_the_setting_at_once(app: App) -> None:
    changes: list[object] = []
    app.window.appearance.changed.connect(changes.append)
    app.do("appearance")
    assert changes == [DARK]
    assert QApplication.palette().window().color().name().upper() == DARK.window
    assert load_settings().theme is Theme.DARK
    app.do("appearance")
    assert changes == [DARK, LIGHT]


def test_dark_and_light_follow_the_desktop_at_once(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    appearance = Appearance(qapp, Theme.SYSTEM)
    assert appearance.palette is LIGHT
    # The offscreen platform has no desktop that could turn dark, so the test says that it did.
    monkeypatch.setattr("geotagger.gui.appearance._desktop_is_dark", lambda: True)
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert appearance.palette is DARK
    assert QApplication.palette().window().color().name().upper() == DARK.window


def test_layout_and_shape_are_remembered(app: App, jobs: Jobs, appearance: Appearance) -> None:
    from geotagger.gui.window import MainWindow

    app.do("grid")
    app.window.splitter.setSizes([400, 500, 300])
    sizes = app.window.splitter.sizes()
    app.window.close()
    again = MainWindow(jobs, Settings(), appearance)
    app.bot.addWidget(again)
    again.show()
    assert again.photo_list.shape is ListShape.GRID
    assert again.splitter.sizes() == sizes


def test_blended_colours_lie_between() -> None:
    assert blend("#000000", "#FFFFFF", 0.5) == "#808080"


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_colours_are_readable_on_their_grounds(palette: object) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
        return (bright + 0.05) / (dim + 0.05)

    for ground in (palette.window, palette.surface):  # type: ignore[attr-defined]
        for name in ("text", "muted", "success", "warning", "error"):
            assert contrast(getattr(palette, name), ground) >= 4.5, (name, ground)
    for name in ("text", "muted", "error"):
        assert contrast(getattr(palette, name), chosen_ground(palette)) >= 4.5, name  # type: ignore[arg-type]
    assert contrast(palette.accent, palette.surface) >= 4.5  # type: ignore[attr-defined]
    assert contrast(palette.on_accent, palette.accent) >= 4.5  # type: ignore[attr-defined]


def test_changing_a_setting_keeps_it(app: App) -> None:
    app.window.preferences.apply(replace(app.window.workbench.settings, accept_threshold=0.75))
    assert load_settings().accept_threshold == 0.75


START = """
import sys, threading
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QMetaObject, QTimer, Qt
import geotagger.gui
assert "torch" not in sys.modules
def quit_soon():
    if QCoreApplication.instance() is None:  # a busy machine takes longer to get there
        threading.Timer(1.0, quit_soon).start()
    else:
        QMetaObject.invokeMethod(QCoreApplication.instance(), "quit", Qt.ConnectionType.QueuedConnection)
threading.Timer(2.0, quit_soon).start()
status = geotagger.gui.run([Path(p) for p in sys.argv[1:]])
assert not [t for t in threading.enumerate() if t.name.startswith("geotagger-")]
print("ended", status)
"""


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Python in a process of its own, from the root of the project."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ),
        cwd=Path(__file__).resolve().parents[2],
        check=False,
    )


def test_the_program_starts_and_ends_cleanly(tmp_path: Path) -> None:
    done = _run(START, str(tmp_path))
    assert "ended 0" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    assert "Release of profile" not in done.stderr


FAIL = """
from geotagger.gui import window
from geotagger.gui.app import run
def fail(*_, **__):
    raise RuntimeError("no window today")
window.MainWindow = fail
run([])
"""


def test_a_program_that_cannot_start_says_why_and_ends() -> None:
    done = _run(FAIL)
    assert done.returncode == 1
    assert "no window today" in done.stderr


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it and clean up."""


@pytest.mark.skipif(sys.platform == "win32", reason="hard links")
def test_a_write_cut_short_by_a_crash_is_made_whole_at_the_next_start(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save_photo(tmp_path / "photos" / "a.jpg", seed=1)
    os.link(photo, photo.with_name("b.jpg"))  # so that the file is overwritten in place
    original = photo.read_bytes()

    def half(path: Path, before: FileSource, edit: Edit) -> None:
        after = b"".join(edited_bytes(before, edit))
        with path.open("r+b") as file:
            file.write(after[: len(after) // 2])
        raise Killed

    def no_cleaning_up(*_: object) -> None:
        raise Killed

    journal = open_journal()
    with monkeypatch.context() as patch:
        patch.setattr(in_place, "overwrite_bytes", half)
        patch.setattr(in_place, "restore_from", no_cleaning_up)
        fix = Fix(LatLon(46.9, -110.4), Source.MANUAL)
        with pytest.raises(Killed):
            write_fix(photo, fix, WritePolicy(), journal, journal.begin_run("window"))
    journal.close()
    assert photo.read_bytes() != original
    app.window.writing.recover()
    app.wait(lambda: photo.read_bytes() == original)


def test_a_table_gets_room_for_its_columns_even_if_it_was_chosen_in_the_empty_window(
    app: App, tmp_path: Path
) -> None:
    app.do("table")
    app.window.opening.open_paths([save_photo(tmp_path / "a.jpg")])
    least = app.window.photo_list.table_px
    app.wait(lambda: app.window.splitter.sizes()[0] >= least)
    assert app.window.map_view.width() >= 280
    app.do("list")
    assert app.window.splitter.sizes()[0] < 400


def test_a_narrow_window_shows_every_button_whole(app: App) -> None:
    toolbar = app.window.toolbar
    app.window.actions_["write"].setText("Écrire 12 345")

    def is_whole() -> bool:
        buttons = [b for b in toolbar.findChildren(QToolButton) if b.parent() is toolbar and b.isVisible()]
        return all(
            b.width() >= b.sizeHint().width() and b.geometry().right() <= toolbar.width() for b in buttons
        )

    app.window.resize(960, 640)
    app.wait(lambda: toolbar.width() <= 960 and is_whole())
    app.window.resize(1440, 900)
    app.wait(lambda: toolbar.width() > 1200 and is_whole())
    assert all(b.toolButtonStyle() is not ICON_ONLY for b in toolbar._worded)
