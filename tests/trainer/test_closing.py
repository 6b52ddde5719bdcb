"""What is fitted when the training has ended: the embedding, the vote of the training photos, the frequencies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from geotagger.inference.network import FEATURES, GeoNetwork
from trainer.closing import correct_frequencies, fit_embedding, fit_neighbours
from trainer.config import TrainConfig
from trainer.shards import Sample


@pytest.fixture
def features() -> torch.Tensor:
    torch.manual_seed(0)
    looks = torch.randn(300, 6)
    return looks @ torch.randn(6, FEATURES) + 0.1 * torch.randn(300, FEATURES)


def test_the_embedding_keeps_what_tells_photos_apart_in_equal_parts(features: torch.Tensor) -> None:
    network = GeoNetwork(3, 1, 6)
    fit_embedding(network, features)
    with torch.no_grad():
        parts = network.embedding_head(features)
    covariance = np.cov(parts.numpy().T)
    assert np.diag(covariance) / covariance.max() == pytest.approx(np.ones(6), rel=0.05)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.02 * covariance.max()


@pytest.mark.parametrize("seed", range(4))
def test_an_embedding_is_found_where_most_features_are_the_same_for_all_photos(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.zeros(60, FEATURES)
    features[:, ::11] = 1 + 0.005 * torch.randn(60, len(range(0, FEATURES, 11)), generator=generator)
    network = GeoNetwork(3, 1, 6)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # what torch's own decomposition gives up on depends on how many there are
    try:
        fit_embedding(network, features)
    finally:
        torch.set_num_threads(threads)
    with torch.no_grad():
        parts = network.embedding_head(features)
    assert parts.isfinite().all()
    assert np.linalg.matrix_rank(np.cov(parts.numpy().T)) == 6


def test_every_photo_is_remembered_with_its_regions_and_weight(features: torch.Tensor) -> None:
    network = GeoNetwork(3, 1, 6)
    fit_embedding(network, features)
    targets = np.eye(3)[np.arange(300) % 3]
    weights = np.linspace(0.5, 1.5, 300)
    fit_neighbours(
        network, features, targets, weights, TrainConfig(neighbour_weight=1.0, neighbour_scale=0.01)
    )
    head = network.neighbour_head
    assert head.shares.sum(1).numpy() == pytest.approx(weights)
    with torch.no_grad():
        asked = F.normalize(network.embedding_head(features[:30]), dim=1)
        logits = head(asked)
    assert logits.argmax(1).tolist() == [i % 3 for i in range(30)]


def test_regions_with_many_photos_begin_lower_and_those_without_any_stay() -> None:
    network = GeoNetwork(4, 1, 6)
    before = network.discriminant_head.bias.detach().clone()
    samples = [
        Sample(str(number), region, None, None, "somebody", "train", "a.tar", 0, 0)
        for number, region in enumerate([0] * 1 + [1] * 4 + [3] * 16)
    ]
    correct_frequencies(network, samples, 0.5)
    change = (network.discriminant_head.bias.detach() - before).numpy()
    assert change == pytest.approx(np.log([2.0, 1.0, 1.0, 0.5]), abs=1e-6)
    correct_frequencies(network, samples, 0.0)
    assert (network.discriminant_head.bias.detach() - before).numpy() == pytest.approx(change)
