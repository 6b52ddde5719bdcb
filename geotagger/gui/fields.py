"""Small input fields with the manners that the window needs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from geotagger.core.coordinates import Notation, format_position, parse_coordinates
from geotagger.core.errors import CoordinateError
from geotagger.core.geo import LatLon


class TextField(QLineEdit):
    """A line of text that keeps Enter and Escape to itself, which mean something else in the window."""

    left = Signal()
    """The user pressed Escape."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            own = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
            if event.key() in own:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)


class PositionField(TextField):
    """A position as text, in the user's notation; any usual notation can be typed or pasted."""

    entered = Signal(object)
    """The user entered this :class:`LatLon`."""
    refused = Signal(str)
    """The text is not a position; the sentence says why. Empty when that is mended."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._position: LatLon | None = None
        self._notation = Notation.DECIMAL
        self.returnPressed.connect(self._enter)
        self.left.connect(self._put_back)
        self.textEdited.connect(lambda: self._mark(""))

    def show_position(self, position: LatLon | None, notation: Notation) -> None:
        """Show a position unless the user is typing another one."""
        unchanged = position == self._position and notation is self._notation
        self._position, self._notation = position, notation
        if not (unchanged and self.isModified()):
            self._put_back()

    def _put_back(self) -> None:
        shown = "" if self._position is None else format_position(self._position, self._notation)
        if shown != self.text():
            self.setText(shown)
            self.setCursorPosition(0)
        self.setModified(False)
        self._mark("")

    def _enter(self) -> None:
        if not self.isModified():
            return
        try:
            position = parse_coordinates(self.text())
        except CoordinateError as error:
            self._mark(str(error))
            return
        self.setModified(False)
        self._mark("")
        self.entered.emit(position)

    def _mark(self, problem: str) -> None:
        wrong = bool(problem)
        if bool(self.property("wrong")) is not wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)
        self.refused.emit(problem)
