"""The end of a training: what is fitted in closed form to the photos as the trained body shows them.

The embedding, the linear discriminant and the vote of the training photos; none of them moves the body, so one pass over
the photos serves all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from geotagger.inference.network import (
    FEATURES,
    STATISTICS,
    GeoNetwork,
    NeighbourHead,
    device_of,
    features_of_maps,
    statistics_of_maps,
)
from trainer.batches import evaluation_batches
from trainer.config import TrainConfig
from trainer.discriminant import discriminant
from trainer.shards import Sample, ShardData

EVALUATION_BATCH = 16
_EMBEDDING_PHOTOS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the trained body shows of n photos, as the application would show them to it.

    Attributes:
        features: (n, ``FEATURES``) what the heads read.
        statistics: (2, n, ``STATISTICS``) what the discriminant reads, of the photos plain and mirrored.
    """

    features: Tensor
    statistics: npt.NDArray[np.float64]


def fit_closing_heads(
    network: GeoNetwork,
    data: ShardData,
    samples: Sequence[Sample],
    region_targets: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    settings: TrainConfig,
) -> None:
    """Set the embedding, the discriminant and the vote of the training photos; leaves the network on the CPU.

    Args:
        region_targets: (n, 63) shares that each sample has in the regions.
        weights: (n,) how much each sample counts.
    """
    shown = show(network, data, samples, bf16=settings.bf16)
    network.cpu()
    fit_embedding(network, shown.features)
    fit_discriminant(network, shown.statistics, samples, region_targets, weights, settings)
    correct_frequencies(network, samples, settings.frequency_correction)
    fit_neighbours(network, shown.features, region_targets, weights, settings)


def show(network: GeoNetwork, data: ShardData, samples: Sequence[Sample], *, bf16: bool = True) -> Shown:
    """Let the trained body look at photos, plain and mirrored."""
    network.eval()
    device = device_of(network)
    features = torch.zeros(len(samples), FEATURES)
    statistics = np.zeros((2, len(samples), STATISTICS))
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        for x, indices in evaluation_batches(data, samples, batch=EVALUATION_BATCH):
            x = x.to(device)
            for view, picture in enumerate((x, x.flip(3))):
                middle, last, top = network.body.maps(picture)
                read = statistics_of_maps(middle.float(), last.float())
                statistics[view, indices] = read.cpu().double().numpy()
                if view == 0:
                    features[indices] = features_of_maps(last, top).cpu().float()
    return Shown(features.clone(), statistics)


def fit_embedding(network: GeoNetwork, features: Tensor) -> None:
    """Set the embedding to the first principal components of (n, ``FEATURES``), each of unit variance."""
    some = np.linspace(0, len(features) - 1, min(_EMBEDDING_PHOTOS, len(features))).astype(int)
    chosen = features[some].double()
    mean, deviation = chosen.mean(0), chosen.std(0).clamp_min(1e-3)
    standard = (chosen - mean) / deviation
    # By NumPy: torch's own gives up where a body shows next to nothing in most of its features.
    values, vectors = map(torch.from_numpy, np.linalg.eigh((standard.T @ standard / len(standard)).numpy()))
    dimensions = network.embedding_head.out_features
    values, vectors = values[-dimensions:], vectors[:, -dimensions:]
    weight = (vectors / values.clamp_min(1e-3 * float(values.max())).sqrt() / deviation[:, None]).T
    bias = -weight @ mean
    # The embedding is brought to unit length anyway; this keeps its weights inside half precision.
    largest = max(float(weight.abs().max()), float(bias.abs().max()))
    with torch.no_grad():
        network.embedding_head.weight.copy_((weight / largest).float())
        network.embedding_head.bias.copy_((bias / largest).float())


def fit_discriminant(
    network: GeoNetwork,
    statistics: npt.NDArray[np.float64],
    samples: Sequence[Sample],
    region_targets: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    settings: TrainConfig,
) -> None:
    """Set the discriminant head from what ``show`` saw of the samples; the rest as in ``fit_closing_heads``."""
    weight, bias = discriminant(
        statistics,
        np.array([s.region for s in samples]),
        [s.group for s in samples],
        region_targets,
        weights,
        shrinkage=settings.discriminant_shrinkage,
        prior=settings.discriminant_prior,
    )
    with torch.no_grad():
        network.discriminant_head.weight.copy_(torch.from_numpy(weight * settings.discriminant_weight))
        network.discriminant_head.bias.copy_(torch.from_numpy(bias * settings.discriminant_weight))


def correct_frequencies(network: GeoNetwork, samples: Sequence[Sample], correction: float) -> None:
    """Let regions with many photos begin lower: what was at hand to learn from does not tell where users have been.

    A. K. Menon et al., "Long-tail learning via logit adjustment", 2021. The summands lie in the bias of the discriminant,
    which is fitted anew with every closing, so that they are never added twice.

    Args:
        correction: what a region's logit loses for each e-fold of photos; 0 leaves all as they are. Regions without
            photos stay as they are anyway.
    """
    present, counts = np.unique([sample.region for sample in samples], return_counts=True)
    logs = torch.from_numpy(np.log(counts))
    with torch.no_grad():
        bias = network.discriminant_head.bias
        bias[torch.from_numpy(present)] -= (correction * (logs - logs.mean())).to(bias)


def fit_neighbours(
    network: GeoNetwork,
    features: Tensor,
    region_targets: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    settings: TrainConfig,
) -> None:
    """Let the network remember every sample: its embedding, and its shares in the regions times what it counts."""
    with torch.inference_mode():
        embeddings = F.normalize(network.embedding_head(features), dim=1)
    head = NeighbourHead(len(features), network.embedding_head.out_features, region_targets.shape[1])
    head.embeddings.copy_(embeddings)
    head.shares.copy_(torch.from_numpy(region_targets * np.asarray(weights)[:, None]))
    head.scale.fill_(settings.neighbour_scale)
    head.weight.fill_(settings.neighbour_weight)
    network.neighbour_head = head
