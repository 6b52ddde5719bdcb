"""Runs the network on photos: on the best device, and with the same answer for a photo in whatever company."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.errors import BundleError
from geotagger.core.geo import FloatArray
from geotagger.core.prediction import ImageOutput
from geotagger.core.sentence import Sentence
from geotagger.inference.attention import Attention, attention_of
from geotagger.inference.bundle import ModelBundle
from geotagger.inference.device import choose_device, device_label
from geotagger.inference.preprocessing import Pixels, load_pixels, to_tensor

_GPU_BATCH = 32
_CPU_BATCH = 8
"""How many photos to hand over at a time on the CPU; it computes them one by one."""


_Result = TypeVar("_Result")


class Predictor:
    """The network of a bundle, ready on a device.

    ``load`` may be called from many threads at once, ``predict`` from one at a time.

    The sums inside a convolution depend on the size of the batch, in the last bits. So a pass always has one size:
    a single photo on the CPU (batches gain little there), a batch filled up with zeros on other devices.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        on_notice: receives sentences for the user, such as that the device ran out of memory.

    Raises:
        DeviceError: the device that was asked for is not there.
    """

    def __init__(
        self, bundle: ModelBundle, device: str = "auto", on_notice: Callable[[Sentence], None] | None = None
    ) -> None:
        self._bundle = bundle
        self._on_notice = on_notice or (lambda sentence: None)
        self._network: nn.Module = bundle.network
        chosen = choose_device(device)
        try:
            self._use(chosen)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            self._go_on_with_the_cpu()

    @property
    def model_id(self) -> str:
        """Id of the bundle."""
        return self._bundle.id

    @property
    def grid(self) -> CellGrid:
        """The cells that the answers speak of."""
        return self._bundle.grid

    @property
    def calibration(self) -> Calibration:
        """The calibration of the bundle."""
        return self._bundle.calibration

    @property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        return self._device.type

    @property
    def device_label(self) -> str:
        """The device with its name, such as ``cuda: RTX 4070``."""
        return device_label(self._device)

    @property
    def batch_size(self) -> int:
        """How many photos ``predict`` handles well at a time."""
        return self._batch

    def load(self, path: Path, preview: bytes | None = None) -> Pixels:
        """Decode and scale a photo (``preview``: an encoded picture to take in its place, for camera RAW).

        Raises:
            UnreadablePhotoError: with a sentence that says why.
        """
        return load_pixels(path, preview)

    def predict(self, pixels: Sequence[Pixels]) -> list[ImageOutput]:
        """What the network says of photos that ``load`` gave, in their order."""
        by_size: dict[tuple[int, ...], list[int]] = {}
        for index, picture in enumerate(pixels):
            by_size.setdefault(picture.shape, []).append(index)
        outputs: dict[int, ImageOutput] = {}
        for indices in by_size.values():
            rest = indices
            while rest:
                # The batch can shrink while it runs, so the next slice is taken from what is left.
                done = self._pass([pixels[i] for i in rest[: self._pass_size]])
                outputs.update(zip(rest, done, strict=False))
                rest = rest[len(done) :]
        return [outputs[index] for index in range(len(pixels))]

    def attention(self, pixels: Pixels) -> Attention:
        """Why the network says what it says of a photo that ``load`` gave; from the thread of ``predict``."""
        (output,) = self.predict([pixels])

        def work() -> Attention:
            batch = to_tensor([pixels]).to(self._device)
            return attention_of(self._bundle.network, batch, output.region_probabilities)

        return self._with_memory(work)

    @property
    def _pass_size(self) -> int:
        return 1 if self._device.type == "cpu" else self._batch

    def _use(self, device: torch.device) -> None:
        self._device = device
        self._batch = _CPU_BATCH if device.type == "cpu" else _GPU_BATCH
        self._network = self._network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _pass(self, pixels: Sequence[Pixels]) -> list[ImageOutput]:
        """One pass over as many of the photos as fit, at least one."""
        return self._with_memory(lambda: self._run(pixels[: self._pass_size]))

    def _with_memory(self, work: Callable[[], _Result]) -> _Result:
        """Do something on the device; where its memory runs out, again with smaller passes, at last on the CPU."""
        while True:
            try:
                return work()
            except RuntimeError as error:
                if self._device.type == "cpu" or not _is_out_of_memory(error):
                    raise
            self._shrink()

    def _shrink(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if self._batch == 1:
            self._go_on_with_the_cpu()
            return
        self._batch //= 2
        self._on_notice(
            Sentence(
                "{device} ran out of memory; it goes on with {number} at a time.",
                device=self.device_label,
                number=self._batch,
            )
        )

    def _go_on_with_the_cpu(self) -> None:
        label = self.device_label
        self._use(torch.device("cpu"))
        self._on_notice(
            Sentence("{device} ran out of memory even for one photo; the CPU goes on.", device=label)
        )

    def _run(self, pixels: Sequence[Pixels]) -> list[ImageOutput]:
        batch = to_tensor(pixels)
        missing = self._pass_size - len(pixels)
        if missing:
            batch = torch.cat([batch, batch.new_zeros((missing, *batch.shape[1:]))])
            batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            answers: tuple[Tensor, Tensor, Tensor] = self._network(batch.to(self._device))
            region_logits, cell_logits, embeddings = (
                a[: len(pixels)].cpu().double().numpy() for a in answers
            )
        if not all(np.isfinite(part).all() for part in (region_logits, cell_logits, embeddings)):
            raise BundleError(
                "The model bundle in {folder} does not fit this version ({problem}).",
                folder=self._bundle.folder,
                problem="its answers are no numbers",
            )
        regions, cells = calibrated_probabilities(region_logits, cell_logits, self.grid, self.calibration)
        return [
            ImageOutput(r.astype(np.float32), c.astype(np.float32), e.astype(np.float32))
            for r, c, e in zip(regions, cells, embeddings, strict=True)
        ]


def _is_out_of_memory(error: RuntimeError) -> bool:
    # MPS raises a plain RuntimeError where CUDA has a type of its own; cuBLAS and cuDNN have words of their own.
    words = ("out of memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in words)


def calibrated_probabilities(
    region_logits: npt.NDArray[np.floating],
    cell_logits: npt.NDArray[np.floating],
    grid: CellGrid,
    calibration: Calibration,
) -> tuple[FloatArray, FloatArray]:
    """(n, regions) and (n, cells) logits → probabilities of regions and of cells.

    A cell has the probability of its region times its share among the cells of that region, so that both agree.
    """
    regions = _softmax(region_logits / calibration.temperature)
    cells = np.zeros(cell_logits.shape)
    for region in range(regions.shape[1]):
        inside = grid.region == region
        cells[:, inside] = (
            _softmax(cell_logits[:, inside] / calibration.cell_temperature) * regions[:, [region]]
        )
    return regions, cells


def _softmax(logits: npt.NDArray[np.floating]) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
