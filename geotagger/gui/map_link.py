"""Keeps the map and the workbench together: markers, selection, the shaded guess, moved markers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from geotagger.core.errors import SettingsError
from geotagger.core.geo import LatLon
from geotagger.core.prediction import CellProbability, Prediction
from geotagger.core.settings import Settings
from geotagger.gui.appearance import Appearance
from geotagger.gui.jobs import Generation, Urgency
from geotagger.gui.language import said
from geotagger.gui.map import CellShape, MapView, Marker, tile_source
from geotagger.gui.names import shown_name
from geotagger.gui.photo_model import PhotoModel
from geotagger.gui.predicting import Predicting
from geotagger.gui.thumbnails import jpeg_thumbnail
from geotagger.gui.workbench import Workbench
from geotagger.session.photo import Photo

if TYPE_CHECKING:
    from geotagger.core.cells import CellGrid

log = logging.getLogger(__name__)

_UPDATE_MS = 80
"""Changes of markers go to the page together, at most this often."""
_MOST_AT_ONCE = 2000
"""So many markers take some ten milliseconds of the window's time."""
_MOST_THUMBNAILS = 1000
"""So many photos get their picture on the map; with more, marks alone are easier on eyes and memory."""
_THUMBNAIL_PX = 72


class MapLink(QObject):
    """Adapts the map to the workbench; neither knows the other."""

    def __init__(
        self,
        workbench: Workbench,
        model: PhotoModel,
        view: MapView,
        predicting: Predicting,
        appearance: Appearance,
    ) -> None:
        super().__init__(view)
        self._workbench = workbench
        self._model = model
        self._view = view
        self._predicting = predicting
        self._cells_wanted = Generation()
        self._shaded: tuple[Prediction | None, Any] = (None, None)
        self._shown: set[int] = set()
        self._listed: set[int] = set()
        self._dirty: dict[int, None] = {}
        self._thumbnails: dict[int, bytes] = {}
        self._asked: set[int] = set()
        self._use_tiles(workbench.settings)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_UPDATE_MS)
        self._timer.timeout.connect(self._flush)
        workbench.photos_changed.connect(self._note)
        workbench.photos_removed.connect(self._note)
        model.rearranged.connect(self._follow_filter)
        workbench.photos_removed.connect(self._forget)
        workbench.selection_changed.connect(self._on_selection)
        predicting.model_changed.connect(self._show_current)
        workbench.settings_changed.connect(self._use_tiles)
        appearance.changed.connect(view.set_palette_colors)
        view.marker_moved.connect(self._on_moved)
        view.markers_selected.connect(self._on_markers_selected)
        view.photos_dropped.connect(self._on_photos_dropped)

    def fit_all(self) -> None:
        """Show all markers."""
        self._flush_all()
        self._view.fit(None)

    def fit_selection(self) -> None:
        """Show the selected markers, or all if none is selected."""
        self._note(self._workbench.selected_ids)  # what was decided of them a moment ago is not told yet
        self._flush_all()
        chosen = [i for i in self._workbench.selected_ids if i in self._shown]
        self._view.fit(chosen or None)

    def _note(self, photo_ids: Iterable[int]) -> None:
        self._dirty.update(dict.fromkeys(photo_ids))
        if not self._timer.isActive():
            self._timer.start()

    def _follow_filter(self) -> None:
        """The map shows what the list shows: what is hidden there could else be selected here, and decided unseen."""
        listed = set(self._model.visible_ids)
        changed = (self._shown - listed) | (listed - self._listed - self._shown)
        self._listed = listed
        if changed:
            self._note(changed)

    def _flush_all(self) -> None:
        while self._dirty:
            self._flush()

    def _flush(self) -> None:
        """Tell the page of the next changes; very many go in several turns, between which the window breathes."""
        self._timer.stop()
        dirty = list(islice(self._dirty, _MOST_AT_ONCE))
        if not dirty:
            return
        for photo_id in dirty:
            del self._dirty[photo_id]
        if self._dirty:
            self._timer.start()
        session = self._workbench.session
        markers, gone = [], []
        for photo_id in dirty:
            marker = self._marker_of(session.get(photo_id))
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

    def _marker_of(self, photo: Photo | None) -> Marker | None:
        """The marker of a photo; None for a photo that was closed, is not in the list, or has no position at all."""
        if photo is None or photo.metadata is None or photo.shown_position is None:
            return None
        if self._model.row_of(photo.id) is None:
            return None
        if photo.id not in self._asked and len(self._asked) < _MOST_THUMBNAILS:
            self._asked.add(photo.id)
            self._workbench.jobs.run(
                partial(jpeg_thumbnail, photo.path, _THUMBNAIL_PX),
                partial(self._keep_thumbnail, photo.id),
                _pass_over,
            )
        thumbnail = self._thumbnails.get(photo.id)
        return Marker(
            photo.id, photo.shown_position, photo.state, shown_name(photo.path), thumbnail=thumbnail
        )

    def _keep_thumbnail(self, photo_id: int, jpeg: bytes | None) -> None:
        if jpeg is not None and photo_id in self._workbench.session:
            self._thumbnails[photo_id] = jpeg
            self._note([photo_id])

    def _forget(self, photo_ids: Iterable[int]) -> None:
        for photo_id in photo_ids:
            self._thumbnails.pop(photo_id, None)
            self._asked.discard(photo_id)
            self._listed.discard(photo_id)

    def _use_tiles(self, settings: Settings) -> None:
        try:
            self._view.set_tiles(tile_source(settings.tile_url))
        except SettingsError as error:
            self._view.set_tiles(None)
            self._workbench.noticed.emit(said(error), "")

    def _on_selection(self) -> None:
        self._view.select(list(self._workbench.selected_ids))
        self._show_current()

    def _show_current(self) -> None:
        photo = self._workbench.current
        guess = None if photo is None or photo.skipped else photo.prediction
        predictor = self._predicting.predictor
        if self._shaded[0] is guess and self._shaded[1] is predictor:
            return  # cells would be taken away, and come again a moment later
        self._shaded = (guess, predictor)
        self._view.show_prediction(guess)
        self._view.show_cells(())
        token = self._cells_wanted.next()
        if guess is not None and guess.cells and predictor is not None and predictor.model_id == guess.model:
            work = partial(_shapes, predictor.grid, guess.cells)
            self._workbench.jobs.run(work, self._view.show_cells, _no_cells, token, urgency=Urgency.VISIBLE)

    def _on_moved(self, photo_id: int, lat_deg: float, lon_deg: float) -> None:
        if photo_id not in self._workbench.session:
            return
        if photo_id not in self._workbench.selected_ids:
            self._workbench.select([photo_id])
        self._workbench.place([photo_id], LatLon(lat_deg, lon_deg))

    def _on_photos_dropped(self, photo_ids: Sequence[int], lat_deg: float, lon_deg: float) -> None:
        self._workbench.place(photo_ids, LatLon(lat_deg, lon_deg))

    def _on_markers_selected(self, photo_ids: Sequence[int]) -> None:
        self._workbench.select([i for i in photo_ids if i in self._workbench.session])


def _shapes(grid: CellGrid, cells: Sequence[CellProbability]) -> list[CellShape]:
    """Shapes of cells, the likeliest with full strength."""
    from geotagger.core.cells import cell_outline  # late, for the window opens sooner without h3

    return [CellShape(cell_outline(grid, c.cell), c.probability / cells[0].probability) for c in cells]


def _no_cells(error: Exception) -> None:
    raise error


def _pass_over(error: Exception) -> None:
    log.info("No picture for a marker: %s", error)
