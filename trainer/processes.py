"""The processes that train together, and the device that each of them computes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from geotagger.inference.device import choose_device


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        local: its number on its own machine.
    """

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """True for the process that writes files."""
        return self.rank == 0


def computing_device(wanted: str, ranks: Ranks) -> torch.device:
    """The device for a setting: each process of a machine takes a CUDA card of its own.

    ``auto`` takes CUDA where it is there, else the CPU; MPS has to be asked for.

    Raises:
        DeviceError: the device that was asked for is not there.
    """
    device = choose_device(wanted)
    if device.type == "cuda":
        return torch.device("cuda", ranks.local % torch.cuda.device_count())
    return torch.device("cpu") if wanted == "auto" else device


@contextmanager
def training_together(wanted: str) -> Iterator[Ranks]:
    """Join the processes that ``torchrun`` started, if it did: by NCCL on CUDA cards, else by gloo.

    Args:
        wanted: setting of the device.

    Raises:
        DeviceError: the device that was asked for is not there.
    """
    names = {"rank": "RANK", "count": "WORLD_SIZE", "local": "LOCAL_RANK"}
    given = {field: int(os.environ[name]) for field, name in names.items() if name in os.environ}
    ranks = Ranks(**given)
    if ranks.count == 1:
        yield ranks
        return
    if wanted != "cpu" and torch.cuda.is_available():
        # Before anything computes: else every process would take a piece of the first card, too.
        torch.cuda.set_device(ranks.local % torch.cuda.device_count())
    device = computing_device(wanted, ranks)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ranks
    finally:
        dist.destroy_process_group()
