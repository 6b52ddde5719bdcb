"""Online map tiles, for users who ask for them: known sources, and the one place that fetches over the network.

The page never fetches tiles itself. It asks the local scheme, and this module answers from a disk cache or from the
source, through the proxy of the system, with the headers that tile servers ask for.
"""

from __future__ import annotations

import logging
import string
import time
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QIODevice, QObject, QUrl, Signal
from PySide6.QtNetwork import (
    QNetworkAccessManager,
    QNetworkDiskCache,
    QNetworkProxyFactory,
    QNetworkReply,
    QNetworkRequest,
)
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob
from shiboken6 import isValid

from geotagger import __version__
from geotagger.core.errors import SettingsError, UserFolderError
from geotagger.core.paths import cache_dir
from geotagger.gui.language import tr

log = logging.getLogger(__name__)

_CACHE_BYTES = 200 * 1024 * 1024
_TIMEOUT_MS = 20_000
_TOO_MUCH = (429, 503)
_REST_S, _LONGEST_REST_S = 60, 3600
"""So long a source that says "too many requests" is left in peace, if it does not say how long itself."""
_USER_AGENT = f"Geotagger/{__version__} (desktop photo geotagger)"
_REFERER = b"geotagger://map/"
"""Only the origin: which place is looked at is told by the tiles themselves, and nothing else is told."""


@dataclass(frozen=True, slots=True)
class TileSource:
    """A server of map tiles in the Web Mercator grid.

    Attributes:
        url: address with ``{z}``, ``{x}`` and ``{y}``.
        attribution: whose map it is; always shown on the map.
        max_zoom: the closest zoom that the source has.
    """

    name: str
    url: str
    attribution: str
    max_zoom: int = 19

    def __post_init__(self) -> None:
        """Refuse an address that cannot be that of tiles.

        Raises:
            SettingsError: the address is not of the web or lacks a placeholder.
        """
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(self.url) if name is not None}
        except ValueError:
            names = set()
        if QUrl(self.url).scheme() not in ("http", "https") or names != {"x", "y", "z"}:
            raise SettingsError(
                "The address of online map tiles must begin with https:// and hold {z}, {x} and {y}."
            )

    def address(self, zoom: int, column: int, row: int) -> str:
        """Address of one tile."""
        return self.url.format(z=zoom, x=column, y=row)


_NATIONAL_MAP = "https://basemap.nationalmap.gov/arcgis/rest/services/{}/MapServer/tile/{{z}}/{{y}}/{{x}}"

TILE_SOURCES = (
    TileSource(
        "OpenStreetMap", "https://tile.openstreetmap.org/{z}/{x}/{y}.png", "© OpenStreetMap contributors", 19
    ),
    TileSource(
        "OpenTopoMap",
        "https://tile.opentopomap.org/{z}/{x}/{y}.png",
        "© OpenStreetMap contributors, SRTM; map style © OpenTopoMap (CC BY-SA)",
        17,
    ),
    TileSource("USGS Topo", _NATIONAL_MAP.format("USGSTopo"), "USGS The National Map", 16),
    TileSource("USGS Imagery", _NATIONAL_MAP.format("USGSImageryOnly"), "USGS The National Map", 16),
)
"""Sources that allow light use without a key. The user may give the address of any other."""


def tile_source(url: str) -> TileSource | None:
    """The source with an address; None for an empty one, which means the offline map.

    Raises:
        SettingsError: the address cannot be that of tiles.
    """
    if not url:
        return None
    known = next((source for source in TILE_SOURCES if source.url == url), None)
    return known or TileSource(QUrl(url).host(), url, QUrl(url).host())


