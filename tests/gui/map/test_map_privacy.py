"""Nothing that the map does leaves this computer."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QUrl
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile
from PySide6.QtWebEngineWidgets import QWebEngineView
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.gui.map import MapView
from geotagger.gui.map.scheme import PAGE_URL, LocalOnly
from geotagger.session.exports import ExportRow
from geotagger.session.map_page import export_page
from tests.gui.map.map_samples import LoadedMap, marker, prediction

MakeMap = Callable[..., LoadedMap]


class Asked(list[tuple[str, bool]]):
    """Every request of a map, with whether it was let through."""

    def listen(self, view: MapView) -> None:
        guard = view.findChild(LocalOnly)
        assert guard is not None
        guard.asked.connect(lambda url, allowed: self.append((url, allowed)))


def test_no_request_leaves_the_local_scheme(make_map: MakeMap) -> None:
    asked = Asked()
    loaded = make_map(before=asked.listen)
    loaded.view.set_markers([marker(n, 30 + n % 30, -120 + n % 60) for n in range(200)])
    loaded.view.show_prediction(prediction(LatLon(46.9, -110.4), 310, MT=0.5, WY=0.2))
    for zoom in (2, 5, 9, 14):
        loaded.view.centre_on(LatLon(46.9, -110.4), zoom)
        loaded.wait_js(f"geotagger.view.map.getZoom() === {zoom}")
    assert (PAGE_URL, True) in asked
    assert len(asked) > 10
    assert all(url.startswith("geotagger://map/") and allowed for url, allowed in asked)


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.org/a.json').catch(() => 0)",
        "new Image().src = 'https://tile.openstreetmap.org/0/0/0.png'",
        "document.head.append(Object.assign(document.createElement('script'), {src: 'http://example.org/a.js'}))",
        "document.body.append(Object.assign(document.createElement('iframe'), {src: 'file:///etc/passwd'}))",
        "location.href = 'https://example.org/'",
        "window.open('https://example.org/')",
        "navigator.sendBeacon('https://example.org/', 'x')",
    ],
)
def test_what_a_page_might_try_is_refused(make_map: MakeMap, attempt: str) -> None:
    asked = Asked()
    loaded = make_map(before=asked.listen)
    loaded.page.runJavaScript(attempt)
    loaded.js("1")
    loaded.bot.wait(100)  # time for a request to be made, if one were to be
    assert loaded.page.url() == QUrl(PAGE_URL)
    assert [url for url, allowed in asked if allowed and not url.startswith("geotagger://map/")] == []
    assert loaded.js("geotagger.view.markers.size") == 0


def test_unknown_local_files_are_not_served(make_map: MakeMap) -> None:
    loaded = make_map()
    loaded.run(
        "window.outcome = null; const image = new Image();"
        "image.onerror = () => { window.outcome = 'refused'; }; image.onload = () => { window.outcome = 'served'; };"
        "image.src = 'vendor/../../../LICENSE';"
    )
    loaded.wait_js("window.outcome !== null")
    assert loaded.js("window.outcome") == "refused"


def test_the_profile_keeps_nothing(make_map: MakeMap) -> None:
    profile = make_map().page.profile()
    assert profile.isOffTheRecord()
    assert profile.httpCacheType() == QWebEngineProfile.HttpCacheType.NoCache


def red_jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), "red").save(file, "JPEG")
    return file.getvalue()


def test_an_exported_page_opens_alone_and_asks_for_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    """The file is opened in an ordinary profile that would let every request through."""
    hostile = "<img src=x onerror=window.hacked=1>.jpg"
    rows = [
        ExportRow(
            Path(hostile), LatLon(46.9, -110.4), Source.MODEL, 310.0, "US-MT", 0.41, picture=red_jpeg()
        ),
        ExportRow(Path("b.jpg"), LatLon(52.9, 173.0), Source.CAMERA),
    ]
    file = tmp_path / "map.html"
    file.write_text(export_page(rows), encoding="utf-8")
    seen: list[str] = []

    class Recorder(LocalOnly):
        def interceptRequest(self, info: object) -> None:
            seen.append(info.requestUrl().toString())  # type: ignore[attr-defined]

    recorder = Recorder()
    view = QWebEngineView()
    qtbot.addWidget(view)
    profile = QWebEngineProfile(view)
    profile.setUrlRequestInterceptor(recorder)
    page = QWebEnginePage(profile)
    view.setPage(page)
    view.resize(600, 400)
    view.show()
    try:
        with qtbot.waitSignal(page.loadFinished, timeout=30_000) as finished:
            page.load(QUrl.fromLocalFile(str(file)))
        assert finished.args == [True]
        loaded = LoadedMap(None, page, qtbot)  # type: ignore[arg-type]
        loaded.wait_js("window.geotagger !== undefined && geotagger.view !== undefined")
        assert loaded.js("geotagger.view.markers.size") == 2
        loaded.wait_js("geotagger.view.markers._shownPhotos.size === 2")
        loaded.run("geotagger.view.markers._shownPhotos.get(0).fire('click');")
        card = loaded.js("document.querySelector('.card').textContent")
        assert hostile in card
        assert "Montana · 41 %" in card
        assert "80 % within 310 km" in card
        assert "46.9, -110.4" in card
        assert loaded.js("geotagger.view.prediction.current.has_cells") is True, "the ring is not filled"
        for picture in ("[data-photo='0'] img", ".card img"):
            loaded.wait_js(f'document.querySelector("{picture}").naturalWidth === 48')
        assert loaded.js("window.hacked === undefined")
        assert seen == [QUrl.fromLocalFile(str(file)).toString()]
    finally:
        delete(page)  # before its profile
