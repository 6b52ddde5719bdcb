"""The local URL scheme that the map page lives on, and the guard that lets nothing else be fetched."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from PySide6.QtCore import QBuffer, QFile, QIODevice, QObject, Signal
from PySide6.QtWebEngineCore import (
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
    QWebEngineUrlRequestJob,
    QWebEngineUrlScheme,
    QWebEngineUrlSchemeHandler,
)

from geotagger.core.errors import ResourceError
from geotagger.gui.map.tiles import TileFetcher
from geotagger.session.map_page import SERVED_SCRIPTS, STYLE_SHEETS, asset_text

log = logging.getLogger(__name__)

SCHEME = b"geotagger"
PAGE_URL = "geotagger://map/index.html"

_TILE = re.compile(r"tile/\d+/(\d{1,2})/(\d{1,7})/(\d{1,7})")
_THUMBNAIL_PREFIX = "thumbnail/"


def register_scheme() -> None:
    """Make the scheme known to Qt; must be called before the QApplication is made. Calling it again is harmless."""
    if QWebEngineUrlScheme.schemeByName(SCHEME).name() == SCHEME:
        return
    scheme = QWebEngineUrlScheme(SCHEME)
    scheme.setSyntax(QWebEngineUrlScheme.Syntax.Host)
    scheme.setFlags(QWebEngineUrlScheme.Flag.SecureScheme)
    QWebEngineUrlScheme.registerScheme(scheme)


class MapFiles(QWebEngineUrlSchemeHandler):
    """Serves the page, its scripts and style sheets, and the thumbnails; knows no other file.

    Args:
        page: gives the page's HTML.
        thumbnail: gives the image file of a photo, or None.
        tiles: answers requests for online map tiles.
    """

    def __init__(
        self,
        page: Callable[[], str],
        thumbnail: Callable[[int], bytes | None],
        tiles: TileFetcher,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._thumbnail = thumbnail
        self._tiles = tiles

    def requestStarted(self, job: QWebEngineUrlRequestJob) -> None:
        """Answer one request of the page."""
        name = job.requestUrl().path().lstrip("/")
        tile = _TILE.fullmatch(name)
        if tile:
            self._tiles.answer(job, *(int(number) for number in tile.groups()))
            return
        try:
            found = self._find(name)
        except ResourceError as error:
            log.error("%s", error)
            found = None
        if found is None or job.requestMethod() != b"GET":
            log.warning("The map asked for %s, which does not exist.", job.requestUrl().toString())
            job.fail(QWebEngineUrlRequestJob.Error.UrlNotFound)
            return
        kind, content = found
        reply = QBuffer(job)  # lives as long as the request
        reply.setData(content)
        reply.open(QIODevice.OpenModeFlag.ReadOnly)
        job.reply(kind, reply)

    def _find(self, name: str) -> tuple[bytes, bytes] | None:
        """Content type and content of a file of the page, or None."""
        if name == "index.html":
            return b"text/html;charset=utf-8", self._page().encode()
        if name == "qwebchannel.js":
            return b"text/javascript", _qt_web_channel_script()
        if name in SERVED_SCRIPTS:
            return b"text/javascript;charset=utf-8", asset_text(name).encode()
        if name in STYLE_SHEETS:
            return b"text/css;charset=utf-8", asset_text(name).encode()
        if name.startswith(_THUMBNAIL_PREFIX):
            number = name.removeprefix(_THUMBNAIL_PREFIX).partition("-")[0]
            content = self._thumbnail(int(number)) if number.isdecimal() else None
            return (_image_type(content), content) if content else None
        return None


def thumbnail_url(photo_id: int, version: int) -> str:
    """Address of a photo's thumbnail in the page; a new version makes the page fetch it again."""
    return f"{_THUMBNAIL_PREFIX}{photo_id}-{version}"


def _qt_web_channel_script() -> bytes:
    file = QFile(":/qtwebchannel/qwebchannel.js")
    file.open(QIODevice.OpenModeFlag.ReadOnly)
    return bytes(file.readAll().data())


def _image_type(content: bytes) -> bytes:
    if content.startswith(b"\x89PNG"):
        return b"image/png"
    if content[8:12] == b"WEBP":
        return b"image/webp"
    return b"image/jpeg"


class LocalOnly(QWebEngineUrlRequestInterceptor):
    """Refuses every request that would leave the local scheme.

    Signals:
        asked: address of each request and whether it was let through.
    """

    asked = Signal(str, bool)

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:
        """Look at one request before it is made."""
        url = info.requestUrl()
        allowed = url.scheme().encode() == SCHEME and url.host() == "map"
        if not allowed:
            log.warning("The map was kept from fetching %s.", url.toString())
            info.block(True)
        self.asked.emit(url.toString(), allowed)
