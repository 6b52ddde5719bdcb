"""Map and session as one: selection, moved and dropped photos, online tiles only by choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from geotagger.core.geo import LatLon
from geotagger.gui.map import TILE_SOURCES
from geotagger.session.photo import PhotoState
from tests.gui.conftest import App
from tests.images import save_photo


@pytest.fixture
def opened(app: App, tmp_path: Path) -> App:
    for number in range(3):
        save_photo(tmp_path / f"IMG_{number}.jpg", seed=number)
    app.open(tmp_path)
    return app


def test_selection_in_list_and_map_is_one(opened: App) -> None:
    ids = [photo.id for photo in opened.window.workbench.session]
    opened.window.map_view.markers_selected.emit([ids[0], ids[2]])
    assert opened.window.workbench.selected_ids == (ids[0], ids[2])
    assert opened.window.photo_list._selected_rows() == [0, 2]
    opened.window.photo_list.view.setCurrentIndex(opened.window.model.index(1, 0))
    assert opened.window.workbench.selected_ids == (ids[1],)


def test_the_map_shows_the_photos_that_the_list_shows(opened: App) -> None:
    window = opened.window
    on_map = window.map_link._shown
    opened.wait(lambda: len(on_map) == 3)
    window.toolbar.filter.setText("IMG_1")
    opened.wait(lambda: on_map == {opened.photo("IMG_1.jpg").id})
    window.model.set_filter(text="", states=frozenset({PhotoState.CORRECTED}))
    opened.wait(lambda: not on_map)
    window.workbench.place([opened.photo("IMG_2.jpg").id], LatLon(46.9, -110.4))
    opened.wait(lambda: on_map == {opened.photo("IMG_2.jpg").id})
    window.workbench.undo()
    opened.wait(lambda: not on_map)
    window.photo_list.filter_menu.show_everything()
    opened.wait(lambda: len(on_map) == 3)


def test_photos_that_come_back_to_a_sorted_list_are_on_the_map_again(opened: App) -> None:
    window = opened.window
    on_map = window.map_link._shown
    window.model.set_arrangement(descending=True)
    opened.wait(lambda: len(on_map) == 3)
    opened.do("close_all")
    opened.wait(lambda: not on_map)
    opened.do("undo")
    window.workbench._announce()
    window.map_link._flush_all()  # as where thousands come back, for longer than their rows may wait
    assert not window.model.visible_ids
    opened.wait(lambda: len(on_map) == 3, timeout_ms=20_000)


def test_a_photo_just_placed_is_shown_where_it_is_now(opened: App, monkeypatch: pytest.MonkeyPatch) -> None:
    window = opened.window
    opened.wait(lambda: len(window.map_link._thumbnails) == 3)
    opened.select("IMG_1.jpg")
    told: list[object] = []
    monkeypatch.setattr(
        window.map_view, "update_markers", lambda markers: told.extend(m.position for m in markers)
    )
    monkeypatch.setattr(window.map_view, "fit", lambda ids: told.append(ids))
    window.workbench.place(window.workbench.selected_ids, LatLon(46.9, -110.4))
    opened.do("fit")
    assert told[-2:] == [LatLon(46.9, -110.4), [opened.photo("IMG_1.jpg").id]]


def test_photos_dropped_on_the_map_are_placed_there(opened: App) -> None:
    ids = [photo.id for photo in opened.window.workbench.session]
    opened.window.map_view.photos_dropped.emit(ids[:2], 46.9, -110.4)
    states = list(opened.states().values())
    assert states == [PhotoState.CORRECTED, PhotoState.CORRECTED, PhotoState.PREDICTED]
    assert opened.photo("IMG_1.jpg").shown_position == LatLon(46.9, -110.4)
    opened.do("undo")
    assert set(opened.states().values()) == {PhotoState.PREDICTED}


def test_files_dropped_on_the_map_come_in(opened: App, tmp_path: Path) -> None:
    another = save_photo(tmp_path / "more" / "IMG_9.jpg", seed=9)
    opened.window.map_view.paths_dropped.emit([another])
    opened.wait(lambda: "IMG_9.jpg" in opened.states())


def test_online_tiles_are_used_only_when_the_user_chose_them(opened: App) -> None:
    tiles = opened.window.map_view._tiles
    assert tiles.source is None
    settings = opened.window.workbench.settings
    opened.window.preferences.apply(replace(settings, tile_url=TILE_SOURCES[0].url))
    assert tiles.source == TILE_SOURCES[0]
    opened.wait(lambda: "online map" in opened.window.bottom_bar._model.text())
    opened.window.preferences.apply(replace(settings, tile_url=""))
    assert tiles.source is None


def test_a_tile_address_that_cannot_be_one_is_refused_with_a_sentence(opened: App) -> None:
    settings = opened.window.workbench.settings
    opened.window.preferences.apply(replace(settings, tile_url="not an address"))
    assert opened.window.map_view._tiles.source is None
    assert opened.window.notices.text.endswith(".")


def test_pictures_on_markers_are_small_and_go_with_their_photos(opened: App) -> None:
    link = opened.window.map_link
    opened.wait(lambda: len(link._thumbnails) == 3)
    assert all(len(jpeg) < 10_000 for jpeg in link._thumbnails.values())
    opened.do("close_all")
    assert link._thumbnails == {}


def test_cells_stay_while_the_guess_does(opened: App, monkeypatch: pytest.MonkeyPatch) -> None:
    window = opened.window

    def guess_is_shown() -> bool:
        photo = window.workbench.current
        return photo is not None and window.map_link._shaded[0] is photo.prediction

    opened.wait(lambda: len(window.map_link._thumbnails) == 3)
    opened.wait(guess_is_shown)  # and not the one before its trip was judged
    window.map_link.fit_all()
    told: list[object] = []
    monkeypatch.setattr(window.map_view, "show_prediction", told.append)
    photo = window.workbench.current
    assert photo is not None
    assert photo.prediction is not None
    window.workbench.photos_changed.emit([photo.id])
    window.map_link.fit_all()
    assert told == []
    opened.do("reject")
    opened.wait(lambda: told == [None])


def test_cells_come_when_the_model_does(opened: App, monkeypatch: pytest.MonkeyPatch) -> None:
    window = opened.window
    photo = window.workbench.current
    assert photo is not None
    assert photo.prediction is not None
    assert photo.prediction.cells
    shown: list[int] = []
    monkeypatch.setattr(window.map_view, "show_cells", lambda cells: shown.append(len(cells)))
    window.predicting.use_device_of_settings()
    assert shown[-1] == 0, "whose cells they would be is not known"
    opened.wait(lambda: shown[-1] > 0)
