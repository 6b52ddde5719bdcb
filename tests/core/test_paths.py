import sys
from pathlib import Path

import pytest

from geotagger.core import paths
from geotagger.core.errors import ResourceError


def test_resources_of_the_tree_are_found():
    assert paths.resource_path("regions").is_dir()


def test_a_frozen_program_has_its_resources_beside_it(tmp_path, monkeypatch):
    (tmp_path / "resources" / "map").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    paths._resource_root.cache_clear()
    try:
        assert paths.resource_path("map") == tmp_path / "resources" / "map"
    finally:
        paths._resource_root.cache_clear()


def test_a_missing_resource_is_a_sentence_that_names_it():
    with pytest.raises(ResourceError, match=r"file regions/nothing\.json is missing"):
        paths.resource_path("regions", "nothing.json")


@pytest.mark.parametrize("name", ["data", "config", "cache", "log"])
def test_user_folders_are_made_where_the_environment_says(tmp_path, monkeypatch, name):
    monkeypatch.setenv(f"GEOTAGGER_{name.upper()}_DIR", str(tmp_path / "a" / name))
    folder: Path = getattr(paths, f"{name}_dir")()
    assert folder == tmp_path / "a" / name
    assert folder.is_dir()


def test_a_file_that_cannot_be_replaced_stays_and_leaves_nothing_beside_it(tmp_path, monkeypatch):
    file = tmp_path / "places.json"
    paths.replace_text(file, "old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        paths.replace_text(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
