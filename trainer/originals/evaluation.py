"""How good a network of the class project is."""

from __future__ import annotations

import json
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
from trainer.answers import Judged
from trainer.evaluate import Evaluation, as_table, evaluate_judged
from trainer.metrics import Value
from trainer.networks.answers import Answer, to_degrees
from trainer.networks.registry import build_network
from trainer.originals.checkpoint import CHECKPOINT_FILE, TrainingState
from trainer.originals.photos import ReducedPhotos
from trainer.originals.settings import SETTINGS_FILE, OriginalSettings
from trainer.shards import DataError, Sample, ShardData
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
    """Metrics of a training on photographers that it has not seen, with intervals over photographers.

    Returns:
        A document of the form that ``evaluate`` writes for ours: splits, numbers of photos and photographers,
        hash of the data list, command, and one system.

    Raises:
        DataError: there is no data, or the training has seen it.
        TrainingError: there is no training.
    """
    try:
        settings = OriginalSettings.load(folder / SETTINGS_FILE)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"There is no training of a class project's network in {folder}.") from error
    seen = [split for split in splits if split in settings.splits]
    if seen:
        raise DataError(f"The training has seen the photos of {seen[0]}; measure on other splits.")
    torch.set_num_threads(settings.threads)
    network = build_network(settings.network, len(load_regions()), seed=settings.seed, random_backbone=True)
    data = ReducedPhotos(data_folder, settings.recipe.input_px)
    state = TrainingState(network, settings.recipe, data.list_hash)
    state.load(folder / CHECKPOINT_FILE)
    samples = data.of(*splits)
    judged = _judged(guess(network, data, samples, settings.recipe.input_px), samples)
    evaluation = evaluate_judged(_row_name(settings, state), judged, samples, None)
    return {
        "splits": list(splits),
        "photos": evaluation.photos,
        "photographers": evaluation.photographers,
        "list_hash": data.list_hash,
        "command": f"python -m trainer original evaluate RUN DATA --splits {','.join(splits)}",
        "systems": [evaluation.to_json()],
    }


def _row_name(settings: OriginalSettings, state: TrainingState) -> str:
    backbone = ", random backbone" if settings.random_backbone else ""
    return f"{settings.network}, {state.epoch} epochs, {settings.recipe.input_px} px{backbone}"


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


def compare(metrics_files: Sequence[Path]) -> str:
    """One Markdown table of all systems that some metrics files hold, each once, the worst first.

    Raises:
        DataError: a file is missing or damaged, or they were not measured on the same photos.
    """
    systems: dict[str, Evaluation] = {}
    grounds: dict[tuple[str, ...], Path] = {}
    for path in metrics_files:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            grounds.setdefault((document["list_hash"], *document["splits"]), path)
            for system in document["systems"]:
                systems.setdefault(system["name"], _evaluation(system))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is missing or holds no metrics.") from error
    if len(grounds) != 1:
        names = " and ".join(str(path) for path in grounds.values())
        raise DataError(
            f"{names} were not measured on the same photos; their numbers cannot stand side by side."
        )
    (_, *splits), one = next(iter(grounds)), next(iter(systems.values()))
    rows = sorted(systems.values(), key=_worth)
    heading = f"{one.photos} photos by {one.photographers} photographers ({', '.join(splits)}):"
    return f"{heading}\n\n{as_table(rows)}"


def _worth(system: Evaluation) -> tuple[float, float]:
    return system.metrics["top5_macro"].value, -system.metrics["log_loss"].value


def _evaluation(system: dict[str, Any]) -> Evaluation:
    metrics = {name: Value(*values) for name, values in system["metrics"].items()}
    return Evaluation(system["name"], system["photos"], system["photographers"], metrics, {}, [])


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
