"""Random changes of training pictures, each with a generator of its own so that a run can be repeated exactly."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from geotagger.inference.preprocessing import fit
from trainer.config import AugmentConfig

_GREY = (0.299, 0.587, 0.114)
_BYTES = np.arange(256)
_FILL = (124, 116, 104)
"""ImageNet's mean colour, for the corners that a turn leaves empty."""


def augmented(
    image: Image.Image, size_px: int, config: AugmentConfig, rng: np.random.Generator
) -> Image.Image:
    """A random square crop of ``size_px``, turned, tilted and mirrored as the settings say."""
    if config.rotation_deg > 0:
        angle = float(rng.uniform(-config.rotation_deg, config.rotation_deg))
        image = image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=_FILL)
    image = fit(image, (size_px, size_px), random_box(image.width, image.height, config.crop, rng))
    if config.perspective > 0:
        image = _tilted(image, config.perspective, rng)
    if rng.random() < config.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image


def random_box(
    width: int, height: int, smallest_share: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """A random crop (left, top, right, bottom): its share of the area, then an aspect of 3:4 to 4:3, then a place."""
    area = width * height * rng.uniform(smallest_share, 1.0)
    aspect = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    crop_width = min(float(width), math.sqrt(area * aspect))
    crop_height = min(float(height), math.sqrt(area / aspect))
    left, top = rng.uniform(0, width - crop_width), rng.uniform(0, height - crop_height)
    return float(left), float(top), float(left + crop_width), float(top + crop_height)


def _tilted(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    width, height = image.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    shifted = corners + rng.uniform(-strength, strength, (4, 2)) * (width, height)
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, shifted, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    coefficients = np.linalg.solve(np.array(rows), np.array(values))
    return image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        list(coefficients),
        Image.Resampling.BILINEAR,
        fillcolor=_FILL,
    )


def recoloured(image: Image.Image, config: AugmentConfig, rng: np.random.Generator) -> Image.Image:
    """An RGB picture with random brightness (gamma), contrast, saturation, white balance and greyscale.

    One table for all channels and one matrix, both carried out by Pillow on bytes: a tenth of the time of the same in
    float tensors.
    """
    change = rng.uniform(-1, 1, 6) * config.colour
    grey = bool(rng.random() < config.greyscale)
    if config.colour > 0:
        curve = (_BYTES / 255.0) ** math.exp(change[0])
        # Of a thousand pixels, which is near enough for the point that contrast turns about.
        middle = curve[np.asarray(image.resize((32, 32), Image.Resampling.NEAREST))].mean()
        curve = middle + (curve - middle) * math.exp(0.7 * change[1])
        image = image.point((curve.clip(0, 1) * 255.0).round().astype(int).tolist() * 3)
    if config.colour > 0 or grey:
        saturation = 0.0 if grey else math.exp(change[2])
        matrix: list[float] = []
        for channel in range(3):
            row = [(1 - saturation) * weight for weight in _GREY]
            row[channel] += saturation * math.exp(0.25 * change[3 + channel])
            matrix += [*row, 0.0]
        image = image.convert("RGB", tuple(matrix))
    return image
