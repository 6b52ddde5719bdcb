"""``alexnet_geo``: frozen AlexNet features, one hidden layer, two heads.

The features follow A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014), in the
form and with the parameter names of torchvision's ``alexnet``, so that its published weights load strictly.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from trainer.networks.answers import Answer, OnFrozenFeatures, TwoHeads

FEATURES = 256 * 6 * 6


class AlexNetFeatures(nn.Module):
    """Five convolutions and an average over 6 × 6 fields; 2 469 696 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) normalised, h and w from 63 → (n, 9216)."""
        return F.adaptive_avg_pool2d(self.features(x), 6).flatten(1)


class AlexNetGeo(OnFrozenFeatures):
    """The frozen features with what is trained on them: 9216 → 244 → 63 and 2. Pictures have sides from 63 pixels."""

    def __init__(self, regions: int) -> None:
        super().__init__()
        self.backbone = AlexNetFeatures().requires_grad_(False)
        self.hidden = nn.Linear(FEATURES, 244)
        self.heads = TwoHeads(244, regions)

    def answer(self, features: Tensor) -> Answer:
        """(n, 9216) → answers for n photos."""
        answer: Answer = self.heads(F.relu(self.hidden(features)))
        return answer
