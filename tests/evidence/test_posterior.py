"""From a posterior over cells to a prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid, build_cell_grid
from geotagger.core.geo import LatLon, haversine_km
from geotagger.core.prediction import Evidence, ImageOutput
from geotagger.core.regions import load_regions
from geotagger.evidence.posterior import (
    best_cell,
    mass_within,
    predict_from_image,
    predict_from_posterior,
    radius_km,
    set_size,
)

GRID = build_cell_grid(load_regions())
CALIBRATION = Calibration(1.0, 1.0, 0.75, 0.8, 0.9, 0.8, 100, 10, "made up")


def _random_posterior(seed: int, sharpness: float = 0.01) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(len(GRID), sharpness))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.001, 0.01, 1.0]))
def test_every_prediction_is_whole(seed: int, sharpness: float) -> None:
    cells = _random_posterior(seed, sharpness)
    prediction = predict_from_posterior(cells, GRID, CALIBRATION, (), "m", "cpu")
    probabilities = [r.probability for r in prediction.regions]
    assert len(probabilities) == 63
    assert sum(probabilities) == pytest.approx(1.0, abs=1e-12)
    assert probabilities == sorted(probabilities, reverse=True)
    assert load_regions().region_at(prediction.position) is not None
    assert prediction.radius_km > 0
    assert list(prediction.region_set) == [r.code for r in prediction.regions[: len(prediction.region_set)]]


def test_posterior_need_not_be_normalised() -> None:
    cells = _random_posterior(3)
    a = predict_from_posterior(cells, GRID, CALIBRATION, (), "m", "cpu")
    b = predict_from_posterior(cells * 7, GRID, CALIBRATION, (), "m", "cpu")
    assert a.position == b.position
    assert [r.code for r in a.regions] == [r.code for r in b.regions]


def test_a_sure_cell_is_the_position_and_its_region_the_first() -> None:
    cells = np.zeros(len(GRID))
    cells[500] = 1.0
    prediction = predict_from_posterior(cells, GRID, CALIBRATION, (), "m", "cpu")
    assert prediction.position == GRID.position(500)
    assert prediction.best.code == load_regions().codes[GRID.region[500]]
    assert prediction.best.probability == 1.0
    assert prediction.radius_km < 60
    assert len(prediction.region_set) == 1


def test_best_point_has_the_highest_expected_score_of_all_cells() -> None:
    cells = _random_posterior(11)
    # Independent of the tables that the program keeps.
    distances = haversine_km(GRID.lat_deg[:, None], GRID.lon_deg[:, None], GRID.lat_deg, GRID.lon_deg)
    expected = np.exp(-distances / 1160.0) @ cells
    assert expected[best_cell(cells, GRID)] == pytest.approx(expected.max(), rel=0.02)


def test_best_point_lies_between_two_equal_guesses_that_are_near() -> None:
    regions = load_regions()
    cells = np.zeros(len(GRID))
    for postal in ("MT", "WY", "ID"):
        inside = GRID.region == regions.by_postal(postal).index
        cells[inside] += 1 / inside.sum()
    position = GRID.position(best_cell(cells / 3, GRID))
    assert position.distance_km(LatLon(45.0, -110.5)) < 350


def test_radius_grows_with_the_mass_and_holds_it() -> None:
    cells = _random_posterior(5)
    point = best_cell(cells, GRID)
    radii = [radius_km(cells, GRID, point, mass) for mass in (0.2, 0.5, 0.8, 1.0)]
    assert radii == sorted(radii)
    for mass, radius in zip((0.2, 0.5, 0.8), radii, strict=False):
        assert mass_within(cells, GRID, point, radius * (1 + 1e-6) + 1e-3) >= mass - 1e-9
        assert mass_within(cells, GRID, point, radius) < mass


@pytest.mark.parametrize(
    ("mass", "expected"), [(0.3, 1), (0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (0.95, 3), (1.0, 4)]
)
def test_set_is_the_shortest_that_reaches_the_mass(mass: float, expected: int) -> None:
    assert set_size(np.array([0.5, 0.3, 0.15, 0.05]), mass) == expected


def test_image_alone_is_its_own_evidence() -> None:
    cells = _random_posterior(2)
    output = ImageOutput(
        GRID.region_sums(cells, 63).astype(np.float32), cells.astype(np.float32), np.ones(1, np.float32)
    )
    prediction = predict_from_image(output, GRID, CALIBRATION, "geotagger-x", "cuda")
    assert prediction.evidence == (Evidence("image", 1.0),)
    assert (prediction.model, prediction.device) == ("geotagger-x", "cuda")
    assert (prediction.radius_coverage, prediction.region_set_coverage) == (0.8, 0.8)


def test_grid_of_another_bundle_gets_its_own_tables() -> None:
    small: CellGrid = build_cell_grid(load_regions(), resolution=2)
    for grid in (small, GRID, small):
        cells = np.zeros(len(grid))
        cells[len(grid) - 1] = 1.0
        assert best_cell(cells, grid) == len(grid) - 1


def test_the_likeliest_cells_are_told_best_first() -> None:
    cells = np.zeros(len(GRID))
    cells[[7, 11, 40]], cells[99] = (0.2, 0.5, 0.28), 0.02
    prediction = predict_from_posterior(cells, GRID, CALIBRATION, (), "m", "cpu")
    told = [(one.cell, round(one.probability, 3)) for one in prediction.cells]
    assert told == [(11, 0.5), (40, 0.28), (7, 0.2)], (
        "what is hardly likely beside the best is not worth telling"
    )
    assert len(predict_from_posterior(np.ones(len(GRID)), GRID, CALIBRATION, (), "m", "cpu").cells) == 20
