"""The data list: one CSV row per located photo, in the form that ``prepare`` reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from trainer.files import make_folder, write_file

LIST_NAME = "photos.csv"


@dataclass(frozen=True, slots=True)
class LocatedPhoto:
    """One row of a data list; the fields are the columns.

    Attributes:
        file: path relative to the list, with forward slashes.
        region: two-letter postal code.
        label: where the position comes from: ``exif``, ``manual``, ``track``, ``streetview``, ``mapillary``.
        taken: the camera's own clock, ``YYYY:MM:DD HH:MM:SS``; empty where unknown.
        photographer: the group that must stay on one side of every split; not always a person.
        place: name of the place, where known.
        source: where the photo comes from: an address or a folder.
        original_size: ``WIDTHxHEIGHT`` as collected.
        captured: date as the service gives it: ``YYYY-MM`` or ISO 8601 in UTC; empty where ``taken`` says it.
        author: whom to credit.
        licence: the terms under which the photo may be used.
        attribution: the line to print beside the photo.
        sha256: of the file.
    """

    file: str
    region: str
    lat: float
    lon: float
    label: str
    taken: str
    photographer: str
    place: str
    source: str
    original_size: str
    captured: str
    author: str
    licence: str
    attribution: str
    sha256: str


def write_data_list(path: Path, photos: Iterable[LocatedPhoto]) -> int:
    """Write a data list, sorted by region and file; replaces the old one at once or not at all.

    Returns:
        The number of rows.

    Raises:
        NotWrittenError: it cannot be written.
    """
    rows = sorted(photos, key=lambda photo: (photo.region, photo.file))
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(LocatedPhoto)], lineterminator="\n")
    writer.writeheader()
    for photo in rows:
        writer.writerow({**asdict(photo), "lat": f"{photo.lat:.6f}", "lon": f"{photo.lon:.6f}"})
    make_folder(path.parent)
    write_file(path, text.getvalue())
    return len(rows)
