import os
import sys
from pathlib import Path

import pytest

from geotagger.core import paths
from geotagger.core.errors import ResourceError, UserFolderError


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


@pytest.mark.parametrize("name", ["data", "config", "cache", "log"])
def test_a_user_folder_that_cannot_be_made_is_a_sentence_that_names_it(tmp_path, monkeypatch, name):
    (tmp_path / "file").write_bytes(b"in the way")
    monkeypatch.setenv(f"GEOTAGGER_{name.upper()}_DIR", str(tmp_path / "file" / name))
    with pytest.raises(UserFolderError) as raised:
        getattr(paths, f"{name}_dir")()
    assert str(tmp_path / "file" / name) in str(raised.value)
    assert f"GEOTAGGER_{name.upper()}_DIR" in str(raised.value)


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


def test_files_that_belong_together_are_replaced_together_or_not_at_all(tmp_path, monkeypatch):
    old = {tmp_path / "weights": b"old weights", tmp_path / "manifest": b"old manifest"}
    paths.replace_files(old)
    flush, flushed = os.fsync, []

    def full_at_the_second(descriptor):
        flushed.append(descriptor)
        if len(flushed) == 2:
            raise OSError(28, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr("os.fsync", full_at_the_second)
    with pytest.raises(OSError, match="No space left"):
        paths.replace_files(dict.fromkeys(old, b"new"))
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == old


@pytest.mark.parametrize("with_links", [True, False])
@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_where_one_of_several_files_cannot_take_its_place_all_old_ones_are_put_back(
    tmp_path, monkeypatch, fails_at, with_links
):
    old = {tmp_path / "weights": b"old weights", tmp_path / "manifest": b"old manifest"}
    paths.replace_files(old)
    replace, names = Path.replace, []

    def refused_at_one(self, target):
        names.append(target)
        if len(names) - 1 == fails_at:
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    def no_links(*_):
        raise OSError(95, "Operation not supported")

    if not with_links:
        monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(Path, "replace", refused_at_one)
    new = {tmp_path / "added": b"new", **dict.fromkeys(old, b"new")}
    with pytest.raises(PermissionError):
        paths.replace_files(new)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == old
    assert len(names) == fails_at + 1 + max(0, fails_at - 1)


def test_an_old_file_that_cannot_be_put_back_is_not_lost(tmp_path, monkeypatch):
    old = {tmp_path / "weights": b"old weights", tmp_path / "manifest": b"old manifest"}
    paths.replace_files(old)
    replace, names = Path.replace, []

    def broken_after_the_first(self, target):
        names.append(target)
        if len(names) > 1:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", broken_after_the_first)
    with pytest.raises(OSError, match="Input/output"):
        paths.replace_files(dict.fromkeys(old, b"new"))
    contents = {file.name.split(".")[0] + file.suffix: file.read_bytes() for file in tmp_path.iterdir()}
    assert contents == {"weights": b"new", "weights.old": b"old weights", "manifest": b"old manifest"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_files_of_the_user_are_for_the_user_alone(tmp_path):
    paths.replace_text(tmp_path / "places.json", "home")
    assert (tmp_path / "places.json").stat().st_mode & 0o777 == 0o600
    paths.replace_files({tmp_path / "weights": b""}, mode=0o640)
    assert (tmp_path / "weights").stat().st_mode & 0o777 == 0o640
