"""Preparing: nothing leaks between the splits, bad photos are named, and the same list gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from geotagger.core.regions import load_regions
from tests.images import huge_png, landscape
from trainer.__main__ import main
from trainer.config import PrepareConfig, load_config
from trainer.prepare import prepare, read_photo_list, split_of
from trainer.shards import LIST_FILE, DataError, Sample, ShardData, write_list, write_shards


def _write_list(folder: Path, rows: list[dict[str, object]]) -> Path:
    with (folder / "photos.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=["file", "region", "lat", "lon", "photographer"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "photos.csv"


def test_no_photographer_is_in_two_splits(prepared: Path) -> None:
    samples = ShardData(prepared).samples
    assert len(samples) == 120
    assert {s.split for s in samples} == {"train", "validation", "calibration", "test"}
    for group in {s.group for s in samples}:
        assert len({s.split for s in samples if s.group == group}) == 1


def test_random_split_cuts_through_photographers(photo_list: Path, tmp_path: Path) -> None:
    prepare(photo_list, tmp_path, load_config(None, ["prepare.split=random"]))
    samples = ShardData(tmp_path).samples
    assert any(len({s.split for s in samples if s.group == g}) > 1 for g in {s.group for s in samples})


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


def test_same_list_gives_the_same_bytes(photo_list: Path, tmp_path: Path) -> None:
    config = load_config(None, [])
    first = prepare(photo_list, tmp_path / "a", config)
    second = prepare(photo_list, tmp_path / "b", config)
    assert first.list_hash == second.list_hash
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_changed_list_is_noticed(photo_list: Path, tmp_path: Path) -> None:
    prepare(photo_list, tmp_path, load_config(None, []))
    document = json.loads((tmp_path / LIST_FILE).read_text())
    document["photos"][0]["region"] = 1
    (tmp_path / LIST_FILE).write_text(json.dumps(document))
    with pytest.raises(DataError, match="changed"):
        ShardData(tmp_path)


def test_broken_and_repeated_photos_are_left_out_and_named(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "good.jpg")
    (tmp_path / "same.jpg").write_bytes((tmp_path / "good.jpg").read_bytes())
    (tmp_path / "text.jpg").write_text("no photo")
    whole = io.BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(whole, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole.getvalue()[:3000])
    names = ["good.jpg", "same.jpg", "text.jpg", "cut.jpg", "missing.jpg"]
    rows = [{"file": n, "region": "CO", "lat": "", "lon": "", "photographer": "a"} for n in names]
    made = prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    assert [s.key for s in made.samples] == ["good.jpg"]
    assert [name for name, _ in made.refused] == names[1:]
    assert all(reason.endswith(".") for _, reason in made.refused)


def test_large_turned_and_transparent_pictures_become_small_upright_jpegs(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1200, 800), "blue").save(tmp_path / "big.jpg", exif=exif)
    Image.new("RGBA", (500, 300)).save(tmp_path / "clear.png")
    rows = [{"file": n, "region": "BC", "photographer": "a"} for n in ("big.jpg", "clear.png")]
    made = prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, ["prepare.side_px=300"]))
    data = ShardData(tmp_path / "out")
    assert [data.image(s).size for s in made.samples] == [(200, 300), (300, 180)]


def test_label_band_is_cut_off(tmp_path: Path) -> None:
    image = Image.new("RGB", (100, 100), "white")
    image.paste("black", (0, 80, 100, 100))
    image.save(tmp_path / "a.jpg", quality=95)
    rows = [{"file": "a.jpg", "region": "BC", "photographer": "a"}]
    prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, ["prepare.cut_bottom_px=22"]))
    data = ShardData(tmp_path / "out")
    picture = data.image(data.samples[0])
    assert picture.size == (100, 78)
    assert picture.convert("L").getextrema()[0] > 200


def test_region_is_found_from_the_position(tmp_path: Path) -> None:
    rows = [{"file": "a/1.jpg", "region": "", "lat": 39.7, "lon": -105.0, "photographer": ""}]
    listed = read_photo_list(_write_list(tmp_path, rows))[0]
    assert listed.region == load_regions().by_postal("CO").index
    assert listed.group == "a"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"file": "a.jpg", "region": "XX"}, "no region XX"),
        ({"file": "a.jpg", "region": ""}, "neither"),
        ({"file": "a.jpg", "region": "CO", "lat": "north", "lon": "1"}, "Line 2"),
        ({"file": "a.jpg", "region": "CO", "lat": "99", "lon": "1"}, "Latitude"),
        ({"file": "a.jpg", "region": "CO", "lat": "39.5"}, "Line 2 of photos.csv has half a position"),
        ({"file": "a.jpg", "region": "CO", "lat": "nan", "lon": "nan"}, "finite"),
        ({"file": "a.jpg", "region": "NY", "lat": "-75", "lon": "44"}, "more than 300 km from New York"),
        ({"file": "a.jpg", "region": "", "lat": "48.8", "lon": "2.3"}, "more than 300 km from"),
    ],
)
def test_senseless_rows_are_told(tmp_path: Path, row: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_photo_list(_write_list(tmp_path, [row]))


def test_lists_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_photo_list(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("picture\n1.jpg\n")
    with pytest.raises(DataError, match="no column"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("file,lat,photographer\n1.jpg,45,a\n")
    with pytest.raises(DataError, match="neither a column “region” nor the columns “lat” and “lon”"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes("file,region\nfoto-é.jpg,CO\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("region,file\nCO\n")
    with pytest.raises(DataError, match=r"Line 2 of a\.csv names no file"):
        read_photo_list(tmp_path / "a.csv")


def test_no_usable_photo_is_told(tmp_path: Path) -> None:
    rows = [{"file": "missing.jpg", "region": "CO", "photographer": "a"}]
    with pytest.raises(DataError, match="None of the photos"):
        prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, []))


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


def test_split_shares_are_kept_over_many_photographers() -> None:
    config = PrepareConfig(train=0.6, validation=0.2, calibration=0.1)
    splits = [split_of(f"photographer {i}", config) for i in range(4000)]
    shares = {name: splits.count(name) / 4000 for name in set(splits)}
    assert shares["train"] == pytest.approx(0.6, abs=0.03)
    assert shares["test"] == pytest.approx(0.1, abs=0.02)


def _raf(preview: bytes) -> bytes:
    """The skeleton of a Fujifilm RAF file: a header and a complete JPEG."""
    return b"FUJIFILMCCD-RAW 0201" + bytes(64) + struct.pack(">II", 100, len(preview)) + bytes(8) + preview


def test_photos_are_decoded_as_the_application_decodes_them(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    picture = landscape(3, 200, 120)
    pillow_heif.from_pillow(picture).save(tmp_path / "phone.heic", quality=95)
    picture.save(tmp_path / "plain.jpg", quality=95)
    (tmp_path / "camera.raf").write_bytes(_raf((tmp_path / "plain.jpg").read_bytes()))
    (tmp_path / "blind.raf").write_bytes(_raf(b""))
    Image.merge("RGBA", (*picture.split(), Image.new("L", picture.size, 0))).save(tmp_path / "clear.png")
    names = ["phone.heic", "camera.raf", "blind.raf", "clear.png"]
    rows = [{"file": name, "region": "BC", "photographer": "a"} for name in names]
    made = prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    (refused,) = made.refused
    assert refused[0] == "blind.raf"
    data = ShardData(tmp_path / "out")
    phone, camera, clear = (np.asarray(data.image(sample), float) for sample in data.samples)
    for seen in (phone, camera):
        assert np.abs(seen - np.asarray(picture, float)).mean() < 6
    assert clear.min() > 250


@pytest.mark.filterwarnings("error")
def test_a_picture_that_is_too_large_is_left_out_and_not_decoded(tmp_path: Path) -> None:
    huge_png(tmp_path / "huge.png", 26_000, 20_000)
    landscape(1, 64, 64).save(tmp_path / "good.jpg")
    rows = [{"file": name, "region": "BC", "photographer": "a"} for name in ("huge.png", "good.jpg")]
    made = prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    ((name, reason),) = made.refused
    assert name == "huge.png"
    assert "too large" in reason


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_told_and_leaves_no_data_that_looks_whole(photo_list: Path, tmp_path: Path) -> None:
    prepare(photo_list, tmp_path, load_config(None, []))
    (tmp_path / "photos-00000.tar").unlink()
    (tmp_path / "photos-00000.tar").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"cannot be written to .*: No space left on device\."):
        prepare(photo_list, tmp_path, load_config(None, []))
    with pytest.raises(DataError, match="no prepared data"):
        ShardData(tmp_path)


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


@pytest.mark.parametrize(
    "text",
    [
        "\n\nfile;region;lat;lon\na.jpg;co;39,5;-105,25\n",
        "file\tregion\tlat\tlon\r\na.jpg\tCO\t39.5\t-105.25\r\n",
        "\n File , Region, LAT,lon\n a.jpg , CO , 39.5 ,-105.25,\n\n",
        'lon,note,lat,file\n-105.25,"two\nlines",39.5,a.jpg\n',
    ],
)
def test_lists_as_spreadsheets_write_them_are_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode())
    (photo,) = read_photo_list(tmp_path / "a.csv")
    assert (photo.key, photo.region) == ("a.jpg", load_regions().by_postal("CO").index)
    assert (photo.lat_deg, photo.lon_deg) == (39.5, -105.25)


def test_mistakes_are_told_with_their_line_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('file,region,note\n\na.jpg,CO,"two\nlines"\nb,c.jpg,CO,\n')
    with pytest.raises(DataError, match=r"Line 5 of a\.csv: there is no region c\.jpg"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("file,region\na.jpg,CO,QC\n")
    with pytest.raises(DataError, match=r"Line 2 of a\.csv has more columns than the first line names"):
        read_photo_list(tmp_path / "a.csv")


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
    prepare(photo_list, tmp_path, load_config(None, ["prepare.shard_photos=100"]))
    assert len(list(tmp_path.glob("*.tar"))) == 2


def test_a_list_from_a_spreadsheet_with_a_signature_at_its_start_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,region\n1.jpg,CO\n", encoding="utf-8-sig")
    assert [photo.key for photo in read_photo_list(tmp_path / "a.csv")] == ["1.jpg"]


def test_another_spelling_of_a_name_makes_no_second_photographer(tmp_path: Path) -> None:
    names = ("Jane Doe", " Jane  Doe ", "jane DOE\t")
    rows = [{"file": f"{i}.jpg", "region": "CO", "photographer": name} for i, name in enumerate(names)]
    rows.append({"file": "d/3.jpg", "region": "CO", "photographer": " "})
    groups = [photo.group for photo in read_photo_list(_write_list(tmp_path, rows))]
    assert groups == ["jane doe"] * 3 + ["d"]
    rows = [{"file": "a.jpg", "region": "CO", "photographer": name} for name in ("Jos\u00e9", "Jose\u0301")]
    assert len({photo.group for photo in read_photo_list(_write_list(tmp_path, rows))}) == 1


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,region\na\0.jpg,CO\n")
    with pytest.raises(DataError, match=r"a\.csv"):
        read_photo_list(tmp_path / "a.csv")


def test_the_label_band_is_cut_off_the_photos_that_have_one_alone(tmp_path: Path) -> None:
    rows = []
    for name, label in (("a.jpg", "streetview"), ("b.jpg", "exif"), ("c.jpg", "")):
        landscape(ord(name[0]), 200, 150).save(tmp_path / name)
        rows.append(f"{name},BC,p,{label}")
    (tmp_path / "photos.csv").write_text("\n".join(["file,region,photographer,label", *rows]))
    prepare(tmp_path / "photos.csv", tmp_path / "out", load_config(None, []))
    data = ShardData(tmp_path / "out")
    assert [data.image(sample).size for sample in data.samples] == [(200, 120), (200, 150), (200, 150)]


def test_a_copy_under_another_name_does_not_get_into_another_split(tmp_path: Path) -> None:
    picture = landscape(5, 900, 600)
    picture.save(tmp_path / "original.jpg", quality=95)
    exif = Image.Exif()
    exif[0x010E] = "the same pixels with other words"
    small = picture.resize((320, 213), Image.Resampling.LANCZOS)
    small.save(tmp_path / "export.jpg", quality=75)
    (tmp_path / "tagged.jpg").write_bytes(_with_exif((tmp_path / "export.jpg").read_bytes(), exif))
    landscape(6, 320, 213).save(tmp_path / "other.jpg")
    Image.new("RGB", (300, 200), "black").save(tmp_path / "night.jpg")
    Image.new("RGB", (300, 200), (2, 1, 2)).save(tmp_path / "another night.jpg")
    rows = [
        {"file": name, "region": "BC", "photographer": group}
        for name, group in [
            ("export.jpg", "a"),
            ("tagged.jpg", "a"),
            ("original.jpg", "b"),
            ("other.jpg", "b"),
            ("night.jpg", "a"),
            ("another night.jpg", "b"),
        ]
    ]
    made = prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    assert made.refused == (
        ("tagged.jpg", "The same picture is in the list already."),
        ("original.jpg", "The list holds another size of this picture already, by another photographer."),
    )
    # One photographer's photos stay together anyway, so that those of a burst may all be there.
    rows[2]["photographer"] = "a"
    again = prepare(_write_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    assert [name for name, _ in again.refused] == ["tagged.jpg"]


def _with_exif(jpeg: bytes, exif: Image.Exif) -> bytes:
    block = exif.tobytes()
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def test_a_picture_that_is_all_label_band_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (100, 100), "white").save(tmp_path / "a.jpg")
    Image.new("RGB", (100, 60), "white").save(tmp_path / "b.jpg")
    rows = [{"file": name, "region": "BC", "photographer": "a"} for name in ("a.jpg", "b.jpg")]
    config = load_config(None, ["prepare.cut_bottom_px=60"])
    made = prepare(_write_list(tmp_path, rows), tmp_path / "out", config)
    assert [s.key for s in made.samples] == ["a.jpg"]
    assert made.refused == (("b.jpg", "Without its label band nothing of the picture is left."),)


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


def test_splits_that_stay_empty_are_told_with_what_to_do(
    photo_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["prepare", str(photo_list), "--out", str(tmp_path)]
    assert main([*words, "--set", "prepare.train=0.9", "--set", "prepare.validation=0"]) == 0
    assert "No photos fell into validation" in capsys.readouterr().err
    assert main([*words, "--set", "prepare.salt=test-14"]) == 0
    assert "fell into" not in capsys.readouterr().err
