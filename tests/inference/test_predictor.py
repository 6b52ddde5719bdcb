"""The predictor: same answers in any company, the right device, and what happens without memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from geotagger.core.errors import BundleError, DeviceError
from geotagger.inference import Predictor
from geotagger.inference.attention import Attention, attention_of
from geotagger.inference.bundle import ModelBundle
from geotagger.inference.device import choose_device
from geotagger.inference.predictor import calibrated_probabilities


def _pictures(count: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = [(64, 96), (96, 64), (64, 64)]
    return [rng.integers(0, 256, (*sizes[i % 3], 3), dtype=np.uint8) for i in range(count)]


def test_probabilities_sum_to_one_and_agree(bundle: ModelBundle) -> None:
    predictor = Predictor(bundle, device="cpu")
    for output in predictor.predict(_pictures(5)):
        assert output.region_probabilities.shape == (63,)
        assert output.region_probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert output.cell_probabilities.sum() == pytest.approx(1, abs=1e-6)
        sums = bundle.grid.region_sums(output.cell_probabilities, 63)
        assert sums == pytest.approx(output.region_probabilities, abs=1e-6)
        assert np.linalg.norm(output.embedding) == pytest.approx(1, abs=1e-5)


def test_same_photo_gives_the_same_bits_in_any_batch(bundle: ModelBundle) -> None:
    predictor = Predictor(bundle, device="cpu")
    pictures = _pictures(7)
    together = predictor.predict(pictures)
    alone = [predictor.predict([picture])[0] for picture in reversed(pictures)][::-1]
    for a, b in zip(together, alone, strict=True):
        for field in dataclasses.fields(a):
            assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def test_answers_keep_the_order_of_the_photos(bundle: ModelBundle) -> None:
    predictor = Predictor(bundle, device="cpu")
    pictures = _pictures(4)
    forward, backward = predictor.predict(pictures), predictor.predict(pictures[::-1])
    for a, b in zip(forward, backward[::-1], strict=True):
        assert np.array_equal(a.embedding, b.embedding)
    assert not np.array_equal(forward[0].embedding, forward[3].embedding)


def test_no_photos_give_no_answers(bundle: ModelBundle) -> None:
    assert Predictor(bundle, device="cpu").predict([]) == []


def test_load_reads_a_photo(bundle: ModelBundle, tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), "green").save(tmp_path / "a.jpg")
    assert Predictor(bundle, device="cpu").load(tmp_path / "a.jpg").shape == (288, 384, 3)


def test_facts_of_the_bundle_are_passed_on(bundle: ModelBundle) -> None:
    predictor = Predictor(bundle, device="cpu")
    assert predictor.model_id == bundle.id
    assert predictor.grid is bundle.grid
    assert predictor.calibration is bundle.calibration
    assert (predictor.device, predictor.device_label) == ("cpu", "cpu")
    assert predictor.batch_size >= 1


def test_calibration_softens_the_probabilities(bundle: ModelBundle) -> None:
    logits = np.random.default_rng(0).normal(size=(1, 63)) * 4
    cells = np.zeros((1, len(bundle.grid)))
    sharp = dataclasses.replace(bundle.calibration, temperature=0.5)
    soft = dataclasses.replace(bundle.calibration, temperature=5.0)
    best = [calibrated_probabilities(logits, cells, bundle.grid, c)[0].max() for c in (sharp, soft)]
    assert best[0] > best[1]


class TestDevices:
    def test_auto_prefers_cuda_then_mps_then_cpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for cuda, mps, expected in [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]:
            monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
            monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
            monkeypatch.setattr("geotagger.inference.device._computes", lambda name: True)
            assert choose_device("auto").type == expected

    @pytest.mark.parametrize("name", ["cuda", "mps"])
    def test_a_card_that_is_there_and_cannot_compute_is_passed_over(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """Some cards are too old for this PyTorch, which says so only when they are to compute."""
        real = torch.ones

        def too_old(*size: Any, device: str = "cpu") -> torch.Tensor:
            if device != "cpu":
                raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
            return real(*size)

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
        monkeypatch.setattr(torch, "ones", too_old)
        assert choose_device("auto").type == "cpu"
        with pytest.raises(DeviceError, match="choose auto or cpu"):
            choose_device(name)

    @pytest.mark.parametrize("name", ["cuda", "mps"])
    def test_missing_device_is_refused_with_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
        with pytest.raises(DeviceError, match="choose auto or cpu"):
            choose_device(name)

    def test_unknown_device_is_refused(self) -> None:
        with pytest.raises(DeviceError, match="tpu"):
            choose_device("tpu")


class _SmallMemory(torch.nn.Module):
    """Stands for a network on a device whose memory holds only some photos at a time; counts the passes."""

    def __init__(self, network: torch.nn.Module, capacity: int, error: type[RuntimeError]) -> None:
        super().__init__()
        self.network, self.capacity, self.error = network, capacity, error
        self.sizes: list[int] = []
        self.limited = True

    def forward(self, x: torch.Tensor) -> Any:
        self.sizes.append(len(x))
        if self.limited and len(x) > self.capacity:
            raise self.error("out of memory")
        return self.network(x)


def _on_small_device(
    bundle: ModelBundle, capacity: int, error: type[RuntimeError]
) -> tuple[Predictor, Any, list[str]]:
    notices: list[str] = []
    predictor = Predictor(bundle, device="cpu", on_notice=notices.append)
    network = _SmallMemory(bundle.network, capacity, error)
    # There is no graphics card here: the arithmetic stays on the CPU, the bookkeeping is that of another device.
    predictor._network = network
    predictor._device = _FakeDevice()  # type: ignore[assignment]
    predictor._batch = 8
    return predictor, network, notices


class _FakeDevice:
    type = "mps"


@pytest.fixture
def _tensors_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    real = torch.Tensor.to

    def to(self: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if args and isinstance(args[0], _FakeDevice):
            return self
        return real(self, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "to", to)


@pytest.mark.usefixtures("_tensors_stay")
@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
def test_out_of_memory_halves_the_batch_and_says_so(bundle: ModelBundle, error: type[RuntimeError]) -> None:
    predictor, network, notices = _on_small_device(bundle, 2, error)
    pictures = [picture for picture in _pictures(15) if picture.shape == (64, 96, 3)]
    expected = Predictor(bundle, device="cpu").predict(pictures)
    outputs = predictor.predict(pictures)
    assert network.sizes == [8, 4, 2, 2, 2]
    assert [n.split(" with ")[1] for n in notices] == ["4 at a time.", "2 at a time."]
    assert len(outputs) == 5
    for a, b in zip(outputs, expected, strict=True):
        assert a.region_probabilities == pytest.approx(b.region_probabilities, abs=1e-5)


@pytest.mark.usefixtures("_tensors_stay")
def test_no_memory_even_for_one_photo_falls_back_to_the_cpu(bundle: ModelBundle) -> None:
    predictor, network, notices = _on_small_device(bundle, 0, torch.OutOfMemoryError)
    network.capacity = 0

    real_use = predictor._use

    def use(device: torch.device) -> None:
        network.limited = False
        real_use(device)

    predictor._use = use  # type: ignore[method-assign]
    outputs = predictor.predict(_pictures(4))
    assert len(outputs) == 4
    assert predictor.device == "cpu"
    assert "the CPU goes on" in notices[-1]


@pytest.mark.usefixtures("_tensors_stay")
def test_other_errors_are_not_taken_for_lack_of_memory(bundle: ModelBundle) -> None:
    predictor, network, _ = _on_small_device(bundle, 0, RuntimeError)
    network.error = type("Other", (RuntimeError,), {"__str__": lambda self: "something else"})
    with pytest.raises(RuntimeError, match="something else"):
        predictor.predict(_pictures(1))


def test_no_memory_for_the_network_itself_falls_back_to_the_cpu(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, moved = Predictor._use, []

    def use(self: Predictor, device: torch.device) -> None:
        moved.append(device.type)
        if device.type != "cpu":
            self._device = device
            raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
        real(self, device)

    monkeypatch.setattr("geotagger.inference.predictor.choose_device", lambda wanted: torch.device("mps"))
    monkeypatch.setattr(Predictor, "_use", use)
    notices: list[str] = []
    predictor = Predictor(bundle, on_notice=lambda sentence: notices.append(str(sentence)))
    assert (predictor.device, moved) == ("cpu", ["mps", "cpu"])
    assert notices == ["mps ran out of memory even for one photo; the CPU goes on."]


@pytest.mark.usefixtures("_tensors_stay")
def test_no_memory_for_the_reasons_falls_back_to_the_cpu(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, _, notices = _on_small_device(bundle, 8, RuntimeError)
    picture = _pictures(1)[0]
    expected = Predictor(bundle, device="cpu").attention(picture)

    def attention(network: torch.nn.Module, batch: torch.Tensor, probabilities: Any) -> Attention:
        if predictor.device != "cpu":
            raise torch.OutOfMemoryError("out of memory")
        return attention_of(network, batch, probabilities)  # type: ignore[arg-type]

    monkeypatch.setattr("geotagger.inference.predictor.attention_of", attention)
    assert predictor.attention(picture).added == pytest.approx(expected.added, abs=1e-4)
    assert "the CPU goes on" in notices[-1]


def test_answers_that_are_no_numbers_are_a_sentence(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(bundle, device="cpu")
    real = predictor._network

    class Overflowing(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            regions, cells, embedding = real(x)
            return regions * float("inf"), cells, embedding

    predictor._network = Overflowing()
    with pytest.raises(BundleError, match=r"does not fit this version .*no numbers"):
        predictor.predict(_pictures(1))
