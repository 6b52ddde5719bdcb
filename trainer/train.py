"""Training of our network: the heads first, on stored features, then gently all layers."""

from __future__ import annotations

import io
import json
import math
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from geotagger.core.cells import CellGrid, build_cell_grid
from geotagger.core.errors import GeotaggerError
from geotagger.core.regions import load_regions
from geotagger.inference.network import FEATURES, GeoNetwork, remembered_photos
from trainer.batches import draw_epoch, evaluation_batches, training_batches
from trainer.closing import EVALUATION_BATCH, fit_closing_heads
from trainer.config import SETTINGS_FILE, Config, TrainConfig, refuse_other_settings
from trainer.files import make_folder, write_file
from trainer.metrics import region_metrics
from trainer.shards import Sample, ShardData
from trainer.targets import Targets, make_targets, sampling_weights

EMBEDDING_DIMENSIONS = 128
WEIGHTS_FILE = "weights.safetensors"
RESUME_FILE = "resume.pt"
HISTORY_FILE = "history.json"
_HEAD_BATCH = 512
_HEAD_RATE = 2e-3
_HEAD_WEIGHT_DECAY = 0.3
_WARM_UP = 0.1


class TrainingError(GeotaggerError):
    """The training cannot go on."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """True for the process that writes files."""
        return self.rank == 0


class _Training(nn.Module):
    """The network with dropout masks from outside, so that they do not depend on how processes share a batch."""

    def __init__(self, network: GeoNetwork) -> None:
        super().__init__()
        self.network = network
        for fitted_at_the_end in (network.embedding_head, network.discriminant_head):
            fitted_at_the_end.requires_grad_(False)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.body.features(x).float() * mask
        return self.network.region_head(features), self.network.cell_head(features)


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
    say: Callable[[str], None] = print,
    stop_after: Callable[[int], bool] = lambda step: False,
) -> Path:
    """Train and write weights, history and settings into ``output``; gives the weights file.

    Args:
        backbone: ImageNet weights to start from; None for random ones.
        resume: go on from the last epoch or interruption that ``output`` holds.
        stop_after: asked after each step; True saves the state and stops, as an interruption does.

    Raises:
        DataError, TrainingError: with a sentence that says why.
    """
    ranks = ranks or Ranks()
    settings = config.train
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    data = ShardData(data_folder)
    samples = data.of(*settings.splits)
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
    validation = (
        [] if "validation" in settings.splits else [s for s in data.samples if s.split == "validation"]
    )
    grid = build_cell_grid(load_regions())
    targets = make_targets(samples, grid, settings)
    weights = sampling_weights(samples, settings.sampling)
    network = GeoNetwork(len(load_regions()), len(grid), EMBEDDING_DIMENSIONS)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    config = config.prepared_as(data_folder)
    state = _State.fresh(network, settings, len(samples))
    going_on = resume and (output / RESUME_FILE).exists()
    if going_on:
        state.load(output / RESUME_FILE)
        _check_same_training(output, config, state)
    make_folder(output)
    if ranks.first:
        config.save(output / SETTINGS_FILE)
        say(
            f"{len(samples)} photos of {len({s.group for s in samples})} photographers, data {data.list_hash}"
        )
    if going_on:
        say(f"going on after epoch {state.epoch}, batch {state.batch}")
    else:
        if backbone is not None:
            load_backbone(network, backbone)
        if settings.head_epochs:
            _train_heads(network, data, samples, targets, weights, settings, say)
        state.reset_average()
    _fine_tune(state, data, samples, validation, targets, weights, config, output, ranks, say, stop_after)
    if state.epoch < settings.epochs:
        return output / RESUME_FILE
    state.copy_average_to(network)
    if ranks.first:
        fit_closing_heads(network, data, samples, targets.regions, weights, settings)
        save_weights(network, output, data)
    return output / WEIGHTS_FILE


def _check_same_training(output: Path, config: Config, state: _State) -> None:
    """See that the training in ``output``, which ``state`` holds, is the one that is wanted now."""
    try:
        before = Config.load_saved(output / SETTINGS_FILE)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The settings of the interrupted training in {output} are missing or damaged; train without --resume."
        ) from error
    refuse_other_settings(output, before, config, ["train.threads"])
    if any(len(entry["losses"]) != state.batches for entry in state.history) or state.batch > state.batches:
        raise TrainingError(
            f"The interrupted training in {output} learned from other photos; train anew into another folder."
        )


def save_weights(network: GeoNetwork, output: Path, data: ShardData) -> None:
    """Write the weights of a run, with the hash of the list of photos that it learned from."""
    tensors = {k: v.contiguous() for k, v in network.state_dict().items()}
    write_file(output / WEIGHTS_FILE, save(tensors, {"list_hash": data.list_hash}))


def learned_from(run: Path) -> str | None:
    """Hash of the list of photos that a finished training learned from; None where an earlier version did not say."""
    with safe_open(run / WEIGHTS_FILE, "pt") as file:
        return (file.metadata() or {}).get("list_hash")


def features_of(
    network: GeoNetwork, data: ShardData, samples: Sequence[Sample], *, bf16: bool = True
) -> Tensor:
    """(n, ``FEATURES``) what the heads read for each photo, as the application would show it."""
    network.eval()
    result = torch.zeros(len(samples), FEATURES)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for x, indices in evaluation_batches(data, samples, batch=EVALUATION_BATCH):
            result[indices] = network.body.features(x).float()
    return result.clone()


def _train_heads(
    network: GeoNetwork,
    data: ShardData,
    samples: Sequence[Sample],
    targets: Targets,
    weights: np.ndarray,
    settings: TrainConfig,
    say: Callable[[str], None],
) -> None:
    started = time.monotonic()
    features = features_of(network, data, samples, bf16=settings.bf16)
    mean, deviation = features.mean(0), features.std(0) + 1e-4
    features = (features - mean) / deviation
    heads = (network.region_head, network.cell_head)
    for head in heads:
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    parameters = [parameter for head in heads for parameter in head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_HEAD_RATE, weight_decay=_HEAD_WEIGHT_DECAY)
    size = min(_HEAD_BATCH, len(samples))
    steps = settings.head_epochs * (len(samples) // size)
    for epoch in range(settings.head_epochs):
        order = draw_epoch(weights, settings.seed, -1 - epoch + 2**31)
        for number in range(len(samples) // size):
            step = epoch * (len(samples) // size) + number
            for group in optimizer.param_groups:
                group["lr"] = _HEAD_RATE * _schedule(step / steps)
            indices = order[number * size : (number + 1) * size]
            x = F.dropout(features[indices], settings.dropout)
            wanted = _wanted(targets, indices)
            loss = _loss(network.region_head(x), network.cell_head(x), wanted, settings.cell_weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        for head in heads:
            head.weight.div_(deviation)
            head.bias.sub_(head.weight @ mean)
    say(f"heads trained in {time.monotonic() - started:.0f} s, loss {float(loss.detach()):.3f}")


def _wanted(targets: Targets, indices: np.ndarray) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(targets.regions[indices]), torch.from_numpy(targets.cells[indices])


def _loss(regions: Tensor, cells: Tensor, wanted: tuple[Tensor, Tensor], cell_weight: float) -> Tensor:
    loss: Tensor = -(wanted[0] * regions.float().log_softmax(1)).sum(1).mean()
    return loss - cell_weight * (wanted[1] * cells.float().log_softmax(1)).sum(1).mean()


def _schedule(progress: float) -> float:
    """Learning rate over the course of a training: a short rise, then half a cosine down to nothing."""
    if progress < _WARM_UP:
        return progress / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


def _parameter_groups(network: GeoNetwork, settings: TrainConfig) -> list[dict[str, Any]]:
    """One group per stage, with learning rates that fall towards the input; no decay on norms and biases."""
    body = network.body
    stages: list[tuple[float, nn.Module]] = [
        (settings.head_rate, network.region_head),
        (settings.head_rate, network.cell_head),
    ]
    rate = settings.body_rate
    stages += [(rate, body.conv_head), (rate, body.bn2)]
    for block in reversed(list(body.blocks)):
        stages.append((rate, block))
        rate *= settings.layer_decay
    stages += [(rate, body.bn1), (rate, body.conv_stem)]
    groups = []
    for peak, module in stages:
        for decayed in (True, False):
            chosen = [p for p in module.parameters() if (p.ndim > 1) == decayed]
            if chosen:
                decay = settings.weight_decay if decayed else 0.0
                groups.append({"params": chosen, "lr": peak, "peak": peak, "weight_decay": decay})
    return groups


@dataclass
class _State:
    """All that changes during fine-tuning and is needed to go on."""

    network: GeoNetwork
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    decay: float
    batches: int
    epoch: int = 0
    batch: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def fresh(cls, network: GeoNetwork, settings: TrainConfig, count: int) -> _State:
        optimizer = torch.optim.AdamW(_parameter_groups(network, settings))
        return cls(network, optimizer, {}, settings.average, count // settings.batch)

    def reset_average(self) -> None:
        self.average = {k: v.detach().clone() for k, v in self.network.named_parameters()}

    def update_average(self) -> None:
        # Early on, a long memory would mostly hold the start.
        step = self.epoch * self.batches + self.batch
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, parameter in self.network.named_parameters():
            self.average[name].lerp_(parameter.detach(), 1 - decay)

    def copy_average_to(self, network: GeoNetwork) -> None:
        network.load_state_dict(self.average, strict=False)

    def save(self, path: Path) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "epoch": self.epoch,
            "batch": self.batch,
            "losses": self.losses,
            "history": json.dumps(self.history),
        }
        # By way of the memory, because of a full disk torch itself only tells that positions are not the expected ones.
        content = io.BytesIO()
        torch.save(state, content)
        write_file(path, content.getvalue())

    def load(self, path: Path) -> None:
        try:
            state = torch.load(path, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average = state["average"]
            self.epoch, self.batch = state["epoch"], state["batch"]
            self.losses = state["losses"]
            self.history = json.loads(state["history"])
        except (OSError, EOFError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"The interrupted training in {path} is damaged or of another version; train without --resume."
            ) from error


def _fine_tune(
    state: _State,
    data: ShardData,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    targets: Targets,
    weights: np.ndarray,
    config: Config,
    output: Path,
    ranks: Ranks,
    say: Callable[[str], None],
    stop_after: Callable[[int], bool],
) -> None:
    settings = config.train
    module: nn.Module = _Training(state.network)
    if ranks.count > 1:
        module = DistributedDataParallel(module, find_unused_parameters=False)
    steps = max(1, settings.epochs * state.batches)
    while state.epoch < settings.epochs:
        started = time.monotonic()
        state.network.eval()  # batch-norm statistics stay those of ImageNet: small skewed batches would spoil them
        order = draw_epoch(weights, settings.seed, state.epoch)
        batches = training_batches(
            data,
            samples,
            order,
            batch=settings.batch,
            size_px=settings.crop_px,
            augment=config.augment,
            seed=(settings.seed, state.epoch),
            first_batch=state.batch,
            rank=ranks.rank,
            ranks=ranks.count,
            threads=settings.threads,
        )
        for x, indices in batches:
            step = state.epoch * state.batches + state.batch
            for group in state.optimizer.param_groups:
                group["lr"] = group["peak"] * _schedule(step / steps)
            mask = _dropout_mask(settings, step, ranks)
            wanted = _wanted(targets, indices)
            if settings.mixup > 0:
                shares = _mixing_shares(settings, step, ranks)
                x = _mixed(x, shares)
                wanted = _mixed(wanted[0], shares), _mixed(wanted[1], shares)
            with torch.autocast("cpu", torch.bfloat16, enabled=settings.bf16):
                region_logits, cell_logits = module(x, mask)
            loss = _loss(region_logits, cell_logits, wanted, settings.cell_weight)
            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            value = _mean_over(loss.detach(), ranks)
            if not math.isfinite(value):
                raise TrainingError(
                    f"The loss became {value} in epoch {state.epoch + 1}; lower train.body_rate."
                )
            nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
            state.optimizer.step()
            state.losses.append(value)
            state.batch += 1
            state.update_average()
            if stop_after(step):
                if ranks.first:
                    state.save(output / RESUME_FILE)
                return
        state.epoch, state.batch = state.epoch + 1, 0
        entry = {"epoch": state.epoch, "loss": round(float(np.mean(state.losses)), 5), "losses": state.losses}
        state.losses = []
        if validation and ranks.first:
            entry |= _validate(state, data, validation, settings)
        state.history.append(entry)
        if ranks.first:
            write_file(output / HISTORY_FILE, json.dumps(state.history) + "\n")
            state.save(output / RESUME_FILE)
            shown = ", ".join(f"{k} {v:.3g}" for k, v in entry.items() if k not in ("epoch", "losses"))
            say(f"epoch {state.epoch}: {shown}, {time.monotonic() - started:.0f} s")


def _dropout_mask(settings: TrainConfig, step: int, ranks: Ranks) -> Tensor:
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    keep = 1 - settings.dropout
    mask = torch.bernoulli(torch.full((settings.batch, FEATURES), keep), generator=generator) / keep
    share = settings.batch // ranks.count
    return mask[ranks.rank * share : (ranks.rank + 1) * share]


def _mixing_shares(settings: TrainConfig, step: int, ranks: Ranks) -> Tensor:
    """(n,) what each photo of this process's share of a batch keeps of itself; two that are mixed keep as much."""
    rng = np.random.default_rng([settings.seed, step, 3])
    shares = rng.beta(settings.mixup, settings.mixup, (settings.batch + 1) // 2).repeat(2)
    share = settings.batch // ranks.count
    return torch.from_numpy(shares[ranks.rank * share : (ranks.rank + 1) * share]).float()


def _mixed(batch: Tensor, shares: Tensor) -> Tensor:
    """(n, …) → the same, each mixed with its neighbour in the batch (H. Zhang et al., "mixup", 2018); a last odd one stays."""
    even = len(batch) // 2 * 2
    neighbours = batch.clone()
    neighbours[0:even:2], neighbours[1:even:2] = batch[1:even:2], batch[0:even:2]
    kept = shares.view(-1, *[1] * (batch.ndim - 1))
    return neighbours.lerp(batch, kept)


def _mean_over(loss: Tensor, ranks: Ranks) -> float:
    if ranks.count > 1:
        dist.all_reduce(loss)
        loss = loss / ranks.count
    return float(loss)


def _validate(
    state: _State, data: ShardData, validation: Sequence[Sample], settings: TrainConfig
) -> dict[str, float]:
    """Metrics of the trained region head alone: the discriminant is fitted when the training has ended."""
    kept = {k: v.detach().clone() for k, v in state.network.named_parameters()}
    state.copy_average_to(state.network)
    features = features_of(state.network, data, validation, bf16=settings.bf16)
    with torch.no_grad():
        probabilities = state.network.region_head(features).softmax(1).numpy().astype(np.float64)
    state.network.load_state_dict(kept, strict=False)
    metrics = region_metrics(probabilities, np.array([s.region for s in validation]))
    return {k: metrics[k] for k in ("top1_micro", "top3_macro", "top10_macro", "log_loss")}


def load_trained(folder: Path) -> tuple[GeoNetwork, CellGrid]:
    """The network of a finished training.

    Raises:
        TrainingError: the training in that folder is not finished, or its weights do not fit.
    """
    grid = build_cell_grid(load_regions())
    try:
        state = load_file(folder / WEIGHTS_FILE)
        network = GeoNetwork(len(load_regions()), len(grid), EMBEDDING_DIMENSIONS, remembered_photos(state))
        network.load_state_dict(state)
    except FileNotFoundError as error:
        raise TrainingError(f"There is no finished training in {folder}.") from error
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise TrainingError(
            f"The weights in {folder} are damaged or of another version; please train again."
        ) from error
    return network.eval().to(memory_format=torch.channels_last), grid  # type: ignore[call-overload]
