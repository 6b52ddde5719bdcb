"""Prepared data for the tests of the class project's networks, made up."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from geotagger.core.regions import load_regions
from trainer.shards import write_list, write_shards

PLACES = {"CO": (39.0, -105.5), "QC": (47.0, -71.5), "FL": (28.0, -81.5)}
COLOURS = {"CO": (200, 60, 40), "QC": (60, 200, 60), "FL": (50, 70, 210)}


def picture(postal: str, number: int, size: tuple[int, int] = (80, 60)) -> bytes:
    """A noisy picture in a region's own colour, which even the smallest network can learn."""
    noise = np.random.default_rng(number).normal(0, 25, (size[1], size[0], 3))
    pixels = np.clip(np.array(COLOURS[postal]) + noise, 0, 255).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=85)
    return data.getvalue()


def make_data(folder: Path, postals: tuple[str, ...] = ("CO", "QC", "FL"), per_region: int = 16) -> Path:
    """Prepared data of such pictures; one photo per region of the train split has no position."""
    regions = load_regions()

    def photos() -> Iterator[tuple[dict[str, Any], bytes]]:
        for split, count in (("train", per_region), ("validation", 3), ("test", 4)):
            for postal in postals:
                for number in range(count):
                    lat, lon = PLACES[postal]
                    without_place = split == "train" and number == 0
                    fields = {
                        "key": f"{split}/{postal}{number}",
                        "region": regions.by_postal(postal).index,
                        "lat_deg": None if without_place else lat + number * 0.01,
                        "lon_deg": None if without_place else lon,
                        "group": f"{split}-{number % 2}",
                        "split": split,
                    }
                    yield fields, picture(postal, number + 1000 * len(split))

    write_list(folder, write_shards(folder, photos(), 1000), {})
    return folder
