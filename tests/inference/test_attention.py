"""Why the network names a region: an exact account, at the right place of the photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geotagger.core.regions import load_regions
from geotagger.inference import Predictor
from geotagger.inference.attention import Attention
from geotagger.inference.bundle import ModelBundle, load_bundle
from geotagger.inference.preprocessing import to_tensor
from tests.images import landscape

CODES = load_regions().codes


def _textured(width: int, height: int, seed: int) -> np.ndarray:
    """A picture whose parts differ: a landscape with a patch of strong texture."""
    rng = np.random.default_rng(seed)
    pixels = np.array(landscape(seed, width, height))
    top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
    patch = rng.integers(0, 256, (height // 3, width // 3, 3), dtype=np.uint8)
    pixels[top : top + height // 3, left : left + width // 3] = patch
    return pixels


def test_the_parts_add_up_to_the_logits(bundle: ModelBundle) -> None:
    pixels = _textured(384, 288, 1)
    attention = Predictor(bundle, device="cpu").attention(pixels)
    with torch.inference_mode():
        logits = bundle.network(to_tensor([pixels]))[0][0].numpy()
    bias = (bundle.network.region_head.bias + bundle.network.discriminant_head.bias).numpy()
    assert attention.added.shape == (63, 9, 12)
    assert (attention.width_px, attention.height_px) == (384, 288)
    assert attention.added.mean(axis=(1, 2)) + bias == pytest.approx(logits, abs=1e-4)


def test_heat_lies_between_nothing_and_one() -> None:
    added = np.zeros((63, 2, 3), np.float32)
    added[5, 0, 1], added[5, 1, 2], added[7, 1, 0] = 2.0, 1.0, 4.0
    attention = Attention(added, np.full(63, 1 / 63, np.float32), 96, 64)
    heat = attention.heat(CODES[5])
    assert heat[0, 1] == 1.0
    assert 0.4 < heat[1, 2] < 0.6
    assert heat[1, 0] == 0.0, "what speaks for another region speaks against this one"
    assert not attention.heat(CODES[9]).any(), "nothing speaks for it"


def test_what_speaks_for_all_likely_regions_speaks_for_none_of_them() -> None:
    added = np.zeros((63, 1, 2), np.float32)
    added[:2, 0, 0] = 3.0  # both alike
    added[0, 0, 1] = 1.0
    chances = np.zeros(63, np.float32)
    chances[:2] = 0.5
    assert Attention(added, chances, 64, 32).heat(CODES[0]).tolist() == [[0.0, 1.0]]


def test_hiding_the_hottest_part_costs_more_than_hiding_the_coldest(shared_photos: Path) -> None:
    """With the model that ships, on real photos; nearly always, since parts also work together."""
    bundle = load_bundle()
    predictor = Predictor(bundle, device="cpu")
    photos = sorted(shared_photos.glob("p*/*.jpg"))[::600]
    assert len(photos) >= 8
    more = 0
    for photo in photos[:8]:
        pixels = predictor.load(photo)
        attention = predictor.attention(pixels)
        best = int(attention.probabilities.argmax())
        order = np.argsort(-attention.heat(CODES[best]), axis=None, kind="stable")
        left = []
        for hidden in (order[: len(order) // 5], order[-(len(order) // 5) :]):
            mask = np.isin(np.arange(len(order)), hidden).reshape(attention.added.shape[1:])
            mask = mask.repeat(32, axis=0).repeat(32, axis=1)
            grey = np.where(mask[..., None], np.uint8(120), pixels)
            left.append(float(predictor.predict([grey])[0].region_probabilities[best]))
        more += left[0] < left[1]
    assert more >= 7


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heat_stands_upright_as_the_photo_does(bundle: ModelBundle, tmp_path: Path, orientation: int) -> None:
    upright = Image.fromarray(_textured(384, 288, 4))
    turns = {1: 0, 3: 180, 6: 90, 8: 270}  # how the camera turned the picture, anticlockwise
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = tmp_path / "plain.png", tmp_path / "turned.png"
    upright.save(plain)
    upright.rotate(turns[orientation], expand=True).save(turned, exif=exif)
    predictor = Predictor(bundle, device="cpu")
    expected = predictor.attention(predictor.load(plain))
    found = predictor.attention(predictor.load(turned))
    assert (found.width_px, found.height_px) == (384, 288)
    assert found.added == pytest.approx(expected.added, abs=1e-5)
