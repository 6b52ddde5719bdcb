"""Nothing leaves this computer: neither Python, nor Qt, nor the map's engine makes a request, unless tiles are turned on."""

from __future__ import annotations

import os
import socketserver
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtNetwork import QNetworkAccessManager, QNetworkProxy, QNetworkRequest
from PySide6.QtTest import QTest
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile
from PySide6.QtWebEngineWidgets import QWebEngineView
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from geotagger.core.geo import LatLon
from geotagger.gui.challenge_dialog import ChallengeDialog
from geotagger.gui.map import TILE_SOURCES
from tests.gui.conftest import App
from tests.gui.map.map_samples import LoadedMap
from tests.gui.test_judging import save_located
from tests.images import save_photo

_HERE = ("127.0.0.1", "::1", "localhost", "")
_NET_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


class Leaks(list[str]):
    """Everything that tried to leave this computer."""

    listening = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: what Python's own sockets do."""
        if not self.listening or event not in _NET_EVENTS:
            return
        target = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        host = target[0] if isinstance(target, tuple) else target
        if (isinstance(target, (tuple, str)) and event != "socket.connect" and host not in _HERE) or (
            isinstance(target, tuple) and host not in _HERE
        ):
            self.append(f"{event} {host}")


_python_leaks = Leaks()
sys.addaudithook(_python_leaks.hear)


@pytest.fixture(scope="module")
def recorder() -> Iterator[Leaks]:
    """A proxy on this computer that answers nothing and writes down what it is asked for."""
    asked = Leaks()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode("latin-1").strip())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="recorder")
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        before = {name: os.environ.get(name) for name in (*names, "no_proxy", "NO_PROXY")}
        os.environ.update(dict.fromkeys(names, address))
        for name in ("no_proxy", "NO_PROXY"):
            os.environ.pop(name, None)
        QNetworkProxy.setApplicationProxy(
            QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, "127.0.0.1", server.server_address[1])
        )
        yield asked
        QNetworkProxy.setApplicationProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        server.shutdown()
        thread.join()


@pytest.fixture
def leaks(recorder: Leaks) -> Iterator[list[Leaks]]:
    recorder.clear()
    _python_leaks.clear()
    _python_leaks.listening = True
    yield [_python_leaks, recorder]
    _python_leaks.listening = False


def test_a_whole_session_asks_nobody_until_tiles_are_turned_on(
    app: App, leaks: list[Leaks], tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    for number in range(5):
        save_located(folder / f"located_{number}.jpg", seed=number, taken=f"2024:06:01 10:0{number}:00")
    save_photo(folder / "open.jpg", seed=7, taken="2024:06:01 10:09:00")
    window = app.window
    app.open(folder)
    app.wait(lambda: window.thumbnails.get(app.photo("open.jpg").id, app.photo("open.jpg").path) is not None)
    app.select("open.jpg")
    page = LoadedMap(window.map_view, window.map_view.findChild(QWebEngineView).page(), app.bot)
    page.wait_js("geotagger.view.markers.size === 6")
    for zoom in (3, 9, 15):
        window.map_view.centre_on(LatLon(46.9, -110.4), zoom)
        page.wait_js(f"geotagger.view.map.getZoom() === {zoom}")

    field = window.panel.position
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "Banff")
    app.bot.keyClick(field, "\r")
    app.wait(lambda: app.photo("open.jpg").edited is not None)

    app.do("challenge")
    game = app.dialog(ChallengeDialog)
    assert isinstance(game, ChallengeDialog)
    app.wait(lambda: game.challenge.round.model is not None)
    game.map_view.map_clicked.emit(40.0, -100.0)
    game.button.click()
    game.reject()

    export = tmp_path / "map.html"
    window.exporting.export(export)
    app.wait(export.is_file)
    app.wait(lambda: "map.html" in window.notices.text)
    open_page(app.bot, export)
    app.bot.wait(300)  # time for a late request to be made, if one were to be
    assert leaks == [[], []]

    tiles = next(source for source in TILE_SOURCES if source.name == "OpenStreetMap")
    window.preferences.apply(replace(window.workbench.settings, tile_url=tiles.url))
    app.wait(lambda: any("tile.openstreetmap.org" in line for line in leaks[1]))
    window.preferences.apply(replace(window.workbench.settings, tile_url=""))


def open_page(bot: QtBot, file: Path) -> None:
    """Open an exported page in an ordinary browser that would let every request through."""
    view = QWebEngineView()
    bot.addWidget(view)
    profile = QWebEngineProfile(view)
    page = QWebEnginePage(profile)
    view.setPage(page)
    view.show()
    try:
        with bot.waitSignal(page.loadFinished, timeout=60_000):
            page.load(QUrl.fromLocalFile(str(file)))
        LoadedMap(None, page, bot).wait_js("geotagger.view.markers.size > 0")  # type: ignore[arg-type]
    finally:
        delete(page)  # before its profile


def test_a_request_of_python_would_be_heard(leaks: list[Leaks]) -> None:
    with pytest.raises(OSError):
        urllib.request.urlopen("http://example.invalid/python", timeout=10)
    assert any("/python" in line for line in leaks[1])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(OSError):
        opener.open("http://example.invalid/", timeout=10)
    assert any("example.invalid" in line for line in leaks[0])


def test_a_request_of_qt_would_be_heard(qtbot: QtBot, leaks: list[Leaks]) -> None:
    network = QNetworkAccessManager()
    reply = network.get(QNetworkRequest(QUrl("http://example.invalid/qt")))
    qtbot.waitUntil(lambda: any("/qt" in line for line in leaks[1]), timeout=30_000)
    qtbot.waitUntil(reply.isFinished, timeout=30_000)


def test_a_request_of_the_browser_engine_would_be_heard(qtbot: QtBot, leaks: list[Leaks]) -> None:
    view = QWebEngineView()
    qtbot.addWidget(view)
    view.setUrl(QUrl("http://example.invalid/engine"))
    qtbot.waitUntil(lambda: any("example.invalid" in line for line in leaks[1]), timeout=30_000)
