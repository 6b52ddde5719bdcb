"""The class project's own small networks: ``geocnn``, the baseline, and ``geocnn_residual``."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from trainer.networks.answers import Answer, TwoHeads


class GeoCNN(nn.Module):
    """Two convolutions with batch norm and pooling, a global average, one hidden layer, two heads."""

    def __init__(self, regions: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(64)
        self.hidden = nn.Linear(64, 50)
        self.heads = TwoHeads(50, regions)

    def forward(self, x: Tensor) -> Answer:
        """(n, 3, h, w) normalised pictures of any size from 4 pixels."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        answer: Answer = self.heads(F.relu(self.hidden(x.mean((2, 3)))))
        return answer


class GeoCNNResidual(nn.Module):
    """Three convolutions with batch norm, one residual block, 2 × 2 max pooling, three fully connected layers.

    The class project's report names the layers but not their widths; 32, 64 and 128 channels and 128 and 64
    hidden units are ours. The two heads together are the third fully connected layer.
    """

    def __init__(self, regions: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(128)
        self.residual = _ResidualBlock(128)
        self.hidden1 = nn.Linear(128, 128)
        self.hidden2 = nn.Linear(128, 64)
        self.heads = TwoHeads(64, regions)

    def forward(self, x: Tensor) -> Answer:
        """(n, 3, h, w) normalised pictures of any size from 16 pixels."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        x = F.max_pool2d(self.residual(x), 2)
        x = F.relu(self.hidden2(F.relu(self.hidden1(x.mean((2, 3))))))
        answer: Answer = self.heads(x)
        return answer


class _ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with batch norm, beside a way that leaves the input as it is."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(x + inner)
