"""Tar shards: the form in which photos go to training. Each holds ``key.jpg`` and nothing else; the list is apart."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from geotagger.core.errors import GeotaggerError
from geotagger.core.regions import load_regions
from trainer.files import write_file

LIST_FILE = "photos.json"
_AGAIN = "copy the folder anew or run “python -m trainer prepare” again"
SPLITS = ("train", "validation", "calibration", "test")


class DataError(GeotaggerError):
    """The training data cannot be used."""


def splits_named(text: str) -> tuple[str, ...]:
    """The splits of a text such as ``validation,test``, each once.

    Raises:
        DataError: there is no such split, or none is named.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in SPLITS]
    if unknown or not names:
        problem = f"There is no split called {unknown[0]}" if unknown else "No split is named"
        raise DataError(f"{problem}; there are {', '.join(SPLITS)}.")
    return names


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo of the training data.

    Attributes:
        key: name inside the shard, and of the photo it was made from.
        region: index in class order.
        lat_deg, lon_deg: None where only the region is known.
        group: photographer or place; never in two splits.
        shard, offset, size: where its JPEG lies.
        crc32: of its JPEG; None in data of earlier versions. No part of the hash of the list.
    """

    key: str
    region: int
    lat_deg: float | None
    lon_deg: float | None
    group: str
    split: str
    shard: str
    offset: int
    size: int
    crc32: int | None = None


def write_shards(
    folder: Path, photos: Iterable[tuple[dict[str, Any], bytes]], per_shard: int
) -> list[Sample]:
    """Write JPEGs into numbered tar files, reproducible to the byte; those of other data that lay there go.

    Args:
        photos: the fields of ``Sample`` up to ``split``, and the JPEG.
    """
    folder.mkdir(parents=True, exist_ok=True)
    samples: list[Sample] = []
    archive: tarfile.TarFile | None = None
    try:
        for number, (fields, jpeg) in enumerate(photos):
            if number % per_shard == 0:
                if archive is not None:
                    archive.close()
                archive = tarfile.open(folder / f"photos-{number // per_shard:05d}.tar", "w")  # noqa: SIM115
            assert archive is not None
            entry = tarfile.TarInfo(fields["key"].replace("/", "-") + ".jpg")
            entry.size = len(jpeg)
            header = len(entry.tobuf())
            start = archive.offset
            archive.addfile(entry, io.BytesIO(jpeg))
            shard = f"photos-{number // per_shard:05d}.tar"
            sample = Sample(
                **fields, shard=shard, offset=start + header, size=len(jpeg), crc32=zlib.crc32(jpeg)
            )
            samples.append(sample)
    finally:
        if archive is not None:
            archive.close()
    written = {sample.shard for sample in samples}
    # An archive of the user's is called otherwise.
    for old in folder.glob("photos-[0-9][0-9][0-9][0-9][0-9].tar"):
        if old.name not in written:
            old.unlink()
    return samples


def write_list(folder: Path, samples: Sequence[Sample], facts: dict[str, Any]) -> str:
    """Write the list of samples with its hash; gives the hash (16 hexadecimal digits)."""
    rows = [asdict(sample) for sample in samples]
    digest = _hash_of(rows)
    document = {"format": 1, "list_hash": digest, **facts, "photos": rows}
    write_file(folder / LIST_FILE, json.dumps(document, indent=0) + "\n")
    return digest


def _hash_of(rows: Sequence[Mapping[str, Any]]) -> str:
    hashed = [{name: value for name, value in row.items() if name != "crc32"} for row in rows]
    return hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()[:16]


def _checked(sample: Sample) -> Sample:
    """The same sample, unless it points outside of the data: a folder from a stranger may hold anything.

    Raises:
        ValueError: its shard is no file of the folder, its region or split is unknown, or its place in the shard.
    """
    if (
        not sample.shard.endswith(".tar")
        or any(sign in sample.shard for sign in "/\\:")
        or sample.region not in range(len(load_regions()))
        or sample.split not in SPLITS
        or min(sample.offset, sample.size) < 0
    ):
        raise ValueError(sample)
    return sample


class ShardData:
    """Prepared photos, read from their shards when they are asked for; may be used from several threads.

    Raises:
        DataError: the folder holds no prepared data, or not the data that its list speaks of.
    """

    def __init__(self, folder: Path) -> None:
        try:
            document = json.loads((folder / LIST_FILE).read_text(encoding="utf-8"))
            rows, listed_hash = document["photos"], document["list_hash"]
            digest = _hash_of(rows)
            if digest != listed_hash:
                raise DataError(f"The list of photos in {folder} was changed after it was made.")
            samples = tuple(_checked(Sample(**row)) for row in rows)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DataError(
                f"There is no prepared data in {folder}; run “python -m trainer prepare” first."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"The list of photos in {folder} is damaged; run “python -m trainer prepare” again."
            ) from error
        self.folder = folder
        self.list_hash = digest
        self.samples = samples

    def of(self, *splits: str) -> tuple[Sample, ...]:
        """The samples of some splits, in order.

        Raises:
            DataError: there are none.
        """
        chosen = tuple(sample for sample in self.samples if sample.split in splits)
        if not chosen:
            raise DataError(f"The data in {self.folder} has no photos in {' or '.join(splits)}.")
        return chosen

    def jpeg(self, sample: Sample) -> bytes:
        """The JPEG of a sample.

        Raises:
            DataError: its shard is missing or cut off, or holds something else there.
        """
        try:
            with (self.folder / sample.shard).open("rb") as file:
                file.seek(sample.offset)
                data = file.read(sample.size)
        except FileNotFoundError as error:
            raise DataError(f"The shard {sample.shard} is missing in {self.folder}; {_AGAIN}.") from error
        if len(data) < sample.size:
            raise DataError(f"The shard {sample.shard} in {self.folder} is cut off; {_AGAIN}.")
        if sample.crc32 not in (None, zlib.crc32(data)):
            raise DataError(
                f"The shard {sample.shard} in {self.folder} does not hold the picture {sample.key} where the list "
                f"says; {_AGAIN}."
            )
        return data

    def image(self, sample: Sample) -> Image.Image:
        """The decoded RGB picture of a sample.

        Raises:
            DataError: it cannot be had, because its shard is missing or damaged.
        """
        try:
            image: Image.Image = Image.open(io.BytesIO(self.jpeg(sample)), formats=["JPEG"])
            image.load()
            return image if image.mode == "RGB" else image.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(
                f"The picture {sample.key} in {self.folder} / {sample.shard} is damaged; {_AGAIN}."
            ) from error
