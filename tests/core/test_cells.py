"""The cell grid covers the regions and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellDistances, CellGrid, build_cell_grid, cell_outline
from geotagger.core.regions import load_regions


@pytest.fixture(scope="module")
def grid() -> CellGrid:
    return build_cell_grid(load_regions())


def test_every_cell_point_lies_in_its_region(grid: CellGrid) -> None:
    assert (load_regions().indices_at(grid.lat_deg, grid.lon_deg) == grid.region).all()


def test_cells_cover_the_area_of_every_region(grid: CellGrid) -> None:
    areas = np.bincount(grid.region, weights=grid.area_km2)
    for region in load_regions():
        true = load_regions().area_km2(region.index)
        assert areas[region.index] == pytest.approx(true, rel=0.05), region.name


def test_every_region_has_a_cell_even_the_smallest(grid: CellGrid) -> None:
    assert set(grid.region.tolist()) == set(range(63))


def test_alaska_has_cells_on_both_sides_of_the_180th_meridian(grid: CellGrid) -> None:
    alaska = grid.lon_deg[grid.region == load_regions().by_postal("AK").index]
    assert (alaska > 170).any()
    assert (alaska < -130).any()


def test_grid_survives_json(grid: CellGrid) -> None:
    copy = CellGrid.from_json(json.loads(json.dumps(grid.to_json())))
    assert copy.h3_index == grid.h3_index
    for name in ("region", "lat_deg", "lon_deg", "area_km2"):
        assert np.array_equal(getattr(copy, name), getattr(grid, name)), name


def test_columns_of_different_length_are_refused(grid: CellGrid) -> None:
    document = grid.to_json()
    document["lat_deg"] = document["lat_deg"][:-1]
    with pytest.raises(ValueError, match="columns"):
        CellGrid.from_json(document)


def test_region_sums_add_up_the_cells(grid: CellGrid) -> None:
    cells = np.random.default_rng(1).dirichlet(np.ones(len(grid)))
    sums = grid.region_sums(cells, 63)
    assert sums.sum() == pytest.approx(1.0, abs=1e-12)
    assert sums[7] == pytest.approx(cells[grid.region == 7].sum())


def test_distance_of_a_cell_from_itself_is_that_of_a_typical_place_in_it(grid: CellGrid) -> None:
    distances = CellDistances(grid)
    own = np.diag(distances.km)
    assert (own > 0).all()
    assert own.max() < 60.0
    assert np.allclose(distances.km, distances.km.T, rtol=1e-4)


def test_calibration_survives_json() -> None:
    calibration = Calibration(1.3, 0.9, 0.71, 0.8, 0.85, 0.8, 400, 30, "Measured on strangers.")
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 0.0), ("temperature", float("nan")), ("set_mass", 1.5)]
)
def test_impossible_calibration_is_refused(name: str, value: float) -> None:
    document = Calibration(1.0, 1.0, 0.8, 0.8, 0.8, 0.8, 1, 1, "").to_json() | {name: value}
    with pytest.raises(ValueError, match=name):
        Calibration.from_json(document)


@pytest.mark.parametrize("postal", ["AK", "MB", "RI", "HI"])
def test_the_outline_of_a_cell_holds_its_point_and_its_area(grid: CellGrid, postal: str) -> None:
    region = load_regions().by_postal(postal).index
    for cell in np.flatnonzero(grid.region == region)[:12].tolist():
        rings = [shapely.Polygon([(lon, lat) for lat, lon in ring]) for ring in cell_outline(grid, cell)]
        shape = shapely.union_all([ring.buffer(0.03) for ring in rings])
        assert shape.contains(shapely.Point(grid.lon_deg[cell], grid.lat_deg[cell]))
        square_km = sum(r.area * 111.195**2 * np.cos(np.radians(r.centroid.y)) for r in rings)
        assert square_km == pytest.approx(float(grid.area_km2[cell]), rel=0.12)
