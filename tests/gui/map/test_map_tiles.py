"""Online tiles come only when asked for, only from the chosen source, and with the headers that it wants."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from PySide6.QtWebEngineWidgets import QWebEngineView

from geotagger.core.errors import SettingsError
from geotagger.core.geo import LatLon
from geotagger.gui.map import TILE_SOURCES, TileSource, tile_source
from geotagger.gui.theme import DARK, LIGHT
from tests.gui.map.map_samples import LoadedMap

MakeMap = Callable[..., LoadedMap]


class TileServer:
    """A server of tiles of one colour, on this computer."""

    def __init__(self) -> None:
        picture = io.BytesIO()
        Image.new("RGB", (256, 256), "#40C040").save(picture, "PNG")
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.broken = False
        self.status, self.retry_after = 200, "30"
        self.hold = threading.Event()
        self.hold.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                server.hold.wait(10)
                self.send_response(500 if server.broken else server.status)
                if server.status == 429:
                    self.send_header("Retry-After", server.retry_after)
                self.send_header("Content-Type", "text/html" if server.broken else "image/png")
                self.send_header("Cache-Control", "max-age=3600")
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # the map may have moved on
                    self.wfile.write(picture.getvalue())

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        port = self._server.server_address[1]
        address = f"http://127.0.0.1:{port}/{{z}}/{{x}}/{{y}}.png"
        self.source = TileSource("Test", address, "<b>Somebody</b> & others", 12)

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[TileServer]:
    made = TileServer()
    yield made
    made.close()


def colour_in_the_middle(loaded: LoadedMap) -> str:
    return loaded.view.grab().toImage().pixelColor(400, 300).name()


def test_tiles_are_drawn_with_their_attribution_and_polite_headers(
    make_map: MakeMap, server: TileServer
) -> None:
    loaded = make_map()
    loaded.view.centre_on(LatLon(46.9, -110.4), 6)
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: colour_in_the_middle(loaded) == "#40c040", timeout=10_000)
    path, headers = server.requests[-1]
    assert path.endswith(".png")
    assert headers["user-agent"].startswith("Geotagger/")
    assert headers["referer"] == "geotagger://map/"
    assert "cookie" not in headers
    # An attribution is text, whoever wrote the address.
    assert loaded.js("document.querySelector('.leaflet-control-attribution').textContent") == (
        server.source.attribution
    )
    loaded.view.set_tiles(None)
    loaded.bot.waitUntil(lambda: colour_in_the_middle(loaded) != "#40c040", timeout=10_000)
    assert "Natural Earth" in loaded.js("document.querySelector('.leaflet-control-attribution').textContent")


def test_nothing_is_fetched_until_tiles_are_turned_on(make_map: MakeMap, server: TileServer) -> None:
    loaded = make_map()
    loaded.run("new Image().src = 'tile/1/3/1/2';")
    loaded.run("window.outcome = null; const i = new Image(); i.onerror = () => { window.outcome = 'refused'; };"
               "i.src = 'tile/0/3/1/2';")  # fmt: skip
    loaded.wait_js("window.outcome === 'refused'")
    assert server.requests == []


def test_tiles_seen_before_come_from_the_cache(make_map: MakeMap, server: TileServer) -> None:
    def show() -> int:
        loaded = make_map()
        loaded.view.centre_on(LatLon(46.9, -110.4), 5)
        loaded.wait_js("geotagger.view.map.getZoom() === 5 && !geotagger.view.map._animatingZoom")
        loaded.view.set_tiles(server.source)
        loaded.wait_js(
            "document.querySelectorAll('.online img').length > 5 && "
            "[...document.querySelectorAll('.online img')].every((image) => image.naturalWidth === 256)"
        )
        return len(server.requests)

    first = show()
    assert first > 5
    assert show() == first


def test_a_source_that_fails_leaves_the_offline_map(make_map: MakeMap, server: TileServer) -> None:
    server.broken = True
    loaded = make_map()
    loaded.view.centre_on(LatLon(46.9, -110.4), 6)
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: len(server.requests) > 3, timeout=10_000)
    loaded.bot.waitUntil(lambda: colour_in_the_middle(loaded) == LIGHT.map_land.lower(), timeout=10_000)


@pytest.mark.parametrize("retry_after", ["30", "9" * 5000, "Wed, 21 Oct 2099 07:28:00 GMT", "-1"])
def test_a_source_that_has_enough_is_left_in_peace_and_said_once(
    make_map: MakeMap, server: TileServer, retry_after: str
) -> None:
    server.status, server.retry_after = 429, retry_after
    loaded = make_map()
    said: list[str] = []
    loaded.view.tiles_missing.connect(said.append)
    loaded.view.centre_on(LatLon(46.9, -110.4), 5)
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: len(said) == 1, timeout=10_000)
    assert said == ["Test sends no map (HTTP 429). The offline map stays."]
    answered = (
        "document.querySelectorAll('.online img').length > 5 && "
        "[...document.querySelectorAll('.online img')].every((image) => image.complete)"
    )
    loaded.wait_js(answered)
    asked = len(server.requests)
    loaded.view.centre_on(LatLon(40.0, -90.0), 7)
    loaded.wait_js("geotagger.view.map.getZoom() === 7 && !geotagger.view.map._animatingZoom")
    loaded.wait_js(answered)
    assert len(server.requests) == asked
    assert len(said) == 1


def test_a_source_that_lacks_some_tiles_is_not_complained_about(
    make_map: MakeMap, server: TileServer
) -> None:
    loaded = make_map()
    said: list[str] = []
    loaded.view.tiles_missing.connect(said.append)
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: colour_in_the_middle(loaded) == "#40c040", timeout=10_000)
    server.status = 404
    asked = len(server.requests)
    loaded.view.centre_on(LatLon(46.9, -110.4), 8)
    loaded.bot.waitUntil(lambda: len(server.requests) > asked + 3, timeout=10_000)
    assert said == []


def test_an_address_where_nobody_answers_is_said(make_map: MakeMap) -> None:
    loaded = make_map()
    said: list[str] = []
    loaded.view.tiles_missing.connect(said.append)
    loaded.view.set_tiles(tile_source("http://127.0.0.1:9/{z}/{x}/{y}.png"))
    loaded.bot.waitUntil(lambda: len(said) == 1, timeout=10_000)
    assert "127.0.0.1 sends no map" in said[0]


def test_turning_tiles_off_gives_up_what_is_under_way(make_map: MakeMap, server: TileServer) -> None:
    server.hold.clear()
    loaded = make_map()
    said: list[str] = []
    loaded.view.tiles_missing.connect(said.append)
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: len(server.requests) > 0, timeout=10_000)
    loaded.view.set_tiles(None)
    assert loaded.view._tiles._waiting == {}
    server.hold.set()
    loaded.wait_js("document.querySelectorAll('.online').length === 0")
    assert said == []


def test_moving_on_while_tiles_load_is_harmless(make_map: MakeMap, server: TileServer) -> None:
    loaded = make_map()
    loaded.view.set_tiles(server.source)
    for step in range(12):
        loaded.view.centre_on(LatLon(30 + 2 * step, -120 + 4 * step), 3 + step % 6)
        loaded.js("1")
    loaded.bot.waitUntil(lambda: colour_in_the_middle(loaded) == "#40c040", timeout=10_000)


def test_tiles_are_dimmed_in_the_dark(make_map: MakeMap, server: TileServer) -> None:
    loaded = make_map(DARK)
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: colour_in_the_middle(loaded) == "#329632", timeout=10_000)


def test_a_map_closed_while_tiles_load_goes_quietly(make_map: MakeMap, server: TileServer) -> None:
    loaded = make_map()
    loaded.view.set_tiles(server.source)
    loaded.bot.waitUntil(lambda: bool(server.requests), timeout=10_000)
    loaded.view.findChild(QWebEngineView).close()


@pytest.mark.parametrize(
    "url", ["ftp://a.org/{z}/{x}/{y}", "file:///{z}/{x}/{y}", "https://a.org/{z}/{x}", "https://a.org/{z}/{x}/{y}/{0}", "{"]
)  # fmt: skip
def test_an_address_that_cannot_be_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        tile_source(url)


def test_known_and_own_sources_name_whose_map_it_is() -> None:
    assert tile_source("") is None
    for source in TILE_SOURCES:
        assert source.attribution
        assert source.url.startswith("https://")
        assert tile_source(source.url) is source
        assert source.address(3, 1, 2) == source.url.format(z=3, x=1, y=2)
    own = tile_source("https://tiles.example.org/{z}/{x}/{y}.png")
    assert own is not None
    assert own.attribution == "tiles.example.org"
