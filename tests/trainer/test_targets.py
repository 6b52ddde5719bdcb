"""Targets and sampling weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geotagger.core.cells import build_cell_grid
from geotagger.core.regions import load_regions
from trainer.config import TrainConfig
from trainer.shards import Sample, ShardData
from trainer.targets import make_targets, region_distances_km, sampling_weights

REGIONS = load_regions()
GRID = build_cell_grid(REGIONS)


def _sample(postal: str, lat: float | None, lon: float | None, group: str = "a") -> Sample:
    return Sample("k", REGIONS.by_postal(postal).index, lat, lon, group, "train", "s", 0, 0)


def test_rows_sum_to_one_and_the_truth_leads(prepared: Path) -> None:
    samples = ShardData(prepared).of("train")
    targets = make_targets(samples, GRID, TrainConfig())
    assert targets.regions.sum(axis=1) == pytest.approx(np.ones(len(samples)), abs=1e-5)
    assert targets.cells.sum(axis=1) == pytest.approx(np.ones(len(samples)), abs=1e-5)
    assert targets.regions.argmax(axis=1).tolist() == [s.region for s in samples]


def test_neighbours_get_more_than_strangers() -> None:
    row = make_targets([_sample("CO", 40.9, -105.0)], GRID, TrainConfig()).regions[0]
    wyoming, new_mexico, maine = (row[REGIONS.by_postal(p).index] for p in ("WY", "NM", "ME"))
    assert wyoming > new_mexico > maine


def test_plain_labels_when_nothing_is_spread() -> None:
    row = make_targets([_sample("CO", 39.0, -105.0)], GRID, TrainConfig(target_mix=1.0)).regions[0]
    assert row.tolist() == np.eye(63)[REGIONS.by_postal("CO").index].tolist()


def test_cell_targets_lie_around_the_place() -> None:
    cells = make_targets([_sample("CO", 39.0, -105.0)], GRID, TrainConfig(cell_km=100)).cells[0]
    distances = GRID.distances_km([39.0], [-105.0])[0]
    assert (cells * distances).sum() < 250
    assert distances[cells.argmax()] < 120


def test_photo_without_a_place_counts_for_its_whole_region() -> None:
    sample = _sample("UT", None, None)
    cells = make_targets([sample], GRID, TrainConfig()).cells[0]
    assert cells[sample.region == GRID.region].sum() == pytest.approx(1, abs=1e-5)
    distances = region_distances_km([sample], GRID)[0]
    assert distances[sample.region] == 0
    assert 0 < distances[REGIONS.by_postal("NV").index] < 600


def test_balanced_sampling_lifts_rare_regions_and_single_photographers() -> None:
    samples = (
        [_sample("CO", 39, -105, "a")] * 90
        + [_sample("CO", 39, -105, "b")] * 10
        + [_sample("RI", 41.6, -71.5)] * 4
    )
    weights = sampling_weights(samples, "balanced")
    assert weights.mean() == pytest.approx(1)
    assert weights[100] > weights[90] > weights[0]
    assert set(sampling_weights(samples, "plain").tolist()) == {1.0}
