"""``geonet``: frozen ViT-B/16 features, four hidden layers with batch norm, two heads."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from trainer.networks.answers import Answer, OnFrozenFeatures, TwoHeads
from trainer.networks.vision_transformer import FEATURES, VisionTransformer

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_WIDTHS = (FEATURES, 512, 256, 128, 64)


class GeoNet(OnFrozenFeatures):
    """The frozen features with what is trained on them: 768 → 512 → 256 → 128 → 64 → 63 and 2.

    The transformer learned from pictures scaled to -1…1, while all pictures here come with ImageNet's mean and
    deviation; the network changes the one into the other itself.

    Args:
        blocks: depth of the transformer; see ``VisionTransformer``.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, regions: int, blocks: int = 12) -> None:
        super().__init__()
        self.backbone = VisionTransformer(blocks).requires_grad_(False)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(_WIDTHS):
            layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.heads = TwoHeads(_WIDTHS[-1], regions)
        mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
        self.register_buffer("scale", deviation / 0.5, persistent=False)
        self.register_buffer("shift", (mean - 0.5) / 0.5, persistent=False)

    def prepared(self, x: Tensor) -> Tensor:
        """(n, 3, 224, 224) normalised with ImageNet's mean and deviation → scaled to -1…1."""
        return x * self.scale + self.shift

    def answer(self, features: Tensor) -> Answer:
        """(n, 768) → answers for n photos."""
        answer: Answer = self.heads(self.hidden(features))
        return answer
