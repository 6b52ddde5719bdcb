"""Shards: plain tar files, and every damage to them told by name."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from trainer.config import load_config
from trainer.prepare import prepare
from trainer.shards import LIST_FILE, DataError, Sample, ShardData, write_list, write_shards


def test_shards_are_plain_tar_files_with_the_pictures(prepared: Path, photo_list: Path) -> None:
    data = ShardData(prepared)
    members = {}
    for shard in sorted({s.shard for s in data.samples}):
        with tarfile.open(prepared / shard) as archive:
            for member in archive:
                content = archive.extractfile(member)
                assert content is not None
                members[member.name] = content.read()
    assert len(members) == len(data.samples)
    for sample in data.samples:
        jpeg = data.jpeg(sample)
        assert members[sample.key.replace("/", "-") + ".jpg"] == jpeg
        assert jpeg == (photo_list.parent / sample.key).read_bytes()
        assert data.image(sample).size == (96, 72)


def test_changed_list_is_noticed(photo_list: Path, tmp_path: Path) -> None:
    prepare(photo_list, tmp_path, load_config(None, []))
    document = json.loads((tmp_path / LIST_FILE).read_text())
    document["photos"][0]["region"] = 1
    (tmp_path / LIST_FILE).write_text(json.dumps(document))
    with pytest.raises(DataError, match="changed"):
        ShardData(tmp_path)


def test_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="prepare"):
        ShardData(tmp_path)


def test_split_with_no_photos_is_told(tmp_path: Path, photo_list: Path) -> None:
    prepare(
        photo_list,
        tmp_path,
        load_config(None, ["prepare.train=1", "prepare.validation=0", "prepare.calibration=0"]),
    )
    with pytest.raises(DataError, match="no photos in test"):
        ShardData(tmp_path).of("test")


def test_damaged_data_is_told_by_name(photo_list: Path, tmp_path: Path) -> None:
    prepare(photo_list, tmp_path, load_config(None, []))
    data = ShardData(tmp_path)
    first, last = data.samples[0], data.samples[-1]
    shard = tmp_path / first.shard
    content = bytearray(shard.read_bytes())
    content[first.offset : first.offset + 200] = bytes(200)
    shard.write_bytes(content[: last.offset + 10])
    with pytest.raises(DataError, match=f"does not hold the picture {first.key} where the list says"):
        data.image(first)
    with pytest.raises(DataError, match=f"The picture {first.key} .* is damaged"):
        data.image(replace(first, crc32=None))
    with pytest.raises(DataError, match=r"photos-00000\.tar in .* is cut off"):
        data.image(last)
    shard.unlink()
    with pytest.raises(DataError, match=r"photos-00000\.tar is missing"):
        data.image(last)
    for text in ("{", "[]", '{"photos": []}'):
        (tmp_path / LIST_FILE).write_text(text)
        with pytest.raises(DataError, match="is damaged"):
            ShardData(tmp_path)


def test_shards_that_changed_places_are_noticed(photo_list: Path, tmp_path: Path) -> None:
    """Pictures of one size lie at the same places in both, so every one of them can be decoded, as another's."""
    Image.new("RGB", (64, 48), "red").save(tmp_path / "a.jpg")
    Image.new("RGB", (64, 48), "blue").save(tmp_path / "b.jpg")
    (tmp_path / "photos.csv").write_text("file,region\na.jpg,CO\nb.jpg,QC\n")
    prepare(tmp_path / "photos.csv", tmp_path / "out", load_config(None, ["prepare.shard_photos=1"]))
    data = ShardData(tmp_path / "out")
    first, second = data.samples
    assert (first.offset, first.size) == (second.offset, second.size)
    bodies = [(data.folder / sample.shard).read_bytes() for sample in data.samples]
    (data.folder / first.shard).write_bytes(bodies[1])
    with pytest.raises(DataError, match=r"does not hold the picture a\.jpg where the list says"):
        data.image(first)


def test_data_of_an_earlier_version_has_the_same_hash_and_is_read(photo_list: Path, tmp_path: Path) -> None:
    made = prepare(photo_list, tmp_path, load_config(None, []))
    document = json.loads((tmp_path / LIST_FILE).read_text())
    for row in document["photos"]:
        del row["crc32"]
    (tmp_path / LIST_FILE).write_text(json.dumps(document))
    data = ShardData(tmp_path)
    assert data.list_hash == made.list_hash
    assert data.image(data.samples[0]).size == (96, 72)


def test_fewer_photos_leave_no_shards_of_more(photo_list: Path, tmp_path: Path) -> None:
    prepare(photo_list, tmp_path, load_config(None, ["prepare.shard_photos=10"]))
    assert len(list(tmp_path.glob("*.tar"))) == 12
    (tmp_path / "photos-2019.tar").write_bytes(b"an archive of the user")
    prepare(photo_list, tmp_path, load_config(None, ["prepare.shard_photos=100"]))
    left = sorted(file.name for file in tmp_path.glob("*.tar"))
    assert left == ["photos-00000.tar", "photos-00001.tar", "photos-2019.tar"]


@pytest.mark.parametrize(
    "change",
    [
        {"shard": "../outside.tar"},
        {"shard": "/outside.tar"},
        {"shard": "..\\outside.tar"},
        {"shard": "photos.json"},
        {"shard": 3},
        {"region": 63},
        {"region": -1},
        {"split": "exam"},
        {"size": -1},
        {"offset": -1},
    ],
)
def test_data_that_points_outside_of_itself_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    sample = Sample("a", 0, None, None, "g", "train", "photos-00000.tar", 512, 10)
    write_list(tmp_path, [sample], {})
    assert ShardData(tmp_path).samples == (sample,)
    write_list(tmp_path, [replace(sample, **change)], {})
    with pytest.raises(DataError, match="is damaged"):
        ShardData(tmp_path)


def test_names_with_all_kinds_of_signs_come_back_whole(tmp_path: Path) -> None:
    names = [
        "../up.jpg",
        "a/b.jpg",
        "a-b.jpg",
        "é 日本 \U0001f5fb.jpg",
        "x" * 230 + ".jpg",
        "line\nbreak.jpg",
        ".hidden.jpg",
    ]
    place = {"region": 0, "lat_deg": None, "lon_deg": None, "group": "g", "split": "train"}
    photos = [({"key": name, **place}, f"picture {i}".encode() * 100) for i, name in enumerate(names)]
    write_list(tmp_path, write_shards(tmp_path, photos, 3), {})
    data = ShardData(tmp_path)
    assert [data.jpeg(sample) for sample in data.samples] == [body for _, body in photos]
    for shard in sorted(tmp_path.glob("*.tar")):
        with tarfile.open(shard) as archive:
            assert not any("/" in name for name in archive.getnames())
