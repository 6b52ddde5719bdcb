"""``python -m trainer average``: one network from several trainings, by the mean of their weights.

Trainings that start from one backbone and differ in seed, rate or augmentation end near each other; the mean of their
weights errs about as little as the mean of their answers, at the cost of one (M. Wortsman et al., "Model soups", 2022).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from geotagger.core.cells import build_cell_grid
from geotagger.core.errors import SettingsError
from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork
from trainer.closing import fit_closing_heads
from trainer.config import SETTINGS_FILE, resolve
from trainer.files import write_file
from trainer.processes import Ranks, computing_device
from trainer.run_folder import (
    AVERAGED_FILE,
    EMBEDDING_DIMENSIONS,
    WEIGHTS_FILE,
    TrainingError,
    claimed,
    facts_of,
    learned_from,
    load_trained,
    refuse_to_overwrite,
    save_weights,
    settings_of,
)
from trainer.shards import ShardData
from trainer.targets import make_targets, sampling_weights

_CLOSING = ("train.discriminant_", "train.neighbour_", "train.frequency_")
_TRAINED = ("body.", "region_head.", "cell_head.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``average``; ``run`` takes what they are parsed to."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders made by train")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder made by prepare, which they trained on"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        dest="assignments",
        help=f"other settings of what is fitted at the end: those that begin with {' or '.join(_CLOSING)}",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the run that is the mean of others.

    Raises:
        GeotaggerError: a training is not finished, or they were not trained on the same photos.
    """
    file = average(arguments.runs, arguments.data, arguments.out, arguments.assignments)
    print(f"Wrote {file}.")


def average(runs: Sequence[Path], data_folder: Path, output: Path, assignments: Sequence[str] = ()) -> Path:
    """Average the weights of trainings, fit to their photos what is fitted in closed form, and give the weights file.

    Args:
        runs: one alone is only fitted anew.
        assignments: ``name=value`` of settings of the closed form, where not those of the first training.

    Raises:
        SettingsError: a setting is none of those, or does not fit.
        TrainingError: a training is not finished, or they have not trained on the same splits of these data, or
            ``output`` holds a training.
        DataError: the data are missing or damaged.
    """
    # An average may be made anew, a training not: its weights would be lost.
    if not (output / AVERAGED_FILE).exists():
        refuse_to_overwrite(output)
    settings = [settings_of(folder) for folder in runs]
    foreign = [text for text in assignments if not text.strip().startswith(_CLOSING)]
    if foreign:
        raise SettingsError(
            f"“{foreign[0]}” would need another training; an average only fits its last heads anew."
        )
    made_with = resolve(dataclasses.asdict(settings[0]), assignments)
    first = made_with.train
    if any(other.train.splits != first.splits for other in settings):
        raise TrainingError(
            "Only trainings on the same splits can be averaged; nothing unseen would be left to tell."
        )
    torch.set_num_threads(first.threads)
    data = ShardData(data_folder)
    networks = [load_trained(folder)[0] for folder in runs]
    for folder in runs:
        if learned_from(folder).get("list_hash", data.list_hash) != data.list_hash:
            raise TrainingError(f"The training in {folder} did not learn from the photos in {data_folder}.")
    samples = data.of(*first.splits)
    grid = build_cell_grid(load_regions())
    network = _mean(networks, len(grid))
    network.to(computing_device(first.device, Ranks()))
    targets = make_targets(samples, grid, first)
    weights = sampling_weights(samples, first.sampling)
    with claimed(output):
        fit_closing_heads(network, data, samples, targets.regions, weights, first)
        # The largest file first: where the disk has no room for it, the weights before it stay with their settings.
        save_weights(network, output, facts_of(samples, data.list_hash))
        made_with.save(output / SETTINGS_FILE)
        described = [dataclasses.asdict(one) for one in settings]
        write_file(output / AVERAGED_FILE, json.dumps(described, indent=2) + "\n")
    return output / WEIGHTS_FILE


def _mean(networks: Sequence[GeoNetwork], cells: int) -> GeoNetwork:
    """What was trained is averaged; what is fitted at the end of a training starts anew."""
    network = GeoNetwork(len(load_regions()), cells, EMBEDDING_DIMENSIONS)
    states = [one.state_dict() for one in networks]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(tensor.dtype)
        for name, tensor in states[0].items()
        if name.startswith(_TRAINED)
    }
    network.load_state_dict(mean, strict=False)
    return network.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload,no-any-return]
