"""The real window, offscreen, with real files, the real model and the real map."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from geotagger.core.settings import Settings, Theme
from geotagger.gui import predicting
from geotagger.gui.appearance import Appearance
from geotagger.gui.jobs import Jobs
from geotagger.gui.language import use_language
from geotagger.gui.map import register_scheme
from geotagger.session.photo import Photo, PhotoState
from tests.images import save_photo

if TYPE_CHECKING:
    from geotagger.gui.window import MainWindow

register_scheme()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture(autouse=True)
def collected_on_this_thread_only() -> Iterator[None]:
    """As in the program (``smooth``), workers collect no garbage."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Every thread that a test started has ended when the test has."""
    before = set(threading.enumerate())
    yield
    left = [t.name for t in threading.enumerate() if t not in before and t.name.startswith("geotagger-")]
    assert not left


@pytest.fixture(autouse=True)
def no_window_is_left(qapp: QApplication) -> Iterator[None]:
    """Every window and dialog that a test showed is gone when the test has ended: another might take it for its own."""
    before = _shown_windows()
    yield
    assert not _shown_windows() - before


def _shown_windows() -> set[QWidget]:
    return {widget for widget in QApplication.topLevelWidgets() if widget.isVisible()}


@pytest.fixture
def collect_widgets() -> Iterator[None]:
    """Collect the widgets that a test made by itself on this thread.

    Widgets in a reference cycle would else wait for the next collection, which may run on any thread; a widget that
    ends on another thread than the window's takes the process with it.
    """
    yield
    gc.collect()


_predictors: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def one_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real predictor, loaded once for all tests; a subprocess test loads it the way users do."""
    make = predicting._make_predictor

    def load_once(folder: Path | None, device: str, on_notice: Callable[[str], None]) -> Any:
        if device not in _predictors:
            _predictors[device] = make(folder, device, on_notice)
        return _predictors[device]

    monkeypatch.setattr(predicting, "_make_predictor", load_once)


@pytest.fixture
def appearance(qapp: QApplication) -> Appearance:
    return Appearance(qapp, Theme.LIGHT)


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    made = Jobs(2)
    yield made
    made.shut_down()


@dataclass
class App:
    """A window and what a test does with it."""

    window: MainWindow
    bot: QtBot

    def photo(self, name: str) -> Photo:
        return next(p for p in self.window.workbench.session if p.path.name == name)

    def states(self) -> dict[str, PhotoState]:
        return {p.path.name: p.state for p in self.window.workbench.session}

    def wait(self, condition: Callable[[], object], timeout_ms: int = 300_000) -> None:
        """Let the window work until a condition holds.

        Not by ``waitUntil``: it makes a timer with a Python slot every 10 ms, and where a worker's thread collects old
        ones as garbage, the slot of a new one can be lost; the loop then never ends. Nor by ``QTest.qWait``, which keeps
        Python's lock, so that the workers stand still.
        """
        end = time.monotonic() + timeout_ms / 1000
        while not condition():
            if time.monotonic() > end:
                window = self.window
                progress = [(f.progress.done, f.progress.total) for f in (window.reading, window.predicting)]
                raise AssertionError(f"{self.states()}, progress {progress}, {window.notices.text!r}")
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            time.sleep(0.005)

    def open(self, *paths: Path) -> None:
        """Bring photos in and wait until they are read and predicted."""
        before = len(self.window.workbench.session)
        self.window.open_paths(list(paths))
        self.wait(lambda: len(self.window.workbench.session) > before)
        self.wait(self.is_idle)

    def is_idle(self) -> bool:
        window = self.window
        return not (
            window.reading.scanning
            or window.reading.progress.running
            or window.predicting.progress.running
            or window.judging.busy
            or window.writing.busy
        )

    def dialog(self, kind: type[QDialog]) -> QDialog:
        """The open dialog of a kind; waits until there is one."""

        def find() -> QDialog | None:
            shown = (w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible())
            return next(shown, None)

        self.wait(find)
        found = find()
        assert found is not None
        return found

    def do(self, action: str) -> None:
        """Trigger an action by its name."""
        assert self.window.actions_[action].isEnabled(), f"{action} is disabled"
        self.window.actions_[action].trigger()

    def select(self, *names: str) -> None:
        self.window.workbench.select([self.photo(name).id for name in names])


@pytest.fixture
def app(qtbot: QtBot, qapp: QApplication, jobs: Jobs, appearance: Appearance) -> Iterator[App]:
    from geotagger.gui.window import MainWindow

    window = MainWindow(jobs, Settings(theme=Theme.LIGHT), appearance)
    window.show()
    yield App(window, qtbot)
    window.close()
    jobs.shut_down()
    window.writing.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


@pytest.fixture
def opened(app: App, tmp_path: Path) -> Iterator[App]:
    """The window with two photos; no question when it is closed."""
    for number in range(2):
        save_photo(tmp_path / "photos" / f"IMG_{number}.jpg", seed=number)
    app.open(tmp_path / "photos")
    yield app
    app.window._closing_agreed = True
