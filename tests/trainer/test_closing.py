"""What is fitted when the training has ended: the embedding and the vote of the training photos."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from geotagger.inference.network import FEATURES, GeoNetwork
from trainer.closing import fit_embedding, fit_neighbours
from trainer.config import TrainConfig


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
