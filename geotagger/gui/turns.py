"""Long work on the window's own thread, done in turns between which the window breathes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer

_TURN_S = 0.006
_AT_ONCE = 50
"""So many steps are taken in any case, so that little work is done when the call that asks for it returns."""


class Turns(QObject):
    """Takes the steps of iterators, in the order in which they were asked for."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._works: deque[tuple[Iterator[object], int]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._turn)

    @property
    def busy(self) -> bool:
        """True while steps are left."""
        return bool(self._works)

    def run(self, work: Iterator[object], at_once: int | None = None) -> None:
        """Take the steps of ``work``, the first ones at once where nothing else goes on.

        Args:
            at_once: so many in any case; fewer than usual where each step takes long.
        """
        self._works.append((work, _AT_ONCE if at_once is None else at_once))
        if len(self._works) == 1:
            self._turn()

    def finish(self) -> None:
        """Take all steps now, because what follows builds on them."""
        self._timer.stop()
        try:
            while self._works:
                self._steps(None)
        finally:
            self._go_on()

    def _turn(self) -> None:
        try:
            self._steps(time.perf_counter() + _TURN_S)
        finally:
            self._go_on()

    def _go_on(self) -> None:
        """Take what is left later: also what stands behind a work that failed."""
        if self._works:
            self._timer.start(0)

    def _steps(self, end_s: float | None) -> None:
        """Take steps of the first work, until it ends or the clock says so."""
        work, at_once = self._works[0]
        try:
            for number, _ in enumerate(work, 1):
                if end_s is not None and number >= at_once and time.perf_counter() > end_s:
                    return
        except BaseException:
            self._works.popleft()
            raise
        self._works.popleft()
