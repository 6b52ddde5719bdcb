"""Who trains together, and on what."""

from __future__ import annotations

import pytest
import torch

from geotagger.core.errors import DeviceError
from trainer.processes import Ranks, computing_device, training_together


@pytest.fixture(autouse=True)
def _cards_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geotagger.inference.device._computes", lambda name: True)


def test_each_process_of_a_machine_takes_a_card_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    devices = [computing_device("auto", Ranks(rank, 4, rank % 2)) for rank in range(4)]
    assert devices == [torch.device("cuda", number) for number in (0, 1, 0, 1)]
    assert computing_device("cpu", Ranks(1, 2, 1)) == torch.device("cpu")
    monkeypatch.setattr("geotagger.inference.device._computes", lambda name: name != "cuda")
    assert computing_device("auto", Ranks()) == torch.device("cpu")


def test_without_cards_the_processor_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert computing_device("auto", Ranks()) == torch.device("cpu")
    assert computing_device("mps", Ranks()) == torch.device("mps")
    with pytest.raises(DeviceError, match="No CUDA"):
        computing_device("cuda", Ranks())


@pytest.mark.parametrize(("cards", "way"), [(True, "nccl"), (False, "gloo")])
def test_processes_of_torchrun_join_and_part(monkeypatch: pytest.MonkeyPatch, cards: bool, way: str) -> None:
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    done: list[object] = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: cards)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    monkeypatch.setattr("torch.cuda.set_device", done.append)
    monkeypatch.setattr("torch.distributed.init_process_group", done.append)
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: done.append("parted"))
    with training_together("auto") as ranks:
        assert ranks == Ranks(5, 8, 1)
        assert not ranks.first
    assert done == [*([1] if cards else []), way, "parted"]


def test_one_process_joins_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr("torch.distributed.init_process_group", lambda way: pytest.fail(way))
    with training_together("auto") as ranks:
        assert ranks == Ranks(0, 1, 0)
