"""Keeps the map and the workbench together: markers, selection, the shaded guess, moved markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QTimer

from geotagger.core.geo import LatLon
from geotagger.gui.appearance import Appearance
from geotagger.gui.map import MapView, Marker
from geotagger.gui.workbench import Workbench
from geotagger.session.photo import Photo

_UPDATE_MS = 80
"""Changes of markers go to the page together, at most this often."""


class MapLink(QObject):
    """Adapts the map to the workbench; neither knows the other."""

    def __init__(self, workbench: Workbench, view: MapView, appearance: Appearance) -> None:
        super().__init__(view)
        self._workbench = workbench
        self._view = view
        self._shown: set[int] = set()
        self._dirty: dict[int, None] = {}
        self._placing = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_UPDATE_MS)
        self._timer.timeout.connect(self._flush)
        workbench.photos_changed.connect(self._note)
        workbench.photos_removed.connect(self._note)
        workbench.selection_changed.connect(self._on_selection)
        appearance.changed.connect(view.set_palette_colors)
        view.marker_moved.connect(self._on_moved)
        view.markers_selected.connect(self._on_markers_selected)

    def fit_all(self) -> None:
        """Show all markers."""
        self._flush()
        self._view.fit(None)

    def fit_selection(self) -> None:
        """Show the selected markers, or all if none is selected."""
        self._flush()
        chosen = [i for i in self._workbench.selected_ids if i in self._shown]
        self._view.fit(chosen or None)

    def _note(self, photo_ids: Iterable[int]) -> None:
        self._dirty.update(dict.fromkeys(photo_ids))
        if not self._timer.isActive():
            self._timer.start()

    def _flush(self) -> None:
        self._timer.stop()
        dirty, self._dirty = self._dirty, {}
        if not dirty:
            return
        session = self._workbench.session
        markers, gone = [], []
        for photo_id in dirty:
            marker = marker_of(session[photo_id]) if photo_id in session else None
            if marker is not None:
                markers.append(marker)
                self._shown.add(photo_id)
            elif photo_id in self._shown:
                gone.append(photo_id)
                self._shown.discard(photo_id)
        if gone:
            self._view.remove_markers(gone)
        if markers:
            self._view.update_markers(markers)
        if self._workbench.current_id in dirty:
            self._show_current()

    def _on_selection(self) -> None:
        self._view.select(list(self._workbench.selected_ids))
        self._show_current()

    def _show_current(self) -> None:
        photo = self._workbench.current
        guess = None if photo is None or photo.skipped else photo.prediction
        self._view.show_prediction(guess)

    def _on_moved(self, photo_id: int, lat_deg: float, lon_deg: float) -> None:
        if photo_id not in self._workbench.session:
            return
        if photo_id not in self._workbench.selected_ids:
            self._workbench.select([photo_id])
        self._workbench.place([photo_id], LatLon(lat_deg, lon_deg))

    def _on_markers_selected(self, photo_ids: Sequence[int]) -> None:
        self._workbench.select([i for i in photo_ids if i in self._workbench.session])


def marker_of(photo: Photo) -> Marker | None:
    """The marker of a photo; None for a photo without any position."""
    position = photo.shown_position
    if position is None or photo.metadata is None:
        return None
    return Marker(photo.id, position, photo.state, photo.path.name)
