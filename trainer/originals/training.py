"""The training loop of the class project: one recipe, two heads, two losses, from the first epoch to the last."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from geotagger.core.regions import load_regions
from trainer.batches import draw_epoch, training_batches
from trainer.config import SETTINGS_FILE, refuse_other_settings
from trainer.files import write_file
from trainer.metrics import region_metrics
from trainer.networks.answers import Answer, OnFrozenFeatures, answer_loss
from trainer.networks.registry import Recipe, build_network
from trainer.originals.checkpoint import TrainingState
from trainer.originals.evaluation import answers_of, middle_squares, settings_of
from trainer.originals.photos import ReducedPhotos, Truth
from trainer.originals.settings import OriginalSettings
from trainer.run_folder import (
    CHECKPOINT_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    TrainingError,
    claimed,
    refuse_to_overwrite,
)
from trainer.shards import Sample, ShardData


def train_original(
    data: ReducedPhotos,
    output: Path,
    settings: OriginalSettings,
    *,
    weights: Path | None = None,
    resume: bool = False,
    say: Callable[[str], None] = print,
    stop_after: Callable[[int], bool] = lambda epoch: False,
) -> Path:
    """Train by a recipe; writes settings, history, and after each epoch a checkpoint into ``output``.

    Args:
        data: of the recipe's size; one may serve several trainings, so that each photo is decoded once.
        weights: published weights of the frozen backbone, for networks that stand on one.
        resume: go on after the last whole epoch that ``output`` holds; without it a folder that holds a training is
            refused.
        stop_after: asked after each epoch; True stops there, as a kill would.

    Returns:
        The checkpoint.

    Raises:
        DataError, SettingsError, TrainingError, WeightsError: with a sentence that says why.
    """
    recipe = settings.recipe
    torch.set_num_threads(settings.threads)
    samples = data.of(*settings.splits)
    _check(samples, recipe)
    validation = [s for s in data.samples if s.split == "validation" and "validation" not in settings.splits]
    network = build_network(
        settings.network,
        len(load_regions()),
        seed=settings.seed,
        weights=weights,
        random_backbone=settings.random_backbone,
    )
    if isinstance(network, OnFrozenFeatures):
        network.bf16 = settings.bf16
    with claimed(output):
        state = TrainingState(network, recipe, data.list_hash)
        if resume and (output / CHECKPOINT_FILE).exists():
            state.load(output / CHECKPOINT_FILE)
            refuse_other_settings(output, settings_of(output), settings, ["threads", "recipe.epochs"])
            if state.epoch > recipe.epochs:
                raise TrainingError(
                    f"The training in {output} has had {state.epoch} epochs, more than {recipe.epochs}; choose another folder."
                )
            say(f"going on after epoch {state.epoch}")
        else:
            refuse_to_overwrite(output)
        settings.save(output / SETTINGS_FILE)
        truth = Truth.of(samples)
        kept = kept_of_validation = None
        if isinstance(network, OnFrozenFeatures) and settings.store_features and state.epoch < recipe.epochs:
            started = time.monotonic()
            kept = _features(network, data, samples, recipe.input_px)
            kept_of_validation = _features(network, data, validation, recipe.input_px) if validation else None
            say(f"features of {len(samples) + len(validation)} photos in {time.monotonic() - started:.0f} s")
        while state.epoch < recipe.epochs:
            started = time.monotonic()
            entry = {"epoch": state.epoch + 1, "rate": state.rate}
            entry["loss"] = _train_one_epoch(state, data, samples, truth, settings, kept)
            if validation:
                entry |= _validate(network, data, validation, recipe, kept_of_validation)
            state.finish_epoch(entry)
            (output / METRICS_FILE).unlink(missing_ok=True)  # those of fewer epochs
            state.save(output / CHECKPOINT_FILE)
            write_file(output / HISTORY_FILE, json.dumps(state.history, indent=1) + "\n")
            shown = ", ".join(f"{name} {value:.4g}" for name, value in entry.items() if name != "epoch")
            say(f"epoch {state.epoch} of {recipe.epochs}: {shown}, {time.monotonic() - started:.0f} s")
            if stop_after(state.epoch):
                break
        return output / CHECKPOINT_FILE


def _check(samples: Sequence[Sample], recipe: Recipe) -> None:
    if len({sample.region for sample in samples}) < 2:
        raise TrainingError("All photos are from one region; there is nothing to learn.")
    if len(samples) < recipe.batch:
        raise TrainingError(f"There are {len(samples)} photos, fewer than one batch of {recipe.batch}.")


def _features(network: OnFrozenFeatures, data: ShardData, samples: Sequence[Sample], input_px: int) -> Tensor:
    network.eval()
    return torch.cat([network.features(pictures) for pictures in middle_squares(data, samples, input_px)])


def _train_one_epoch(
    state: TrainingState,
    data: ShardData,
    samples: Sequence[Sample],
    truth: Truth,
    settings: OriginalSettings,
    kept: Tensor | None,
) -> float:
    recipe = settings.recipe
    state.network.train()
    losses = []
    for answer, indices in _answers(state, data, samples, settings, kept):
        loss = answer_loss(
            answer, truth.regions[indices], truth.coordinates[indices], recipe.coordinate_weight
        )
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(f"The loss became {value} in epoch {state.epoch + 1}; try a lower rate.")
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimizer.step()
        losses.append(value)
    return float(np.mean(losses))


def _answers(
    state: TrainingState,
    data: ShardData,
    samples: Sequence[Sample],
    settings: OriginalSettings,
    kept: Tensor | None,
) -> Iterator[tuple[Answer, np.ndarray]]:
    """Answers for the batches of an epoch with the indices of their samples; from kept features where there are."""
    recipe = settings.recipe
    order = draw_epoch(np.ones(len(samples)), settings.seed, state.epoch)
    if kept is not None:
        assert isinstance(state.network, OnFrozenFeatures)
        for indices in order[: len(order) // recipe.batch * recipe.batch].reshape(-1, recipe.batch):
            yield state.network.answer(kept[indices]), indices
        return
    for x, indices in training_batches(
        data,
        samples,
        order,
        batch=recipe.batch,
        size_px=recipe.input_px,
        augment=settings.augment,
        seed=(settings.seed, state.epoch),
        threads=settings.threads,
    ):
        yield state.network(x), indices


def _validate(
    network: nn.Module,
    data: ShardData,
    validation: Sequence[Sample],
    recipe: Recipe,
    kept: Tensor | None,
) -> dict[str, float]:
    truth = Truth.of(validation)
    if kept is None:
        answers = list(answers_of(network, data, validation, recipe.input_px))
    else:
        assert isinstance(network, OnFrozenFeatures)
        network.eval()
        with torch.inference_mode():
            answers = [network.answer(kept)]
    answer = Answer(
        torch.cat([a.regions for a in answers]).clone(), torch.cat([a.coordinates for a in answers]).clone()
    )
    loss = answer_loss(answer, truth.regions, truth.coordinates, recipe.coordinate_weight)
    found = region_metrics(answer.regions.double().softmax(1).numpy(), truth.regions.numpy())
    return {"validation_loss": float(loss), **{k: found[k] for k in ("top1_micro", "top3_macro")}}
