import json
import shutil
from dataclasses import replace
from importlib.metadata import version

from geotagger import __version__
from geotagger.cli import doctor
from geotagger.core.errors import ResourceError
from geotagger.core.paths import resource_path
from geotagger.core.settings import load_settings, save_settings
from tests.images import save_photo


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
