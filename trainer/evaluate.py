"""Measures a network on photographers it never saw, always beside the two baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.core.regions import load_regions
from trainer.answers import Answers, Judged, judge, judge_posteriors
from trainer.calibrate import held_by_radius, held_by_set
from trainer.metrics import (
    Value,
    distance_metrics,
    known_share,
    near_misses,
    plain,
    ranks,
    region_metrics,
    with_intervals,
)
from trainer.shards import Sample
from trainer.targets import sampling_weights

Embeddings = npt.NDArray[np.float32]

_NEIGHBOUR_SHARPNESS = 20.0
_DIGITS = {"score": 3, "log_loss": 3, "median_km": 0, "mean_km": 0, "median_radius_km": 0}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics of one system on some photos, each with an interval.

    Attributes:
        photos, photographers: how many.
        per_region: name → (photos, precision %, recall %, top-5 %), of the regions that are true or guessed; NaN for
            the precision of one never guessed, and for recall and top-5 of one without photos.
    """

    name: str
    photos: int
    photographers: int
    metrics: dict[str, Value]
    per_region: dict[str, tuple[int, float, float, float]]
    confusions: list[tuple[str, str, int]]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; metrics as ``[value, low, high]``."""
        return {
            "name": self.name,
            "photos": self.photos,
            "photographers": self.photographers,
            "metrics": plain(self.metrics),
            "per_region": {
                name: [photos, *(round(share, 1) if math.isfinite(share) else None for share in shares)]
                for name, (photos, *shares) in self.per_region.items()
            },
            "confusions": [list(c) for c in self.confusions],
        }


def evaluate_network(
    name: str, answers: Answers, samples: Sequence[Sample], grid: CellGrid, calibration: Calibration
) -> Evaluation:
    """Metrics of the network as the application would use it."""
    judged = judge(answers, samples, grid, calibration)
    return evaluate_judged(name, judged, samples, calibration)


def evaluate_judged(
    name: str, judged: Judged, samples: Sequence[Sample], calibration: Calibration | None
) -> Evaluation:
    """Metrics of predictions; coverage only where they were calibrated."""
    borders = bordering_regions()
    held_radius = held_by_radius(judged)
    held_set = held_by_set(judged, calibration) if calibration else None

    def measure(indices: Any) -> dict[str, float]:
        result = region_metrics(judged.probabilities[indices], judged.regions[indices])
        result["near_misses"] = near_misses(judged.probabilities[indices], judged.regions[indices], borders)
        result |= distance_metrics(judged.distances_km[indices])
        if held_set is not None:
            result["radius_coverage"] = known_share(held_radius[indices])
            result["set_coverage"] = float(100 * held_set[indices].mean())
            result["median_radius_km"] = float(np.median(judged.radii_km[indices]))
            result["mean_set_size"] = float(judged.set_sizes[indices].mean())
        return result

    groups = [s.group for s in samples]
    return Evaluation(
        name=name,
        photos=len(samples),
        photographers=len(set(groups)),
        metrics=with_intervals(measure, groups),
        per_region=_per_region(judged),
        confusions=_confusions(judged),
    )


@cache
def bordering_regions() -> npt.NDArray[np.bool_]:
    """(63, 63) which regions have a border in common, on land or in a river or lake."""
    regions = load_regions()
    polygons = [regions.polygon(region.index) for region in regions]
    result = np.zeros((len(regions), len(regions)), bool)
    first, second = shapely.STRtree(polygons).query(polygons, "intersects")
    result[first, second] = first != second
    return result


def prior_baseline(train: Sequence[Sample], samples: Sequence[Sample], grid: CellGrid) -> Evaluation:
    """Says the same of every photo: how often the regions came in training, by area inside them."""
    counts = np.bincount([s.region for s in train], minlength=len(load_regions())) + 0.5
    regions = np.tile(counts / counts.sum(), (len(samples), 1))
    judged = judge_posteriors(regions, _spread_by_area(regions, grid), samples, grid, _uncalibrated())
    return evaluate_judged("region frequencies", judged, samples, None)


def neighbour_baseline(
    train: Sequence[Sample],
    train_embeddings: Embeddings,
    samples: Sequence[Sample],
    embeddings: Embeddings,
    grid: CellGrid,
) -> Evaluation:
    """Weighs the training photos by how alike they look, rare regions and photographers up."""
    regions = neighbour_regions(train, train_embeddings, embeddings)
    judged = judge_posteriors(regions, _spread_by_area(regions, grid), samples, grid, _uncalibrated())
    return evaluate_judged("nearest neighbours", judged, samples, None)


def neighbour_regions(
    train: Sequence[Sample], train_embeddings: Embeddings, embeddings: Embeddings
) -> FloatArray:
    """(n, 63) probabilities of regions from cosine similarities to the training photos."""
    weights = sampling_weights(train, "balanced")
    powers = np.exp(_NEIGHBOUR_SHARPNESS * (embeddings @ train_embeddings.T - 1.0)) * weights
    regions = np.array([s.region for s in train])
    sums = np.stack([powers[:, regions == r].sum(axis=1) for r in range(len(load_regions()))], axis=1) + 1e-12
    return np.asarray(sums / sums.sum(axis=1, keepdims=True))


def _spread_by_area(regions: FloatArray, grid: CellGrid) -> FloatArray:
    totals = np.bincount(grid.region, weights=grid.area_km2, minlength=regions.shape[1])
    return np.asarray(regions[:, grid.region] * (grid.area_km2 / totals[grid.region]))


def _uncalibrated() -> Calibration:
    return Calibration(1.0, 1.0, 0.8, 0.8, 0.8, 0.8, 0, 0, "not calibrated")


def _per_region(judged: Judged) -> dict[str, tuple[int, float, float, float]]:
    guesses = judged.probabilities.argmax(axis=1)
    rank = ranks(judged.probabilities, judged.regions)
    table = {}
    for region in load_regions():
        true, guessed = judged.regions == region.index, guesses == region.index
        if true.any() or guessed.any():
            table[region.name] = (
                int(true.sum()),
                _share(true[guessed]),
                _share(guessed[true]),
                _share(rank[true] < 5),
            )
    return table


def _share(held: npt.NDArray[np.bool_]) -> float:
    """Share (%) of True; NaN of none."""
    return float(100 * held.mean()) if len(held) else math.nan


def _confusions(judged: Judged, most: int = 15) -> list[tuple[str, str, int]]:
    names = load_regions().names
    pairs = np.stack([judged.regions, judged.probabilities.argmax(axis=1)], axis=1)
    wrong = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(wrong):
        return []
    unique, counts = np.unique(wrong, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [(names[unique[i, 0]], names[unique[i, 1]], int(counts[i])) for i in order]


COLUMNS = {
    "top1_micro": "top-1 micro",
    "top1_macro": "top-1 macro",
    "top3_macro": "top-3 macro",
    "top5_macro": "top-5 macro",
    "top10_macro": "top-10 macro",
    "median_km": "median km",
    "score": "exp(-d/1160)",
    "calibration_error": "calibration error",
}
"""The metrics of the usual table, with their headings."""


NOT_MEASURED = "–"
WHY_NOT_MEASURED = (
    f"{NOT_MEASURED}: not measured. Distances need photos whose place, not only whose region, is known; radii and region "
    "sets need a calibration, which only our network has."
)


def as_table(evaluations: Sequence[Evaluation], columns: Mapping[str, str] = COLUMNS) -> str:
    """A Markdown table, one system per row, value and 95 % interval over photographers."""
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    for evaluation in evaluations:
        cells = [shown(key, evaluation.metrics.get(key)) for key in columns]
        lines.append(f"| {evaluation.name} | " + " | ".join(cells) + " |")
    return explained("\n".join(lines))


def explained(table: str) -> str:
    """A table with what its dashes mean below it, where it has any."""
    has_dash = any(cell.strip() == NOT_MEASURED for cell in table.split("|"))
    return f"{table}\n\n{WHY_NOT_MEASURED}" if has_dash else table


def shown(name: str, metric: Value | None) -> str:
    """A metric with its interval, if it has one, as tables show it; a dash where it could not be measured."""
    if metric is None or not math.isfinite(metric.value):
        return NOT_MEASURED
    digits = _DIGITS.get(name, 1)
    value = f"{metric.value:.{digits}f}"
    if not math.isfinite(metric.low):
        return value
    return f"{value} [{metric.low:.{digits}f}, {metric.high:.{digits}f}]"
