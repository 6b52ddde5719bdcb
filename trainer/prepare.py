"""From a list of photos with places to training data: checked, scaled, split so that nothing leaks, in shards."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from PIL import Image

from geotagger.core.errors import CoordinateError, PhotoError, UnreadablePhotoError
from geotagger.core.geo import LatLon
from geotagger.core.regions import Regions, load_regions
from geotagger.inference.preprocessing import MIN_SIDE_PX, load_picture
from geotagger.metadata import PhotoMetadata, read_photo
from geotagger.metadata.os_errors import unreadable
from geotagger.metadata.reading import preview_in_place_of
from trainer.config import SETTINGS_FILE, Config, PrepareConfig
from trainer.copies import TakenPictures
from trainer.run_folder import refuse_foreign, refuse_to_overwrite
from trainer.shards import LIST_FILE, SPLITS, DataError, Sample, write_list, write_shards

_JPEG_QUALITY = 92
_FARTHEST_KM = 300
"""Farther from its region a position is a mistake; islands that the coarse borders leave out lie nearer."""
_BAND_PX = {"streetview": 30}
"""Height of the band at the bottom where a provider prints its name, by the list's ``label``."""


@dataclass(frozen=True, slots=True)
class ListedPhoto:
    """One row of a list of photos."""

    path: Path
    key: str
    region: int
    lat_deg: float | None
    lon_deg: float | None
    group: str
    label: str


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
    each folder counts as one; names that differ in case or blanks alone are one photographer. Semicolons and tabs
    between the columns are as good as commas.

    Raises:
        DataError: the list cannot be read, or a row makes no sense.
    """
    try:
        # With a signature at its start or without: spreadsheets write one.
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The list {path} cannot be read; it has to be a CSV file in UTF-8.") from error
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} of {path.name} cannot be read: {error}.") from error
    columns = [cell.strip().lower() for cell in lines[0][1]] if lines else []
    if columns.count("file") != 1 or len(lines) < 2:
        raise DataError(f"The list {path} has no column “file” or no rows.")
    if "region" not in columns and not {"lat", "lon"} <= set(columns):
        raise DataError(f"The list {path} has neither a column “region” nor the columns “lat” and “lon”.")
    regions = load_regions()
    photos = []
    for number, cells in lines[1:]:
        if any(cell.strip() for cell in cells[len(columns) :]):
            raise DataError(f"Line {number} of {path.name} has more columns than the first line names.")
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
        photos.append(_parse_row(path, number, row, regions))
    return photos


def _parse_row(path: Path, number: int, row: dict[str, str], regions: Regions) -> ListedPhoto:
    where = f"Line {number} of {path.name}"
    name, postal, lat, lon = (row.get(column, "") for column in ("file", "region", "lat", "lon"))
    if not name or "\0" in name:
        raise DataError(f"{where} names no file.")
    if bool(lat) != bool(lon):
        raise DataError(f"{where} has half a position.")
    try:
        position = LatLon(_number(lat), _number(lon)) if lat else None
        region = _region_of(postal, position, regions)
    except KeyError as error:
        raise DataError(
            f"{where}: there is no region {postal}; regions are named like CO, QC or YT."
        ) from error
    except (ValueError, CoordinateError) as error:
        raise DataError(f"{where}: {error}") from error
    if region is None:
        raise DataError(f"{where} has neither a region nor a position.")
    if position is not None and regions.distance_km(region, position) > _FARTHEST_KM:
        raise DataError(
            f"{where}: {position.lat_deg:g}, {position.lon_deg:g} is more than {_FARTHEST_KM} km from "
            f"{regions[region].name}; are latitude and longitude in their columns?"
        )
    return ListedPhoto(
        path=path.parent / name,
        key=name,
        region=region,
        lat_deg=position.lat_deg if position else None,
        lon_deg=position.lon_deg if position else None,
        group=_one_spelling(row.get("photographer", "")) or PurePath(name).parent.as_posix(),
        label=row.get("label", ""),
    )


def _number(text: str) -> float:
    # Where the columns stand between semicolons, numbers often have commas.
    return float(text.replace(",", "."))


def _region_of(postal: str, position: LatLon | None, regions: Regions) -> int | None:
    if postal:
        return regions.by_postal(postal.upper()).index
    return None if position is None else regions.nearest(position)


def _one_spelling(name: str) -> str:
    """A name as all its spellings agree on it: else another blank or capital would make another photographer of it,
    perhaps in another split."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


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
        TrainingError: ``output`` holds a training, whose settings lie in a file of the same name, or files of such
            names that are not the trainer's.
    """
    refuse_to_overwrite(output)
    refuse_foreign(output / LIST_FILE, ("list_hash",))
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
    taken = TakenPictures()
    for photo in photos:
        try:
            image, jpeg = _small(photo, config)
        except PhotoError as error:
            refused.append((photo.key, error.reason))
            continue
        if (reason := taken.reason_against(image, photo.group)) is not None:
            refused.append((photo.key, reason))
            continue
        taken.add(image, photo.group)
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


def _small(photo: ListedPhoto, config: PrepareConfig) -> tuple[Image.Image, bytes]:
    """A photo as a small picture, decoded as the application does, and as a JPEG; small plain JPEGs stay as they are."""
    metadata = read_photo(photo.path)
    image = load_picture(photo.path, preview_in_place_of(metadata))
    band_px = max(config.cut_bottom_px, _BAND_PX.get(photo.label, 0))
    if max(image.size) <= config.side_px and not band_px and _shows_as_stored(metadata):
        try:
            return image, photo.path.read_bytes()
        except OSError as error:
            raise unreadable(photo.path, error) from error
    if band_px:
        if image.height - band_px < MIN_SIDE_PX:
            raise UnreadablePhotoError(photo.path, "Without its label band nothing of the picture is left.")
        image = image.crop((0, 0, image.width, image.height - band_px))
    image.thumbnail((config.side_px, config.side_px), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_JPEG_QUALITY)
    return image, data.getvalue()


def _shows_as_stored(metadata: PhotoMetadata) -> bool:
    """Whether any decoder shows the file as the application does: an upright RGB JPEG without a colour profile."""
    if metadata.format != "JPEG" or metadata.orientation != 1:
        return False
    with Image.open(metadata.path) as opened:
        return opened.format == "JPEG" and opened.mode == "RGB" and "icc_profile" not in opened.info
