"""Temperature scaling and split conformal prediction on photographers that the network never saw."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from trainer.answers import Answers, Judged, judge
from trainer.shards import DataError, Sample

_LEAST_PHOTOS = 30
_ROUNDING = 1e-9
_TEMPERATURES = (0.2, 5.0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often radius and region set held the truth on photographers left out of the calibration.

    Attributes:
        radius, region_set: shares of photos; NaN for the radius where no place is known.
        radius_by_photographer, set_by_photographer: the same, averaged over photographers.
        median_radius_km, mean_set_size: how large they were.
        photos, photographers: how many it was measured on.
    """

    radius: float
    region_set: float
    radius_by_photographer: float
    set_by_photographer: float
    median_radius_km: float
    mean_set_size: float
    photos: int
    photographers: int


def calibrate(
    answers: Answers, samples: Sequence[Sample], grid: CellGrid, *, coverage: float, method: str
) -> Calibration:
    """Fit temperatures, then the masses with which radius and region set hold their coverage.

    Where no place is known, the radius holds everything, as nothing less could be promised.

    Raises:
        DataError: there are too few photos for that.
    """
    if len(samples) < _LEAST_PHOTOS:
        raise DataError(
            f"Calibration needs at least {_LEAST_PHOTOS} photos; there are {len(samples)}. More splits than these can be "
            "named with --splits, or other shares with “prepare”."
        )
    return _fitted(answers, samples, grid, coverage, method)


def _fitted(
    answers: Answers, samples: Sequence[Sample], grid: CellGrid, coverage: float, method: str
) -> Calibration:
    truth = np.array([s.region for s in samples])
    temperature = _least(lambda t: _region_loss(answers.region_logits, truth, t))
    own_cells = _own_cells(samples, grid)
    cell_temperature = 1.0
    if (own_cells >= 0).any():
        cell_temperature = _least(lambda t: _cell_loss(answers.cell_logits, truth, own_cells, grid, t))
    first = Calibration(
        temperature=temperature,
        cell_temperature=cell_temperature,
        radius_mass=coverage,
        radius_coverage=coverage,
        set_mass=coverage,
        set_coverage=coverage,
        photos=len(samples),
        photographers=len({s.group for s in samples}),
        method=method,
    )
    judged = judge(answers, samples, grid, first)
    weights = photographer_weights(samples)
    placed = np.isfinite(judged.radius_masses)
    return dataclasses.replace(
        first,
        radius_mass=conformal_mass(judged.radius_masses[placed], weights[placed], coverage),
        set_mass=conformal_mass(judged.set_masses, weights, coverage),
    )


def photographer_weights(samples: Sequence[Sample]) -> FloatArray:
    """(n,) 1/√(photos of the photographer): between counting photos alike and counting photographers alike.

    A few photographers with many easy photos would else decide the radius of all others.
    """
    counts = Counter(s.group for s in samples)
    return np.array([1 / math.sqrt(counts[s.group]) for s in samples])


def conformal_mass(scores: FloatArray, weights: FloatArray, coverage: float) -> float:
    """The mass above the scores of a weighted share ``coverage`` of photos.

    The photo to come counts as one more, with the mean weight and the worst score; where the others are too few to
    reach the coverage without it, the mass is 1. Sources: V. Vovk, A. Gammerman,
    G. Shafer, "Algorithmic Learning in a Random World" (2005); R. J. Tibshirani et al., "Conformal Prediction Under
    Covariate Shift" (2019) for the weights.
    """
    if not len(scores):
        return 1.0
    order = np.argsort(scores)
    held = np.cumsum(weights[order]) / (weights.sum() + weights.mean())
    place = int(np.searchsorted(held, coverage - _ROUNDING))
    if place == len(scores):
        return 1.0
    # A hair more, because the sums that reach a mass are rounded.
    return float(min(1.0, scores[order[place]] + _ROUNDING))


