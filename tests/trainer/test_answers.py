"""What a trained network answers for prepared photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainer.answers import answer
from trainer.run_folder import TrainingError
from trainer.shards import ShardData


class _Brightness(torch.nn.Module):
    """Says how bright a photo is, in three ways; ``broken`` makes what it says of dark photos no number."""

    def __init__(self, broken: bool = False) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(1))
        self.broken = broken

    def forward(self, x: torch.Tensor) -> Any:
        mean = x.mean((1, 2, 3))[:, None] * self.factor
        if self.broken:
            mean = torch.where(mean < 0, torch.nan, mean)
        return mean.repeat(1, 63), mean.repeat(1, 5), mean.repeat(1, 4)


def test_answers_stand_in_the_order_of_the_photos(prepared: Path) -> None:
    data = ShardData(prepared)
    samples = data.of("validation", "test")
    answers = answer(_Brightness(), data, samples)  # type: ignore[arg-type]
    brightness = [np.asarray(data.image(sample), float).mean() for sample in samples]
    assert answers.region_logits.shape == (len(samples), 63)
    assert np.corrcoef(answers.region_logits[:, 0], brightness)[0, 1] > 0.99


def test_answers_that_are_no_numbers_are_told_with_the_photo(prepared: Path) -> None:
    data = ShardData(prepared)
    samples = data.of("validation", "test")
    said = answer(_Brightness(), data, samples).region_logits[:, 0]  # type: ignore[arg-type]
    first = samples[int(np.argmax(said < 0))]
    assert said.min() < 0 < said.max()
    with pytest.raises(TrainingError, match=f"says of {first.key} is no number"):
        answer(_Brightness(broken=True), data, samples)  # type: ignore[arg-type]
