"""From a list of photos with places to training data: checked, scaled, split so that nothing leaks, in shards."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from geotagger.core.errors import CoordinateError, PhotoError, UnreadablePhotoError
from geotagger.core.geo import LatLon
from geotagger.core.regions import Regions, load_regions
from geotagger.inference.preprocessing import MIN_SIDE_PX, load_picture
from geotagger.metadata import PhotoMetadata, read_photo
from geotagger.metadata.reading import preview_in_place_of
from trainer.config import SETTINGS_FILE, Config, PrepareConfig
from trainer.shards import LIST_FILE, SPLITS, DataError, Sample, write_list, write_shards

_JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class ListedPhoto:
    """One row of a list of photos."""

    path: Path
    key: str
    region: int
    lat_deg: float | None
    lon_deg: float | None
    group: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """What ``prepare`` made.

    Attributes:
        refused: photos that were left out, with a sentence each.
    """

    samples: tuple[Sample, ...]
    refused: tuple[tuple[str, str], ...]
    list_hash: str


def read_photo_list(path: Path) -> list[ListedPhoto]:
    """Read a CSV list with the columns ``file``, ``region`` (two letters), ``lat``, ``lon``, ``photographer``.

    ``region`` may be empty where a position is given, and the position where the region is. Without a photographer
    each folder counts as one.

    Raises:
        DataError: the list cannot be read, or a row makes no sense.
    """
    regions = load_regions()
    try:
        # With a signature at its start or without: spreadsheets write one.
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The list {path} cannot be read; it has to be a CSV file in UTF-8.") from error
    if not rows or "file" not in rows[0]:
        raise DataError(f"The list {path} has no column “file” or no rows.")
    if "region" not in rows[0] and not {"lat", "lon"} <= rows[0].keys():
        raise DataError(f"The list {path} has neither a column “region” nor the columns “lat” and “lon”.")
    return [_parse_row(path, number, row, regions) for number, row in enumerate(rows, start=2)]


def _parse_row(path: Path, number: int, row: dict[str, str], regions: Regions) -> ListedPhoto:
    try:
        position = LatLon(float(row["lat"]), float(row["lon"])) if row.get("lat") and row.get("lon") else None
        if row.get("region"):
            region = regions.by_postal(row["region"]).index
        elif position is not None:
            region = regions.nearest(position)
        else:
            raise DataError(f"Line {number} of {path.name} has neither a region nor a position.")
    except KeyError as error:
        raise DataError(f"Line {number} of {path.name}: there is no region {row['region']}.") from error
    except (ValueError, CoordinateError) as error:
        raise DataError(f"Line {number} of {path.name}: {error}") from error
    name = row["file"]
    if not name or "\0" in name:
        raise DataError(f"Line {number} of {path.name} names no file.")
    return ListedPhoto(
        path=path.parent / name,
        key=name,
        region=region,
        lat_deg=position.lat_deg if position else None,
        lon_deg=position.lon_deg if position else None,
        # A blank after a name would make another photographer of it, perhaps in another split.
        group=" ".join((row.get("photographer") or "").split()) or str(Path(name).parent),
    )


def split_of(identity: str, config: PrepareConfig) -> str:
    """The split of a photographer (or of a photo, for the random split): by hash, so the same for ever."""
    digest = hashlib.sha256(f"{config.salt}:{identity}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    edges = (
        config.train,
        config.train + config.validation,
        config.train + config.validation + config.calibration,
    )
    return SPLITS[sum(share >= edge for edge in edges)]


def prepare(photo_list: Path, output: Path, config: Config) -> Preparation:
    """Make training data from a list of photos.

    Raises:
        DataError: no photo can be used, or the data cannot be written (the disk is full, say).
    """
    photos = read_photo_list(photo_list)
    try:
        return _prepare(photos, output, config)
    except OSError as error:
        raise DataError(f"The data cannot be written to {output}: {error.strerror or error}.") from error


def _prepare(photos: list[ListedPhoto], output: Path, config: Config) -> Preparation:
    refused: list[tuple[str, str]] = []
    # Without its list, data that was not written to the end cannot be mistaken for whole data.
    (output / LIST_FILE).unlink(missing_ok=True)
    samples = write_shards(output, _encoded(photos, config.prepare, refused), config.prepare.shard_photos)
    if not samples:
        raise DataError("None of the photos can be read.")
    groups_in = {s.group: set[str]() for s in samples}
    for sample in samples:
        groups_in[sample.group].add(sample.split)
    if config.prepare.split == "group" and any(len(splits) > 1 for splits in groups_in.values()):
        raise DataError("A photographer got into two splits.")
    facts = {
        "split": config.prepare.split,
        "counts": dict(Counter(sample.split for sample in samples)),
        "refused": len(refused),
    }
    list_hash = write_list(output, samples, facts)
    config.save(output / SETTINGS_FILE)
    return Preparation(tuple(samples), tuple(refused), list_hash)


def _encoded(
    photos: list[ListedPhoto], config: PrepareConfig, refused: list[tuple[str, str]]
) -> Iterator[tuple[dict[str, Any], bytes]]:
    seen: set[str] = set()
    for photo in photos:
        try:
            jpeg = _encode(photo.path, config)
        except PhotoError as error:
            refused.append((photo.key, error.reason))
            continue
        digest = hashlib.sha256(jpeg).hexdigest()
        if digest in seen:
            refused.append((photo.key, "The same picture is in the list already."))
            continue
        seen.add(digest)
        identity = photo.group if config.split == "group" else photo.key
        fields = {
            "key": photo.key,
            "region": photo.region,
            "lat_deg": photo.lat_deg,
            "lon_deg": photo.lon_deg,
            "group": photo.group,
            "split": split_of(identity, config),
        }
        yield fields, jpeg


def _encode(path: Path, config: PrepareConfig) -> bytes:
    """A photo as a small JPEG, decoded as the application does; small plain JPEGs stay as they are."""
    metadata = read_photo(path)
    image = load_picture(path, preview_in_place_of(metadata))
    if max(image.size) <= config.side_px and not config.cut_bottom_px and _shows_as_stored(metadata):
        return path.read_bytes()
    if config.cut_bottom_px:
        if image.height - config.cut_bottom_px < MIN_SIDE_PX:
            raise UnreadablePhotoError(path, "Without its label band nothing of the picture is left.")
        image = image.crop((0, 0, image.width, image.height - config.cut_bottom_px))
    image.thumbnail((config.side_px, config.side_px), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_JPEG_QUALITY)
    return data.getvalue()


def _shows_as_stored(metadata: PhotoMetadata) -> bool:
    """Whether any decoder shows the file as the application does: an upright RGB JPEG without a colour profile."""
    if metadata.format != "JPEG" or metadata.orientation != 1:
        return False
    with Image.open(metadata.path) as opened:
        return opened.format == "JPEG" and opened.mode == "RGB" and "icc_profile" not in opened.info
