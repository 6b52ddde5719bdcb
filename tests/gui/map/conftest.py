"""The real map page in the real browser engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWebEngineWidgets import QWebEngineView
from pytestqt.qtbot import QtBot

from geotagger.gui.map import MapView
from geotagger.gui.theme import LIGHT, Palette
from tests.gui.map.map_samples import LoadedMap, MakeMap


@pytest.fixture
def make_map(qtbot: QtBot) -> Iterator[MakeMap]:
    """Makes loaded maps; ``before`` may ask things of a map that has not loaded yet."""
    made: list[MapView] = []

    def make(palette: Palette = LIGHT, before: Callable[[MapView], None] = lambda view: None) -> LoadedMap:
        view = MapView(palette)
        made.append(view)
        view.resize(800, 600)
        before(view)
        with qtbot.waitSignal(view.ready, timeout=30_000):
            view.show()
        return LoadedMap(view, view.findChild(QWebEngineView).page(), qtbot)

    yield make
    for view in made:
        view.close()
        view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def loaded(make_map: MakeMap) -> LoadedMap:
    return make_map()
