"""The beginning of a training: the region and cell heads alone, on what the body shows of each photo, kept in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geotagger.inference.network import FEATURES, GeoNetwork, device_of
from trainer.batches import draw_epoch, evaluation_batches
from trainer.closing import EVALUATION_BATCH
from trainer.config import TrainConfig
from trainer.objective import loss_of, share_of_rate, wanted_of
from trainer.shards import Sample, ShardData
from trainer.targets import Targets

_BATCH = 512
_RATE = 2e-3
_WEIGHT_DECAY = 0.3


def features_of(
    network: GeoNetwork, data: ShardData, samples: Sequence[Sample], *, bf16: bool = True
) -> Tensor:
    """(n, ``FEATURES``) what the heads read for each photo, as the application would show it."""
    network.eval()
    device = device_of(network)
    result = torch.zeros(len(samples), FEATURES)
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        for x, indices in evaluation_batches(data, samples, batch=EVALUATION_BATCH):
            result[indices] = network.body.features(x.to(device)).float().cpu()
    return result.clone()


def train_heads(
    network: GeoNetwork,
    data: ShardData,
    samples: Sequence[Sample],
    targets: Targets,
    weights: np.ndarray,
    settings: TrainConfig,
    say: Callable[[str], object],
) -> None:
    """Set both heads by ``settings.head_epochs`` passes over stored features; the body stays as it is.

    Args:
        weights: (n,) how often each sample is drawn.
    """
    started = time.monotonic()
    features = features_of(network, data, samples, bf16=settings.bf16).to(device_of(network))
    mean, deviation = features.mean(0), features.std(0) + 1e-4
    features = (features - mean) / deviation
    heads = (network.region_head, network.cell_head)
    for head in heads:
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    parameters = [parameter for head in heads for parameter in head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_WEIGHT_DECAY)
    size = min(_BATCH, len(samples))
    steps = settings.head_epochs * (len(samples) // size)
    for epoch in range(settings.head_epochs):
        order = draw_epoch(weights, settings.seed, -1 - epoch + 2**31)
        for number in range(len(samples) // size):
            step = epoch * (len(samples) // size) + number
            for group in optimizer.param_groups:
                group["lr"] = _RATE * share_of_rate(step / steps)
            indices = order[number * size : (number + 1) * size]
            x = F.dropout(features[indices], settings.dropout)
            wanted = wanted_of(targets, indices, x.device)
            loss = loss_of(network.region_head(x), network.cell_head(x), wanted, settings.cell_weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        for head in heads:
            head.weight.div_(deviation)
            head.bias.sub_(head.weight @ mean)
    say(f"heads trained in {time.monotonic() - started:.0f} s, loss {float(loss.detach()):.3f}")
