"""The class project's five augmentations: each does what its name says, alone, and nothing when switched off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from trainer.augment import augmented, recoloured
from trainer.config import AugmentConfig
from trainer.originals.settings import ORIGINAL_AUGMENT, augment_without

OFF = augment_without(ORIGINAL_AUGMENT, ["all"])
SHAPES = {"crop": {"crop": 0.3}, "perspective": {"perspective": 0.2}, "rotation": {"rotation_deg": 20.0}}


def gradient(size: int = 96) -> Image.Image:
    """Red grows to the right, green downwards; blue is constant."""
    ramp = np.linspace(0, 255, size).astype(np.uint8)
    return Image.fromarray(
        np.dstack(
            [
                np.tile(ramp, (size, 1)),
                np.tile(ramp[:, None], (1, size)),
                np.full((size, size), 128, np.uint8),
            ]
        )
    )


def shaped(config: AugmentConfig, seed: int = 0) -> np.ndarray:
    return np.asarray(augmented(gradient(), 96, config, np.random.default_rng(seed)), np.float64)


def coloured(config: AugmentConfig, seed: int = 0) -> np.ndarray:
    return np.asarray(recoloured(gradient(), config, np.random.default_rng(seed)), np.float64)


def test_with_all_switched_off_a_picture_keeps_its_colours() -> None:
    assert np.array_equal(coloured(OFF), np.asarray(gradient()))


def test_with_all_switched_off_a_picture_keeps_its_shape_but_for_its_aspect() -> None:
    # A crop of the whole area still has a random aspect of 3:4 to 4:3, as the network has to see squares.
    picture = shaped(OFF)
    assert np.all(np.diff(picture[48, :, 0]) >= 0)
    assert np.all(np.diff(picture[:, 48, 1]) >= 0)
    assert picture[:, :, 0].std(axis=0).max() < 1
    assert picture[:, :, 1].std(axis=1).max() < 1


@pytest.mark.parametrize("name", SHAPES)
def test_each_change_of_shape_is_repeated_by_its_seed(name: str) -> None:
    config = replace(OFF, **SHAPES[name])
    assert np.array_equal(shaped(config, 1), shaped(config, 1))
    assert not np.array_equal(shaped(config, 1), shaped(config, 2))
    assert not np.array_equal(shaped(config, 1), shaped(OFF, 1))


def test_cropping_shows_a_part() -> None:
    spans = [np.ptp(shaped(replace(OFF, crop=0.2), seed)[:, :, 0]) for seed in range(20)]
    assert min(spans) < 180
    assert max(spans) <= 255


def test_rotation_turns_what_ran_straight_down() -> None:
    turned = shaped(replace(OFF, rotation_deg=20.0), 3)[30:66, 30:66, 0]
    assert turned.std(axis=0).min() > 2


def test_perspective_makes_one_side_steeper() -> None:
    steepness = []
    for seed in range(10):
        tilted = shaped(replace(OFF, perspective=0.2), seed)
        steepness.append(abs(np.ptp(tilted[30, 30:66, 0]) - np.ptp(tilted[65, 30:66, 0])))
    assert max(steepness) > 8


def test_colour_jitter_changes_colours_by_its_seed() -> None:
    config = replace(OFF, colour=0.4)
    assert np.array_equal(coloured(config, 1), coloured(config, 1))
    assert not np.array_equal(coloured(config, 1), coloured(config, 2))
    assert np.abs(coloured(config, 1) - coloured(OFF, 1)).mean() > 2


def test_greyscale_takes_the_colour_away_as_often_as_asked() -> None:
    assert not np.ptp(coloured(replace(OFF, greyscale=1.0)), axis=2).any()
    half = replace(OFF, greyscale=0.5)
    grey = sum(not np.ptp(coloured(half, seed), axis=2).any() for seed in range(100))
    assert 30 < grey < 70


def test_the_original_recipe_has_all_five() -> None:
    for name in ("crop", "colour", "greyscale", "perspective", "rotation"):
        assert augment_without(ORIGINAL_AUGMENT, [name]) != ORIGINAL_AUGMENT
    assert ORIGINAL_AUGMENT.flip == 0
