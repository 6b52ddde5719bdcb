"""The user's own photos: listed where they lie, in the form that ``prepare`` reads."""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from geotagger.metadata import Journal, WritePolicy, write_fix
from tests.trainer.collect.fake_service import jpeg
from trainer.collect.data_list import write_data_list
from trainer.collect.errors import CollectError
from trainer.collect.folder import FolderCollection, collect_folder
from trainer.prepare import read_photo_list

DENVER = LatLon(39.74, -104.99)
HALIFAX = LatLon(44.65, -63.57)
_numbers = iter(range(10_000))


def photo(
    path: Path, position: LatLon | None = None, source: Source = Source.CAMERA, taken: str = ""
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(next(_numbers), (320, 240)))
    if (position is not None and source is Source.CAMERA) or taken:
        exif = Image.Exif()
        if taken:
            exif.get_ifd(0x8769)[0x9003] = taken
        if position is not None:
            gps = exif.get_ifd(0x8825)
            gps[1], gps[2] = "N" if position.lat_deg >= 0 else "S", (abs(position.lat_deg), 0.0, 0.0)
            gps[3], gps[4] = "E" if position.lon_deg >= 0 else "W", (abs(position.lon_deg), 0.0, 0.0)
        with Image.open(path) as image:
            image.save(path, exif=exif)
    elif position is not None:
        journal = Journal(path.parent.parent / "journal.sqlite3")
        write_fix(
            path, Fix(position, source, 10.0, "m", 0.5), WritePolicy(), journal, journal.begin_run("set")
        )
    return path


def collected(folder: Path, list_path: Path, photographer: str | None = None) -> FolderCollection:
    return collect_folder(folder, load_regions(), list_path, photographer)


def test_located_photos_become_rows_that_prepare_reads(tmp_path: Path) -> None:
    first = photo(tmp_path / "photos" / "west" / "a.jpg", DENVER, taken="2021:07:04 12:30:00")
    second = photo(tmp_path / "photos" / "east" / "b.jpg", HALIFAX)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (first, second)}
    list_path = tmp_path / "lists" / "mine.csv"
    found = collected(tmp_path / "photos", list_path)
    assert write_data_list(list_path, found.photos) == 2
    with list_path.open(encoding="utf-8", newline="") as file:
        rows = {row["region"]: row for row in csv.DictReader(file)}
    assert rows["CO"]["taken"] == "2021:07:04 12:30:00"
    assert rows["CO"]["label"] == "exif"
    assert rows["CO"]["photographer"] == "west"
    assert rows["CO"]["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert rows["NS"]["original_size"] == "320x240"
    assert rows["NS"]["taken"] == ""
    listed = {photo.region: photo for photo in read_photo_list(list_path)}
    regions = load_regions()
    west = listed[regions.by_postal("CO").index]
    assert west.path.samefile(first)
    assert west.lat_deg == pytest.approx(DENVER.lat_deg, abs=1e-5)
    assert west.group == "west"
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_estimates_are_never_learned_from_but_positions_set_by_hand_are(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photo(folder / "camera.jpg", DENVER)
    photo(folder / "hand.jpg", DENVER, Source.MANUAL)
    photo(folder / "track.jpg", DENVER, Source.TRACK)
    for source in (Source.MODEL, Source.MODEL_CONFIRMED, Source.NEIGHBOUR):
        photo(folder / f"{source.value}.jpg", DENVER, source)
    found = collected(folder, tmp_path / "list.csv")
    assert sorted(row.label for row in found.photos) == ["exif", "manual", "track"]
    assert found.refused == {"position is an estimate": 3}


def test_what_has_no_usable_place_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photo(folder / "nowhere.jpg")
    photo(folder / "paris.jpg", LatLon(48.85, 2.35))
    photo(folder / "atlantic.jpg", LatLon(40.0, -60.0))
    photo(folder / "here.jpg", DENVER)
    (folder / "copy.jpg").write_bytes((folder / "here.jpg").read_bytes())
    (folder / "notes.txt").write_text("no photo")
    photo(folder / ".hidden" / "x.jpg", DENVER)
    found = collected(folder, tmp_path / "list.csv")
    assert [row.file for row in found.photos] == ["photos/copy.jpg"]
    assert found.refused == {"no position": 1, "outside all regions": 2, "duplicate": 1}
    assert found.unreadable == ()


def test_a_pier_just_off_the_coarse_coast_belongs_to_its_region(tmp_path: Path) -> None:
    offshore = LatLon(36.96, -121.99)  # off Santa Cruz, some kilometres from the simplified coast
    photo(tmp_path / "photos" / "pier.jpg", offshore)
    found = collected(tmp_path / "photos", tmp_path / "list.csv")
    assert [row.region for row in found.photos] == ["CA"]


def test_broken_photos_are_sentences_and_the_rest_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photo(folder / "good.jpg", DENVER)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("this is no photo")
    found = collected(folder, tmp_path / "list.csv")
    assert len(found.photos) == 1
    assert len(found.unreadable) == 2
    assert all(sentence.startswith(("empty.jpg: ", "text.jpg: ")) for sentence in found.unreadable)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is Unicode")
def test_a_name_that_no_list_can_hold_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photo(folder / "good.jpg", DENVER)
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes((folder / "good.jpg").read_bytes())
    found = collected(folder, tmp_path / "list.csv")
    assert found.unreadable == (
        "caf?.jpg: A list cannot hold this name; please rename the file or its folder.",
    )
    assert write_data_list(tmp_path / "list.csv", found.photos) == 1


def test_photographers_are_the_subfolders_or_the_one_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photo(folder / "top.jpg", DENVER)
    photo(folder / "trip" / "day1" / "a.jpg", DENVER)
    groups = {row.file: row.photographer for row in collected(folder, folder / "list.csv").photos}
    assert groups == {"top.jpg": "photos", "trip/day1/a.jpg": "trip"}
    named = collected(folder, folder / "list.csv", "Ann").photos
    assert {row.photographer for row in named} == {"Ann"}


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="is not a folder"):
        collected(tmp_path / "none", tmp_path / "list.csv")
