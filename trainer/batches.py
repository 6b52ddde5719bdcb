"""Batches for training and evaluation, decoded ahead of time by a few threads; the same for the same seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from geotagger.inference.preprocessing import Pixels, fit, input_size, normalise, to_tensor
from trainer.augment import augmented, recoloured
from trainer.config import AugmentConfig
from trainer.shards import Sample, ShardData

_AHEAD = 3


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

    # Threads only decode and scale: torch's own threads, started from several sides, would fight for the cores.
    def make(number: int) -> tuple[np.ndarray, np.ndarray, list[np.random.Generator]]:
        start = number * batch + rank * share
        positions = range(start, start + share)
        indices = order[start : start + share]
        rngs = [np.random.default_rng([*seed, position, 2]) for position in positions]
        pictures = [
            augmented(data.image(samples[i]), size_px, augment, rng)
            for i, rng in zip(indices, rngs, strict=True)
        ]
        return np.stack([np.asarray(picture) for picture in pictures]), indices, rngs

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[np.ndarray, np.ndarray, list[np.random.Generator]]]] = deque()
        numbers = iter(range(first_batch, len(order) // batch))
        while True:
            while len(waiting) < _AHEAD and (number := next(numbers, None)) is not None:
                waiting.append(pool.submit(make, number))
            if not waiting:
                return
            pictures, indices, rngs = waiting.popleft().result()
            pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2)
            yield normalise(recoloured(pixels, augment, rngs)), indices


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
