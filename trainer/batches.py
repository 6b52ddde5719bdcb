"""Batches for training and evaluation, decoded ahead of time by a few threads; the same for the same seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from geotagger.inference.preprocessing import Pixels, fit, input_size, normalise, to_tensor
from trainer.augment import augmented, recoloured
from trainer.config import AugmentConfig
from trainer.shards import Sample, ShardData

_AHEAD = 3
_OFFSET, _WHITE = (
    normalise(torch.tensor([0.0, 255.0]).view(2, 1, 1, 1).expand(-1, 3, -1, -1)).flatten(1).numpy()
)
_SCALE = (_WHITE - _OFFSET) / 255
"""Normalising is a factor and a summand per channel; both are read off ``normalise``, so that there is one definition."""


def draw_epoch(weights: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """(n,) indices of the samples of one epoch, in order, drawn with the given weights.

    Systematic sampling of the shuffled samples: each comes as often as its share says, give or take one.
    """
    rng = np.random.default_rng([seed, epoch, 1])
    count = len(weights)
    shuffled = rng.permutation(count)
    edges = np.cumsum(weights[shuffled] / weights.sum()) * count
    picks = np.searchsorted(edges, np.arange(count) + rng.random())
    return np.asarray(rng.permutation(shuffled[np.minimum(picks, count - 1)]))


def training_batches(
    data: ShardData,
    samples: Sequence[Sample],
    order: np.ndarray,
    *,
    batch: int,
    size_px: int,
    augment: AugmentConfig,
    seed: tuple[int, int],
    first_batch: int = 0,
    rank: int = 0,
    ranks: int = 1,
    threads: int = 2,
) -> Iterator[tuple[Tensor, np.ndarray]]:
    """Give (n, 3, s, s) network inputs and the indices of their samples.

    The random changes of a sample depend on its place in the epoch alone, so that the batches are the same
    however many processes share them and wherever a run was resumed. A last incomplete batch is left out.

    Args:
        batch: samples over all ranks; each rank gets its share of every batch.
        seed: of the run and the epoch.
    """
    share = batch // ranks

    # Each thread makes whole batches with Pillow and NumPy, which let go of the interpreter meanwhile; torch's own
    # threads, started from several sides, would fight for the cores.
    def make(number: int) -> tuple[np.ndarray, np.ndarray]:
        start = number * batch + rank * share
        indices = order[start : start + share]
        inputs = np.empty((share, size_px, size_px, 3), np.float32)
        for place, index in enumerate(indices):
            rng = np.random.default_rng([*seed, start + place, 2])
            picture = augmented(data.image(samples[index]), size_px, augment, rng)
            _write_normalised(inputs[place], recoloured(picture, augment, rng))
        return inputs, indices

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[np.ndarray, np.ndarray]]] = deque()
        numbers = iter(range(first_batch, len(order) // batch))
        while True:
            while len(waiting) < _AHEAD and (number := next(numbers, None)) is not None:
                waiting.append(pool.submit(make, number))
            if not waiting:
                return
            inputs, indices = waiting.popleft().result()
            yield torch.from_numpy(inputs).permute(0, 3, 1, 2), indices


def _write_normalised(target: np.ndarray, picture: Image.Image) -> None:
    """What ``normalise`` makes of a picture, into (h, w, 3) float32: whole rows at once, in place."""
    rows = target.reshape(picture.height, -1)
    np.copyto(rows, np.asarray(picture).reshape(rows.shape))
    rows *= np.tile(_SCALE, picture.width)
    rows += np.tile(_OFFSET, picture.width)


def evaluation_batches(
    data: ShardData, samples: Sequence[Sample], *, batch: int, threads: int = 1
) -> Iterator[tuple[Tensor, list[int]]]:
    """Give network inputs as the application makes them, pictures of one size together, and their indices."""
    with ThreadPoolExecutor(threads) as pool:
        by_size: dict[tuple[int, ...], list[tuple[int, Pixels]]] = {}

        def load(index: int) -> tuple[int, Pixels]:
            image = data.image(samples[index])
            return index, np.asarray(fit(image, input_size(*image.size)))

        for start in range(0, len(samples), batch * _AHEAD):
            for index, pixels in pool.map(load, range(start, min(start + batch * _AHEAD, len(samples)))):
                alike = by_size.setdefault(pixels.shape, [])
                alike.append((index, pixels))
                if len(alike) == batch:
                    yield to_tensor([p for _, p in alike]), [i for i, _ in alike]
                    alike.clear()
        for alike in by_size.values():
            if alike:
                yield to_tensor([p for _, p in alike]), [i for i, _ in alike]
