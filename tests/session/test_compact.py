"""Small predictions say the same as large ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geotagger.core.prediction import CellProbability
from geotagger.session.compact import compact
from tests.session.made import prediction


def test_nothing_that_is_shown_changes() -> None:
    whole = prediction("Montana", 0.41237)
    small = compact(whole)
    assert [region.code for region in small.regions] == [region.code for region in whole.regions]
    assert small.best.probability == pytest.approx(0.41237, abs=5e-5)
    assert sum(region.probability for region in small.regions) == pytest.approx(1.0, abs=0.004)
    assert (small.position, small.radius_km, small.region_set) == (
        whole.position,
        whole.radius_km,
        whole.region_set,
    )


def test_equal_parts_are_shared_between_photos() -> None:
    one, other = compact(prediction("Montana", 0.41237)), compact(prediction("Montana", 0.41239))
    assert one.regions[0] is other.regions[0]
    assert one.regions[2] is other.regions[2]


def test_cells_keep_their_order() -> None:
    cells = (CellProbability(7, 0.41237), CellProbability(3, 0.2))
    small = compact(replace(prediction(), cells=cells))
    assert [(cell.cell, cell.probability) for cell in small.cells] == [(7, 0.412), (3, 0.2)]
