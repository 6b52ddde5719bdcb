"""What the network is asked to answer: smoothed targets over regions and cells, and how often each photo is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.regions import load_regions
from trainer.config import TrainConfig
from trainer.shards import Sample

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets of n samples.

    Attributes:
        regions: (n, 63), rows sum to 1.
        cells: (n, cells), rows sum to 1.
    """

    regions: Matrix
    cells: Matrix


def region_distances_km(samples: Sequence[Sample], grid: CellGrid) -> Matrix:
    """(n, 63) distance from each photo to each region, 0 for its own.

    A photo without a position takes the mean over the cells of its region.
    """
    regions = load_regions()
    to_cells = regions.distance_matrix_km(grid.lat_deg, grid.lon_deg)
    result = np.zeros((len(samples), len(regions)), np.float32)
    placed = [i for i, s in enumerate(samples) if s.lat_deg is not None]
    if placed:
        lats = np.array([samples[i].lat_deg for i in placed], np.float64)
        lons = np.array([samples[i].lon_deg for i in placed], np.float64)
        result[placed] = regions.distance_matrix_km(lats, lons)
    for index, sample in enumerate(samples):
        if sample.lat_deg is None:
            inside = grid.region == sample.region
            result[index] = np.average(to_cells[inside], axis=0, weights=grid.area_km2[inside])
        result[index, sample.region] = 0.0
    return result


def make_targets(samples: Sequence[Sample], grid: CellGrid, config: TrainConfig) -> Targets:
    """Smoothed targets: near regions and cells get a share that falls off exponentially with distance."""
    near = np.exp(-region_distances_km(samples, grid) / config.target_km)
    near /= near.sum(axis=1, keepdims=True)
    truth = np.eye(near.shape[1], dtype=np.float32)[[s.region for s in samples]]
    regions = config.target_mix * truth + (1 - config.target_mix) * near
    cells = np.zeros((len(samples), len(grid)), np.float32)
    for index, sample in enumerate(samples):
        if sample.lat_deg is None or sample.lon_deg is None:
            cells[index] = grid.area_km2 * (grid.region == sample.region)
        else:
            distances = grid.distances_km([sample.lat_deg], [sample.lon_deg])[0]
            # By area, as a density: else the slivers at borders would weigh as much as whole hexagons.
            cells[index] = grid.area_km2 * np.exp(-distances / config.cell_km)
    cells /= cells.sum(axis=1, keepdims=True)
    return Targets(regions.astype(np.float32), cells)


def sampling_weights(samples: Sequence[Sample], sampling: str) -> npt.NDArray[np.float64]:
    """(n,) how often each sample is drawn, with mean 1."""
    if sampling == "plain":
        return np.ones(len(samples))
    of_region = Counter(s.region for s in samples)
    of_pair = Counter((s.region, s.group) for s in samples)
    weights = np.array([1 / np.sqrt(of_region[s.region] * of_pair[s.region, s.group]) for s in samples])
    return np.asarray(weights / weights.mean())
