import logging
from dataclasses import fields, replace
from pathlib import Path

import pytest

from geotagger.core.coordinates import Notation
from geotagger.core.errors import SettingsError
from geotagger.core.settings import (
    Device,
    Settings,
    Theme,
    load_settings,
    model_folder,
    read_settings,
    save_settings,
    settings_file,
)


def test_without_a_file_the_defaults_hold():
    assert load_settings() == Settings()


def test_what_was_saved_is_loaded():
    settings = replace(
        Settings(),
        theme=Theme.DARK,
        notation=Notation.DEGREES_MINUTES,
        accept_threshold=0.75,
        backup_dir='C:\\x "é"',
    )
    save_settings(settings)
    assert load_settings() == settings
    assert [path.name for path in settings_file().parent.iterdir()] == ["settings.toml"]


def test_a_damaged_file_is_set_aside_and_the_program_starts(caplog):
    settings_file().write_text("theme = [", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert load_settings() == Settings()
    assert "is damaged" in caplog.text
    assert settings_file().with_name("settings.toml.damaged").read_text() == "theme = ["


def test_a_file_that_cannot_be_read_just_now_is_left_alone(caplog):
    save_settings(replace(Settings(), theme=Theme.DARK))
    kept = settings_file().rename(settings_file().with_name("aside"))
    settings_file().mkdir()  # refuses to be read for everybody, also for who may do everything
    with caplog.at_level(logging.WARNING):
        assert load_settings() == Settings()
    assert "could not be read" in caplog.text
    with pytest.raises(SettingsError, match=r"settings\.toml could not be read"):
        read_settings()
    settings_file().rmdir()
    kept.rename(settings_file())
    assert read_settings().theme is Theme.DARK, "the drive is back"
    assert [path.name for path in settings_file().parent.iterdir()] == ["settings.toml"]


def test_one_wrong_value_does_not_lose_the_others(caplog):
    settings_file().write_text('theme = "purple"\ndevice = "cpu"\nfrom_the_future = 1\n', encoding="utf-8")
    settings = load_settings()
    assert settings.theme is Theme.SYSTEM
    assert settings.device is Device.CPU
    assert "purple" in caplog.text


@pytest.mark.parametrize(
    "change", [{"accept_threshold": 1.5}, {"accept_threshold": "high"}, {"device": "tpu"}, {"backup_dir": 3}]
)
def test_wrong_values_are_refused_with_a_sentence(change):
    with pytest.raises(SettingsError) as caught:
        replace(Settings(), **change)
    assert str(caught.value).endswith(".")


def test_a_model_folder_may_be_below_the_home_folder_of_somebody():
    assert model_folder(Settings()) is None
    assert model_folder(Settings(model_dir="~/own")) == Path.home() / "own"
    assert model_folder(Settings(model_dir="~nobody-of-this-name/own")) == Path("~nobody-of-this-name/own")


def test_every_setting_has_a_group_and_a_sentence():
    for declared in fields(Settings):
        assert declared.metadata["group"] in {"window", "model", "evidence", "writing", "map"}
        assert declared.metadata["sentence"].endswith(".")


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="could not be saved"):
        save_settings(Settings(), tmp_path / "file" / "settings.toml")
