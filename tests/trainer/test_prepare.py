"""Preparing: nothing leaks between the splits, bad photos are named, and the same list gives the same bytes."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images import huge_png, landscape
from tests.trainer.small import save_list
from trainer.__main__ import main
from trainer.config import PrepareConfig, load_config
from trainer.prepare import prepare, split_of
from trainer.shards import DataError, ShardData


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


def test_same_list_gives_the_same_bytes(photo_list: Path, tmp_path: Path) -> None:
    config = load_config(None, [])
    first = prepare(photo_list, tmp_path / "a", config)
    second = prepare(photo_list, tmp_path / "b", config)
    assert first.list_hash == second.list_hash
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_broken_and_repeated_photos_are_left_out_and_named(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "good.jpg")
    (tmp_path / "same.jpg").write_bytes((tmp_path / "good.jpg").read_bytes())
    (tmp_path / "text.jpg").write_text("no photo")
    whole = io.BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(whole, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole.getvalue()[:3000])
    names = ["good.jpg", "same.jpg", "text.jpg", "cut.jpg", "missing.jpg"]
    rows = [{"file": n, "region": "CO", "lat": "", "lon": "", "photographer": "a"} for n in names]
    made = prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    assert [s.key for s in made.samples] == ["good.jpg"]
    assert [name for name, _ in made.refused] == names[1:]
    assert all(reason.endswith(".") for _, reason in made.refused)


def test_large_turned_and_transparent_pictures_become_small_upright_jpegs(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1200, 800), "blue").save(tmp_path / "big.jpg", exif=exif)
    Image.new("RGBA", (500, 300)).save(tmp_path / "clear.png")
    rows = [{"file": n, "region": "BC", "photographer": "a"} for n in ("big.jpg", "clear.png")]
    made = prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, ["prepare.side_px=300"]))
    data = ShardData(tmp_path / "out")
    assert [data.image(s).size for s in made.samples] == [(200, 300), (300, 180)]


def test_label_band_is_cut_off(tmp_path: Path) -> None:
    image = Image.new("RGB", (100, 100), "white")
    image.paste("black", (0, 80, 100, 100))
    image.save(tmp_path / "a.jpg", quality=95)
    rows = [{"file": "a.jpg", "region": "BC", "photographer": "a"}]
    prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, ["prepare.cut_bottom_px=22"]))
    data = ShardData(tmp_path / "out")
    picture = data.image(data.samples[0])
    assert picture.size == (100, 78)
    assert picture.convert("L").getextrema()[0] > 200


def test_no_usable_photo_is_told(tmp_path: Path) -> None:
    rows = [{"file": "missing.jpg", "region": "CO", "photographer": "a"}]
    with pytest.raises(DataError, match="None of the photos"):
        prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, []))


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
    made = prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
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
    made = prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
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
    made = prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    assert made.refused == (
        ("tagged.jpg", "The same picture is in the list already."),
        ("original.jpg", "The list holds another size of this picture already, by another photographer."),
    )
    # One photographer's photos stay together anyway, so that those of a burst may all be there.
    rows[2]["photographer"] = "a"
    again = prepare(save_list(tmp_path, rows), tmp_path / "out", load_config(None, []))
    assert [name for name, _ in again.refused] == ["tagged.jpg"]


def _with_exif(jpeg: bytes, exif: Image.Exif) -> bytes:
    block = exif.tobytes()
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def test_a_picture_that_is_all_label_band_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (100, 100), "white").save(tmp_path / "a.jpg")
    Image.new("RGB", (100, 60), "white").save(tmp_path / "b.jpg")
    rows = [{"file": name, "region": "BC", "photographer": "a"} for name in ("a.jpg", "b.jpg")]
    config = load_config(None, ["prepare.cut_bottom_px=60"])
    made = prepare(save_list(tmp_path, rows), tmp_path / "out", config)
    assert [s.key for s in made.samples] == ["a.jpg"]
    assert made.refused == (("b.jpg", "Without its label band nothing of the picture is left."),)


def test_splits_that_stay_empty_are_told_with_what_to_do(
    photo_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["prepare", str(photo_list), "--out", str(tmp_path)]
    assert main([*words, "--set", "prepare.train=0.9", "--set", "prepare.validation=0"]) == 0
    assert "No photos fell into validation" in capsys.readouterr().err
    assert main([*words, "--set", "prepare.salt=test-14"]) == 0
    assert "fell into" not in capsys.readouterr().err
