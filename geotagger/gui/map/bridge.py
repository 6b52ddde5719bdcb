"""Carries commands into the page and what the user did out of it, in batches over QWebChannel."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot


class Bridge(QObject):
    """The object that the page knows as ``bridge``.

    Commands wait until the page has reported that it is ready; those given in one turn of the event loop travel together.

    Signals:
        commands: to the page, a JSON list of ``[name, argument, …]``.
        page_ready, moved, selected, clicked, dropped: from the page.

    Attributes:
        wants_enter: the Enter key belongs to the marker or button of the page that was reached by keys.
    """

    commands = Signal(str)
    page_ready = Signal()
    moved = Signal(int, float, float)
    selected = Signal(object)
    clicked = Signal(float, float)
    dropped = Signal(object, float, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[list[Any]] = []
        self._is_ready = False
        self.wants_enter = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._flush)

    @property
    def is_ready(self) -> bool:
        """Whether a page takes commands."""
        return self._is_ready

    def send(self, name: str, *arguments: Any) -> None:
        """Give the page a command, after all that were given before."""
        self._waiting.append([name, *arguments])
        if self._is_ready and not self._timer.isActive():
            self._timer.start()

    def page_gone(self) -> None:
        """Keep commands back until a page reports again."""
        self._is_ready = False
        self.wants_enter = False

    def _flush(self) -> None:
        if self._waiting and self._is_ready:
            batch, self._waiting = self._waiting, []
            self.commands.emit(json.dumps(batch, separators=(",", ":")))

    @Slot()
    def report_ready(self) -> None:
        """The page can take commands."""
        self._is_ready = True
        self.page_ready.emit()
        self._flush()

    @Slot(int, float, float)
    def report_moved(self, photo_id: int, lat: float, lon: float) -> None:
        """The user dragged a marker to a new place."""
        self.moved.emit(photo_id, lat, lon)

    @Slot("QVariantList")
    def report_selected(self, photo_ids: list[Any]) -> None:
        """The user selected these photos and no others."""
        self.selected.emit([int(photo_id) for photo_id in photo_ids])

    @Slot(float, float)
    def report_clicked(self, lat: float, lon: float) -> None:
        """The user clicked a place that is no marker."""
        self.clicked.emit(lat, lon)

    @Slot(bool)
    def report_enter_wanted(self, wanted: bool) -> None:
        """What was reached by keys in the page is one that Enter sets off, or no longer."""
        self.wants_enter = wanted

    @Slot("QVariantList", float, float)
    def report_dropped(self, photo_ids: list[Any], lat: float, lon: float) -> None:
        """The user dropped these photos on a place."""
        self.dropped.emit([int(photo_id) for photo_id in photo_ids], lat, lon)