def cross_coverage(
    answers: Answers, samples: Sequence[Sample], grid: CellGrid, *, coverage: float, folds: int = 10
) -> Coverage:
    """Calibrate without some photographers, look at these, in turn: what coverage strangers get.

    Raises:
        DataError: all photos are by one photographer.
    """
    groups = sorted({s.group for s in samples})
    if len(groups) < 2:
        raise DataError("All photos are by one photographer; what strangers get cannot be measured.")
    fold_of = {group: i % folds for i, group in enumerate(groups)}
    fold = np.array([fold_of[s.group] for s in samples])
    radius_held = np.full(len(samples), np.nan)
    set_held, radii, sizes = np.zeros(len(samples), bool), np.zeros(len(samples)), np.zeros(len(samples))
    for number in np.unique(fold):
        inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        fitted = _fitted(_subset(answers, outside), [samples[int(i)] for i in outside], grid, coverage, "")
        judged = judge(_subset(answers, inside), [samples[int(i)] for i in inside], grid, fitted)
        radius_held[inside] = held_by_radius(judged)
        set_held[inside] = held_by_set(judged, fitted)
        radii[inside], sizes[inside] = judged.radii_km, judged.set_sizes
    names = np.array([s.group for s in samples])
    return Coverage(
        radius=_mean_known(radius_held),
        region_set=float(set_held.mean()),
        radius_by_photographer=_mean_known(np.array([_mean_known(radius_held[names == g]) for g in groups])),
        set_by_photographer=float(np.mean([set_held[names == g].mean() for g in groups])),
        median_radius_km=float(np.median(radii)),
        mean_set_size=float(sizes.mean()),
        photos=len(samples),
        photographers=len(groups),
    )


def _mean_known(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def held_by_radius(judged: Judged) -> FloatArray:
    """(n,) 1 where the true place lies within the radius, 0 where not, NaN where it is not known."""
    return np.where(np.isnan(judged.distances_km), np.nan, judged.distances_km <= judged.radii_km)


def held_by_set(judged: Judged, calibration: Calibration) -> npt.NDArray[np.bool_]:
    """(n,) whether the true region is in the set."""
    return np.asarray(judged.set_masses < calibration.set_mass)


def _subset(answers: Answers, indices: npt.NDArray[np.intp]) -> Answers:
    return Answers(answers.region_logits[indices], answers.cell_logits[indices], answers.embeddings[indices])


def _least(
    loss: Callable[[float], float], bounds: tuple[float, float] = _TEMPERATURES, widest: float = 100.0
) -> float:
    """The temperature with the least loss, by golden-section search over its logarithm."""
    low, high = (math.log(t) for t in bounds)
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-3:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(math.exp(left)) < loss(math.exp(right)):
            high = right
        else:
            low = left
    found = math.exp((low + high) / 2)
    if found > 0.99 * bounds[1] and bounds[1] < widest:
        # A network that learned few photos by heart is surer of itself than the usual bounds allow for.
        return _least(loss, (bounds[1], widest))
    return found


def _region_loss(logits: npt.NDArray[np.float32], truth: npt.NDArray[np.intp], temperature: float) -> float:
    return float(-_log_softmax(logits / temperature)[np.arange(len(truth)), truth].mean())


def _own_cells(samples: Sequence[Sample], grid: CellGrid) -> npt.NDArray[np.intp]:
    """(n,) the cell of its region that is nearest to each photo; -1 where its place is not known."""
    own = np.full(len(samples), -1, np.intp)
    for i, sample in enumerate(samples):
        if sample.lat_deg is not None and sample.lon_deg is not None:
            inside = np.flatnonzero(grid.region == sample.region)
            distances = grid.distances_km([sample.lat_deg], [sample.lon_deg])[0, inside]
            own[i] = inside[np.argmin(distances)]
    return own


def _cell_loss(
    logits: npt.NDArray[np.float32],
    truth: npt.NDArray[np.intp],
    own_cells: npt.NDArray[np.intp],
    grid: CellGrid,
    temperature: float,
) -> float:
    losses = []
    for i in np.flatnonzero(own_cells >= 0):
        inside = np.flatnonzero(grid.region == truth[i])
        shares = _log_softmax(logits[i : i + 1, inside] / temperature)[0]
        losses.append(-float(shares[np.searchsorted(inside, own_cells[i])]))
    return float(np.mean(losses))


def _log_softmax(logits: npt.NDArray[np.floating]) -> FloatArray:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
