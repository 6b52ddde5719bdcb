"""Training of our network, whole: the heads first, then gently all layers, then what is fitted at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from geotagger.core.cells import build_cell_grid
from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork
from trainer.closing import fit_closing_heads
from trainer.config import SETTINGS_FILE, Config, TrainConfig, refuse_other_settings
from trainer.fine_tuning import State, fine_tune
from trainer.heads import train_heads
from trainer.processes import Ranks, computing_device
from trainer.run_folder import (
    EMBEDDING_DIMENSIONS,
    RESUME_FILE,
    WEIGHTS_FILE,
    TrainingError,
    claimed,
    facts_of,
    refuse_to_overwrite,
    save_weights,
    settings_of,
)
from trainer.shards import Sample, ShardData
from trainer.targets import make_targets, sampling_weights


def load_backbone(network: GeoNetwork, path: Path) -> None:
    """Fill the body from a timm state dict of ``tf_efficientnetv2_b0``.

    Raises:
        TrainingError: the file is missing or holds another network.
    """
    try:
        state = {k: v.float() for k, v in load_file(path).items() if not k.startswith("classifier.")}
        network.body.load_state_dict(state)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise TrainingError(f"The backbone weights in {path} cannot be used: {error}") from error


def train(
    data_folder: Path,
    output: Path,
    config: Config,
    *,
    backbone: Path | None,
    resume: bool = False,
    ranks: Ranks | None = None,
    say: Callable[[str], object] = print,
    stop_after: Callable[[int], bool] = lambda step: False,
) -> Path:
    """Train and write weights, history and settings into ``output``; gives the weights file.

    Args:
        backbone: ImageNet weights to start from; None for random ones.
        resume: go on from the last epoch or interruption that ``output`` holds; without it a folder that holds a
            training is refused.
        stop_after: asked after each step; True saves the state and stops, as an interruption does.

    Raises:
        DataError, TrainingError: with a sentence that says why.
    """
    ranks = ranks or Ranks()
    if not ranks.first:
        say = str  # one of them tells it for all
    settings = config.train
    device = computing_device(settings.device, ranks)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    data = ShardData(data_folder)
    samples = data.of(*settings.splits)
    _check(samples, settings, ranks)
    config = config.prepared_as(data_folder)
    grid = build_cell_grid(load_regions())
    network = GeoNetwork(len(load_regions()), len(grid), EMBEDDING_DIMENSIONS)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = State.fresh(network, settings, len(samples), data.list_hash)
    with claimed(output) if ranks.first else nullcontext():
        going_on = _take_up(output, config, state, resume=resume)
        if (output / WEIGHTS_FILE).exists():
            say(f"The training in {output} is finished.")
            return output / WEIGHTS_FILE
        if ranks.first:
            config.save(output / SETTINGS_FILE)
        photographers = len({s.group for s in samples})
        say(
            f"{len(samples)} photos of {photographers} photographers, data {data.list_hash}, on {device.type}"
        )
        targets = make_targets(samples, grid, settings)
        weights = sampling_weights(samples, settings.sampling)
        if going_on:
            say(f"going on after epoch {state.epoch}, batch {state.batch}")
        else:
            if backbone is not None:
                load_backbone(network, backbone)
            if settings.head_epochs:
                train_heads(network, data, samples, targets, weights, settings, say)
            state.reset_average()
        fine_tune(state, data, samples, targets, weights, config, output, ranks, say, stop_after)
        if state.epoch < settings.epochs:
            return output / RESUME_FILE
        state.copy_average_to(network)
        if ranks.first:
            fit_closing_heads(network, data, samples, targets.regions, weights, settings)
            save_weights(network, output, facts_of(samples, data.list_hash))
            say(f"Wrote {output / WEIGHTS_FILE}.")
    return output / WEIGHTS_FILE


def _check(samples: Sequence[Sample], settings: TrainConfig, ranks: Ranks) -> None:
    if len({s.region for s in samples}) < 2:
        raise TrainingError("All photos are from one region; there is nothing to learn.")
    if len(samples) < settings.batch:
        raise TrainingError(
            f"There are {len(samples)} photos to learn from, fewer than one batch of {settings.batch}; lower train.batch."
        )
    if settings.batch % ranks.count:
        raise TrainingError(
            f"A batch of {settings.batch} cannot be shared evenly among {ranks.count} processes; change train.batch."
        )
    if settings.mixup > 0 and ranks.count > 1 and settings.batch // ranks.count % 2:
        raise TrainingError(
            "Photos are mixed two by two, so the share of each process in a batch must be even; change train.batch."
        )


def _take_up(output: Path, config: Config, state: State, *, resume: bool) -> bool:
    """Bring ``state`` to where an interrupted training stopped; False where there is none and a new one begins.

    Raises:
        TrainingError, SettingsError: the folder holds a training that is not to be gone on with, or cannot be.
    """
    if not (resume and (output / RESUME_FILE).exists()):
        refuse_to_overwrite(output)
        return False
    list_hash = state.load(output / RESUME_FILE)
    refuse_other_settings(output, settings_of(output), config, ["train.threads", "train.device"])
    if list_hash != state.list_hash:
        raise TrainingError(
            f"The interrupted training in {output} learned from other photos; train anew into another folder."
        )
    return True
