"""The linear discriminant: what it finds in data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.discriminant import discriminant

REGIONS = 4


def _photos(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Statistics (1, n, 6), regions and one-hot targets; the regions differ in the first three numbers alone."""
    rng = np.random.default_rng(seed)
    centres = np.array([[3.0, 0, 0], [0, 3, 0], [0, 0, 3], [-3, -3, -3]])
    regions = np.arange(count) % REGIONS
    noise = rng.normal(size=(count, 6)) * [1, 1, 1, 1, 50, 1]
    noise[:, :3] += centres[regions]
    return noise[None] + 7.0, regions, np.eye(REGIONS)[regions]


def test_it_tells_apart_what_differs_and_passes_over_what_is_noise() -> None:
    statistics, regions, targets = _photos(800, 1)
    groups = [f"p{i % 40}" for i in range(800)]
    weight, bias = discriminant(statistics, regions, groups, targets, np.ones(800), shrinkage=0.1, prior=0.0)
    fresh, truth, _ = _photos(400, 2)
    logits = fresh[0] @ weight.T + bias
    assert (logits.argmax(axis=1) == truth).mean() > 0.9
    assert np.abs(weight[:, 4] * 50).max() < 0.3 * np.abs(weight[:, :3]).max()
    assert logits.mean(axis=1) == pytest.approx(np.zeros(400), abs=1e-9)


def test_a_region_known_from_one_photographer_is_drawn_to_the_mean_of_all() -> None:
    statistics, regions, targets = _photos(800, 3)
    many = [f"p{i % 40}" for i in range(800)]
    one = ["p0" if region == 0 else name for region, name in zip(regions, many, strict=True)]
    spread = []
    for groups in (many, one):
        weight, _ = discriminant(statistics, regions, groups, targets, np.ones(800), shrinkage=0.1, prior=8.0)
        spread.append(np.linalg.norm(weight[0] - weight[1:].mean(axis=0)))
    assert spread[1] < 0.7 * spread[0]


def test_units_of_the_statistics_do_not_matter() -> None:
    statistics, regions, targets = _photos(400, 4)
    groups = [f"p{i % 10}" for i in range(400)]
    scale = np.array([1.0, 20.0, 0.2, 5.0, 1.0, 3.0])
    logits = []
    for factor in (np.ones(6), scale):
        inputs = statistics * factor
        weight, bias = discriminant(inputs, regions, groups, targets, np.ones(400), shrinkage=0.5, prior=4.0)
        logits.append(inputs[0] @ weight.T + bias)
    # Not to the last bit: a thousandth is added to every deviation.
    assert logits[0] == pytest.approx(logits[1], abs=0.1)


def test_a_region_that_nobody_photographed_gets_finite_logits() -> None:
    statistics, regions, targets = _photos(400, 5)
    kept = regions != 3
    weight, bias = discriminant(
        statistics[:, kept],
        regions[kept],
        [f"p{i % 10}" for i in range(int(kept.sum()))],
        targets[kept],
        np.ones(int(kept.sum())),
        shrinkage=0.5,
        prior=4.0,
    )
    assert np.isfinite(weight).all()
    assert np.isfinite(bias).all()