class TileFetcher(QObject):
    """Answers the page's requests for tiles while a source is set, and refuses them otherwise."""

    missing = Signal(str)
    """A sentence that says why tiles do not come; once for each source that is set."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source: TileSource | None = None
        self._has_come = False
        self._was_told = False
        self._rests_until = 0.0
        self._network: QNetworkAccessManager | None = None
        self._waiting: dict[int, tuple[QWebEngineUrlRequestJob, QNetworkReply]] = {}
        self._last_number = 0

    def use(self, source: TileSource | None) -> None:
        """Fetch from another source, or with None from none; what is under way is given up."""
        self.source = None
        for _, reply in list(self._waiting.values()):
            reply.abort()  # ends in _finish, which answers the page
        self.source = source
        self._has_come = self._was_told = False
        self._rests_until = 0.0

    def answer(self, job: QWebEngineUrlRequestJob, zoom: int, column: int, row: int) -> None:
        """Reply to a request with a tile, or fail it; the offline map below shows through then."""
        if self.source is None:
            job.fail(QWebEngineUrlRequestJob.Error.RequestDenied)
            return
        request = QNetworkRequest(QUrl(self.source.address(zoom, column, row)))
        request.setHeader(QNetworkRequest.KnownHeaders.UserAgentHeader, _USER_AGENT)
        request.setRawHeader(b"Referer", _REFERER)
        request.setTransferTimeout(_TIMEOUT_MS)
        request.setAttribute(
            QNetworkRequest.Attribute.RedirectPolicyAttribute,
            QNetworkRequest.RedirectPolicy.SameOriginRedirectPolicy,
        )
        request.setAttribute(
            QNetworkRequest.Attribute.CookieSaveControlAttribute, QNetworkRequest.LoadControl.Manual
        )
        if time.monotonic() < self._rests_until:
            request.setAttribute(
                QNetworkRequest.Attribute.CacheLoadControlAttribute,
                QNetworkRequest.CacheLoadControl.AlwaysCache,
            )
        reply = self._connection().get(request)
        number = self._last_number = self._last_number + 1
        self._waiting[number] = job, reply
        job.destroyed.connect(lambda: self._abandon(number))
        reply.finished.connect(lambda: self._finish(number))

    def _connection(self) -> QNetworkAccessManager:
        """The network, opened only when the first tile is asked for."""
        if self._network is None:
            QNetworkProxyFactory.setUseSystemConfiguration(True)
            self._network = QNetworkAccessManager(self)
            try:
                folder = cache_dir() / "tiles"
            except UserFolderError as error:
                log.warning("Tiles are not kept: %s", error)
                return self._network
            cache = QNetworkDiskCache(self._network)
            cache.setCacheDirectory(str(folder))
            cache.setMaximumCacheSize(_CACHE_BYTES)
            self._network.setCache(cache)
        return self._network

    def _abandon(self, number: int) -> None:
        """The page needs the tile no more; its request must not be touched again."""
        _, reply = self._waiting.pop(number, (None, None))
        if reply is not None and isValid(reply):  # the network may have gone first, with the whole map
            reply.finished.disconnect()
            reply.abort()
            reply.deleteLater()

    def _finish(self, number: int) -> None:
        job, reply = self._waiting.pop(number)
        reply.deleteLater()
        kind = str(reply.header(QNetworkRequest.KnownHeaders.ContentTypeHeader) or "")
        if reply.error() != QNetworkReply.NetworkError.NoError or not kind.startswith("image/"):
            log.info("A map tile could not be fetched: %s", reply.errorString())
            self._note_failure(reply)
            job.fail(QWebEngineUrlRequestJob.Error.RequestFailed)
            return
        self._has_come = True
        content = QBuffer(job)
        content.setData(reply.readAll())
        content.open(QIODevice.OpenModeFlag.ReadOnly)
        job.reply(kind.encode(), content)

    def _note_failure(self, reply: QNetworkReply) -> None:
        """Leave a source in peace that is asked too much, and say once why the online map does not come."""
        status = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        if self.source is None:
            return
        if status in _TOO_MUCH:
            headers = {bytes(k.data()).lower(): bytes(v.data()) for k, v in reply.rawHeaderPairs()}
            wanted = headers.get(b"retry-after", b"")
            # A number of seconds or a date; Python refuses to read a number of thousands of digits.
            rest_s = int(wanted[:9]) if wanted.isdigit() else _REST_S
            self._rests_until = time.monotonic() + min(rest_s, _LONGEST_REST_S)
        # A source need not have every tile; only where none has come, or no more may, is something wrong.
        if (self._has_come and status not in _TOO_MUCH) or self._was_told:
            return
        self._was_told = True
        problem = f"HTTP {status}" if status else reply.errorString()
        if reply.error() == QNetworkReply.NetworkError.OperationCanceledError:
            problem = tr("no answer")  # in the time that it is given
        sentence = tr("{name} sends no map ({problem}). The offline map stays.")
        self.missing.emit(sentence.format(name=self.source.name, problem=problem))
