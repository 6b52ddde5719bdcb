"""How good a network of the class project is."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from geotagger.core.cells import build_cell_grid
from geotagger.core.geo import FloatArray, haversine_km
from geotagger.core.regions import load_regions
from geotagger.inference.preprocessing import fit, to_tensor
from trainer.answers import Judged
from trainer.config import SETTINGS_FILE
from trainer.evaluate import evaluate_judged, prior_baseline
from trainer.networks.answers import Answer, OnFrozenFeatures, to_degrees
from trainer.networks.registry import build_network
from trainer.originals.checkpoint import TrainingState
from trainer.originals.photos import ReducedPhotos
from trainer.originals.settings import OriginalSettings
from trainer.run_folder import CHECKPOINT_FILE, TrainingError
from trainer.shards import DataError, Sample, ShardData

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
    """Metrics of a training on photographers that it has not seen, with intervals over photographers.

    Returns:
        A document of the form that ``evaluate`` writes for ours: splits, numbers of photos and photographers,
        hash of the data list, date, command, and two systems: the frequencies of the regions, and the network. (The
        nearest neighbours take an embedding, which these networks have none of.)

    Raises:
        DataError: there is no data, or the training has seen it.
        TrainingError: there is no training.
    """
    settings = settings_of(folder)
    seen = [split for split in splits if split in settings.splits]
    if seen:
        raise DataError(f"The training has seen the photos of {seen[0]}; measure on other splits.")
    data = ReducedPhotos(data_folder, settings.recipe.input_px)
    samples = data.of(*splits)
    judged, epochs = judge_training(folder, data, samples)
    evaluation = evaluate_judged(_row_name(settings, epochs), judged, samples, None)
    prior = prior_baseline(data.of(*settings.splits), samples, build_cell_grid(load_regions()))
    return {
        "splits": list(splits),
        "photos": evaluation.photos,
        "photographers": evaluation.photographers,
        "list_hash": data.list_hash,
        "date": datetime.date.today().isoformat(),
        "command": f"python -m trainer original evaluate RUN DATA --splits {','.join(splits)}",
        "systems": [prior.to_json(), evaluation.to_json()],
    }


def judge_training(folder: Path, data: ReducedPhotos, samples: Sequence[Sample]) -> tuple[Judged, int]:
    """Guesses of a training beside the truth, and how many epochs it has had.

    Raises:
        TrainingError: there is no training, or it belongs to other data.
    """
    settings = settings_of(folder)
    torch.set_num_threads(settings.threads)
    network = build_network(settings.network, len(load_regions()), seed=settings.seed, random_backbone=True)
    if isinstance(network, OnFrozenFeatures):
        network.bf16 = settings.bf16
    state = TrainingState(network, settings.recipe, data.list_hash)
    state.load(folder / CHECKPOINT_FILE)
    return _judged(guess(network, data, samples, settings.recipe.input_px), samples), state.epoch


def settings_of(folder: Path) -> OriginalSettings:
    """What a training was made with.

    Raises:
        TrainingError: there is none in that folder.
    """
    try:
        return OriginalSettings.load(folder / SETTINGS_FILE)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"There is no training of a class project's network in {folder}.") from error


def _row_name(settings: OriginalSettings, epochs: int) -> str:
    extra = ", random backbone" if settings.random_backbone else ""
    extra += ", stored features" if settings.store_features else ""
    return (
        f"{settings.network}, {epochs} epoch{'s' if epochs > 1 else ''}, {settings.recipe.input_px} px{extra}"
    )


def _judged(guesses: Guesses, samples: Sequence[Sample]) -> Judged:
    """Guesses beside the truth. These networks know no cells and no radii, so those columns stay empty."""
    count = len(samples)
    distances = np.full(count, np.nan)
    for index, sample in enumerate(samples):
        if sample.lat_deg is not None and sample.lon_deg is not None:
            lat, lon = guesses.lats_deg[index], guesses.lons_deg[index]
            distances[index] = float(haversine_km(sample.lat_deg, sample.lon_deg, lat, lon))
    return Judged(
        regions=np.array([sample.region for sample in samples], np.intp),
        probabilities=guesses.probabilities,
        points=np.full(count, -1, np.intp),
        distances_km=distances,
        radius_masses=np.full(count, np.nan),
        set_masses=np.full(count, np.nan),
        radii_km=np.full(count, np.nan),
        set_sizes=np.full(count, -1, np.intp),
    )


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
    for pictures in middle_squares(data, samples, input_px):
        with torch.inference_mode():
            answer: Answer = network(pictures)
        yield answer


def middle_squares(data: ShardData, samples: Sequence[Sample], input_px: int) -> Iterator[Tensor]:
    """(n, 3, ``input_px``, ``input_px``) network inputs, in order, some photos at a time."""
    for start in range(0, len(samples), _BATCH):
        chosen = samples[start : start + _BATCH]
        yield to_tensor([np.asarray(fit(data.image(sample), (input_px, input_px))) for sample in chosen])
