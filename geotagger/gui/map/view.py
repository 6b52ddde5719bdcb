"""The map widget: markers, a shaded prediction, selection and dragging, on a page that cannot reach the network."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile, QWebEngineSettings
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction
from geotagger.gui.language import tr
from geotagger.gui.map.bridge import Bridge
from geotagger.gui.map.cell_shape import CellShape
from geotagger.gui.map.marker import Marker
from geotagger.gui.map.scheme import PAGE_URL, SCHEME, LocalOnly, MapFiles, thumbnail_url
from geotagger.gui.map.tiles import TileFetcher, TileSource
from geotagger.gui.theme import Palette
from geotagger.gui.wording import page_words
from geotagger.session.map_page import window_page

log = logging.getLogger(__name__)

_PHOTO_IDS = "application/x-geotagger-photo-ids"


class MapView(QWidget):
    """The embedded map. Its page loads when the map is shown first, or earlier if ``load`` is called.

    What is asked of it before that is done when the page has loaded.

    The map moves only in ``fit`` and ``centre_on``; everything else leaves the user's view as it is.

    Signals:
        marker_moved: photo id, latitude and longitude where the user dropped its marker.
        markers_selected: list of the photo ids that the user selected on the map; all others are unselected.
        map_clicked: latitude and longitude of a single click beside all markers.
        paths_dropped: list of ``Path`` that were dropped from outside.
        photos_dropped: list of photo ids dragged from a list in the program, and latitude and longitude of the drop.
        ready: the page has loaded and shows what it was given.
        failed: a sentence that says why there is no map; the widget shows it too.
        tiles_missing: a sentence that says why the online map that the user chose does not come.
    """

    marker_moved = Signal(int, float, float)
    markers_selected = Signal(object)
    map_clicked = Signal(float, float)
    paths_dropped = Signal(object)
    photos_dropped = Signal(object, float, float)
    ready = Signal()
    failed = Signal(str)
    tiles_missing = Signal(str)

    def __init__(
        self, palette: Palette, words: Mapping[str, str] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._palette = palette
        self._words = page_words() | dict(words or {})
        self._thumbnails: dict[int, bytes] = {}
        self._thumbnail_versions: dict[int, int] = {}
        # Children die in the order they were made: the stage with the view and its page first, the profile after.
        self._stage = QWidget(self)
        self._view = QWebEngineView(self._stage)
        self._profile = QWebEngineProfile(self)  # without a storage name it is off the record
        self._tiles = TileFetcher(self)
        self._tile_changes = 0
        self._files = MapFiles(self._html, self._thumbnails.get, self._tiles, self)
        self._guard = LocalOnly(self)
        self._profile.setHttpCacheType(QWebEngineProfile.HttpCacheType.NoCache)
        self._profile.installUrlSchemeHandler(SCHEME, self._files)
        self._profile.setUrlRequestInterceptor(self._guard)
        self._page = _Page(self._profile, self._view)
        self._bridge = Bridge(self._page)
        self._channel = QWebChannel(self._page)
        self._channel.registerObject("bridge", self._bridge)
        self._page.setWebChannel(self._channel)
        self._view.setPage(self._page)
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._view.setAccessibleName(tr("Map"))
        self._message = QLabel(self._stage)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setMargin(24)
        self._stack = QStackedLayout(self._stage)
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._message)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stage)
        self._connect()
        self._take_drops()
        self._paint_background()
        self._is_loading = False

    def _connect(self) -> None:
        self._bridge.page_ready.connect(self._watch_enter)
        self._bridge.page_ready.connect(self.ready)
        self._bridge.moved.connect(self.marker_moved)
        self._bridge.selected.connect(self.markers_selected)
        self._bridge.clicked.connect(self.map_clicked)
        self._bridge.dropped.connect(self.photos_dropped)
        self._page.loadFinished.connect(self._loaded)
        self._tiles.missing.connect(self.tiles_missing)
        self._page.renderProcessTerminated.connect(self._terminated)
        self._page.script_failed.connect(self._script_failed)

    def showEvent(self, event: QShowEvent) -> None:
        """Load the page at the latest now."""
        super().showEvent(event)
        self.load()

    # What the window asks for

    @property
    def tab_stop(self) -> QWidget:
        """What the Tab key visits; from there it goes through the map and out of it again."""
        proxy = self._view.focusProxy()
        if proxy is None:
            return self._view
        proxy.setAccessibleName(self._view.accessibleName())  # it has the keys, so it is what is read out
        return proxy

    def load(self) -> None:
        """Begin to load the page, once."""
        if not self._is_loading:
            self._is_loading = True
            self._page.load(QUrl(PAGE_URL))

    def set_markers(self, markers: Sequence[Marker]) -> None:
        """Show these photos and no others."""
        self._thumbnails.clear()
        self._bridge.send("markers", self._rows(markers))

    def update_markers(self, markers: Sequence[Marker]) -> None:
        """Show these photos anew: moved, in another state, or for the first time; the others stay."""
        self._bridge.send("update", self._rows(markers))

    def remove_markers(self, photo_ids: Sequence[int]) -> None:
        """Take photos off the map; unknown ones are ignored."""
        for photo_id in photo_ids:
            self._thumbnails.pop(photo_id, None)
        self._bridge.send("remove", list(photo_ids))

    def select(self, photo_ids: Sequence[int]) -> None:
        """Highlight these photos and no others, without telling anyone."""
        self._bridge.send("select", list(photo_ids))

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Shade the regions by probability and draw the ring and the best point; None clears them."""
        self._bridge.send("prediction", _described(prediction) if prediction else None)

    def show_cells(self, cells: Sequence[CellShape]) -> None:
        """Shade cells over the regions of the prediction shown, the likelier the stronger; none clears them."""
        self._bridge.send("cells", [[list(cell.rings), round(cell.strength, 3)] for cell in cells])

    def fit(self, photo_ids: Sequence[int] | None = None) -> None:
        """Bring these photos into view, or all of them, or North America if there are none."""
        self._bridge.send("fit", list(photo_ids) if photo_ids is not None else None)

    def centre_on(self, position: LatLon, zoom: int | None = None) -> None:
        """Bring a position to the middle of the map; the zoom stays unless given (2 world … 16 street)."""
        self._bridge.send("centre", position.lat_deg, position.lon_deg, zoom)

    def set_palette_colors(self, palette: Palette) -> None:
        """Change to the colours of another palette at once."""
        self._palette = palette
        self._paint_background()
        self._bridge.send("colours", _css_variables(palette))

    def set_tiles(self, source: TileSource | None) -> None:
        """Draw online tiles from a source over the offline map; None, as at the start, uses no network."""
        if source == self._tiles.source:
            return
        self._tiles.use(source)
        self._tile_changes += 1
        described = None
        if source:
            described = {
                "url": f"tile/{self._tile_changes}/{{z}}/{{x}}/{{y}}",
                "attribution": source.attribution,
                "max_zoom": source.max_zoom,
            }
        self._bridge.send("tiles", described)

    # The page

    def _html(self) -> str:
        return window_page(_css_variables(self._palette), self._words)

    def _rows(self, markers: Sequence[Marker]) -> list[list[Any]]:
        rows = []
        for marker in markers:
            place = marker.position
            url = self._keep_thumbnail(marker)
            rows.append(
                [
                    marker.photo_id,
                    round(place.lat_deg, 6),
                    round(place.lon_deg, 6),
                    marker.state.value,
                    marker.label,
                    marker.draggable,
                    url,
                ]
            )
        return rows

    def _keep_thumbnail(self, marker: Marker) -> str | None:
        if marker.thumbnail is None:
            self._thumbnails.pop(marker.photo_id, None)
            return None
        if self._thumbnails.get(marker.photo_id) != marker.thumbnail:
            self._thumbnails[marker.photo_id] = marker.thumbnail
            self._thumbnail_versions[marker.photo_id] = self._thumbnail_versions.get(marker.photo_id, 0) + 1
        return thumbnail_url(marker.photo_id, self._thumbnail_versions[marker.photo_id])

    def _paint_background(self) -> None:
        self._page.setBackgroundColor(
            QColor(self._palette.map_water)
        )  # no white flash before the page is drawn
        self._message.setStyleSheet(
            f"background: {self._palette.map_water}; color: {self._palette.text}; font-size: 14px"
        )

    def _loaded(self, success: bool) -> None:
        if not success:
            self._fail(tr("The map could not be loaded; the list and the panel work without it."))

    def _terminated(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        if status == QWebEnginePage.RenderProcessTerminationStatus.NormalTerminationStatus:
            return
        log.error("The map's process ended: %s, code %d.", status, code)
        self._fail(tr("The map stopped working; please start the program again to see it."))

    def _script_failed(self, message: str) -> None:
        if not self._bridge.is_ready:
            self._fail(tr("The map could not be drawn; the log file says why."))
        log.error("The map page reported: %s", message)

    def _fail(self, sentence: str) -> None:
        self._bridge.page_gone()
        self._message.setText(sentence)
        self._stack.setCurrentWidget(self._message)
        self.failed.emit(sentence)

    # Drops: Chromium would open a dropped file in place of the map, so it never sees one.

    def _take_drops(self) -> None:
        self.setAcceptDrops(True)
        self._view.setAcceptDrops(False)
        self._view.installEventFilter(self)
        for child in self._view.findChildren(QWidget):
            child.setAcceptDrops(False)

    def _watch_enter(self) -> None:
        """Chromium makes what takes the keys when it loads a page."""
        self.tab_stop.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep Enter for the page where it belongs, and the child widgets that Chromium makes later from taking drops."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if is_enter and self._bridge.wants_enter:
                event.accept()
                return True
        if event.type() == QEvent.Type.ChildPolished:
            for child in self._view.findChildren(QWidget):
                child.setAcceptDrops(False)
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files, folders and the program's own photos."""
        self._welcome(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Go on welcoming them."""
        self._welcome(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Pass on what was dropped; photos of the program go before the files that they are."""
        self._welcome(event)
        photo_ids, paths = photo_ids_in(event.mimeData()), _local_paths(event)
        if photo_ids:
            self._bridge.send("drop", photo_ids, event.position().x(), event.position().y())
        elif paths:
            self.paths_dropped.emit(paths)

    def _welcome(self, event: QDropEvent) -> None:
        if photo_ids_in(event.mimeData()) or _local_paths(event):
            # A move would let the file manager delete the photos.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()


class _Page(QWebEnginePage):
    """A page that goes nowhere else and, as Qt has it by default, opens no windows."""

    script_failed = Signal(str)

    def __init__(self, profile: QWebEngineProfile, parent: QObject) -> None:
        super().__init__(profile, parent)
        settings = self.settings()
        for attribute in (
            QWebEngineSettings.WebAttribute.LocalContentCanAccessFileUrls,
            QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls,
            QWebEngineSettings.WebAttribute.PluginsEnabled,
            QWebEngineSettings.WebAttribute.LocalStorageEnabled,
            QWebEngineSettings.WebAttribute.NavigateOnDropEnabled,
            QWebEngineSettings.WebAttribute.DnsPrefetchEnabled,
            QWebEngineSettings.WebAttribute.JavascriptCanOpenWindows,
        ):
            settings.setAttribute(attribute, False)

    def acceptNavigationRequest(
        self, url: QUrl | str, kind: QWebEnginePage.NavigationType, is_main_frame: bool
    ) -> bool:
        """Allow the map page and nothing else."""
        return QUrl(url) == QUrl(PAGE_URL) and is_main_frame

    def javaScriptConsoleMessage(
        self, level: QWebEnginePage.JavaScriptConsoleMessageLevel, message: str, line: int, source: str
    ) -> None:
        """Errors of the page's scripts go to the log, not to a console that nobody sees."""
        text = f"{source.rpartition('/')[2]}:{line}: {message}"
        if level == QWebEnginePage.JavaScriptConsoleMessageLevel.ErrorMessageLevel:
            self.script_failed.emit(text)
        else:
            log.debug("The map page said: %s", text)


def photo_mime_data(photo_ids: Sequence[int]) -> QMimeData:
    """What a list of photos gives to a drag, so that the photos can be dropped on the map."""
    data = QMimeData()
    data.setData(_PHOTO_IDS, json.dumps(list(photo_ids)).encode())
    return data


def photo_ids_in(data: QMimeData) -> list[int]:
    """The photos of ``photo_mime_data``; empty for any other drag."""
    return [int(number) for number in json.loads(bytes(data.data(_PHOTO_IDS).data()) or b"[]")]


def _css_variables(palette: Palette) -> dict[str, str]:
    """The palette by CSS variable name, and how bright online tiles are beside it."""
    colours = {
        name.replace("_", "-"): value for name, value in asdict(palette).items() if isinstance(value, str)
    }
    return colours | {"online-brightness": "0.78" if palette.dark else "1"}


def _described(prediction: Prediction) -> dict[str, Any]:
    return {
        "regions": [[region.code, round(region.probability, 4)] for region in prediction.regions],
        "set": list(prediction.region_set),
        "lat": prediction.position.lat_deg,
        "lon": prediction.position.lon_deg,
        "radius_km": prediction.radius_km,
        "coverage": prediction.radius_coverage,
        "has_cells": bool(prediction.cells),
    }


def _local_paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
