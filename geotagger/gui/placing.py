"""Puts the selected photos where the user says: typed, pasted, clicked on the map, or at a known place."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu

from geotagger.core.coordinates import format_position, parse_coordinates
from geotagger.core.errors import CoordinateError, KnownPlaceError
from geotagger.core.geo import LatLon
from geotagger.gui.language import said, tr
from geotagger.gui.workbench import Workbench
from geotagger.session.known_places import KnownPlaces


class Placing(QObject):
    """Acts on the selection of the workbench, and holds the user's known places."""

    known_changed = Signal()
    """A known place came, went, or has another name."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self.known = KnownPlaces()

    def copy_position(self) -> None:
        """Copy the position of the current photo as text."""
        photo = self._workbench.current
        if photo is not None and photo.shown_position is not None:
            text = format_position(photo.shown_position, self._workbench.settings.notation)
            QGuiApplication.clipboard().setText(text)

    def paste_position(self) -> None:
        """Put the selected photos at the position in the clipboard, in any usual notation."""
        try:
            position = parse_coordinates(QGuiApplication.clipboard().text())
        except CoordinateError as error:
            self._workbench.noticed.emit(tr("Nothing was pasted: {problem}").format(problem=said(error)), "")
            return
        self.place_selected(position)

    def place_selected(self, position: LatLon) -> None:
        """Put the selected photos at a position."""
        self._workbench.place(self._workbench.selected_ids, position)

    def place_homeless(self, lat_deg: float, lon_deg: float) -> None:
        """A click on the map places selected photos that are nowhere yet; it never moves a placed one."""
        homeless = [
            p.id for p in self._workbench.selected if p.metadata is not None and p.shown_position is None
        ]
        if homeless:
            self._workbench.place(homeless, LatLon(lat_deg, lon_deg))

    # Known places -----------------------------------------------------------------------------------------

    def pin(self, name: str, position: LatLon) -> None:
        """Remember a position under a name.

        Raises:
            KnownPlaceError: the name is empty, or the place cannot be kept.
        """
        self.known.add(name, position)
        self.known_changed.emit()

    def rename(self, old: str, new: str) -> None:
        """Give a known place another name.

        Raises:
            KnownPlaceError: the name is empty or taken, or the change cannot be kept.
        """
        self.known.rename(old, new)
        self.known_changed.emit()

    def forget(self, name: str) -> None:
        """Forget a known place; what cannot be kept is told in the window."""
        try:
            self.known.remove(name)
        except KnownPlaceError as error:
            self._workbench.noticed.emit(said(error), "")
        self.known_changed.emit()

    def menu(self, pin: QAction, manage: QAction, owner: QMenu) -> QMenu:
        """A menu that puts the selected photos at a known place; it is filled when it opens."""
        menu = owner.addMenu(tr("Set to place"))
        menu.aboutToShow.connect(lambda: self._fill(menu, pin, manage))
        return menu

    def _fill(self, menu: QMenu, pin: QAction, manage: QAction) -> None:
        menu.clear()
        for place in self.known.all:
            # An ampersand in a name would underline the letter behind it.
            action = menu.addAction(place.name.replace("&", "&&"))
            action.setEnabled(bool(self._workbench.selected_ids))
            action.triggered.connect(lambda _=False, place=place: self.place_selected(place.position))
        if not len(self.known):
            menu.addAction(tr("No known places yet")).setEnabled(False)
        menu.addSeparator()
        menu.addActions([pin, manage])
