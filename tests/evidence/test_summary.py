"""Many posteriors summed up at once, against the plain form for one."""

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from geotagger.evidence.posterior import cell_distances, predict_from_posterior
from geotagger.evidence.summary import CellSummary, Where


def posteriors(grid, sharpness):
    """Rows that sum to 1; most numbers are so small that single precision can hardly hold them."""
    rows = np.random.default_rng(4).dirichlet(np.full(len(grid), sharpness), 30)
    return rows / rows.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("sharpness", [0.005, 0.05, 5.0])
def test_many_at_once_say_what_each_says_alone(grid, calibration, sharpness):
    rows = posteriors(grid, sharpness)
    summary = CellSummary(cell_distances(grid), np.arange(len(grid)))
    found = summary.all(rows, calibration.radius_mass, calibration.set_mass)
    for row, what in zip(rows, found, strict=True):
        where = what.prediction(0.8, 0.8, (), "m", "cpu")
        plain = predict_from_posterior(row, grid, calibration, (), "m", "cpu")
        assert where.position == plain.position
        assert where.radius_km == plain.radius_km
        assert where.region_set == plain.region_set
        assert [one.cell for one in where.cells] == [one.cell for one in plain.cells]
        told = {one.code: one.probability for one in plain.regions}
        assert [told[one.code] for one in where.regions] == pytest.approx(
            [one.probability for one in where.regions], abs=1e-12
        )


def test_what_single_precision_cannot_hold_is_nothing(grid):
    """Numbers near the limit of single precision slow processors down many times, and move no answer."""
    rows = np.zeros((2, len(grid)))
    rows[:, 700] = 1.0
    rows[1, 100:400] = np.geomspace(1e-300, 1e-30, 300)
    without, with_tiny = CellSummary(cell_distances(grid), np.arange(len(grid))).all(rows, 0.8, 0.8)
    assert with_tiny.position == without.position == grid.position(700)
    assert with_tiny.radius_km == without.radius_km


def test_regions_are_ranked_and_those_ruled_out_come_last():
    by_region = np.zeros(len(load_regions()))
    by_region[[4, 9, 30]] = 1.0, 6.0, 3.0
    what, codes = Where(LatLon(39.7, -105.0), 5.0, by_region, 0.8), load_regions().codes
    where = what.prediction(0.8, 0.8, (), "m", "cpu")
    assert what.best_code == where.best.code
    assert [(one.code, one.probability) for one in where.regions[:3]] == [
        (codes[9], 0.6),
        (codes[30], 0.3),
        (codes[4], 0.1),
    ]
    assert sorted(one.code for one in where.regions) == sorted(codes)
    assert {one.probability for one in where.regions[3:]} == {0.0}
    assert where.region_set == (codes[9], codes[30])
