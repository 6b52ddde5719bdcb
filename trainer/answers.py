"""What a trained network answers for prepared photos, and the predictions that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.evidence.posterior import cell_distances, mass_within, radius_km, set_size
from geotagger.inference.network import GeoNetwork, device_of
from geotagger.inference.predictor import calibrated_probabilities
from trainer.batches import evaluation_batches
from trainer.run_folder import TrainingError
from trainer.shards import Sample, ShardData

_BATCH = 16
_ROWS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Raw answers for n photos, computed in float32 as the application does.

    Attributes:
        region_logits: (n, 63).
        cell_logits: (n, cells).
        embeddings: (n, dimensions) of unit length.
    """

    region_logits: npt.NDArray[np.float32]
    cell_logits: npt.NDArray[np.float32]
    embeddings: npt.NDArray[np.float32]


def answer(network: GeoNetwork, data: ShardData, samples: Sequence[Sample]) -> Answers:
    """Run a network over prepared photos.

    Raises:
        DataError: a photo cannot be read.
        TrainingError: what the network says of a photo is no number.
    """
    network.eval()
    device = device_of(network)
    columns: list[npt.NDArray[np.float32]] = []
    with torch.inference_mode():
        for x, indices in evaluation_batches(data, samples, batch=_BATCH):
            parts = [part.cpu().numpy() for part in network(x.to(device))]
            if not columns:
                columns = [np.zeros((len(samples), part.shape[1]), np.float32) for part in parts]
            for column, part in zip(columns, parts, strict=True):
                column[indices] = part
    told = np.all([np.isfinite(column).all(axis=1) for column in columns], axis=0)
    if not told.all():
        raise TrainingError(
            f"What the network says of {samples[int(np.argmin(told))].key} is no number; please train again, with a lower "
            "train.body_rate."
        )
    return Answers(*columns)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Predictions for n photos beside the truth.

    Attributes:
        probabilities: (n, 63) of the regions.
        points: (n,) cell of the predicted position.
        distances_km: (n,) from there to the true place; NaN where that is not known.
        radius_masses: (n,) share of the posterior nearer than the true place; NaN likewise.
        set_masses: (n,) probability of the regions that come before the true one.
        radii_km, set_sizes: (n,) what the calibration makes of the posteriors.
    """

    regions: npt.NDArray[np.intp]
    probabilities: FloatArray
    points: npt.NDArray[np.intp]
    distances_km: FloatArray
    radius_masses: FloatArray
    set_masses: FloatArray
    radii_km: FloatArray
    set_sizes: npt.NDArray[np.intp]


def judge(answers: Answers, samples: Sequence[Sample], grid: CellGrid, calibration: Calibration) -> Judged:
    """Predict as the application does, photo by photo, and compare with the truth."""
    regions, cells = calibrated_probabilities(answers.region_logits, answers.cell_logits, grid, calibration)
    return judge_posteriors(regions, cells, samples, grid, calibration)


def judge_posteriors(
    regions: FloatArray,
    cells: FloatArray,
    samples: Sequence[Sample],
    grid: CellGrid,
    calibration: Calibration,
) -> Judged:
    """The same from (n, 63) and (n, cells) probabilities."""
    count = len(samples)
    truth = np.array([sample.region for sample in samples], np.intp)
    points = best_cells(cells, grid)
    distances, radius_masses = np.full(count, np.nan), np.full(count, np.nan)
    radii, set_masses = np.zeros(count), np.zeros(count)
    sizes = np.zeros(count, np.intp)
    for i, sample in enumerate(samples):
        point = int(points[i])
        radii[i] = radius_km(cells[i], grid, point, calibration.radius_mass)
        if sample.lat_deg is not None and sample.lon_deg is not None:
            distances[i] = grid.distances_km([sample.lat_deg], [sample.lon_deg])[0, point]
            radius_masses[i] = mass_within(cells[i], grid, point, float(distances[i]))
        order = np.argsort(-regions[i], kind="stable")
        place = int(np.flatnonzero(order == truth[i])[0])
        set_masses[i] = np.cumsum(regions[i][order])[place - 1] if place else 0.0
        sizes[i] = set_size(regions[i][order], calibration.set_mass)
    return Judged(truth, regions, points, distances, radius_masses, set_masses, radii, sizes)


def best_cells(cells: FloatArray, grid: CellGrid) -> npt.NDArray[np.intp]:
    """(n,) what ``best_cell`` says of each row of (n, cells); many at once take a tenth of the time."""
    score = cell_distances(grid).score
    parts = [
        np.argmax(cells[start : start + _ROWS].astype(np.float32) @ score.T, axis=1)
        for start in range(0, len(cells), _ROWS)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.intp)
