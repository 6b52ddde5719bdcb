"""A small list of made-up photos, prepared once."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.config import load_config
from trainer.prepare import prepare

PLACES = {
    "CO": (39.5, -105.5),
    "FL": (28.0, -81.5),
    "BC": (54.0, -124.0),
    "ON": (46.0, -80.0),
}


def write_photo_list(folder: Path, photographers: int = 12, each: int = 10) -> Path:
    """Photos of one colour per region with noise; every photographer goes to one region; gives the CSV list."""
    rng = np.random.default_rng(0)
    rows = []
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
    with (folder / "photos.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "photos.csv"


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
