"""The network is timm's tf_efficientnetv2_b0, to the last bit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from geotagger.inference.network import (
    FEATURES,
    EfficientNetV2B0,
    GeoNetwork,
    NeighbourHead,
    remembered_photos,
)

# Every 125th logit, the best class and the mean of all, by timm 1.0.31 on the picture that _synthetic makes.
_GOLDEN = {
    (224, 224): (
        [-0.66288, -0.1779, 0.03437, -1.25796, -0.85729, -0.49985, 0.63679, 1.3234],
        904,
        0.0028827819,
    ),
    (224, 288): (
        [-0.60654, -0.25318, -0.52668, -1.44318, -0.7876, -0.86598, -0.01192, 1.28243],
        753,
        0.0030272032,
    ),
    (97, 131): (
        [-0.35411, -0.1826, 0.5333, -0.09977, -0.97949, -0.1742, 1.45557, 0.14664],
        905,
        0.0012056513,
    ),
}


def _synthetic(height: int, width: int) -> torch.Tensor:
    i = torch.arange(3 * height * width, dtype=torch.float64)
    return torch.sin(i * 0.01 + torch.cos(i * 0.00037) * 3).reshape(1, 3, height, width).float()


@pytest.fixture(scope="module")
def imagenet(backbone_weights: Path) -> EfficientNetV2B0:
    network = EfficientNetV2B0(classes=1000).eval()
    network.load_state_dict(load_file(backbone_weights), strict=True)
    return network


def test_parameter_count_is_the_published_one() -> None:
    assert sum(p.numel() for p in EfficientNetV2B0(1000).parameters()) == 7_139_704


@pytest.mark.parametrize("size", list(_GOLDEN))
def test_logits_are_those_of_timm(imagenet: EfficientNetV2B0, size: tuple[int, int]) -> None:
    expected, best, mean = _GOLDEN[size]
    with torch.inference_mode():
        logits = imagenet(_synthetic(*size))[0]
    assert logits[::125].tolist() == pytest.approx(expected, abs=2e-4)
    assert int(logits.argmax()) == best
    assert float(logits.mean()) == pytest.approx(mean, abs=1e-4)


def test_heads_give_logits_and_a_unit_embedding() -> None:
    network = GeoNetwork(63, 40, 16).eval()
    with torch.inference_mode():
        regions, cells, embedding = network(torch.zeros(2, 3, 64, 96))
    assert regions.shape == (2, 63)
    assert cells.shape == (2, 40)
    assert embedding.norm(dim=1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)


def test_features_are_the_last_block_and_the_top() -> None:
    body = EfficientNetV2B0().eval()
    with torch.inference_mode():
        middle, last, top = body.maps(torch.zeros(1, 3, 64, 96))
        features = body.features(torch.zeros(1, 3, 64, 96))
    assert middle.shape[1:] == (112, 4, 6)
    assert last.shape[1:] == (192, 2, 3)
    assert top.shape[1:] == (1280, 2, 3)
    assert features.shape == (1, FEATURES)


def test_a_body_without_classifier_says_so() -> None:
    with pytest.raises(TypeError, match="classifier"):
        EfficientNetV2B0()(torch.zeros(1, 3, 64, 64))


def test_the_region_of_the_photos_that_look_most_alike_gets_the_vote() -> None:
    head = NeighbourHead(3, 2, 4)
    head.embeddings.copy_(torch.tensor([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]]))
    head.shares.copy_(torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]))
    head.scale.fill_(0.1)
    head.weight.fill_(0.5)
    logits = head(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    # cosines 1, 0.8 and -1: votes e^10, 2·e^8 and e^-10, and nobody speaks for the last region.
    votes = torch.tensor([[math.exp(10), 2 * math.exp(8), math.exp(-10), 0.0]])
    assert torch.allclose(logits[0], 0.5 * (votes / votes.sum() + 1e-4).log()[0], atol=1e-5)
    assert logits[1].argmax() == 2
    assert bool(logits.isfinite().all())


def test_a_network_that_remembers_photos_adds_their_vote_and_is_read_back() -> None:
    torch.manual_seed(0)
    network = GeoNetwork(63, 4, 8, remembered=5).eval()
    network.neighbour_head.embeddings.copy_(torch.randn(5, 8))
    network.neighbour_head.shares[:, 7] = 1.0
    x = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(x)[0]
        network.neighbour_head.weight.fill_(1.0)
        after = network(x)[0]
    assert (after - before).argmax() == 7
    assert remembered_photos(network.state_dict()) == 5
    with pytest.raises(ValueError, match="not those of the network"):
        remembered_photos({"body.conv_stem.weight": torch.zeros(1)})
