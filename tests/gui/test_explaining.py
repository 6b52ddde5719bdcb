"""“Why”: where the network looked lies over the right part of the preview, for the region that is chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtTest import QTest

from geotagger.gui.heat import VEIL_STRENGTH, heat_from
from tests.gui.conftest import App
from tests.images import save_photo


def test_the_veil_is_lifted_where_it_is_hot() -> None:
    values = np.zeros((9, 12), np.float32)
    values[1, 10] = 1.0
    veil = heat_from(values, 384 / 288).veil
    assert (veil.width(), veil.height()) == (192, 144)
    assert veil.pixelColor(168, 24).alpha() < 40
    assert veil.pixelColor(24, 120).alpha() == round(255 * VEIL_STRENGTH)


def test_a_photo_for_which_nothing_speaks_is_said_to_be_cold() -> None:
    assert heat_from(np.zeros((9, 12), np.float32), 1.0).is_cold
    assert not heat_from(np.eye(10, dtype=np.float32), 1.0).is_cold


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        (2.0, QRectF(10, 20, 400, 200)),
        (1.0, QRectF(110, 20, 200, 200)),  # the sides were cut off
        (4.0, QRectF(10, 70, 400, 100)),  # top and bottom were cut off
    ],
)
def test_the_veil_lies_on_the_centre_that_the_network_saw(aspect: float, expected: QRectF) -> None:
    heat = heat_from(np.eye(10, dtype=np.float32), aspect)
    assert heat.part_seen(QRectF(10, 20, 400, 200)) == expected


def test_why_shows_where_the_model_looked_and_follows_region_zoom_and_photo(app: App, tmp_path: Path) -> None:
    for number in range(2):
        save_photo(tmp_path / "photos" / f"p{number}.jpg", seed=number)
    app.open(tmp_path / "photos")
    app.select("p0.jpg")
    panel, preview = app.window.panel, app.window.panel.preview
    assert panel._why_button.text() == "Why"
    assert preview.heat_place is None

    QTest.mouseClick(panel._why_button, Qt.MouseButton.LeftButton)
    app.wait(lambda: preview.heat_place is not None)
    prediction = app.photo("p0.jpg").prediction
    assert prediction is not None
    assert prediction.best.name in panel._why_button.text()
    place = preview.heat_place
    assert place is not None
    assert preview._target().adjusted(-1, -1, 1, 1).contains(place)

    before = preview._heat
    QTest.keyClick(panel._bars, Qt.Key.Key_Down)
    assert prediction.regions[1].name in panel._why_button.text()
    assert preview._heat is not before

    QTest.mouseDClick(preview, Qt.MouseButton.LeftButton, pos=preview.rect().center())
    zoomed = preview.heat_place
    assert zoomed is not None
    assert zoomed.width() == pytest.approx(3 * place.width())

    app.select("p1.jpg")
    app.wait(lambda: preview.heat_place is not None)
    other = app.photo("p1.jpg").prediction
    assert other is not None
    assert other.best.name in panel._why_button.text(), "the choice of a region belongs to a photo"
    app.do("why")
    assert preview.heat_place is None
    assert panel._why_button.text() == "Why"


def test_what_cannot_be_explained_is_said(app: App, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "photos" / "gone.jpg")
    app.open(tmp_path / "photos")
    app.select("gone.jpg")
    photo.unlink()
    app.do("why")
    app.wait(lambda: "gone.jpg" in app.window.notices.text)
    assert app.window.panel.preview.heat_place is None
