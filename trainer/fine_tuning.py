"""The main part of a training: gently all layers, in steps that processes share, from a state that survives a kill."""

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
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from geotagger.inference.network import FEATURES, GeoNetwork, device_of
from trainer.batches import draw_epoch, training_batches
from trainer.config import Config, TrainConfig
from trainer.files import write_file
from trainer.heads import features_of
from trainer.metrics import region_metrics
from trainer.objective import loss_of, share_of_rate, wanted_of
from trainer.processes import Ranks
from trainer.run_folder import HISTORY_FILE, RESUME_FILE, TrainingError
from trainer.shards import Sample, ShardData
from trainer.targets import Targets

_LARGEST_GRADIENT = 5.0


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
class State:
    """All that changes during fine-tuning and is needed to go on."""

    network: GeoNetwork
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    decay: float
    batches: int
    list_hash: str
    epoch: int = 0
    batch: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def fresh(cls, network: GeoNetwork, settings: TrainConfig, count: int, list_hash: str) -> State:
        """The state before the first step of a training on ``count`` photos of the data list with this hash."""
        optimizer = torch.optim.AdamW(_parameter_groups(network, settings))
        return cls(network, optimizer, {}, settings.average, count // settings.batch, list_hash)

    def reset_average(self) -> None:
        """Begin the moving average with the weights of now."""
        self.average = {k: v.detach().clone() for k, v in self.network.named_parameters()}

    def update_average(self) -> None:
        """Take the weights of now into the moving average."""
        # Early on, a long memory would mostly hold the start.
        step = self.epoch * self.batches + self.batch
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, parameter in self.network.named_parameters():
            self.average[name].lerp_(parameter.detach(), 1 - decay)

    def copy_average_to(self, network: GeoNetwork) -> None:
        """Give a network the averaged weights."""
        network.load_state_dict(self.average, strict=False)

    def save(self, path: Path) -> None:
        """Write everything into one file, which is there whole or not at all.

        Raises:
            NotWrittenError: it cannot be written; the state before it is kept.
        """
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "epoch": self.epoch,
            "batch": self.batch,
            "losses": self.losses,
            "history": json.dumps(self.history),
            "list_hash": self.list_hash,
        }
        # By way of the memory, because of a full disk torch itself only tells that positions are not the expected ones.
        content = io.BytesIO()
        torch.save(state, content)
        write_file(path, content.getvalue())

    def load(self, path: Path) -> str:
        """Take everything from a file that ``save`` wrote; gives the hash of the list of photos it learned from.

        Raises:
            TrainingError: it is damaged.
        """
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            device = device_of(self.network)
            self.average = {name: tensor.to(device) for name, tensor in state["average"].items()}
            self.epoch, self.batch = state["epoch"], state["batch"]
            self.losses = state["losses"]
            self.history = json.loads(state["history"])
            return str(state["list_hash"])
        except (OSError, EOFError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"The interrupted training in {path} is damaged or of another version; train anew into another folder."
            ) from error


def fine_tune(
    state: State,
    data: ShardData,
    samples: Sequence[Sample],
    targets: Targets,
    weights: np.ndarray,
    config: Config,
    output: Path,
    ranks: Ranks,
    say: Callable[[str], object],
    stop_after: Callable[[int], bool],
) -> None:
    """Train all layers from ``state`` to the last epoch; after each, ``output`` gets the history and the state.

    Args:
        samples, targets, weights: the photos, what is asked of them, and how often each is drawn.
        stop_after: asked after each step; True saves the state and returns.

    Raises:
        TrainingError: the loss became no number.
    """
    settings = config.train
    validation = [s for s in data.samples if s.split == "validation" and "validation" not in settings.splits]
    module: nn.Module = _Training(state.network)
    if ranks.count > 1:
        module = DistributedDataParallel(module)
    while state.epoch < settings.epochs:
        started = time.monotonic()
        state.network.eval()  # batch-norm statistics stay those of ImageNet: small skewed batches would spoil them
        batches = training_batches(
            data,
            samples,
            draw_epoch(weights, settings.seed, state.epoch),
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
            state.losses.append(_learn(state, module, x, indices, targets, settings, step, ranks))
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


def _learn(
    state: State,
    module: nn.Module,
    x: Tensor,
    indices: np.ndarray,
    targets: Targets,
    settings: TrainConfig,
    step: int,
    ranks: Ranks,
) -> float:
    """One step, on this process's share of a batch; gives the loss over the whole batch."""
    device = device_of(state.network)
    progress = step / (settings.epochs * state.batches)
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * share_of_rate(progress)
    x, mask = x.to(device), _dropout_mask(settings, step, ranks).to(device)
    wanted = wanted_of(targets, indices, device)
    if settings.mixup > 0:
        shares = _mixing_shares(settings, step, ranks).to(device)
        x = _mixed(x, shares)
        wanted = _mixed(wanted[0], shares), _mixed(wanted[1], shares)
    with torch.autocast(device.type, torch.bfloat16, enabled=settings.bf16):
        region_logits, cell_logits = module(x, mask)
    loss = loss_of(region_logits, cell_logits, wanted, settings.cell_weight)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    value = _mean_over(loss.detach(), ranks)
    norm = float(nn.utils.clip_grad_norm_(state.network.parameters(), _LARGEST_GRADIENT))
    if not (math.isfinite(value) and math.isfinite(norm)):
        raise TrainingError(
            f"In epoch {state.epoch + 1} the loss became {value}, its gradient {norm}; lower train.body_rate."
        )
    state.optimizer.step()
    return value


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
    state: State, data: ShardData, validation: Sequence[Sample], settings: TrainConfig
) -> dict[str, float]:
    """Metrics of the trained region head alone: the discriminant is fitted when the training has ended."""
    kept = {k: v.detach().clone() for k, v in state.network.named_parameters()}
    state.copy_average_to(state.network)
    features = features_of(state.network, data, validation, bf16=settings.bf16).to(device_of(state.network))
    with torch.no_grad():
        probabilities = state.network.region_head(features).softmax(1).cpu().numpy().astype(np.float64)
    state.network.load_state_dict(kept, strict=False)
    metrics = region_metrics(probabilities, np.array([s.region for s in validation]))
    return {k: metrics[k] for k in ("top1_micro", "top3_macro", "top10_macro", "log_loss")}
