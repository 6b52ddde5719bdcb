"""Lists of photos that the tests make, and settings for trainings on them that take seconds."""

from __future__ import annotations

import csv
from pathlib import Path

from trainer.config import Config, load_config

SMALL = [
    "train.epochs=2",
    "train.head_epochs=3",
    "train.batch=8",
    "train.crop_px=48",
    "train.bf16=false",
    "train.threads=1",
]


def small_config(*more: str) -> Config:
    """The settings of a small training, with further assignments over them."""
    return load_config(None, [*SMALL, *more])


def quiet(text: str) -> None:
    """Takes what a training says."""
    assert text


def save_list(folder: Path, rows: list[dict[str, object]]) -> Path:
    """Write a list of photos as a CSV file."""
    with (folder / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=["file", "region", "lat", "lon", "photographer"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "photos.csv"
