"""Small input fields with the manners that the window needs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

from geotagger.core.coordinates import Notation, format_position, parse_coordinates
from geotagger.core.errors import CoordinateError
from geotagger.core.geo import LatLon
from geotagger.core.places import Place, load_places
from geotagger.gui.language import said, tr
from geotagger.session.known_places import KnownPlaces


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


_LETTERS_TO_SEARCH = 3


class PositionField(TextField):
    """A position as text, in the user's notation; any usual notation can be typed or pasted, or the name of a town or
    of one of the user's own places."""

    entered = Signal(object)
    """The user entered this :class:`LatLon`."""
    refused = Signal(str)
    """The text is not a position; the sentence says why. Empty when that is mended."""

    def __init__(self, known: KnownPlaces, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known = known
        self._position: LatLon | None = None
        self._notation = Notation.DECIMAL
        self._radius_km: float | None = None
        self.returnPressed.connect(self._enter)
        self.left.connect(self._put_back)
        self.textEdited.connect(self._on_edited)
        self._found: dict[str, LatLon] = {}
        self._suggestions = QStringListModel(self)
        completer = QCompleter(self._suggestions, self)
        # The search has already chosen; the completer only shows.
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        popup = QListView()
        popup.setObjectName("suggestions")
        completer.setPopup(popup)
        completer.activated.connect(self._choose_place)
        self.setCompleter(completer)

    def show_position(
        self, position: LatLon | None, notation: Notation, radius_km: float | None = None
    ) -> None:
        """Show a position, as finely as its radius is worth, unless the user is typing another one."""
        unchanged = position == self._position and notation is self._notation
        self._position, self._notation, self._radius_km = position, notation, radius_km
        if not (unchanged and self.isModified()):
            self._put_back()

    def _put_back(self) -> None:
        shown = ""
        if self._position is not None:
            shown = format_position(self._position, self._notation, self._radius_km)
        if shown != self.text():
            self.setText(shown)
            self.setCursorPosition(0)
        self.setModified(False)
        self._mark("")

    def _on_edited(self, text: str) -> None:
        self._mark("")
        letters = 0 if "°" in text or ":" in text else sum(letter.isalpha() for letter in text)
        known = self._known.search(text) if letters else []
        towns = load_places().search(text) if letters >= _LETTERS_TO_SEARCH else []
        # The user's own places come first.
        self._found = {place.name: place.position for place in known}
        for town in towns:
            self._found.setdefault(_town_text(town), town.position)
        self._suggestions.setStringList(list(self._found))

    def _choose_place(self, text: str) -> None:
        position = self._found.get(text)
        if position is not None:
            self.setModified(False)
            self.entered.emit(position)

    def _enter(self) -> None:
        if not self.isModified():
            return
        try:
            position = parse_coordinates(self.text())
        except CoordinateError as error:
            if not self._found:
                self._mark(said(error))
                return
            position = next(iter(self._found.values()))
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


def _town_text(town: Place) -> str:
    return town.name if town.region is None else f"{town.name}, {tr(town.region)}"
