"""Calibration finds a known temperature, and what it promises holds for new photos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geotagger.core.cells import build_cell_grid
from geotagger.core.regions import load_regions
from geotagger.evidence.posterior import best_cell
from geotagger.inference.predictor import calibrated_probabilities
from trainer.answers import Answers, judge
from trainer.calibrate import (
    calibrate,
    conformal_mass,
    cross_coverage,
    held_by_radius,
    held_by_set,
    photographer_weights,
)
from trainer.evaluate import as_table, evaluate_network, neighbour_baseline, prior_baseline
from trainer.shards import DataError, Sample

GRID = build_cell_grid(load_regions(), resolution=2)


def _world(count: int, seed: int, temperature: float = 2.0) -> tuple[Answers, list[Sample]]:
    """Photos whose truth is drawn from the network's own probabilities, after which it grows too sure of itself."""
    rng = np.random.default_rng(seed)
    regions = rng.normal(0, 2, (count, 63))
    cells = rng.normal(0, 1, (count, len(GRID)))
    p = np.exp(regions) / np.exp(regions).sum(axis=1, keepdims=True)
    samples = []
    for i in range(count):
        region = int(rng.choice(63, p=p[i]))
        inside = np.flatnonzero(GRID.region == region)
        shares = np.exp(cells[i, inside])
        cell = int(rng.choice(inside, p=shares / shares.sum()))
        place = GRID.position(cell)
        known = i % 10 != 0
        samples.append(
            Sample(
                f"{i}", region, place.lat_deg if known else None, place.lon_deg if known else None,
                f"p{i % 25}", "calibration", "", 0, 0,
            )
        )  # fmt: skip
    embeddings = rng.normal(size=(count, 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Answers((regions * temperature).astype(np.float32), cells.astype(np.float32), embeddings), samples


def test_temperature_is_found() -> None:
    answers, samples = _world(800, 0, temperature=2.0)
    calibration = calibrate(answers, samples, GRID, coverage=0.8, method="test")
    assert calibration.temperature == pytest.approx(2.0, rel=0.12)
    assert calibration.cell_temperature == pytest.approx(1.0, rel=0.25)
    assert (calibration.photos, calibration.photographers) == (800, 25)


def test_the_temperature_of_a_network_that_is_far_too_sure_is_found() -> None:
    answers, samples = _world(400, 0, temperature=12.0)
    assert calibrate(answers, samples, GRID, coverage=0.8, method="test").temperature == pytest.approx(
        12, rel=0.2
    )


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_promised_coverage_holds_for_new_photos(coverage: float) -> None:
    answers, samples = _world(600, 1)
    calibration = calibrate(answers, samples, GRID, coverage=coverage, method="test")
    fresh, fresh_samples = _world(600, 2)
    judged = judge(fresh, fresh_samples, GRID, calibration)
    assert np.nanmean(held_by_radius(judged)) == pytest.approx(coverage, abs=0.05)
    assert held_by_set(judged, calibration).mean() == pytest.approx(coverage, abs=0.05)


def test_the_position_is_the_one_that_the_application_shows() -> None:
    answers, samples = _world(40, 4)
    calibration = calibrate(answers, samples, GRID, coverage=0.8, method="test")
    _, cells = calibrated_probabilities(answers.region_logits, answers.cell_logits, GRID, calibration)
    shown = [best_cell(row, GRID) for row in cells]
    assert judge(answers, samples, GRID, calibration).points.tolist() == shown


def test_set_membership_is_what_the_application_shows() -> None:
    answers, samples = _world(100, 3)
    calibration = calibrate(answers, samples, GRID, coverage=0.8, method="test")
    judged = judge(answers, samples, GRID, calibration)
    regions, _ = calibrated_probabilities(answers.region_logits, answers.cell_logits, GRID, calibration)
    shown = [
        sample.region in np.argsort(-regions[i], kind="stable")[: judged.set_sizes[i]]
        for i, sample in enumerate(samples)
    ]
    assert shown == held_by_set(judged, calibration).tolist()


def test_cross_coverage_tells_what_strangers_get() -> None:
    answers, samples = _world(300, 4)
    measured = cross_coverage(answers, samples, GRID, coverage=0.8, folds=5)
    assert measured.radius == pytest.approx(0.8, abs=0.07)
    assert measured.region_set == pytest.approx(0.8, abs=0.07)
    assert (measured.photos, measured.photographers) == (300, 25)


def test_conformal_mass_has_the_correction_for_small_numbers() -> None:
    scores = np.linspace(0.1, 0.9, 9)
    assert conformal_mass(scores, np.ones(9), 0.8) == pytest.approx(0.8, abs=1e-8)
    assert conformal_mass(scores, np.ones(9), 0.8) > 0.8
    assert conformal_mass(scores, np.ones(9), 0.9) == pytest.approx(0.9, abs=1e-8)
    # Nine photos cannot promise more than 9 of 10: nothing short of everything holds 99 %.
    assert conformal_mass(scores, np.ones(9), 0.99) == 1.0
    assert conformal_mass(np.array([]), np.array([]), 0.8) == 1.0


@pytest.mark.filterwarnings("error")
def test_photos_of_which_only_the_region_is_known_calibrate_the_set_alone() -> None:
    answers, samples = _world(60, 8)
    regions_only = [replace(sample, lat_deg=None, lon_deg=None) for sample in samples]
    calibration = calibrate(answers, regions_only, GRID, coverage=0.8, method="test")
    assert (calibration.radius_mass, calibration.cell_temperature) == (1.0, 1.0)
    assert calibration.set_mass < 1.0
    measured = cross_coverage(answers, regions_only, GRID, coverage=0.8)
    assert np.isnan([measured.radius, measured.radius_by_photographer]).all()
    assert measured.region_set > 0.5


def test_few_photos_by_few_photographers_are_cross_checked_or_refused_with_their_number() -> None:
    answers, samples = _world(36, 9)
    few = [replace(sample, group=f"p{i % 3}") for i, sample in enumerate(samples)]
    assert cross_coverage(answers, few, GRID, coverage=0.8).photographers == 3
    with pytest.raises(DataError, match="by one photographer"):
        cross_coverage(answers, [replace(sample, group="p") for sample in samples], GRID, coverage=0.8)


def test_one_diligent_photographer_does_not_decide_alone() -> None:
    samples = [Sample(f"{i}", 0, 45.0, -110.0, "many", "calibration", "", 0, 0) for i in range(100)]
    samples += [Sample(f"x{i}", 0, 45.0, -110.0, f"p{i}", "calibration", "", 0, 0) for i in range(10)]
    weights = photographer_weights(samples)
    assert weights[:100].sum() == pytest.approx(weights[100:].sum())
    scores = np.array([0.1] * 100 + [0.9] * 10)
    assert conformal_mass(scores, weights, 0.8) == pytest.approx(0.9, abs=1e-8)
    assert conformal_mass(scores, np.ones(110), 0.8) == pytest.approx(0.1, abs=1e-8)


def test_too_few_photos_are_refused() -> None:
    answers, samples = _world(20, 5)
    with pytest.raises(DataError, match="at least 30"):
        calibrate(answers, samples, GRID, coverage=0.8, method="test")


def test_our_row_stands_beside_the_baselines() -> None:
    answers, samples = _world(150, 6)
    train_answers, train = _world(200, 7)
    calibration = calibrate(answers, samples, GRID, coverage=0.8, method="test")
    ours = evaluate_network("ours", answers, samples, GRID, calibration)
    prior = prior_baseline(train, samples, GRID)
    neighbours = neighbour_baseline(train, train_answers.embeddings, samples, answers.embeddings, GRID)
    assert ours.metrics["top1_micro"].value > prior.metrics["top1_micro"].value
    assert "radius_coverage" not in prior.metrics
    table = as_table([prior, neighbours, ours]).splitlines()
    assert [line.split("|")[1].strip() for line in table[2:]] == [
        "region frequencies",
        "nearest neighbours",
        "ours",
    ]
    document = ours.to_json()
    assert document["photos"] == 150
    assert sum(row[0] for row in document["per_region"].values()) == 150
