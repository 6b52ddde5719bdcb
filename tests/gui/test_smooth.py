"""Where garbage is collected."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from geotagger.gui.jobs import Jobs
from geotagger.gui.smooth import keep_smooth

KNOTS = 30_000


@pytest.fixture
def smooth(qapp: QApplication) -> Iterator[None]:
    interval = sys.getswitchinterval()
    gc.enable()
    sweeper = keep_smooth(qapp)
    yield
    sys.setswitchinterval(interval)
    sweeper.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Knot:
    """Only the collector finds out that nobody holds it."""

    ended_on: list[int]

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        self.ended_on.append(threading.get_ident())


@pytest.mark.usefixtures("smooth")
def test_what_workers_leave_is_collected_and_only_on_the_windows_thread(qtbot: QtBot, jobs: Jobs) -> None:
    Knot.ended_on = []

    def work() -> int:
        for _ in range(KNOTS):
            Knot()
        return threading.get_ident()

    workers: list[int] = []
    jobs.run(work, workers.append, lambda error: pytest.fail(str(error)))
    qtbot.waitUntil(lambda: bool(workers) and len(Knot.ended_on) > KNOTS / 2, timeout=60_000)
    gc.collect()
    assert len(Knot.ended_on) == KNOTS
    assert set(Knot.ended_on) == {threading.get_ident()}
