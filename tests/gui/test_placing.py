"""Known places in the window: named from a photo, found by name, set from the menu, managed in a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from geotagger.core.coordinates import Notation
from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings
from geotagger.gui.appearance import Appearance
from geotagger.gui.fields import PositionField
from geotagger.gui.jobs import Jobs
from geotagger.gui.notice_bar import NoticeBar
from geotagger.gui.place_dialogs import PinDialog, PlacesSheet
from geotagger.gui.placing import Placing
from geotagger.gui.workbench import Workbench
from geotagger.session.known_places import KnownPlaces
from tests.gui.conftest import App
from tests.images import save_photo
from tests.session.made import metadata

CABIN = LatLon(46.9, -110.4)

pytestmark = pytest.mark.usefixtures("collect_widgets")


@pytest.fixture
def placing(qapp: QApplication, jobs: Jobs) -> Placing:
    workbench = Workbench(jobs, Settings())
    (photo_id,) = workbench.session.add([Path("/photos/a.jpg")])
    workbench.session.update(photo_id, metadata=metadata(Path("/photos/a.jpg")))
    workbench.select([photo_id])
    return Placing(workbench)


def test_a_pinned_place_is_set_from_the_menu(placing: Placing) -> None:
    owner = QMenu()
    pin, manage = owner.addAction("pin"), owner.addAction("manage")
    menu = placing.menu(pin, manage, owner)
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions() if a.isEnabled() and a.text()] == ["pin", "manage"]
    dialog = PinDialog(placing, CABIN, "Judith Gap", "46.90000, -110.40000")
    dialog.name.setText("Ben & Jo")
    dialog.pin_button.click()
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == "Ben && Jo"
    menu.actions()[0].trigger()
    (photo,) = placing._workbench.selected
    assert photo.shown_position == CABIN
    assert not photo.edited.source.is_estimate  # type: ignore[union-attr]


def test_a_place_without_a_name_is_refused_in_the_dialog(placing: Placing) -> None:
    dialog = PinDialog(placing, CABIN, "", "")
    dialog.pin_button.click()
    assert dialog._problem.text() == "A place needs a name."
    assert len(placing.known) == 0


def test_a_place_moves_only_if_the_user_says_so_twice(placing: Placing) -> None:
    placing.pin("Cabin", CABIN)
    elsewhere = LatLon(50.0, -100.0)
    dialog = PinDialog(placing, elsewhere, "", "")
    dialog.name.setText("  cabin ")
    dialog.pin_button.click()
    assert "Cabin is another place already" in dialog._problem.text()
    assert placing.known.all[0].position == CABIN
    dialog.pin_button.click()
    assert [(p.name, p.position) for p in placing.known.all] == [("cabin", elsewhere)]


def test_the_position_field_finds_known_places_before_towns(qapp: QApplication) -> None:
    known = KnownPlaces()
    known.add("Portland Street flat", CABIN)
    field, entered = PositionField(known), list[LatLon]()
    field.entered.connect(entered.append)
    field.show_position(None, Notation.DECIMAL)
    QTest.keyClicks(field, "port")
    suggestions = field._suggestions.stringList()
    assert suggestions[0] == "Portland Street flat"
    assert any(name.startswith("Portland, ") for name in suggestions[1:])
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert entered == [CABIN]


def test_the_sheet_renames_removes_and_shows(placing: Placing) -> None:
    placing.pin("Cabin", CABIN)
    placing.pin("Home", LatLon(45.5, -73.6))
    sheet, shown = PlacesSheet(placing, Notation.DECIMAL), list[LatLon]()
    sheet.show_wanted.connect(shown.append)
    assert not sheet.remove_button.isEnabled()
    sheet.table.item(0, 0).setText("Home")
    assert "already a place called Home" in sheet._problem.text()
    assert sheet.table.item(0, 0).text() == "Cabin"
    sheet.table.item(0, 0).setText("Hut")
    assert [place.name for place in placing.known.all] == ["Home", "Hut"]
    sheet.table.selectRow(0)
    sheet.remove_button.click()
    assert [place.name for place in KnownPlaces().all] == ["Hut"]
    sheet.table.selectRow(0)
    sheet.show_button.click()
    assert shown == [CABIN]


def test_what_is_mentioned_goes_by_itself_and_never_hides_a_notice(
    qapp: QApplication, appearance: Appearance
) -> None:
    bar = NoticeBar(appearance)
    bar.mention("2 photos of this trip moved.")
    assert bar._going.isActive()
    bar._going.timeout.emit()
    assert bar.isHidden()
    bar.show_notice("3 photos could not be read.")
    bar.mention("2 photos of this trip moved.")
    assert bar.text == "3 photos could not be read."
    assert not bar._going.isActive()


def test_why_and_pin_can_be_used_as_soon_as_there_is_a_guess(app: App, tmp_path: Path) -> None:
    assert not app.window.actions_["why"].isEnabled()
    app.open(save_photo(tmp_path / "a.jpg"))
    app.wait(lambda: app.window.actions_["pin"].isEnabled())
    assert app.window.actions_["why"].isEnabled()
    app.do("pin")
    dialog = app.dialog(PinDialog)
    assert isinstance(dialog, PinDialog)
    dialog.name.setText("Cabin")
    dialog.pin_button.click()
    app.wait(lambda: app.window.panel._near.text().startswith("at Cabin"))
    app.window.workbench.close_photos(app.window.workbench.session.ids)
    assert not app.window.actions_["pin"].isEnabled()
