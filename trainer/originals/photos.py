"""Prepared photos as the class project's networks see them, with their true answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from trainer.networks.answers import to_network
from trainer.shards import Sample, ShardData

_SPARE = 1.25
"""Pictures are kept this much larger than the input, so that crops of them are not blown up much."""
_CACHE_MAX_BYTES = 1_000_000_000


class ReducedPhotos(ShardData):
    """Prepared photos scaled down to little more than the input, and kept in memory where they fit."""

    def __init__(self, folder: Path, input_px: int) -> None:
        super().__init__(folder)
        self._side_px = round(input_px * _SPARE)
        largest = 3 * self._side_px * self._side_px * 4 // 3
        self._kept: dict[str, np.ndarray] | None = (
            {} if largest * len(self.samples) <= _CACHE_MAX_BYTES else None
        )

    def image(self, sample: Sample) -> Image.Image:
        """The RGB picture of a sample, its shorter side at most ``input_px`` · 1.25."""
        if self._kept is not None and (pixels := self._kept.get(sample.key)) is not None:
            return Image.fromarray(pixels)
        image = super().image(sample)
        scale = self._side_px / min(image.size)
        if scale < 1:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, Image.Resampling.BICUBIC)
        if self._kept is not None:
            self._kept[sample.key] = np.asarray(image)
        return image


@dataclass(frozen=True, slots=True)
class Truth:
    """True answers: (n,) region indices, and (n, 2) coordinates, NaN where a photo has only a region."""

    regions: Tensor
    coordinates: Tensor

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Truth:
        """The true answers of samples, in order."""
        lats = [math.nan if sample.lat_deg is None else sample.lat_deg for sample in samples]
        lons = [math.nan if sample.lon_deg is None else sample.lon_deg for sample in samples]
        return cls(torch.tensor([sample.region for sample in samples]), to_network(lats, lons))
