"""The ranked regions of the panel."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from geotagger.core.prediction import RegionProbability
from geotagger.gui.appearance import Appearance
from geotagger.gui.region_bars import RegionBars
from tests.session.made import prediction


def test_regions_that_are_ruled_out_get_no_bar(qapp: QApplication, appearance: Appearance) -> None:
    bars = RegionBars(appearance)
    regions = (("US-MT", "Montana", 0.99), ("CA-AB", "Alberta", 0.01), ("US-AL", "Alabama", 0.0))
    bars.show_prediction(replace(prediction(), regions=tuple(RegionProbability(*r) for r in regions)))
    assert bars.accessibleName() == "Montana 99 %, Alberta 1 %"
    height_of_two = bars.sizeHint().height()
    bars.show_prediction(replace(prediction(), regions=(RegionProbability("US-MT", "Montana", 1.0),)))
    assert bars.sizeHint().height() == height_of_two / 2
    bars.show_prediction(None)
    assert bars.sizeHint().height() == 0


def test_a_chosen_region_belongs_to_its_photo(qapp: QApplication, appearance: Appearance) -> None:
    """Two photos can have the same regions in the same order, as those of one folder often do."""
    bars = RegionBars(appearance)
    regions = (("US-MT", "Montana", 0.6), ("CA-AB", "Alberta", 0.4))
    guess = replace(prediction(), regions=tuple(RegionProbability(*r) for r in regions))
    bars.show_prediction(guess, 1)
    QTest.keyClick(bars, Qt.Key.Key_Down)
    bars.show_prediction(guess, 1)
    assert bars.chosen == guess.regions[1]
    bars.show_prediction(guess, 2)
    assert bars.chosen == guess.regions[0]
