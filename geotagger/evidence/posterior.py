"""From a posterior over cells to a prediction: regions, the best point, a radius and a region set."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellDistances, CellGrid
from geotagger.core.geo import FloatArray
from geotagger.core.prediction import (
    CellProbability,
    Evidence,
    ImageOutput,
    Prediction,
    RegionProbability,
)
from geotagger.core.regions import load_regions

_CELLS_TOLD = 20
_WORTH_TELLING = 0.05
"""Share of the best cell's probability below which a cell is not worth telling of."""


def predict_from_image(
    output: ImageOutput, grid: CellGrid, calibration: Calibration, model_id: str, device: str
) -> Prediction:
    """The prediction for a photo that is judged alone.

    Args:
        output: what the network says; its cells are those of ``grid``.
        model_id, device: put into the prediction as they are.
    """
    image = Evidence("image", 1.0)
    return predict_from_posterior(output.cell_probabilities, grid, calibration, (image,), model_id, device)


def predict_from_posterior(
    cell_probabilities: FloatArray | np.ndarray,
    grid: CellGrid,
    calibration: Calibration,
    evidence: tuple[Evidence, ...],
    model_id: str,
    device: str,
) -> Prediction:
    """The prediction that follows from a posterior.

    Args:
        cell_probabilities: (cells,) not negative, with a sum above zero; normalised here.
        evidence: what the posterior was made of.
    """
    cells = np.asarray(cell_probabilities, np.float64)
    cells = cells / cells.sum()
    names = load_regions()
    by_region = grid.region_sums(cells, len(names))
    order = np.argsort(-by_region, kind="stable")
    point, likeliest = best_cell(cells, grid), likeliest_cells(cells)
    return Prediction(
        regions=tuple(
            RegionProbability(names[i].code, names[i].name, float(by_region[i])) for i in map(int, order)
        ),
        position=grid.position(point),
        radius_km=radius_km(cells, grid, point, calibration.radius_mass),
        radius_coverage=calibration.radius_coverage,
        region_set=tuple(
            names[int(i)].code for i in order[: set_size(by_region[order], calibration.set_mass)]
        ),
        region_set_coverage=calibration.set_coverage,
        evidence=evidence,
        model=model_id,
        device=device,
        cells=tuple(map(CellProbability, likeliest.tolist(), cells[likeliest].tolist())),
    )


def likeliest_cells(posterior: FloatArray) -> npt.NDArray[np.intp]:
    """Indices of the likeliest cells of a (m,) posterior, best first: what a map can show of it."""
    count = min(_CELLS_TOLD, len(posterior))
    best = np.argpartition(posterior, -count)[-count:]
    best = best[np.argsort(-posterior[best], kind="stable")]
    worth: npt.NDArray[np.intp] = best[posterior[best] >= _WORTH_TELLING * posterior[best[0]]]
    return worth


def best_cell(cells: FloatArray, grid: CellGrid) -> int:
    """Index of the cell whose point has the highest expected score ``exp(-distance / 1160 km)``."""
    return int(np.argmax(cell_distances(grid).score @ cells.astype(np.float32)))


def radius_km(cells: FloatArray, grid: CellGrid, point: int, mass: float) -> float:
    """The smallest radius around the point of a cell that holds a share ``mass`` of the posterior.

    Cells count as wholly at the distance of their point; the cell itself at the mean distance inside it.
    """
    distances = cell_distances(grid).km[point]
    order = np.argsort(distances, kind="stable")
    held = np.cumsum(cells[order])
    return float(distances[order[min(int(np.searchsorted(held, mass)), len(order) - 1)]])


def mass_within(cells: FloatArray, grid: CellGrid, point: int, distance_km: float) -> float:
    """Share of the posterior at most ``distance_km`` from the point of a cell: the conformal score of a radius."""
    return float(cells[cell_distances(grid).km[point] < distance_km].sum())


def set_size(sorted_probabilities: FloatArray, mass: float) -> int:
    """How many regions, best first, it takes to reach the sum ``mass``; at least one."""
    return min(int(np.searchsorted(np.cumsum(sorted_probabilities), mass)) + 1, len(sorted_probabilities))


@lru_cache(maxsize=2)
def cell_distances(grid: CellGrid) -> CellDistances:
    """The tables of a grid, made once for all who judge with it."""
    # Grids compare by identity, so this keeps the tables (45 MB) of the one or two bundles in use.
    return CellDistances(grid)
