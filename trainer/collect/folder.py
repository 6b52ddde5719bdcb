"""The user's own located photos, listed where they lie: nothing is copied, nothing is changed."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geotagger.core.errors import UnreadablePhotoError
from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.core.regions import Regions
from geotagger.metadata import PHOTO_SUFFIXES, read_photo
from geotagger.metadata.model import PhotoMetadata
from trainer.collect.data_list import LocatedPhoto
from trainer.collect.errors import CollectError

_COAST_KM = 10.0
"""A position this near to a region belongs to it: borders are true to about 3 km only, and piers reach out."""

_LABELS = {Source.CAMERA: "exif", Source.MANUAL: "manual", Source.TRACK: "track"}
"""Positions worth learning from. What the program estimated is not among them: no model may teach itself."""


@dataclass(frozen=True, slots=True)
class FolderCollection:
    """What a folder came to.

    Attributes:
        refused: why photos were left out, with counts.
        unreadable: sentences for photos that could not be read.
    """

    photos: tuple[LocatedPhoto, ...]
    refused: dict[str, int]
    unreadable: tuple[str, ...]


def collect_folder(
    folder: Path, regions: Regions, list_path: Path, photographer: str | None = None
) -> FolderCollection:
    """List the located photos under a folder.

    Args:
        list_path: where the data list will be; files are named relative to it.
        photographer: the group of all photos; left out, each subfolder of ``folder`` is a group of its own,
            as each is often one person's or one trip's.

    Raises:
        CollectError: there is no such folder.
    """
    if not folder.is_dir():
        raise CollectError(f"{folder} is not a folder.")
    photos: list[LocatedPhoto] = []
    refused: Counter[str] = Counter()
    unreadable: list[str] = []
    seen: set[str] = set()
    for path in _photo_files(folder):
        if (name := str(path).encode("utf-8", "replace").decode()) != str(path):
            unreadable.append(
                f"{Path(name).name}: A list cannot hold this name; please rename the file or its folder."
            )
            continue
        try:
            metadata = read_photo(path)
            digest = _sha256(path)
        except (UnreadablePhotoError, OSError) as error:
            unreadable.append(str(error))
            continue
        index, reason = _region_of(metadata, regions)
        if index is None:
            refused[reason] += 1
        elif digest in seen:
            refused["duplicate"] += 1
        else:
            seen.add(digest)
            group = photographer or _group(folder, path)
            photos.append(_row(metadata, regions[index].postal, _relative(path, list_path), group, digest))
    return FolderCollection(tuple(photos), dict(refused), tuple(unreadable))


def _photo_files(folder: Path) -> Iterator[Path]:
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in PHOTO_SUFFIXES:
                yield Path(parent, name)


def _region_of(metadata: PhotoMetadata, regions: Regions) -> tuple[int | None, str]:
    """The region of a photo, or None and why it is left out."""
    if metadata.fix is None:
        return None, "no position"
    if metadata.fix.source not in _LABELS:
        return None, "position is an estimate"
    position = metadata.fix.position
    index = regions.region_at(position)
    if index is None:
        nearest = regions.nearest(position)
        index = nearest if regions.distance_km(nearest, position) <= _COAST_KM else None
    return index, "outside all regions"


def _row(metadata: PhotoMetadata, postal: str, file: str, group: str, digest: str) -> LocatedPhoto:
    if metadata.fix is None:
        raise ValueError("only located photos have a row")
    position: LatLon = metadata.fix.position
    return LocatedPhoto(
        file=file,
        region=postal,
        lat=position.lat_deg,
        lon=position.lon_deg,
        label=_LABELS[metadata.fix.source],
        taken=metadata.taken.strftime("%Y:%m:%d %H:%M:%S") if metadata.taken else "",
        photographer=group,
        place="",
        source="folder",
        original_size=f"{metadata.width_px}x{metadata.height_px}" if metadata.width_px else "",
        captured="",
        author="",
        licence="own photos",
        attribution="",
        sha256=digest,
    )


def _group(folder: Path, path: Path) -> str:
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else folder.resolve().name


def _relative(path: Path, list_path: Path) -> str:
    """The file as seen from the list; absolute where no relative way leads there (another drive)."""
    try:
        return Path(os.path.relpath(path.resolve(), list_path.resolve().parent)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
