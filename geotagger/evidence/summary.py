"""From many posteriors at once to what a prediction says: regions, the best point, a radius and a region set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellDistances, CellGrid
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.prediction import CellProbability, Evidence, Prediction, RegionProbability
from geotagger.core.regions import load_regions
from geotagger.evidence.posterior import likeliest_cells

_NOTHING = 1e-20
"""A probability below this moves no answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """A place as a prediction tells it, as long as thousands of photos are judged: a few arrays for each.

    Attributes:
        by_region: (63,) weights of the regions, of any sum.
        set_mass: the region set is the shortest that holds this share of them.
        cells: (m,) indices of the likeliest cells, best first, and (m,) their probabilities.
    """

    position: LatLon
    radius_km: float
    by_region: FloatArray
    set_mass: float
    cells: tuple[npt.NDArray[np.intp], FloatArray] | None = None

    @property
    def best_code(self) -> str:
        """The code of the most probable region."""
        return load_regions().codes[int(np.argmax(self.by_region))]

    def prediction(
        self,
        radius_coverage: float,
        set_coverage: float,
        evidence: tuple[Evidence, ...],
        model_id: str,
        device: str,
    ) -> Prediction:
        """The prediction with its evidence."""
        regions, region_set = _regions_and_set(self.by_region, self.set_mass)
        cells = () if self.cells is None else map(CellProbability, *(part.tolist() for part in self.cells))
        return Prediction(
            regions,
            self.position,
            self.radius_km,
            radius_coverage,
            region_set,
            set_coverage,
            evidence,
            model_id,
            device,
            tuple(cells),
        )


class CellSummary:
    """Summarises posteriors over some of the cells of a grid.

    Args:
        cells: (m,) indices of the cells that the posteriors speak of.
    """

    def __init__(self, distances: CellDistances, cells: npt.NDArray[np.intp]) -> None:
        self._grid: CellGrid = distances.grid
        self._cells = cells
        if len(cells) == len(self._grid):
            self._km, self._score = distances.km, distances.score
        else:
            square = np.ix_(cells, cells)
            self._km, self._score = distances.km[square], distances.score[square]
        self._orders: dict[int, npt.NDArray[np.intp]] = {}

    def all(self, posteriors: FloatArray, radius_mass: float, set_mass: float) -> list[Where]:
        """One summary for each of (n, m) posteriors; rows sum to 1."""
        points = np.argmax(_single(posteriors) @ self._score, axis=1)
        by_region = self._grid.region_sums_of(self._cells, posteriors, len(load_regions()))
        summaries = []
        for row, regions, point in zip(posteriors, by_region, points.tolist(), strict=True):
            position, best = self._grid.position(int(self._cells[point])), likeliest_cells(row)
            radius_km, cells = self._radius_km(row, point, radius_mass), (self._cells[best], row[best])
            summaries.append(Where(position, radius_km, regions, set_mass, cells))
        return summaries

    def _radius_km(self, row: FloatArray, point: int, mass: float) -> float:
        if point not in self._orders:
            self._orders[point] = np.argsort(self._km[point], kind="stable")
        order = self._orders[point]
        held = np.cumsum(row[order])
        return float(self._km[point][order[min(int(np.searchsorted(held, mass)), len(order) - 1)]])

    def mass_within(self, row: FloatArray, place: LatLon) -> float:
        """Share of a posterior nearer to its best point than a true place: the conformal score of a radius."""
        point = int(np.argmax(_single(row) @ self._score))
        truth_km = self._grid.position(int(self._cells[point])).distance_km(place)
        return float(row[self._km[point] < truth_km].sum())


def _single(posteriors: FloatArray) -> npt.NDArray[np.float32]:
    """In single precision, without the numbers near its limit: processors take many times longer to multiply those."""
    return np.where(posteriors > _NOTHING, posteriors, 0.0).astype(np.float32)


@cache
def _impossible_regions() -> tuple[RegionProbability, ...]:
    return tuple(RegionProbability(region.code, region.name, 0.0) for region in load_regions())


def _regions_and_set(
    by_region: FloatArray, set_mass: float
) -> tuple[tuple[RegionProbability, ...], tuple[str, ...]]:
    order = np.argsort(-by_region, kind="stable")
    probabilities = by_region[order] / by_region.sum()
    size = min(int(np.searchsorted(np.cumsum(probabilities), set_mass)) + 1, len(order))
    # Most of the regions are ruled out; one value for each does for all photos.
    possible, impossible = int(np.count_nonzero(probabilities)), _impossible_regions()
    ranked = [impossible[i] for i in order.tolist()]
    likely = ranked[:possible]
    codes, names = [region.code for region in likely], [region.name for region in likely]
    listed = (*map(RegionProbability, codes, names, probabilities[:possible].tolist()), *ranked[possible:])
    return listed, tuple(region.code for region in listed[:size])
