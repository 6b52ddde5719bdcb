"""The embedded map does what the window asks and tells what the user did."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from geotagger.core.errors import ResourceError
from geotagger.core.geo import LatLon
from geotagger.gui.map import MapView, photo_mime_data
from geotagger.gui.theme import DARK, LIGHT
from geotagger.session.photo import PhotoState
from tests.gui.map.map_samples import DRAG, SHADED, LoadedMap, MakeMap, icon, marker, prediction


def test_a_marker_per_photo_appears_with_the_mark_of_its_state(loaded: LoadedMap) -> None:
    places = [(25 + 12 * (n // 4), -130 + 20 * (n % 4)) for n in range(len(PhotoState))]
    loaded.view.set_markers(
        [
            marker(n, *place, state=state)
            for n, (place, state) in enumerate(zip(places, PhotoState, strict=False))
        ]
    )
    loaded.wait_js("document.querySelectorAll('.photo').length > 5")
    for number, state in enumerate(PhotoState):
        assert loaded.js(f"{icon(number)}.dataset.state") == state.value
        assert loaded.js(f"{icon(number)}.querySelectorAll('svg.mark circle').length") >= 2
    # Told apart by shape, not by colour alone.
    drawings = {
        state: loaded.js(
            f"geotagger.mark('{state.value}').innerHTML.replace(/var\\(--(?!surface)\\w+\\)/g, '')"
        )
        for state in PhotoState
    }
    told_apart = ("unlocated", "predicted", "accepted", "corrected", "written", "failed", "skipped")
    assert len({drawings[PhotoState(state)] for state in told_apart}) == len(told_apart)


def test_markers_stand_on_their_positions(loaded: LoadedMap) -> None:
    image = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(image, "JPEG")
    places = {1: (30.0, -120.0), 2: (45.0, -100.0), 3: (60.0, -80.0)}
    loaded.view.set_markers([marker(n, *place) for n, place in places.items()])
    loaded.view.update_markers([marker(2, *places[2], thumbnail=image.getvalue())])
    loaded.wait_js(f"{icon(2)} !== null && {icon(2)}.classList.contains('with-thumbnail')")
    for number, place in places.items():
        box = loaded.js(f"{icon(number)}.getBoundingClientRect()")
        point = loaded.js(f"geotagger.view.map.latLngToContainerPoint({list(place)})")
        assert box["x"] + box["width"] / 2 == pytest.approx(point["x"], abs=1.5)
        assert box["y"] + box["height"] / 2 == pytest.approx(point["y"], abs=1.5)


def test_what_was_asked_before_the_page_loaded_is_done_after(make_map: MakeMap) -> None:
    def ask(view: MapView) -> None:
        view.set_markers([marker(1, 40, -105), marker(2, 60, -135)])
        view.select([2])
        view.show_prediction(prediction(LatLon(40, -105), 200, CO=0.8))

    loaded = make_map(before=ask)
    loaded.wait_js(f"{icon(2)} !== null && {icon(2)}.classList.contains('selected')")
    assert loaded.js(SHADED) == ["US-CO"]


def test_dragging_a_marker_reports_where_it_was_dropped(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(7, 46.9, -110.4)])
    loaded.wait_js(f"{icon(7)} !== null")
    with loaded.bot.waitSignal(loaded.view.marker_moved, timeout=5000) as moved:
        loaded.run(DRAG + f"drag({icon(7)}, 120, -40, {{}});")
    photo_id, lat, lon = moved.args
    assert photo_id == 7
    shown = loaded.js("geotagger.view.map.latLngToContainerPoint([46.9, -110.4])")
    dropped = loaded.js(f"geotagger.view.map.latLngToContainerPoint([{lat}, {lon}])")
    assert dropped["x"] - shown["x"] == pytest.approx(120, abs=2)
    assert dropped["y"] - shown["y"] == pytest.approx(-40, abs=2)


def test_a_marker_that_may_not_be_moved_stays(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(7, 46.9, -110.4, draggable=False)])
    loaded.wait_js(f"{icon(7)} !== null")
    with loaded.bot.assertNotEmitted(loaded.view.marker_moved):
        loaded.run(DRAG + f"drag({icon(7)}, 120, -40, {{}});")
        loaded.js("1")
    loaded.view.update_markers([marker(7, 46.9, -110.4, draggable=True)])
    loaded.wait_js(f"{icon(7)}.classList.contains('leaflet-marker-draggable')")
    with loaded.bot.waitSignal(loaded.view.marker_moved, timeout=5000):
        loaded.run(DRAG + f"drag({icon(7)}, 50, 0, {{}});")


def test_a_marker_on_the_far_aleutians_is_shown_beside_alaska_and_reported_in_range(
    loaded: LoadedMap,
) -> None:
    loaded.view.set_markers([marker(1, 52.9, 173.0), marker(2, 52.0, -175.0)])
    loaded.view.fit([1, 2])
    loaded.wait_js(f"{icon(1)} !== null && {icon(2)} !== null")
    gap = loaded.js(f"{icon(2)}.getBoundingClientRect().x - {icon(1)}.getBoundingClientRect().x")
    assert 0 < gap < 800
    with loaded.bot.waitSignal(loaded.view.marker_moved, timeout=5000) as moved:
        loaded.run(DRAG + f"drag({icon(1)}, 4, 0, {{}});")
    assert 173 < moved.args[2] < 180


def test_clicking_a_marker_selects_it_and_control_click_adds_another(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(1, 40, -120), marker(2, 40, -80)])
    loaded.wait_js(f"{icon(1)} !== null && {icon(2)} !== null")
    with loaded.bot.waitSignal(loaded.view.markers_selected, timeout=5000) as first:
        loaded.run(f"{icon(1)}.click();")
    assert first.args == [[1]]
    with loaded.bot.waitSignal(loaded.view.markers_selected, timeout=5000) as second:
        loaded.run(f"{icon(2)}.dispatchEvent(new MouseEvent('click', {{bubbles: true, ctrlKey: true}}));")
    assert sorted(second.args[0]) == [1, 2]
    assert loaded.js("document.querySelectorAll('.photo.selected').length") == 2


def test_selecting_from_the_window_highlights_without_echo(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(1, 40, -120), marker(2, 40, -80)])
    with loaded.bot.assertNotEmitted(loaded.view.markers_selected):
        loaded.view.select([2])
        loaded.wait_js(f"{icon(2)} !== null && {icon(2)}.classList.contains('selected')")
        loaded.view.select([1])
        loaded.wait_js(f"{icon(1)}.classList.contains('selected')")
    assert not loaded.js(f"{icon(2)}.classList.contains('selected')")


def test_a_box_drawn_with_shift_selects_what_is_inside(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(1, 47, -110), marker(2, 46, -108), marker(3, 30, -85)])
    loaded.wait_js(f"{icon(3)} !== null")
    zoom = loaded.js("geotagger.view.map.getZoom()")
    with loaded.bot.waitSignal(loaded.view.markers_selected, timeout=5000) as selected:
        loaded.run(
            """
            const map = geotagger.view.map;
            const from = map.latLngToContainerPoint([50, -114]), to = map.latLngToContainerPoint([43, -103]);
            const fire = (type, target, point) => target.dispatchEvent(new MouseEvent(type, {
                bubbles: true, cancelable: true, view: window, button: 0, shiftKey: true,
                clientX: point.x, clientY: point.y }));
            fire("mousedown", map.getContainer(), from);
            fire("mousemove", map.getContainer(), from.add([10, 10]));
            fire("mousemove", map.getContainer(), to);
            fire("mouseup", map.getContainer(), to);
            """
        )
    assert sorted(selected.args[0]) == [1, 2]
    assert loaded.js("geotagger.view.map.getZoom()") == zoom


def test_a_single_click_names_a_place_and_a_double_click_does_not(loaded: LoadedMap) -> None:
    fire = """
        const map = geotagger.view.map;
        const at = map.latLngToContainerPoint([44.5, -185.5]);
        const fire = (type) => map.getContainer().dispatchEvent(
            new MouseEvent(type, {bubbles: true, view: window, clientX: at.x, clientY: at.y}));
    """
    loaded.view.centre_on(LatLon(44.5, 174.5))
    loaded.wait_js("Math.abs(geotagger.view.map.getCenter().lng + 185.5) < 1")
    with loaded.bot.waitSignal(loaded.view.map_clicked, timeout=5000) as clicked:
        loaded.run(fire + "fire('click');")
    assert clicked.args == pytest.approx([44.5, 174.5], abs=0.2)
    zoom = loaded.js("geotagger.view.map.getZoom()")
    with loaded.bot.assertNotEmitted(loaded.view.map_clicked, wait=400):
        loaded.run(fire + "fire('click'); fire('click'); fire('dblclick');")
    loaded.wait_js(f"geotagger.view.map.getZoom() === {zoom + 1}")


def test_updates_neither_move_the_map_nor_draw_it_anew(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(n, 30 + n % 25, -120 + n % 50) for n in range(300)])
    loaded.wait_js("geotagger.view.markers.size === 300")
    loaded.view.centre_on(LatLon(45, -100), 5)
    loaded.wait_js("geotagger.view.map.getZoom() === 5 && !geotagger.view.map._animatingZoom")
    loaded.run("window.seen = 1; geotagger.view.map.on('movestart zoomstart', () => { window.seen += 1; });")
    loaded.view.update_markers([marker(n, 55, -90, state=PhotoState.ACCEPTED) for n in range(300, 400)])
    loaded.view.update_markers([marker(3, 44, -101, state=PhotoState.ACCEPTED)])
    loaded.view.remove_markers([4, 5, 99_999])
    loaded.view.show_prediction(prediction(LatLon(20, -155), 90, HI=0.9))
    loaded.view.select([3])
    loaded.wait_js(f"{icon(3)} !== null && {icon(3)}.dataset.state === 'accepted'")
    assert loaded.js("geotagger.view.markers.size") == 398
    assert loaded.js("window.seen") == 1


def test_a_slow_machine_leaves_nothing_of_the_old_zoom_under_the_new_one(loaded: LoadedMap) -> None:
    """Leaflet clears old tiles away a quarter of a second after the new ones, if those have faded in by then."""
    loaded.run(
        "const fade = L.GridLayer.prototype._updateOpacity;"
        "L.GridLayer.prototype._updateOpacity = function () {"
        "    clearTimeout(this._late); this._late = setTimeout(() => fade.call(this), 600); };"
        "geotagger.view.map.zoomIn(1);"
        "window.waited = false; setTimeout(() => { window.waited = true; }, 2500);"
    )
    filled = "[...document.querySelectorAll('.leaflet-tile-container')].filter((one) => one.children.length)"
    loaded.wait_js("window.waited")
    assert loaded.js(f"{filled}.length") == 2, "one of the land, one of the names"


def test_north_america_fills_the_map_until_someone_moves_it(make_map: MakeMap) -> None:
    loaded = make_map(before=lambda view: view.resize(120, 60))
    assert loaded.js("geotagger.view.map.getZoom()") == 3, "a small map shows the heart of the continent"
    assert loaded.js("geotagger.view.map.getBounds().contains([47, -100])")
    loaded.view.resize(1000, 800)
    loaded.wait_js("geotagger.view.map.getSize().x === 1000")
    assert loaded.js("geotagger.view.map.getZoom()") == 3
    assert loaded.js("geotagger.view.map.getBounds().contains([[20, -160], [68, -55]])")
    loaded.view.centre_on(LatLon(40, -100), 5)
    loaded.wait_js("geotagger.view.map.getZoom() === 5")
    loaded.view.resize(700, 500)
    loaded.wait_js("geotagger.view.map.getSize().x === 700")
    assert loaded.js("geotagger.view.map.getZoom()") == 5


def test_fit_shows_all_photos_or_the_named_ones(loaded: LoadedMap) -> None:
    loaded.view.set_markers(
        [marker(1, 25, -81), marker(2, 64, -150), marker(3, 40.0, -105.0), marker(4, 40.2, -105.2)]
    )
    loaded.view.fit([3, 4])
    loaded.wait_js("geotagger.view.map.getZoom() >= 9")
    assert not loaded.js("geotagger.view.map.getBounds().contains([64, -150])")
    loaded.view.fit(None)
    loaded.wait_js("geotagger.view.map.getBounds().contains(geotagger.view.markers.bounds(null))")


def test_a_moved_and_recoloured_photo_keeps_one_marker(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(1, 40, -105)])
    loaded.view.update_markers([marker(1, 50, -100, state=PhotoState.CORRECTED)])
    loaded.wait_js(f"{icon(1)} !== null && {icon(1)}.dataset.state === 'corrected'")
    assert loaded.js("document.querySelectorAll('.photo').length") == 1
    assert loaded.js("geotagger.view.markers.bounds([1]).getCenter().lat") == pytest.approx(50)


def test_near_photos_are_clustered_with_their_count(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(n, 45 + n * 0.001, -100) for n in range(25)])
    loaded.wait_js("document.querySelectorAll('.cluster').length === 1")
    assert loaded.js("document.querySelector('.cluster-count').textContent") == "25"
    loaded.view.select([3])
    loaded.wait_js(f"{icon(3)} !== null")
    assert loaded.js("document.querySelector('.cluster-count').textContent") == "24"


def test_a_click_on_a_cluster_zooms_in_and_photos_on_one_spot_fan_out(loaded: LoadedMap) -> None:
    loaded.view.set_markers(
        [marker(1, 45, -100), marker(2, 45.5, -100.5), *(marker(n, 50, -90) for n in (3, 4, 5))]
    )
    loaded.view.centre_on(LatLon(47.5, -95), 3)
    loaded.wait_js("document.querySelectorAll('.cluster').length === 2")
    loaded.run("[...document.querySelectorAll('.cluster')].find((c) => c.textContent === '3').click();")
    loaded.wait_js("[3, 4, 5].every((id) => document.querySelector(`[data-photo='${id}']`))")
    assert loaded.js("geotagger.view.map.getZoom()") == 3
    with loaded.bot.waitSignal(loaded.view.marker_moved, timeout=5000) as moved:
        loaded.run(DRAG + f"drag({icon(4)}, 90, 0, {{}});")
    assert moved.args[0] == 4
    loaded.run("[...document.querySelectorAll('.cluster')].find((c) => c.textContent === '2').click();")
    loaded.wait_js("geotagger.view.map.getZoom() > 6")
    loaded.wait_js(f"{icon(1)} !== null && {icon(2)} !== null")


def test_every_photo_is_in_exactly_one_group_at_every_zoom(loaded: LoadedMap) -> None:
    loaded.view.set_markers(
        [marker(n, 20 + (n * 37 % 500) / 10, -160 + (n * 91 % 1000) / 10) for n in range(1500)]
    )
    loaded.wait_js("geotagger.view.markers.size === 1500")
    for zoom in (2, 5, 9, 16):
        ids = loaded.js(
            "geotagger.grouped([...geotagger.view.markers._photos.values()], "
            f"{zoom}).flatMap((group) => group.members.map((photo) => photo.id))"
        )
        assert sorted(ids) == list(range(1500))


def test_ten_thousand_photos_are_drawn_as_few_markers(loaded: LoadedMap) -> None:
    loaded.view.set_markers(
        [marker(n, 25 + (n * 37 % 4000) / 100, -150 + (n * 91 % 9000) / 100) for n in range(10_000)]
    )
    loaded.wait_js("geotagger.view.markers.size === 10000")
    assert 10 < loaded.js("document.querySelectorAll('.leaflet-marker-icon').length") < 400
    shown = (
        "[...document.querySelectorAll('.cluster-count')].reduce((sum, c) => sum + Number(c.textContent), 0)"
    )
    loaded.view.fit(None)
    loaded.wait_js(f"{shown} + document.querySelectorAll('.photo').length === 10000")


def test_thumbnails_are_shown_and_renewed(loaded: LoadedMap) -> None:
    def picture(colour: str) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (64, 48), colour).save(file, "JPEG")
        return file.getvalue()

    loaded.view.set_markers([marker(1, 40, -105, thumbnail=picture("red"))])
    loaded.wait_js(f"{icon(1)} !== null && {icon(1)}.querySelector('img').naturalWidth === 64")
    first = loaded.js(f"{icon(1)}.querySelector('img').src")
    loaded.view.update_markers([marker(1, 40, -105, thumbnail=picture("blue"))])
    loaded.wait_js(f"{icon(1)}.querySelector('img').src !== '{first}'")
    loaded.wait_js(f"{icon(1)}.querySelector('img').naturalWidth === 64")


def test_labels_are_text_and_never_html(loaded: LoadedMap) -> None:
    name = "<img src=x onerror='window.hacked=1'></script><b>.jpg"
    loaded.view.set_markers([marker(1, 40, -105, label=name)])
    loaded.wait_js(f"{icon(1)} !== null")
    loaded.run("[...geotagger.view.markers._shownPhotos.values()][0].openTooltip();")
    assert loaded.js("document.querySelector('.tip').textContent") == name
    assert loaded.js("document.querySelectorAll('.tip img, .tip b').length") == 0
    assert loaded.js("window.hacked === undefined")


def test_a_name_that_is_no_valid_unicode_does_not_stop_the_map(loaded: LoadedMap) -> None:
    loaded.view.set_markers([marker(1, 40, -105, label="IMG_\udcff.jpg"), marker(2, 50, -90)])
    loaded.wait_js("geotagger.view.markers.size === 2")


def test_the_map_follows_light_and_dark_at_once(loaded: LoadedMap) -> None:
    def corner() -> str:
        return loaded.view.grab().toImage().pixelColor(400, 590).name()

    loaded.view.centre_on(LatLon(30, -150), 4)  # the open Pacific
    loaded.bot.waitUntil(lambda: corner() == LIGHT.map_water.lower(), timeout=10_000)
    loaded.view.set_palette_colors(DARK)
    loaded.bot.waitUntil(lambda: corner() == DARK.map_water.lower(), timeout=10_000)
    assert loaded.js("getComputedStyle(document.body).getPropertyValue('--accent')").strip() == DARK.accent


def drop(view: MapView, data: QMimeData) -> Qt.DropAction:
    """Drop something in the middle of the map as Qt would; the action that the source is told."""
    offered = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(400, 300), offered, data, button, keys)
    QApplication.sendEvent(view, enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(400, 300), offered, data, button, keys)
    QApplication.sendEvent(view, event)
    return event.dropAction()


def test_files_dropped_on_the_map_are_handed_on_as_a_copy(loaded: LoadedMap, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.jpg")), QUrl("https://example.org/b.jpg")])
    with loaded.bot.waitSignal(loaded.view.paths_dropped, timeout=2000) as dropped:
        assert drop(loaded.view, data) == Qt.DropAction.CopyAction
    assert dropped.args == [[tmp_path / "a.jpg"]]
    # Nothing inside takes a drop before the map does.
    view = loaded.view.findChild(QWebEngineView)
    assert not any(widget.acceptDrops() for widget in [view, *view.findChildren(QWidget)])


def test_photos_dragged_from_the_list_are_placed_where_they_are_dropped(loaded: LoadedMap) -> None:
    loaded.view.centre_on(LatLon(50, -100), 5)
    loaded.wait_js("geotagger.view.map.getZoom() === 5 && !geotagger.view.map._animatingZoom")
    data = photo_mime_data([3, 4])
    data.setUrls([QUrl.fromLocalFile("/photos/a.jpg")])
    with (
        loaded.bot.assertNotEmitted(loaded.view.paths_dropped),
        loaded.bot.waitSignal(loaded.view.photos_dropped, timeout=5000) as dropped,
    ):
        drop(loaded.view, data)
    assert dropped.args == [[3, 4], pytest.approx(50, abs=0.2), pytest.approx(-100, abs=0.2)]


def test_a_missing_file_of_the_program_is_said_in_a_sentence(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise ResourceError(f"The program's file {name} is missing; please install the program again.")

    monkeypatch.setattr("geotagger.gui.map.scheme.asset_text", missing)
    view = MapView(LIGHT)
    qtbot.addWidget(view)
    with qtbot.waitSignal(view.failed, timeout=20_000) as failed:
        view.show()
    assert failed.args[0].endswith(".")


def test_a_page_that_cannot_load_is_said_in_a_sentence(loaded: LoadedMap) -> None:
    with loaded.bot.waitSignal(loaded.view.failed, timeout=10_000) as failed:
        loaded.page.load(QUrl("chrome://crash"))
        loaded.page.loadFinished.emit(False)
    assert failed.args[0].endswith(".")
    assert any(
        label.text() == failed.args[0] and label.isVisible() for label in loaded.view.findChildren(QLabel)
    )
