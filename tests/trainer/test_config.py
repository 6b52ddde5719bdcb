"""Settings: TOML under assignments, unknown names refused, saved beside what was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from geotagger.core.errors import SettingsError
from trainer.config import Config, load_config


def test_assignments_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[train]\nepochs = 3\nbatch = 16\n[augment]\ncrop = 0.5\n[prepare]\nsplit = "random"\n')
    config = load_config(file, ["train.epochs=5", "train.bf16=false", "train.splits=train,test"])
    assert (config.train.epochs, config.train.batch) == (5, 16)
    assert config.train.bf16 is False
    assert config.train.splits == ("train", "test")
    assert (config.augment.crop, config.prepare.split) == (0.5, "random")


def test_resolved_settings_come_back(tmp_path: Path) -> None:
    config = load_config(None, ["train.body_rate=0.003", "augment.rotation_deg=5"])
    config.save(tmp_path / "config.json")
    assert Config.load_saved(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("train.epoch=3", "no setting train.epoch"),
        ("training.epochs=3", "not of the form"),
        ("train.epochs", "not of the form"),
        ("train.epochs=many", "cannot be"),
        ("train.bf16=perhaps", "cannot be"),
        ("train.sampling=odd", "balanced or plain"),
        ("train.batch=0", r"train\.batch must be at least 1, not 0"),
        ("train.threads=0", "at least 1"),
        ("train.threads=1e99", "cannot be"),
        ("train.threads=99999999999999999999", "at most 1024"),
        ("train.seed=-1", "at least 0"),
        ("train.seed=4294967296", "at most 4294967295, not 4294967296"),
        ("train.head_epochs=-1", "at least 0"),
        ("train.crop_px=8", "at least 32"),
        ("train.dropout=1", "at least 0 and at most 0.99, not 1"),
        ("train.target_km=0", "at least 1"),
        ("train.neighbour_scale=0", "at least 0.001"),
        ("train.discriminant_shrinkage=2", "at most 1"),
        ("train.discriminant_shrinkage=0", "at least 0.001"),
        ("train.body_rate=nan", "at least 0, not nan"),
        ("train.body_rate=inf", "at least 0, not inf"),
        ("train.network=geocnn", "original train"),
        ("prepare.train=nan", "must not be negative nor exceed 1"),
        ("prepare.split=half", "group or random"),
        ("prepare.train=0.99", "nor exceed 1 together"),
        ("prepare.shard_photos=0", "at least 1"),
        ("prepare.side_px=0", "at least 1"),
        ("prepare.cut_bottom_px=-1", "not negative"),
        ("augment.perspective=0.5", "below 0.5"),
        ("augment.flip=2", "probability"),
        ("augment.colour=nan", "not negative"),
        ("augment.rotation_deg=-3", "not negative"),
        ("augment.crop=0", "above 0"),
    ],
)
def test_mistakes_are_told(assignment: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_config(None, [assignment])


def test_broken_numbers_are_not_rounded(tmp_path: Path) -> None:
    for value in ("2.7", "true"):
        (tmp_path / "a.toml").write_text(f"[train]\nepochs = {value}\n")
        with pytest.raises(SettingsError, match=r"train\.epochs cannot be"):
            load_config(tmp_path / "a.toml", [])


def test_unreadable_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[train")
    (tmp_path / "old.toml").write_bytes('prepare.salt = "é"'.encode("latin-1"))
    for name in ("a.toml", "old.toml", "missing.toml"):
        with pytest.raises(SettingsError, match="cannot be read"):
            load_config(tmp_path / name, [])


def test_preparation_is_taken_from_the_data_though_its_other_sections_are_of_another_version(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.json").write_text('{"prepare": {"salt": "x"}, "train": {"device": "cpu"}}')
    config = load_config(None, ["train.epochs=3", "prepare.salt=y"])
    assert config.prepared_as(tmp_path) == load_config(None, ["train.epochs=3", "prepare.salt=x"])
    assert config.prepared_as(tmp_path / "without") == config


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"prepare": 3}', '{"prepare": {"colour": 1}}'])
def test_unreadable_preparation_of_the_data_names_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(SettingsError, match=r"prepared cannot be read from .*config\.json"):
        load_config(None, []).prepared_as(tmp_path)


def test_saved_settings_that_are_no_table_are_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(SettingsError, match="no table"):
        Config.load_saved(tmp_path / "config.json")
