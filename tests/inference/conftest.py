"""A small untrained bundle, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from geotagger.core.calibration import Calibration
from geotagger.core.cells import build_cell_grid
from geotagger.core.regions import load_regions
from geotagger.inference.bundle import ModelBundle, load_bundle, save_bundle
from geotagger.inference.network import GeoNetwork

CALIBRATION = Calibration(1.5, 0.8, 0.7, 0.8, 0.9, 0.8, 100, 10, "Made up for tests.")


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    grid = build_cell_grid(load_regions(), resolution=2)
    network = GeoNetwork(63, len(grid), 16)
    folder = tmp_path_factory.mktemp("bundle")
    save_bundle(folder, "test", network, grid, CALIBRATION, {"training": "none"})
    return folder


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path) -> ModelBundle:
    return load_bundle(bundle_folder)
