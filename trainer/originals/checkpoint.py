"""All that changes during a training of a network of the class project, saved after each epoch."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from trainer.files import write_file
from trainer.networks.registry import Recipe
from trainer.run_folder import TrainingError


@dataclass
class TrainingState:
    """All that changes during a training; one safetensors file holds it, so no pickle is ever read.

    Attributes:
        list_hash: of the data that is trained on; None where only the network is wanted.
        history: one entry per finished epoch.
    """

    network: nn.Module
    recipe: Recipe
    list_hash: str | None
    history: list[dict[str, Any]] = field(default_factory=list)
    rate: float = 0.0
    best: float = math.inf
    epochs_without_better: int = 0

    def __post_init__(self) -> None:
        # As pictures come; a third less time for a step of ``geocnn``.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.rate = self.recipe.rate
        self.trained = {n: p for n, p in self.network.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.SGD(
            list(self.trained.values()), lr=self.rate, momentum=self.recipe.momentum
        )

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return len(self.history)

    def finish_epoch(self, entry: dict[str, Any]) -> None:
        """Take an epoch's results; the rate falls where they have not become better for long."""
        self.history.append(entry)
        loss = entry.get("validation_loss", entry["loss"])
        if loss < self.best:
            self.best, self.epochs_without_better = loss, 0
        else:
            self.epochs_without_better += 1
        if self.recipe.patience is not None and self.epochs_without_better > self.recipe.patience:
            self.rate *= self.recipe.factor
            self.epochs_without_better = 0
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate

    def save(self, path: Path) -> None:
        """Write everything into one file, which is there whole or not at all.

        Raises:
            NotWrittenError: it cannot be written; the checkpoint before it is kept.
        """
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for name, parameter in self.trained.items():
            momentum = self.optimizer.state[parameter].get("momentum_buffer")
            if momentum is not None:
                tensors[f"momentum.{name}"] = momentum
        facts = {
            "list_hash": self.list_hash,
            "history": self.history,
            "rate": self.rate,
            "best": self.best,
            "epochs_without_better": self.epochs_without_better,
        }
        write_file(path, save({k: v.contiguous() for k, v in tensors.items()}, {"state": json.dumps(facts)}))

    def load(self, path: Path) -> None:
        """Take everything from a file that ``save`` wrote.

        Raises:
            TrainingError: it is missing, damaged, or belongs to other data or another network.
        """
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads(file.metadata()["state"])
                list_hash, history, rate = facts["list_hash"], facts["history"], facts["rate"]
                best, epochs_without_better = facts["best"], facts["epochs_without_better"]
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise TrainingError(f"The checkpoint {path} is missing or damaged.") from error
        if self.list_hash not in (None, list_hash):
            raise TrainingError(f"The checkpoint {path} belongs to other data; please choose another folder.")
        own = {n.removeprefix("network."): t for n, t in tensors.items() if n.startswith("network.")}
        try:
            self.network.load_state_dict(own, strict=True)
        except RuntimeError as error:
            raise TrainingError(f"The checkpoint {path} belongs to another network.") from error
        for name, parameter in self.trained.items():
            if f"momentum.{name}" in tensors:
                self.optimizer.state[parameter]["momentum_buffer"] = tensors[f"momentum.{name}"]
        self.history, self.rate = history, rate
        self.best, self.epochs_without_better = best, epochs_without_better
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
