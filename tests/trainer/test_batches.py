"""Batches: the same for the same seed, however many processes share them and wherever a run was resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from geotagger.inference.preprocessing import to_tensor
from trainer.augment import augmented, random_box, recoloured
from trainer.batches import draw_epoch, evaluation_batches, training_batches
from trainer.config import AugmentConfig
from trainer.shards import ShardData

OFF = AugmentConfig(crop=1.0, flip=0.0, colour=0.0, greyscale=0.0)


def _batches(data: ShardData, **changes: Any) -> list[tuple[torch.Tensor, np.ndarray]]:
    samples = data.of("train")
    order = draw_epoch(np.ones(len(samples)), 0, 0)
    arguments: dict[str, Any] = {
        "batch": 8,
        "size_px": 48,
        "augment": AugmentConfig(),
        "seed": (0, 0),
    } | changes
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
    assert np.array_equal(np.asarray(recoloured(image, OFF, rng)), np.asarray(image))


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
    config = AugmentConfig(colour=0.0, greyscale=1.0)
    grey = recoloured(Image.new("RGB", (4, 4), (200, 50, 50)), config, np.random.default_rng(0))
    # 0.299 · 200 + 0.587 · 50 + 0.114 · 50, the luma of ITU-R BT.601.
    assert grey.getcolors() == [(16, (95, 95, 95))]


def test_colour_jitter_changes_colours() -> None:
    picture = Image.effect_noise((32, 32), 60).convert("RGB")
    for seed in range(4):
        changed = recoloured(picture, AugmentConfig(colour=0.5, greyscale=0.0), np.random.default_rng(seed))
        assert np.abs(np.asarray(changed).astype(int) - np.asarray(picture)).mean() > 5


def test_colour_jitter_is_the_formula_in_floating_point_but_for_rounding_and_clipping() -> None:
    colours = np.random.default_rng(7).integers(40, 200, (16, 16, 3), dtype=np.uint8)
    strength = 0.3
    changed = recoloured(
        Image.fromarray(colours), AugmentConfig(colour=strength, greyscale=0.0), np.random.default_rng(3)
    )
    gamma, contrast, saturation, *balance = np.random.default_rng(3).uniform(-1, 1, 6) * strength
    x = (colours / 255) ** np.exp(gamma)
    x = x.mean() + (x - x.mean()) * np.exp(0.7 * contrast)
    grey = x @ (0.299, 0.587, 0.114)
    x = grey[..., None] + (x * np.exp(0.25 * np.array(balance)) - grey[..., None]) * np.exp(saturation)
    assert np.abs(np.asarray(changed) - (255 * x).clip(0, 255)).max() < 2


def test_training_pictures_are_normalised_as_the_application_does(prepared: Path) -> None:
    data = ShardData(prepared)
    samples = data.of("train")
    still = AugmentConfig(crop=1.0, flip=0.0, colour=0.0, greyscale=0.0)
    for x, indices in _batches(data, augment=still):
        for position, (given, index) in enumerate(zip(x, indices, strict=True)):
            assert given.shape == (3, 48, 48)
            rng = np.random.default_rng([0, 0, position, 2])
            wanted = to_tensor([np.asarray(augmented(data.image(samples[index]), 48, still, rng))])[0]
            assert torch.allclose(given, wanted, atol=1e-6)
        assert x.is_contiguous(memory_format=torch.channels_last)
        break


def test_crops_lie_inside_and_keep_their_share() -> None:
    for seed in range(200):
        left, top, right, bottom = random_box(400, 250, 0.4, np.random.default_rng(seed))
        assert 0 <= left < right <= 400.0001
        assert 0 <= top < bottom <= 250.0001
        assert (right - left) * (bottom - top) >= 0.3 * 400 * 250
