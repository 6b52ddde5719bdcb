"""What a training makes small: how far the heads' answers are from the targets; and its learning rate over time."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from trainer.targets import Targets

_WARM_UP = 0.1


def wanted_of(targets: Targets, indices: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """(n, 63) and (n, cells) targets of some samples."""
    regions, cells = torch.from_numpy(targets.regions[indices]), torch.from_numpy(targets.cells[indices])
    return regions.to(device), cells.to(device)


def loss_of(regions: Tensor, cells: Tensor, wanted: tuple[Tensor, Tensor], cell_weight: float) -> Tensor:
    """Cross-entropy of (n, 63) region logits, and of (n, cells) cell logits times ``cell_weight``."""
    loss: Tensor = -(wanted[0] * regions.float().log_softmax(1)).sum(1).mean()
    return loss - cell_weight * (wanted[1] * cells.float().log_softmax(1)).sum(1).mean()


def share_of_rate(progress: float) -> float:
    """Share of the highest learning rate over the course of a training, from 0 to 1: a short rise, then half a cosine."""
    if progress < _WARM_UP:
        return progress / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))
