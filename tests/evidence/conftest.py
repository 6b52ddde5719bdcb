"""Simulated networks and trips with known answers."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import LatLon
from geotagger.core.prediction import ImageOutput
from geotagger.evidence.fusion import ContextModel
from geotagger.evidence.motion import load_motion
from geotagger.evidence.trips import ContextPhoto
from geotagger.evidence.tuning import load_tuning
from geotagger.inference import load_bundle

START = datetime(2019, 7, 1, 8, 0, 0)


@pytest.fixture(scope="session")
def grid() -> CellGrid:
    return load_bundle().grid


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    return Calibration(1.0, 1.0, 0.8, 0.8, 0.8, 0.8, 1, 1, "simulated")


@pytest.fixture(scope="session")
def model(grid, calibration) -> ContextModel:
    prior = grid.area_km2 / grid.area_km2.sum()
    return ContextModel(grid, calibration, load_tuning(), load_motion(), prior)


class Simulation:
    """Makes photos whose network output is vaguely right: a broad hill around the truth or, often, elsewhere."""

    def __init__(self, grid: CellGrid, seed: int = 0) -> None:
        self.grid = grid
        self.rng = np.random.default_rng(seed)

    def output(self, truth: LatLon, blur_km: float = 500.0, right: float = 0.5) -> ImageOutput:
        if self.rng.random() < right:
            centre = truth
        else:
            centre = self.grid.position(int(self.rng.integers(len(self.grid))))
        distances = self.grid.distances_km([centre.lat_deg], [centre.lon_deg])[0]
        cells = self.grid.area_km2 * (np.exp(-distances / blur_km) + 0.02)
        cells /= cells.sum()
        embedding = self.rng.normal(size=16)
        return ImageOutput(
            self.grid.region_sums(cells, 63).astype(np.float32),
            cells.astype(np.float32),
            (embedding / np.linalg.norm(embedding)).astype(np.float32),
        )

    def photo(
        self, truth: LatLon, hours: float | None, located: bool = False, roll: str = "", **output: float
    ) -> ContextPhoto:
        clock = None if hours is None else START + timedelta(hours=hours)
        name = f"IMG_{int(self.rng.integers(10**6)):06}.jpg"
        return ContextPhoto(name, self.output(truth, **output), clock, truth if located else None, roll)

    def walk(
        self, count: int, start: LatLon, hours: float = 2.0, step_km: float = 4.0
    ) -> list[tuple[LatLon, float]]:
        """Places and times of a journey with stops."""
        places, time, here = [], 0.0, start
        heading = self.rng.uniform(0, 2 * np.pi)
        for _ in range(count):
            places.append((here, time))
            time += float(self.rng.exponential(hours))
            if self.rng.random() < 0.5:
                heading += self.rng.normal(0, 0.4)
                step = self.rng.exponential(step_km) / 111.0
                here = LatLon(
                    float(np.clip(here.lat_deg + step * np.cos(heading), 32, 60)),
                    float(np.clip(here.lon_deg + step * np.sin(heading) * 1.4, -125, -70)),
                )
        return places


@pytest.fixture
def simulation(grid) -> Simulation:
    return Simulation(grid)
