"""Metrics, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geotagger.core.regions import load_regions
from trainer.evaluate import bordering_regions, shown
from trainer.metrics import (
    distance_metrics,
    expected_calibration_error,
    macro_top,
    micro_top,
    near_misses,
    plain,
    ranks,
    region_metrics,
    with_intervals,
)

PROBABILITIES = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
TRUTH = np.array([0, 0, 1, 0])


def test_ranks_and_top_k() -> None:
    rank = ranks(PROBABILITIES, TRUTH)
    assert rank.tolist() == [0, 2, 0, 2]
    assert micro_top(rank, 1) == 50.0
    assert macro_top(rank, TRUTH, 1) == pytest.approx((100 / 3 + 100) / 2)
    assert micro_top(rank, 3) == 100.0


def test_equal_probabilities_are_no_hit_for_each_of_them() -> None:
    same = np.full((4, 4), 0.25)
    truth = np.arange(4)
    assert ranks(same, truth).tolist() == [0, 1, 2, 3]
    assert micro_top(ranks(same, truth), 1) == 25.0
    rng = np.random.default_rng(0)
    rounded = rng.integers(0, 5, (200, 63)) / 5
    truth = rng.integers(0, 63, 200)
    order = np.argsort(-rounded, axis=1, kind="stable")
    assert ranks(rounded, truth).tolist() == [
        int(np.flatnonzero(o == t)[0]) for o, t in zip(order, truth, strict=True)
    ]


def test_region_metrics_hold_log_loss() -> None:
    metrics = region_metrics(PROBABILITIES, TRUTH)
    assert metrics["log_loss"] == pytest.approx(-np.log([0.6, 0.2, 0.5, 0.1]).mean())
    assert metrics["top1_micro"] == 50.0


def test_distances() -> None:
    metrics = distance_metrics(np.array([0.0, 100.0, 700.0, 5000.0]))
    assert metrics["median_km"] == 400
    assert metrics["mean_km"] == 1450
    assert metrics["score"] == pytest.approx(np.mean(np.exp(-np.array([0, 100, 700, 5000]) / 1160)))
    assert (metrics["within_25_km"], metrics["within_200_km"], metrics["within_750_km"]) == (25, 50, 75)


def test_honest_probabilities_have_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(5), 20_000)
    truth = np.array([rng.choice(5, p=p) for p in probabilities])
    assert expected_calibration_error(probabilities, truth) < 2
    sharpened = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(sharpened, truth) > 15


def test_intervals_are_wider_when_photos_of_a_photographer_agree() -> None:
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.random(20) < 0.5, 20).astype(float)

    def measure(indices: np.ndarray) -> dict[str, float]:
        return {"hits": float(hits[indices].mean())}

    by_person = with_intervals(measure, [f"p{i // 20}" for i in range(400)])["hits"]
    by_photo = with_intervals(measure, [f"p{i}" for i in range(400)])["hits"]
    assert by_person.low < by_person.value < by_person.high
    assert by_person.high - by_person.low > 2 * (by_photo.high - by_photo.low)
    assert plain({"hits": by_photo})["hits"][0] == pytest.approx(hits.mean(), abs=1e-3)


@pytest.mark.filterwarnings("error")
def test_photos_of_unknown_place_leave_the_distances_unknown_without_a_warning() -> None:
    distances = np.array([np.nan, 100.0, np.nan, np.nan])
    assert distance_metrics(distances)["mean_km"] == 100
    assert np.isnan(distance_metrics(distances[:1])["median_km"])
    # In most draws only the photographers of the photos without a place come.
    values = with_intervals(lambda indices: distance_metrics(distances[indices]), list("abcd"))
    assert (values["mean_km"].low, values["mean_km"].high) == (100, 100)
    nowhere = with_intervals(lambda indices: distance_metrics(distances[:1][indices * 0]), list("abcd"))
    assert plain(nowhere)["score"] == [None, None, None]


def test_one_photographer_alone_gives_no_interval() -> None:
    measured = with_intervals(lambda indices: {"mean": float(np.mean(indices))}, ["p"] * 4)["mean"]
    assert measured.value == 1.5
    assert np.isnan([measured.low, measured.high]).all()
    assert shown("mean", measured) == "1.5"


def test_wrong_guesses_next_door_are_told_from_those_far_away() -> None:
    codes = {region.postal: region.index for region in load_regions()}
    borders = bordering_regions()
    for one, other, meets in [
        ("CO", "WY", True),
        ("WA", "BC", True),
        ("CO", "FL", False),
        ("HI", "CA", False),
    ]:
        assert borders[codes[one], codes[other]] == borders[codes[other], codes[one]] == meets
    assert not borders.diagonal().any()
    guesses = [codes[name] for name in ("WY", "FL", "CO", "UT")]
    probabilities = np.eye(63)[guesses]
    assert near_misses(probabilities, np.full(4, codes["CO"]), borders) == pytest.approx(200 / 3)
    assert np.isnan(near_misses(probabilities, np.array(guesses), borders))
