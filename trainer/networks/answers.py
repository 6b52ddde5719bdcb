"""What every network of the class project answers: logits over regions, and a position."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geotagger.core.geo import FloatArray

_MIDDLE = (50.0, -100.0)
_SPREAD = (15.0, 30.0)
"""Degrees of latitude and longitude that stand for 0 and 1 in the network's own coordinates: the middle of North
America and about one standard deviation of its area, so that both numbers are of the size that layers like."""


class Answer(NamedTuple):
    """Answers for n photos.

    Attributes:
        regions: (n, 63) logits.
        coordinates: (n, 2) latitude and longitude in the network's own coordinates.
    """

    regions: Tensor
    coordinates: Tensor


class TwoHeads(nn.Module):
    """One linear head for the region and one for the position, side by side."""

    def __init__(self, features: int, regions: int) -> None:
        super().__init__()
        self.region = nn.Linear(features, regions)
        self.coordinates = nn.Linear(features, 2)

    def forward(self, features: Tensor) -> Answer:
        """(n, features) → answers for n photos."""
        return Answer(self.region(features), self.coordinates(features))


class OnFrozenFeatures(nn.Module):
    """A network that learns on top of a frozen ``backbone``, so that features can be computed once and kept.

    Attributes:
        bf16: run the backbone in mixed precision.
    """

    backbone: nn.Module
    bf16 = False

    def prepared(self, x: Tensor) -> Tensor:
        """The picture as the backbone wants it, from (n, 3, h, w) normalised with ImageNet's mean and deviation."""
        return x

    def answer(self, features: Tensor) -> Answer:
        """(n, features) → answers for n photos."""
        raise NotImplementedError

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) normalised → (n, features) float32, without gradients."""
        with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            features: Tensor = self.backbone(self.prepared(x))
        return features.float()

    def forward(self, x: Tensor) -> Answer:
        """(n, 3, h, w) normalised → answers for n photos."""
        return self.answer(self.features(x))


def to_network(lats_deg: npt.ArrayLike, lons_deg: npt.ArrayLike) -> Tensor:
    """Degrees → (n, 2) float32 in the network's own coordinates; NaN stays NaN."""
    degrees = np.stack([np.asarray(lats_deg, np.float64), np.asarray(lons_deg, np.float64)], axis=-1)
    return torch.from_numpy((degrees - _MIDDLE) / _SPREAD).float()


def to_degrees(coordinates: Tensor) -> tuple[FloatArray, FloatArray]:
    """(n, 2) in the network's own coordinates → latitudes and longitudes in degrees, kept on Earth."""
    degrees = coordinates.detach().double().cpu().numpy() * _SPREAD + _MIDDLE
    return np.clip(degrees[:, 0], -90.0, 90.0), np.clip(degrees[:, 1], -180.0, 180.0)


def answer_loss(answer: Answer, regions: Tensor, coordinates: Tensor, coordinate_weight: float) -> Tensor:
    """Cross-entropy of the regions plus the weighted mean squared error of the coordinates.

    Args:
        regions: (n,) true region indices.
        coordinates: (n, 2) true positions in the network's own coordinates; NaN where a photo has only a
            region, which then counts for the first part alone.
    """
    loss = F.cross_entropy(answer.regions, regions)
    placed = torch.isfinite(coordinates).all(dim=1)
    if placed.any():
        loss = loss + coordinate_weight * F.mse_loss(answer.coordinates[placed], coordinates[placed])
    return loss
