"""Batches: the same for the same seed, however many processes share them and wherever a run was resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trainer.augment import augmented, random_box, recoloured
from trainer.batches import draw_epoch, evaluation_batches, training_batches
from trainer.config import AugmentConfig
from trainer.shards import ShardData

OFF = AugmentConfig(crop=1.0, flip=0.0, colour=0.0, greyscale=0.0)


def _batches(data: ShardData, **changes: int) -> list[tuple[torch.Tensor, np.ndarray]]:
    samples = data.of("train")
    order = draw_epoch(np.ones(len(samples)), 0, 0)
    arguments = {"batch": 8, "size_px": 48, "augment": AugmentConfig(), "seed": (0, 0)} | changes
    return list(training_batches(data, samples, order, **arguments))


def test_same_seed_gives_the_same_batches(prepared: Path) -> None:
    data = ShardData(prepared)
    for (a, i), (b, j) in zip(_batches(data, threads=1), _batches(data, threads=3), strict=True):
        assert torch.equal(a, b)
        assert np.array_equal(i, j)


def test_two_ranks_share_the_batches_of_one(prepared: Path) -> None:
    data = ShardData(prepared)
    parts = [_batches(data, rank=rank, ranks=2) for rank in range(2)]
    for (whole, indices), (a, i), (b, j) in zip(_batches(data), *parts, strict=True):
        assert torch.equal(whole, torch.cat([a, b]))
        assert indices.tolist() == [*i, *j]


def test_resumed_epoch_goes_on_with_the_same_batches(prepared: Path) -> None:
    data = ShardData(prepared)
    whole, rest = _batches(data), _batches(data, first_batch=2)
    assert len(rest) == len(whole) - 2
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(whole[2:], rest, strict=True))


def test_weights_decide_how_often_a_photo_is_drawn() -> None:
    weights = np.array([3.0, 1.0, 1.0, 1.0] * 100)
    counts = sum(np.bincount(draw_epoch(weights, 0, epoch), minlength=400) for epoch in range(20))
    assert len(draw_epoch(weights, 0, 0)) == 400
    assert counts[::4].mean() / counts[1::4].mean() == pytest.approx(3, rel=0.05)


def test_epochs_differ() -> None:
    assert not np.array_equal(draw_epoch(np.ones(50), 0, 0), draw_epoch(np.ones(50), 0, 1))


def test_evaluation_sees_every_photo_once(prepared: Path) -> None:
    data = ShardData(prepared)
    samples = data.of("train", "test")
    seen = [
        i
        for x, indices in evaluation_batches(data, samples, batch=5)
        for i in indices
        if len(x) == len(indices)
    ]
    assert sorted(seen) == list(range(len(samples)))


def test_augmentations_switched_off_leave_the_picture() -> None:
    image = Image.effect_noise((64, 64), 60).convert("RGB")
    rng = np.random.default_rng(0)
    assert np.array_equal(np.asarray(augmented(image, 64, OFF, rng))[8:-8, 8:-8].shape, (48, 48, 3))
    pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None]
    assert torch.allclose(recoloured(pixels, OFF, [rng]), pixels.float(), atol=0.1)


@pytest.mark.parametrize(
    "change", [{"crop": 0.3}, {"flip": 1.0}, {"perspective": 0.2}, {"rotation_deg": 20.0}]
)
def test_each_augmentation_of_the_shape_changes_the_picture(change: dict[str, float]) -> None:
    image = Image.linear_gradient("L").resize((64, 64)).rotate(30).convert("RGB")
    settings = {"crop": 1.0, "flip": 0.0} | change
    plain = np.asarray(
        augmented(image, 64, AugmentConfig(crop=1.0, flip=0.0), np.random.default_rng(1))
    ).astype(int)
    changed = np.asarray(augmented(image, 64, AugmentConfig(**settings), np.random.default_rng(1)))
    assert changed.shape == (64, 64, 3)
    assert np.abs(plain - changed).mean() > 2


def test_greyscale_takes_the_colour_away() -> None:
    picture = torch.full((1, 3, 4, 4), 50.0)
    picture[:, 0] = 200
    config = AugmentConfig(colour=0.0, greyscale=1.0)
    grey = recoloured(picture, config, [np.random.default_rng(0)])
    assert torch.allclose(grey[:, 0], grey[:, 2])


def test_colour_jitter_changes_colours_within_bounds() -> None:
    picture = torch.rand(4, 3, 8, 8) * 255
    rngs = [np.random.default_rng(i) for i in range(4)]
    changed = recoloured(picture, AugmentConfig(colour=0.5, greyscale=0.0), rngs)
    assert (changed - picture).abs().mean() > 5
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_crops_lie_inside_and_keep_their_share() -> None:
    for seed in range(200):
        left, top, right, bottom = random_box(400, 250, 0.4, np.random.default_rng(seed))
        assert 0 <= left < right <= 400.0001
        assert 0 <= top < bottom <= 250.0001
        assert (right - left) * (bottom - top) >= 0.3 * 400 * 250
