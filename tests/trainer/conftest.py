"""A small list of made-up photos, prepared once, and a small training on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.small import quiet, save_list, small_config
from trainer.config import load_config
from trainer.prepare import prepare
from trainer.train import train

PLACES = {
    "CO": (39.5, -105.5),
    "FL": (28.0, -81.5),
    "BC": (54.0, -124.0),
    "ON": (46.0, -80.0),
}


def write_photo_list(folder: Path, photographers: int = 12, each: int = 10) -> Path:
    """Photos of one colour per region with noise; every photographer goes to one region; gives the CSV list."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for number in range(photographers):
        region = list(PLACES)[number % len(PLACES)]
        lat, lon = PLACES[region]
        colour = np.array([(200, 60, 40), (60, 200, 60), (40, 60, 200), (180, 180, 60)][number % len(PLACES)])
        (folder / f"p{number:02d}").mkdir(parents=True, exist_ok=True)
        for photo in range(each):
            pixels = np.clip(colour + rng.normal(0, 30, (72, 96, 3)), 0, 255).astype(np.uint8)
            name = f"p{number:02d}/{photo}.jpg"
            Image.fromarray(pixels).save(folder / name)
            rows.append(
                {
                    "file": name,
                    "region": region,
                    "lat": lat + photo / 10,
                    "lon": lon,
                    "photographer": f"p{number:02d}",
                }
            )
    rows[0] |= {"lat": "", "lon": ""}
    return save_list(folder, rows)


@pytest.fixture(scope="session")
def photo_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photo_list(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="session")
def prepared(photo_list: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    shares = [
        "prepare.train=0.5",
        "prepare.validation=0.2",
        "prepare.calibration=0.15",
        "prepare.salt=test-14",
    ]
    prepare(photo_list, folder, load_config(None, [*shares, "prepare.shard_photos=20"]))
    return folder


@pytest.fixture(scope="session")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished training, which tests leave as it is."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        _make_pictures_small(patch)
        train(prepared, folder, small_config(), backbone=None, say=quiet)
    return folder


@pytest.fixture(scope="module")
def small_pictures() -> Iterator[None]:
    """Evaluation at the application's size would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        _make_pictures_small(patch)
        yield


def _make_pictures_small(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("trainer.batches.input_size", lambda width, height: (64, 96))
