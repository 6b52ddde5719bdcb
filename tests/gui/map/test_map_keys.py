"""The map is worked with the keys alone: markers, clusters, the cross in the middle."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest

from tests.gui.map.map_samples import LoadedMap, icon, marker


def press(loaded: LoadedMap, key: Qt.Key) -> None:
    """Press a key for real, after what was pressed before has been done."""
    QTest.keyClick(loaded.view.tab_stop, key)


def with_keys(loaded: LoadedMap) -> str:
    """What has the keys in the page: the number of a photo, else its words or its class."""
    said = loaded.js(
        "document.activeElement.dataset.photo || document.activeElement.getAttribute('aria-label') "
        "|| document.activeElement.className"
    )
    return str(said)


@pytest.fixture
def four(loaded: LoadedMap) -> LoadedMap:
    """Four markers as a cross, the first one selected, and the keys on the map itself."""
    places = {1: (45, -120), 2: (45, -80), 3: (60, -100), 4: (30, -100)}
    loaded.view.set_markers([marker(n, *place) for n, place in places.items()])
    loaded.view.select([1])
    loaded.wait_js("document.querySelectorAll('.photo.selected').length === 1")
    loaded.view.activateWindow()
    loaded.view.tab_stop.setFocus()
    loaded.wait_js("document.hasFocus()")
    loaded.run("geotagger.view.map.getContainer().focus()")
    return loaded


def test_the_markers_are_one_stop_of_the_tab_key_and_the_arrows_go_between_them(four: LoadedMap) -> None:
    assert four.js("[...document.querySelectorAll('.photo')].filter((one) => one.tabIndex === 0).length") == 1
    press(four, Qt.Key.Key_Tab)
    four.wait_js("document.activeElement.dataset.photo === '1'")
    for key, photo in (("Up", "3"), ("Down", "4"), ("Right", "2"), ("Left", "1"), ("Left", "1")):
        press(four, getattr(Qt.Key, f"Key_{key}"))
        four.wait_js(f"document.activeElement.dataset.photo === '{photo}'")
    assert four.js("[...document.querySelectorAll('.photo')].filter((one) => one.tabIndex === 0).length") == 1
    press(four, Qt.Key.Key_Tab)
    four.wait_js("!document.activeElement.dataset.photo")
    assert with_keys(four) == "Zoom in", "the next stop is beside the map, not another marker"


def test_enter_selects_the_marker_that_has_the_keys_and_escape_returns_to_the_map(four: LoadedMap) -> None:
    accepted: list[int] = []
    shortcut = QShortcut(QKeySequence("Return"), four.view)
    shortcut.activated.connect(lambda: accepted.append(1))
    press(four, Qt.Key.Key_Return)
    assert accepted == [1], "on the map itself Enter is the window's"
    press(four, Qt.Key.Key_Tab)
    four.wait_js("document.activeElement.dataset.photo === '1'")
    press(four, Qt.Key.Key_Up)
    four.bot.waitUntil(lambda: with_keys(four) == "3")
    with four.bot.waitSignal(four.view.markers_selected, timeout=5000) as selected:
        press(four, Qt.Key.Key_Return)
    assert selected.args == [[3]]
    assert accepted == [1]
    four.wait_js(f"{icon(3)}.classList.contains('selected')")
    assert with_keys(four) == "3", "the marker keeps the keys"
    press(four, Qt.Key.Key_Escape)
    four.wait_js("document.activeElement === geotagger.view.map.getContainer()")
    press(four, Qt.Key.Key_Return)
    four.bot.waitUntil(lambda: accepted == [1, 1])


def test_enter_is_the_windows_after_a_click_on_a_marker(four: LoadedMap) -> None:
    accepted: list[int] = []
    shortcut = QShortcut(QKeySequence("Return"), four.view)
    shortcut.activated.connect(lambda: accepted.append(1))
    box = four.js(f"{icon(2)}.getBoundingClientRect()")
    at = QPoint(round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2))
    with four.bot.waitSignal(four.view.markers_selected, timeout=5000) as selected:
        QTest.mouseClick(four.view.tab_stop, Qt.MouseButton.LeftButton, pos=at)
    assert selected.args == [[2]]
    four.bot.waitUntil(lambda: with_keys(four) == "2")
    with four.bot.assertNotEmitted(four.view.markers_selected):
        press(four, Qt.Key.Key_Return)
        assert accepted == [1]
    press(four, Qt.Key.Key_Left)
    four.wait_js("document.activeElement.dataset.photo === '1'")
    four.bot.waitUntil(lambda: four.view._bridge.wants_enter)
    with four.bot.waitSignal(four.view.markers_selected, timeout=5000) as selected:
        press(four, Qt.Key.Key_Return)
    assert selected.args == [[1]]


def test_the_space_bar_clicks_where_the_cross_stands(four: LoadedMap) -> None:
    cross = "getComputedStyle(geotagger.view.map.getContainer(), '::after').content"
    press(four, Qt.Key.Key_Tab)
    four.wait_js("document.activeElement.dataset.photo === '1'")
    assert four.js(cross) == "none", "a marker has the keys"
    press(four, Qt.Key.Key_Escape)
    four.wait_js(f"{cross} === '\"\"'")
    centre = four.js("geotagger.fromMap(geotagger.view.map.getCenter())")
    with four.bot.waitSignal(four.view.map_clicked, timeout=5000) as clicked:
        press(four, Qt.Key.Key_Space)
    assert clicked.args == [pytest.approx(centre["lat"]), pytest.approx(centre["lon"])]


def test_a_cluster_opened_by_enter_hands_the_keys_to_what_was_in_it(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(1, 45, -100), marker(2, 45.2, -100.2), marker(3, 30, -85)])
    loaded.wait_js("document.querySelectorAll('.cluster').length === 1")
    loaded.view.activateWindow()
    loaded.view.tab_stop.setFocus()
    loaded.wait_js("document.hasFocus()")
    loaded.run("document.querySelector('.cluster').focus()")
    loaded.bot.waitUntil(lambda: loaded.view._bridge.wants_enter)
    press(loaded, Qt.Key.Key_Return)
    loaded.wait_js("document.querySelectorAll('.cluster').length === 0")
    loaded.bot.waitUntil(lambda: with_keys(loaded) in ("1", "2"))
