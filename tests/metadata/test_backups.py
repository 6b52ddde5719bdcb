"""Copies of originals, where the user wants them: the first original stays, and nothing is written without one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.core.errors import VerificationError, WriteRefusedError
from geotagger.metadata import (
    Journal,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    disk,
    plan_write,
)
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL

Write = Callable[..., WriteOutcome]


def test_a_garbled_backup_is_not_kept_and_the_photo_stays(
    photo: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo.read_bytes()
    write_all = disk.write_all

    def garble_once(fd: int, data: bytes) -> None:
        monkeypatch.setattr(disk, "write_all", write_all)
        os.write(fd, bytes(len(data)))

    monkeypatch.setattr(disk, "write_all", garble_once)
    with pytest.raises(VerificationError, match="read back"):
        write(photo, backup_dir=tmp_path / "backup")
    assert photo.read_bytes() == original
    assert not [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]


def test_backups_keep_the_first_original(photo: Path, write: Write, tmp_path: Path) -> None:
    original = photo.read_bytes()
    folder = tmp_path / "backups"
    write(photo, ESTIMATE, backup_dir=folder)
    write(photo, MANUAL, backup_dir=folder)
    kept = [file for file in folder.rglob("*") if file.is_file()]
    assert [file.name for file in kept] == ["a.jpg"]
    assert kept[0].read_bytes() == original
    assert photo.read_bytes() != original


def test_where_no_backup_can_be_made_nothing_is_written_and_the_folder_is_named(
    photo: Path, write: Write, tmp_path: Path
) -> None:
    original = photo.read_bytes()
    (tmp_path / "backups").write_bytes(b"a file, not a folder")
    with pytest.raises(WriteRefusedError, match=r"No copy of it can be kept in .*backups"):
        write(photo, backup_dir=tmp_path / "backups")
    assert photo.read_bytes() == original


def test_the_copies_of_originals_are_never_written_to(photo: Path, write: Write) -> None:
    folder = photo.parent / "backups"
    original = photo.read_bytes()
    write(photo, backup_dir=folder)
    (copy,) = folder.rglob("*.jpg")
    for mode in SidecarMode:
        with pytest.raises(WriteRefusedError, match="copies of originals"):
            write(copy, backup_dir=folder, sidecar=mode)
        with pytest.raises(WriteRefusedError, match="copies of originals"):
            plan_write(copy, ESTIMATE, WritePolicy(sidecar=mode, backup_dir=folder))
    assert copy.read_bytes() == original
    assert [file.name for file in copy.parent.iterdir()] == ["a.jpg"]


def test_a_backup_is_made_of_every_original_that_comes_to_lie_under_a_name(
    photo: Path, write: Write, tmp_path: Path, journal: Journal
) -> None:
    folder = tmp_path / "backups"
    originals = [samples.JPEGS[name]() for name in ("thumbnail", "maker-note", "camera-gps", "maker-note")]
    for original in originals:
        photo.write_bytes(original)
        write(photo, ESTIMATE, backup_dir=folder)
        write(photo, MANUAL, backup_dir=folder)
        assert [outcome.error for outcome in journal.undo_run()] == [None]
        write(photo, ESTIMATE, backup_dir=folder)
    kept = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert kept == dict(zip(["a.jpg", "a (2).jpg", "a (3).jpg"], originals, strict=False))


def test_the_copy_of_another_photo_of_the_name_does_not_stand_for_what_was_written_without_copies(
    photo: Path, write: Write, tmp_path: Path, journal: Journal
) -> None:
    folder = tmp_path / "backups"
    first, second, third = (samples.JPEGS[name]() for name in ("thumbnail", "maker-note", "camera-gps"))
    photo.write_bytes(first)
    write(photo, backup_dir=folder)
    photo.write_bytes(second)
    write(photo)
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    write(photo, backup_dir=folder)
    photo.write_bytes(third)
    write(photo)
    changed = photo.read_bytes()
    write(photo, MANUAL, backup_dir=folder)
    kept = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert kept == {"a.jpg": first, "a (2).jpg": second, "a (3).jpg": changed}


def test_no_copies_are_kept_of_sidecars_that_the_program_made(
    photo: Path, write: Write, tmp_path: Path, journal: Journal
) -> None:
    folder = tmp_path / "backups"
    policy = {"sidecar": SidecarMode.ALWAYS, "backup_dir": folder}
    for _ in range(2):
        write(photo, ESTIMATE, **policy)
        write(photo, MANUAL, **policy)
        write(photo, ESTIMATE, **policy)
        for _ in range(3):
            assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert [file.name for file in folder.rglob("*") if file.is_file()] == ["a.jpg.xmp"]
