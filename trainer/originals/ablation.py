"""``python -m trainer ablate``: what each augmentation is worth, by the same small training without it."""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.answers import Judged
from trainer.compare import evaluation_of
from trainer.evaluate import Evaluation, as_table
from trainer.files import write_file
from trainer.metrics import distance_metrics, region_metrics, with_intervals
from trainer.networks.registry import NETWORKS
from trainer.originals.evaluation import judge_training
from trainer.originals.photos import ReducedPhotos
from trainer.originals.settings import AUGMENTATIONS, OriginalSettings, augment_without, original_settings
from trainer.originals.training import train_original
from trainer.shards import SPLITS, DataError, Sample, splits_named

ABLATION_FILE = "ablation.json"
WITH_ALL = "all five"
VARIANTS: dict[str, tuple[str, ...]] = {
    WITH_ALL: (),
    **{f"without {name}": (name,) for name in AUGMENTATIONS},
    "none": ("all",),
}
"""The rows of the table, each with the augmentations that it does without."""

_LEARNING_ALL = [name for name, entry in NETWORKS.items() if entry.recipe and not entry.backbone]
_COLUMNS = {
    "top1_micro": "top-1 micro",
    "top3_macro": "top-3 macro",
    "top5_macro": "top-5 macro",
    "top10_macro": "top-10 macro",
    "log_loss": "log loss",
    "median_km": "median km",
    "score": "exp(-d/1160)",
}


@dataclass(frozen=True, slots=True)
class Ablation:
    """What a training is worth without each augmentation, on the same photos.

    Attributes:
        rows: a training per variant; every metric is the mean over the seeds.
        differences: each other variant less the one with all five, resampled together with it.
    """

    rows: tuple[Evaluation, ...]
    differences: tuple[Evaluation, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``ablate``; ``run`` takes what they are parsed to."""
    parser.add_argument("data", type=Path, help="folder made by prepare")
    parser.add_argument("--out", type=Path, required=True, help="folder for the trainings and the table")
    parser.add_argument("--network", default="geocnn", choices=_LEARNING_ALL)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--input-px", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=2, help="trainings per row (default 2)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--splits",
        default="validation,calibration,test",
        help=f"which of {', '.join(SPLITS)} to measure on (default: all that are not trained on)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Train, measure, print the tables, and keep them in ``--out``; goes on where it was interrupted.

    Raises:
        GeotaggerError: with a sentence that says why it could not be.
    """
    settings = replace(
        original_settings(
            arguments.network,
            epochs=arguments.epochs,
            batch=arguments.batch,
            input_px=arguments.input_px,
        ),
        threads=arguments.threads,
    )
    splits = splits_named(arguments.splits)
    data = ReducedPhotos(arguments.data, arguments.input_px)
    ablation = ablate(data, arguments.out, settings, splits=splits, seeds=arguments.seeds)
    one = ablation.rows[0]
    trainings = "one training" if arguments.seeds == 1 else f"the mean of {arguments.seeds} trainings"
    command = (
        f"python -m trainer ablate DATA --network {arguments.network} --epochs {arguments.epochs} "
        f"--batch {arguments.batch} --input-px {arguments.input_px} --seeds {arguments.seeds} "
        f"--splits {','.join(splits)}"
    )
    facts = {
        "date": datetime.date.today().isoformat(),
        "command": command,
        "list_hash": data.list_hash,
        "splits": splits,
        "photos": one.photos,
        "photographers": one.photographers,
        "rows": [row.to_json() for row in ablation.rows],
        "differences": [row.to_json() for row in ablation.differences],
    }
    write_file(arguments.out / ABLATION_FILE, json.dumps(facts, indent=1) + "\n")
    print(
        f"{one.photos} photos by {one.photographers} photographers ({', '.join(splits)} of list {data.list_hash}), "
        f"{trainings} per row, {facts['date']}, by “{command}”:\n\n{tables_of(facts)}"
    )


def tables_of(document: Mapping[str, Any]) -> str:
    """Markdown of what an ablation found: each row, and each less the one with all augmentations.

    Args:
        document: as it lies in ``ABLATION_FILE``.
    """
    rows, differences = ([evaluation_of(row) for row in document[name]] for name in ("rows", "differences"))
    return f"{as_table(rows, _COLUMNS)}\n\nLess the row “{WITH_ALL}”:\n\n{as_table(differences, _COLUMNS)}"


def ablate(
    data: ReducedPhotos,
    output: Path,
    settings: OriginalSettings,
    *,
    splits: Sequence[str],
    seeds: int = 1,
    say: Callable[[str], None] = print,
) -> Ablation:
    """Train once per variant and seed into folders of ``output``, and measure all on the same photos.

    Args:
        settings: of the training with all augmentations; its seed is the first one.
        splits: to measure on.

    Raises:
        DataError: a split was trained on or holds no photos, or there is no seed.
        TrainingError: a training cannot go on.
    """
    seen = [split for split in splits if split in settings.splits]
    if seen or seeds < 1:
        raise DataError(
            f"The trainings see the photos of {seen[0]}; measure on other splits."
            if seen
            else "An ablation needs at least one seed."
        )
    samples = data.of(*splits)
    judged: dict[str, list[Judged]] = {}
    for name, off in VARIANTS.items():
        for seed in range(settings.seed, settings.seed + seeds):
            chosen = replace(settings, augment=augment_without(settings.augment, off), seed=seed)
            folder = output / f"{name.replace(' ', '-')}-{seed}"
            say(f"{name}, seed {seed}")
            train_original(data, folder, chosen, resume=True, say=say)
            judged.setdefault(name, []).append(judge_training(folder, data, samples)[0])
    reference = judged[WITH_ALL]
    others = {name: found for name, found in judged.items() if name != WITH_ALL}
    return Ablation(
        rows=tuple(_row(name, samples, _means(found)) for name, found in judged.items()),
        differences=tuple(
            _row(name, samples, _less(_means(found), _means(reference))) for name, found in others.items()
        ),
    )


_Measure = Callable[[npt.NDArray[np.intp]], Mapping[str, float]]


def _row(name: str, samples: Sequence[Sample], measure: _Measure) -> Evaluation:
    groups = [sample.group for sample in samples]
    metrics = with_intervals(lambda indices: dict(measure(indices)), groups)
    return Evaluation(name, len(samples), len(set(groups)), metrics, {}, [])


def _means(trainings: Sequence[Judged]) -> _Measure:
    """A measure that takes every metric's mean over trainings that differ by their seed alone."""

    def measure(indices: npt.NDArray[np.intp]) -> dict[str, float]:
        found = [
            region_metrics(judged.probabilities[indices], judged.regions[indices])
            | distance_metrics(judged.distances_km[indices])
            for judged in trainings
        ]
        return {name: float(np.mean([metrics[name] for metrics in found])) for name in found[0]}

    return measure


def _less(measure: _Measure, reference: _Measure) -> _Measure:
    def difference(indices: npt.NDArray[np.intp]) -> dict[str, float]:
        whole, less = measure(indices), reference(indices)
        return {name: whole[name] - less[name] for name in whole}

    return difference
