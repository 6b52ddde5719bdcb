"""How good predictions are: top-k, distances, calibration and coverage, each with its number of photos."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import SCORE_SCALE_KM, FloatArray

TOPS = (1, 3, 5, 10)
WITHIN_KM = (25, 200, 750, 2500)


@dataclass(frozen=True, slots=True)
class Value:
    """A metric with a 95 % interval from resampling whole groups (photographers); NaN where there is one alone."""

    value: float
    low: float
    high: float


def ranks(probabilities: FloatArray, regions: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """(n,) place of the true region in the order of probabilities, 0 for the first; equals stand in class order."""
    own = probabilities[np.arange(len(regions)), regions][:, None]
    # Counting only those above would put all equals first: who says the same of every region would always be right.
    before = (probabilities == own) & (np.arange(probabilities.shape[1]) < np.asarray(regions)[:, None])
    return np.asarray(((probabilities > own) | before).sum(axis=1))


def micro_top(rank: npt.NDArray[np.intp], k: int) -> float:
    """Share of photos (%) whose region is among the first k."""
    return float(100 * np.mean(rank < k))


def macro_top(rank: npt.NDArray[np.intp], regions: npt.NDArray[np.integer], k: int) -> float:
    """The same, taken for each region apart and averaged over the regions that occur."""
    photos = np.bincount(regions)
    hits = np.bincount(regions, weights=rank < k)
    occurs = photos > 0
    return float(100 * np.mean(hits[occurs] / photos[occurs]))


def expected_calibration_error(
    probabilities: FloatArray, regions: npt.NDArray[np.integer], bins: int = 10
) -> float:
    """Mean gap between the probability of the first region and how often it is right, in % points.

    Bins hold equally many photos. Source: C. Guo et al. (2017), with adaptive bins.
    """
    best = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == regions
    order = np.argsort(best)
    gaps = [
        abs(best[part].mean() - right[part].mean()) * len(part)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(100 * sum(gaps) / len(best))


def region_metrics(probabilities: FloatArray, regions: npt.NDArray[np.integer]) -> dict[str, float]:
    """Top-k micro and macro, log loss and calibration error of region probabilities (n, 63)."""
    rank = ranks(probabilities, regions)
    own = probabilities[np.arange(len(regions)), regions]
    result = {f"top{k}_micro": micro_top(rank, k) for k in TOPS}
    result |= {f"top{k}_macro": macro_top(rank, regions, k) for k in TOPS}
    result["log_loss"] = float(-np.log(np.maximum(own, 1e-12)).mean())
    result["calibration_error"] = expected_calibration_error(probabilities, regions)
    return result


def near_misses(
    probabilities: FloatArray, regions: npt.NDArray[np.integer], borders: npt.NDArray[np.bool_]
) -> float:
    """Share (%) of the wrong first guesses that name a region which borders on the true one; NaN where none is wrong.

    Args:
        borders: (regions, regions) which of them do.
    """
    guesses = probabilities.argmax(axis=1)
    wrong = guesses != regions
    return float(100 * borders[regions[wrong], guesses[wrong]].mean()) if wrong.any() else math.nan


def distance_metrics(distances_km: FloatArray) -> dict[str, float]:
    """Median and mean distance, mean score ``exp(-d / 1160)``, and shares within some distances (%).

    Args:
        distances_km: (n,) NaN where the true place is not known. Where it is known of none, all metrics are NaN.
    """
    distances_km = distances_km[np.isfinite(distances_km)]
    if not len(distances_km):
        return dict.fromkeys(
            ("median_km", "mean_km", "score", *(f"within_{km}_km" for km in WITHIN_KM)), np.nan
        )
    result = {
        "median_km": float(np.median(distances_km)),
        "mean_km": float(np.mean(distances_km)),
        "score": float(np.mean(np.exp(-distances_km / SCORE_SCALE_KM))),
    }
    return result | {f"within_{km}_km": float(100 * np.mean(distances_km <= km)) for km in WITHIN_KM}


def known_share(held: FloatArray) -> float:
    """Share (%) of 1 among 0 and 1, NaN left out; NaN where nothing is known."""
    known = held[np.isfinite(held)]
    return float(100 * known.mean()) if len(known) else np.nan


def with_intervals(
    measure: Callable[[npt.NDArray[np.intp]], dict[str, float]],
    groups: Sequence[str],
    *,
    rounds: int = 500,
    seed: int = 0,
) -> dict[str, Value]:
    """Metrics with bootstrap intervals over groups, because photos of one photographer are not independent.

    Draws of photographers of whom a metric cannot be taken (no place is known, say) are left out of its interval.

    Args:
        measure: takes indices of photos (with repetition) and gives metrics.
    """
    names = np.asarray(groups)
    members = [np.flatnonzero(names == group) for group in np.unique(names)]
    rng = np.random.default_rng(seed)
    whole = measure(np.arange(len(names)))
    draws = [
        measure(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]))
        for _ in range(rounds)
    ]
    result = {}
    for name, value in whole.items():
        drawn = np.array([draw[name] for draw in draws])
        drawn = drawn[np.isfinite(drawn)]
        # Resampling one photographer gives that one again, which says nothing of others.
        told = len(drawn) and len(members) > 1
        low, high = np.percentile(drawn, [2.5, 97.5]) if told else (np.nan, np.nan)
        result[name] = Value(value, float(low), float(high))
    return result


def plain(values: dict[str, Value]) -> dict[str, Any]:
    """Metrics as JSON values: ``[value, low, high]``, null for what could not be measured."""
    return {
        name: [round(x, 3) if math.isfinite(x) else None for x in (v.value, v.low, v.high)]
        for name, v in values.items()
    }
