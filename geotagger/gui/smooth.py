"""Lets the window have its turn soon while others work, and garbage be collected where it harms nothing."""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, Qt, QTimerEvent
from PySide6.QtGui import QGuiApplication

_SWITCH_INTERVAL_S = 0.00005
"""Python's own 5 ms, in which a worker may keep the window waiting, are felt as stutter.

It must be shorter than NumPy's small operations take. Each lets Python's lock go and takes it again before the window
is awake, and only a wait that nothing broke into makes a worker hand it over: with 0.2 ms the window waited up to 0.3 s.
"""
_EVERY_MS = 100
_MANY = 10_000
"""With so many new objects, garbage is looked for among them: a millisecond or two."""


def keep_smooth(app: QGuiApplication) -> QObject:
    """Do so from now on; what is returned does it, and belongs to the application."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    return _Sweeper(app)


class _Sweeper(QObject):
    """Collects garbage in the place of Python, which does it on whatever thread happens to make the next object.

    Qt's objects and the connections to them may only end on the window's thread: a timer whose end a worker collected
    took the connection of a new one with it. While the window is in use it is only looked for among what is new, since
    a search through all photos would be felt.
    """

    def __init__(self, app: QGuiApplication) -> None:
        super().__init__(app)
        gc.disable()
        app.applicationStateChanged.connect(self._clear_up)
        self.startTimer(_EVERY_MS)

    def timerEvent(self, event: QTimerEvent) -> None:
        if gc.get_count()[0] > _MANY:
            gc.collect(1)

    def _clear_up(self, state: Qt.ApplicationState) -> None:
        """Look among everything while nobody looks at the window."""
        if state is not Qt.ApplicationState.ApplicationActive:
            gc.collect()
