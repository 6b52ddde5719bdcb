"""Times the embedded map: loading, showing and updating 10 000 markers, selecting, shading.

    python tests/benchmarks/bench_map.py

Prints milliseconds and, because machines differ, ratios to loading an empty page in the same browser engine.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction, RegionProbability
from geotagger.core.regions import load_regions
from geotagger.gui.map import MapView, Marker, register_scheme
from geotagger.gui.theme import LIGHT
from geotagger.session.photo import PhotoState

COUNT = 10_000
STATES = (PhotoState.PREDICTED, PhotoState.ACCEPTED, PhotoState.LOCATED, PhotoState.WRITTEN)


def until(start: Callable[[Callable[[], None]], object], timeout_ms: int = 60_000) -> float:
    """Milliseconds from calling ``start`` until it calls back."""
    loop = QEventLoop()
    QTimer.singleShot(timeout_ms, loop.quit)
    began = time.perf_counter()
    start(loop.quit)
    loop.exec()
    return (time.perf_counter() - began) * 1000


STOPWATCH = """
(() => {
    window.calls = 0;
    const view = geotagger.view;
    for (const [owner, name] of [
        [view.markers, "set"], [view.markers, "update"], [view.markers, "select"], [view, "showPrediction"]]) {
        const work = owner[name].bind(owner);
        owner[name] = (...values) => {
            const began = performance.now();
            work(...values);
            queueMicrotask(() => { // after the markers are drawn
                window.spent = performance.now() - began;
                window.calls += 1;
            });
        };
    }
})()
"""


def answer(page: QWebEnginePage, expression: str) -> Any:
    """Value of a JavaScript expression in the page."""
    values: list[Any] = []
    loop = QEventLoop()
    page.runJavaScript(expression, 0, lambda value: (values.append(value), loop.quit()))
    loop.exec()
    return values[0]


def settled(page: QWebEnginePage, ask: Callable[[], None]) -> tuple[float, float]:
    """Milliseconds from the call until the page has done it, and those that the page itself was busy."""
    before = answer(page, "window.calls")
    began = time.perf_counter()
    ask()
    while answer(page, "window.calls") == before:
        pass
    return (time.perf_counter() - began) * 1000, answer(page, "window.spent")


def markers(state: int) -> list[Marker]:
    """10 000 photos, always at the same places."""
    places = random.Random(7)
    return [
        Marker(
            n,
            LatLon(places.uniform(25, 65), places.uniform(-150, -60)),
            STATES[(n + state) % len(STATES)],
            f"IMG_{n:05}.jpg",
        )
        for n in range(COUNT)
    ]


def prediction() -> Prediction:
    """A guess spread over all regions, so that many are shaded."""
    regions = load_regions()
    likely = tuple(RegionProbability(r.code, r.name, 1 / 63) for r in regions)
    return Prediction(likely, LatLon(47, -110), 300, 0.8, regions.codes[:4], 0.8, (), "bench", "cpu")


def main() -> None:
    """Print the table."""
    register_scheme()
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    warm_up = QWebEngineView()
    warm_up.show()

    def load_empty(done: Callable[[], None]) -> None:
        warm_up.page().loadFinished.connect(done)
        warm_up.page().setHtml("<p>empty</p>")

    until(load_empty)  # starts the engine's processes
    empty_ms = until(load_empty)
    views: list[MapView] = []

    def load_map(done: Callable[[], None]) -> None:
        views.append(MapView(LIGHT))
        views[0].resize(900, 640)
        views[0].ready.connect(done)
        views[0].show()

    loaded_ms = until(load_map)
    view = views[0]
    page = view.findChild(QWebEngineView).page()
    answer(page, STOPWATCH)
    first, second = markers(0), markers(1)
    moved = [Marker(m.photo_id, LatLon(50, -100), m.state, m.label) for m in first[:100]]
    guess = prediction()
    rows = {
        "empty page loaded": (empty_ms, empty_ms),
        "map loaded": (loaded_ms, loaded_ms),
        "10 000 markers shown": settled(page, lambda: view.set_markers(first)),
        "10 000 markers recoloured": settled(page, lambda: view.update_markers(second)),
        "100 markers recoloured": settled(page, lambda: view.update_markers(first[:100])),
        "100 markers moved": settled(page, lambda: view.update_markers(moved)),
        "1 of 10 000 selected": settled(page, lambda: view.select([5])),
        "all selected": settled(page, lambda: view.select(range(COUNT))),
        "63 regions shaded": settled(page, lambda: view.show_prediction(guess)),
        "63 regions shaded again": settled(page, lambda: view.show_prediction(guess)),
    }
    print(f"{'':28}{'in all':>10}{'in page':>10}{'× empty page':>14}")
    for name, (in_all, in_page) in rows.items():
        print(f"{name:28}{in_all:7.0f} ms{in_page:7.0f} ms{in_all / empty_ms:14.1f}")


if __name__ == "__main__":
    main()
