"""Markers and predictions for the tests of the map, and a way to look into its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWebEngineCore import QWebEnginePage
from pytestqt.qtbot import QtBot

from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction, RegionProbability
from geotagger.core.regions import load_regions
from geotagger.gui.map import MapView, Marker
from geotagger.session.photo import PhotoState


@dataclass
class LoadedMap:
    """A map that has loaded, with its page."""

    view: MapView
    page: QWebEnginePage
    bot: QtBot

    def js(self, expression: str) -> Any:
        """Value of a JavaScript expression in the page."""
        answers: list[Any] = []
        self.page.runJavaScript(f"JSON.stringify({expression})", 0, answers.append)
        self.bot.waitUntil(lambda: bool(answers), timeout=10_000)
        assert answers[0], f"{expression} has no value"
        return json.loads(answers[0])

    def wait_js(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self.bot.waitUntil(lambda: self.js(condition) is True, timeout=10_000)

    def run(self, statements: str) -> None:
        """Run JavaScript statements in the page and wait for their end."""
        self.js(f"(() => {{ {statements} }})() || 0")


MakeMap = Callable[..., LoadedMap]

SHADED = "[...geotagger.view.prediction._shaded.keys()].sort()"
"""The regions that are shaded, in the page's words."""


def icon(photo_id: int) -> str:
    """The marker of a photo, in the page's words."""
    return f"document.querySelector('[data-photo=\"{photo_id}\"]')"


def marker(photo_id: int, lat: float, lon: float, **changes: Any) -> Marker:
    """A predicted photo at a position."""
    given = {"state": PhotoState.PREDICTED, "label": f"IMG_{photo_id:04}.jpg"} | changes
    return Marker(photo_id, LatLon(lat, lon), **given)


def prediction(position: LatLon, radius_km: float, **by_postal: float) -> Prediction:
    """A prediction with these probabilities by postal code, the rest shared by all other regions."""
    regions = load_regions()
    rest = (1 - sum(by_postal.values())) / (len(regions) - len(by_postal))
    found = [RegionProbability(r.code, r.name, by_postal.get(r.postal, rest)) for r in regions]
    found.sort(key=lambda region: -region.probability)
    likely = tuple(region.code for region in found[: len(by_postal)])
    return Prediction(tuple(found), position, radius_km, 0.8, likely, 0.8, (), "test", "cpu")


# Presses a mouse button over an element, moves it by (dx, dy) pixels and lets it go, as a browser would report it.
DRAG = """
function drag(element, dx, dy, keys) {
    const box = element.getBoundingClientRect();
    const at = (step) => ({
        bubbles: true, cancelable: true, view: window, button: 0, which: 1, detail: 1, ...keys,
        clientX: box.x + box.width / 2 + dx * step, clientY: box.y + box.height / 2 + dy * step,
    });
    element.dispatchEvent(new MouseEvent("mousedown", at(0)));
    for (const step of [0.2, 0.6, 1]) {
        element.dispatchEvent(new MouseEvent("mousemove", at(step)));
    }
    element.dispatchEvent(new MouseEvent("mouseup", at(1)));
}
"""
