from importlib.metadata import version

from geotagger import __version__
from geotagger.cli import doctor
from geotagger.core.errors import ResourceError


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
