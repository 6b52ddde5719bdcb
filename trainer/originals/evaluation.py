"""How good a network of the class project is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from geotagger.core.geo import FloatArray, haversine_km
from geotagger.core.regions import load_regions
from geotagger.inference.preprocessing import fit, to_tensor
from trainer.metrics import distance_metrics, plain, region_metrics, with_intervals
from trainer.networks.answers import Answer, to_degrees
from trainer.networks.registry import build_network
from trainer.originals.checkpoint import CHECKPOINT_FILE, TrainingState
from trainer.originals.photos import ReducedPhotos
from trainer.originals.settings import SETTINGS_FILE, OriginalSettings
from trainer.shards import Sample, ShardData
from trainer.train import TrainingError

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Guesses:
    """What a network says of n photos.

    Attributes:
        probabilities: (n, 63) over regions.
        lats_deg, lons_deg: (n,) of the coordinate head.
    """

    probabilities: FloatArray
    lats_deg: FloatArray
    lons_deg: FloatArray


def evaluate_original(data_folder: Path, folder: Path, splits: Sequence[str]) -> dict[str, Any]:
    """Metrics of a training on some splits, with bootstrap intervals over photographers.

    Returns:
        Network, splits, numbers of photos and photographers, hash of the data list, and the metrics as
        ``[value, low, high]``.

    Raises:
        DataError, TrainingError: there is no data or no training.
    """
    try:
        settings = OriginalSettings.load(folder / SETTINGS_FILE)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"There is no training of a class project's network in {folder}.") from error
    recipe = settings.recipe
    torch.set_num_threads(settings.threads)
    network = build_network(settings.network, len(load_regions()), seed=settings.seed, random_backbone=True)
    state = TrainingState(network, recipe, None)
    state.load(folder / CHECKPOINT_FILE)
    data = ReducedPhotos(data_folder, recipe.input_px)
    samples = data.of(*splits)
    guesses = guess(network, data, samples, recipe.input_px)
    regions = np.array([sample.region for sample in samples])
    placed = np.array([sample.lat_deg is not None for sample in samples])
    distances = np.full(len(samples), np.nan)
    distances[placed] = haversine_km(
        [s.lat_deg for s in samples if s.lat_deg is not None],
        [s.lon_deg for s in samples if s.lon_deg is not None],
        guesses.lats_deg[placed],
        guesses.lons_deg[placed],
    )

    def measure(chosen: np.ndarray) -> dict[str, float]:
        with_place = chosen[placed[chosen]]
        return region_metrics(guesses.probabilities[chosen], regions[chosen]) | (
            distance_metrics(distances[with_place]) if len(with_place) else {}
        )

    return {
        "network": settings.network,
        "epochs": state.epoch,
        "split": list(splits),
        "photos": len(samples),
        "located": int(placed.sum()),
        "photographers": len({sample.group for sample in samples}),
        "list_hash": data.list_hash,
        "metrics": plain(with_intervals(measure, [sample.group for sample in samples])),
    }


def guess(network: nn.Module, data: ShardData, samples: Sequence[Sample], input_px: int) -> Guesses:
    """What a network says of the middle square of each photo."""
    answers = list(answers_of(network, data, samples, input_px))
    logits = torch.cat([answer.regions for answer in answers]).double()
    lats, lons = to_degrees(torch.cat([answer.coordinates for answer in answers]))
    return Guesses(logits.softmax(dim=1).numpy(), lats, lons)


def answers_of(
    network: nn.Module, data: ShardData, samples: Sequence[Sample], input_px: int
) -> Iterator[Answer]:
    """Answers for the middle square of each photo, in order, some at a time."""
    network.eval()
    for start in range(0, len(samples), _BATCH):
        chosen = samples[start : start + _BATCH]
        pictures = [np.asarray(fit(data.image(sample), (input_px, input_px))) for sample in chosen]
        with torch.inference_mode():
            answer: Answer = network(to_tensor(pictures))
        yield answer
