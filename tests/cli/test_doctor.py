import json
import shutil
from dataclasses import replace
from importlib.metadata import version

import pytest

from geotagger import __version__
from geotagger.cli import doctor
from geotagger.core import paths
from geotagger.core.errors import ResourceError
from geotagger.core.paths import resource_path
from geotagger.core.settings import load_settings, save_settings
from geotagger.metadata import read_photo
from tests.images import save_photo
from tests.metadata import samples


def test_a_healthy_installation_passes_every_check(geotagger):
    done = geotagger("doctor", "--json")
    assert done.code == 0
    checks = {line["check"]: line for line in done.lines}
    assert {"regions", "map", "window", "model bundle", "device", "data folder"} <= set(checks)
    assert all(line["ok"] for line in checks.values())
    assert "hash verified" in checks["model bundle"]["detail"]


def test_what_is_wrong_is_named_with_its_remedy_and_the_rest_is_still_checked(geotagger, monkeypatch):
    def missing():
        raise ResourceError("The program's file regions is missing.")

    monkeypatch.setattr(doctor, "load_regions", missing)
    done = geotagger("doctor", "--json")
    assert done.code == 1
    checks = {line["check"]: line for line in done.lines}
    assert not checks["regions"]["ok"]
    assert checks["regions"]["remedy"].endswith(".")
    assert checks["map"]["ok"]


def test_version_names_program_model_torch_and_qt(geotagger):
    done = geotagger("version")
    assert done.code == 0
    lines = dict(line.split(" ", 1) for line in done.out.splitlines())
    assert lines["geotagger"] == __version__
    assert lines["model"].startswith("geotagger-")
    assert lines["torch"] == version("torch")
    assert lines["qt"] == version("PySide6")


def test_wrong_usage_ends_with_two(geotagger):
    assert geotagger("predict").code == 2
    assert geotagger("nonsense").code == 2
    assert geotagger("set", "nowhere", "a.jpg").code == 2


def test_a_bundle_of_ones_own_is_used_where_the_settings_name_its_folder(geotagger, tmp_path):
    own = shutil.copytree(resource_path("model"), tmp_path / "own")
    manifest = json.loads((own / "manifest.json").read_text())
    mine = f"mine-{manifest['id'].rpartition('-')[2]}"
    (own / "manifest.json").write_text(json.dumps(manifest | {"id": mine}))
    save_settings(replace(load_settings(), model_dir=str(own)))
    assert f"model {mine}" in geotagger("version").out
    photo = tmp_path / "a.jpg"
    save_photo(photo)
    (line,) = geotagger("predict", photo, "--no-context", "--json").lines
    assert line["model"] == mine
    save_settings(replace(load_settings(), model_dir=str(tmp_path / "none")))
    found = {line["check"]: line for line in geotagger("doctor", "--json").lines}
    assert f"no model bundle in {tmp_path / 'none'}" in found["model bundle"]["detail"]
    assert "in the settings, or none" in found["model bundle"]["remedy"]
    assert geotagger("predict", photo, "--no-context").code == 2


COMMANDS = (["show"], ["set", "1,2"], ["strip"], ["learn"], ["predict"], ["tag", "--write"])


@pytest.mark.parametrize("words", [*COMMANDS, ["undo"], ["forget", "x"], ["version"]], ids=" ".join)
@pytest.mark.parametrize("folder", ["DATA", "CONFIG"])
def test_a_folder_of_the_program_that_cannot_be_made_is_a_sentence_and_not_a_crash(
    geotagger, tmp_path, monkeypatch, folder, words
):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.JPEGS["camera-gps"]())
    monkeypatch.setenv(f"GEOTAGGER_{folder}_DIR", str(photo / "no folder"))
    done = geotagger(*words, *([photo] if words in COMMANDS else []))
    needs_it = folder == "DATA" and words[0] not in ("show", "version")
    # Without a gallery, the pictures and their neighbours still speak.
    goes_on = not needs_it or words == ["predict"]
    assert done.code == (0 if goes_on else 2) or words == ["undo"]
    assert ("GEOTAGGER_DATA_DIR" in done.err) == needs_it


def test_a_folder_that_cannot_be_made_is_named_by_the_doctor(geotagger, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    for name in ("DATA", "CONFIG", "CACHE", "LOG"):
        monkeypatch.setenv(f"GEOTAGGER_{name}_DIR", str(tmp_path / "file" / name))
    done = geotagger("doctor", "--json")
    assert done.code == 1
    wrong = {line["check"] for line in done.lines if not line["ok"]}
    journal = {"journal of writes", "interrupted writes"}
    assert wrong == journal | {"data folder", "settings folder", "cache folder", "log folder"}


def test_interrupted_writes_on_a_disk_that_is_away_are_told(geotagger, tmp_path, monkeypatch):
    photo = tmp_path / "stick" / "a.jpg"
    monkeypatch.setattr("geotagger.metadata.Journal.out_of_reach", lambda _: [photo])
    (line,) = [line for line in geotagger("doctor", "--json").lines if line["check"] == "interrupted writes"]
    assert line["ok"]
    assert str(photo) in line["detail"]


def test_a_damaged_journal_is_named_by_the_doctor_and_said_by_the_commands(geotagger, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.JPEGS["exif-little-endian"]())
    geotagger("set", "1,2", photo)
    database = paths.data_dir() / "geotagger.sqlite3"
    data = database.read_bytes()
    database.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    wrong = {line["check"]: line for line in geotagger("doctor", "--json").lines if not line["ok"]}
    assert "geotagger.sqlite3" in wrong["journal of writes"]["remedy"]
    for command in (["undo"], ["undo", "--list"], ["strip", photo]):
        done = geotagger(*command)
        assert done.code in (1, 2)
        assert "journal of writes" in done.err
    assert read_photo(photo).fix is not None
