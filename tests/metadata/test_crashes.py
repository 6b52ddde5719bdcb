"""The journal puts in order what a crash left behind, and keeps the copy of what it cannot mend."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geotagger.core.errors import PartlyWrittenError
from geotagger.metadata import (
    Journal,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    disk,
    in_place,
    read_photo,
    strip_fix,
)
from geotagger.metadata.edit import Edit, apply
from geotagger.metadata.journal import KeptCopy
from geotagger.metadata.source import Source
from tests.metadata.judging import ESTIMATE, strays

Write = Callable[..., WriteOutcome]
HARD_LINKS = pytest.mark.skipif(sys.platform == "win32", reason="hard links")


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it and clean up."""


def states(tmp_path: Path) -> list[str]:
    with sqlite3.connect(tmp_path / "journal" / "geotagger.sqlite3") as db:
        found = [row[0] for row in db.execute("SELECT state FROM journal_writes ORDER BY id")]
    db.close()
    return found


CRASHES = {
    "before the copy": ("made", False, "old"),
    "after the copy": ("compare", True, "old"),
    "before it takes its place": ("take_place", False, "old"),
    "after it took its place": ("take_place", True, "new"),
}


@pytest.mark.parametrize("moment", CRASHES)
def test_a_crash_leaves_the_old_or_the_new_file_and_the_journal_knows_which(
    moment: str, photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, afterwards, expected = CRASHES[moment]
    original = photo.read_bytes()
    real = getattr(disk, name)

    def crash(*arguments: object) -> None:
        if afterwards:
            real(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(disk, name, crash)
        with pytest.raises(Killed):
            write(photo)
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert strays(photo.parent) == []
        if expected == "old":
            assert photo.read_bytes() == original
            assert states(tmp_path) == ["failed"]
            assert again.runs() == []
        else:
            assert read_photo(photo).fix is not None
            assert states(tmp_path) == ["done"]
            assert [o.error for o in again.undo_run()] == [None]
            assert photo.read_bytes() == original


@HARD_LINKS
def test_the_copy_stays_until_the_file_is_seen_to_be_brought_back(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.link(photo, photo.with_name("b.jpg"))
    original = photo.read_bytes()
    overwrite_bytes = in_place.overwrite_bytes

    def garble(*args: Any) -> None:
        overwrite_bytes(*args)
        patch.setattr(disk, "write_all", lambda fd, data: os.write(fd, bytes(len(data))))
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(in_place, "overwrite_bytes", garble)
        with pytest.raises(PartlyWrittenError):
            write(photo)
    (copy,) = strays(photo.parent)
    assert photo.with_name(copy).read_bytes() == original
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3"):
        assert photo.read_bytes() == original
        assert strays(photo.parent) == []


def interrupted_in_place(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch, written: int | None = None
) -> Path:
    """A hard-linked photo of which a killed write changed the first bytes; the copy that lies beside it."""
    os.link(photo, photo.parent.parent / "other name.jpg")

    def half(real: Path, original: Source, edit: Edit) -> None:
        data = apply(original.read(0, original.size), edit)[:written]
        with real.open("r+b") as file:
            file.write(data)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(in_place, "overwrite_bytes", half)
        patch.setattr(in_place, "restore_from", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            write(photo)
    (copy,) = strays(photo.parent)
    return photo.with_name(copy)


@HARD_LINKS
@pytest.mark.parametrize("written", [40, 400, 700])
def test_a_file_overwritten_in_part_is_brought_back(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    original = photo.read_bytes()
    interrupted_in_place(photo, write, monkeypatch, written)
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert photo.read_bytes() == original
        assert again.kept_copies() == []
    assert strays(photo.parent) == []
    assert states(tmp_path) == ["failed"]


@HARD_LINKS
def test_a_file_overwritten_to_the_end_counts_as_written(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo.read_bytes()
    interrupted_in_place(photo, write, monkeypatch)
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert strays(photo.parent) == []
        assert photo.read_bytes() != original
        assert [outcome.error for outcome in again.undo_run()] == [None]
    assert photo.read_bytes() == original


def test_relative_paths_can_be_undone_from_another_folder(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    sidecar = write(Path("a.jpg"), ESTIMATE, sidecar=SidecarMode.ALWAYS).written_to
    assert sidecar == Path("a.jpg.xmp")
    strip_fix(Path("a.jpg"), WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert photo.with_name("a.jpg.xmp").exists()
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert [f.name for f in photo.parent.iterdir()] == ["a.jpg"]
    assert list(elsewhere.iterdir()) == []


@HARD_LINKS
def test_a_copy_that_no_longer_fits_is_kept_and_named(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = interrupted_in_place(photo, write, monkeypatch, 700)
    torn, damaged = photo.read_bytes(), copy.read_bytes()[:-1] + b"?"
    copy.write_bytes(damaged)
    journal.close()
    for _ in range(2):
        with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
            assert again.kept_copies() == [KeptCopy(photo, copy)]
    assert (photo.read_bytes(), copy.read_bytes()) == (torn, damaged)
    assert states(tmp_path) == ["kept"]
    copy.unlink()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert again.kept_copies() == []


@HARD_LINKS
def test_a_kept_copy_in_a_folder_that_cannot_be_reached_keeps_no_command_from_running(
    photo: Path, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "journal" / "geotagger.sqlite3") as db:
        db.execute(
            "INSERT INTO journal_writes (run_id, photo, target, operation, edit, helper, in_place, state, at)"
            " VALUES (1, ?, ?, 'edit', x'', ?, 1, 'kept', '')",
            [str(photo)] * 3,
        )
    db.close()
    assert [kept.copy for kept in journal.kept_copies()] == [photo]
    real = os.stat

    def gone(path: Any, *words: Any, **named: Any) -> os.stat_result:
        if path == photo:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *words, **named)

    monkeypatch.setattr(os, "stat", gone)
    assert journal.kept_copies() == []


def test_what_another_program_made_of_an_interrupted_file_is_not_overwritten(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo.read_bytes()
    copy = interrupted_in_place(photo, write, monkeypatch, 700)
    photo.write_bytes(b"retouched by another program" + original)
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert again.kept_copies() == [KeptCopy(photo, copy)]
    assert photo.read_bytes() == b"retouched by another program" + original
    assert copy.read_bytes() == original


@HARD_LINKS
def test_the_copy_of_an_interrupted_file_that_is_gone_is_kept(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo.read_bytes()
    copy = interrupted_in_place(photo, write, monkeypatch, 700)
    photo.unlink()
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert again.kept_copies() == [KeptCopy(photo, copy)]
    assert copy.read_bytes() == original


@HARD_LINKS
def test_a_file_that_cannot_be_brought_back_is_said_to_be_damaged_with_its_copy(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.link(photo, photo.parent.parent / "other name.jpg")
    original = photo.read_bytes()

    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(in_place, "overwrite_bytes", broken)
        patch.setattr(in_place, "restore_from", broken)
        with pytest.raises(PartlyWrittenError, match="could not be brought back") as caught:
            write(photo)
    (copy,) = strays(photo.parent)
    assert str(photo.with_name(copy)) in caught.value.reason
    assert photo.with_name(copy).read_bytes() == original


@HARD_LINKS
def test_a_copy_that_cannot_be_deleted_does_not_make_the_write_fail(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.link(photo, photo.parent.parent / "other name.jpg")

    def held(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "a virus scanner holds it")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", held)
        assert write(photo).written_to == photo
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3"):
        assert strays(photo.parent) == []
        assert states(tmp_path) == ["done"]


def test_a_running_write_of_another_process_is_not_taken_for_a_crash(
    photo: Path, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = disk.take_place
    found = []

    def meanwhile(helper: Path, target: Path) -> None:
        with Journal(tmp_path / "journal" / "geotagger.sqlite3") as other:
            found.append((other.recover(), helper.exists()))
        real(helper, target)

    monkeypatch.setattr(disk, "take_place", meanwhile)
    write(photo)
    assert found == [(0, True)]
    assert read_photo(photo).fix is not None


def test_a_write_whose_disk_is_away_is_settled_later(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(disk, "take_place", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            write(photo)
    journal.close()
    away = photo.parent.rename(tmp_path / "unplugged")
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert states(tmp_path) == ["prepared"]
        assert again.out_of_reach() == [photo]
    away.rename(photo.parent)
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert states(tmp_path) == ["failed"]
        assert again.out_of_reach() == []
    assert strays(photo.parent) == []


def test_a_network_folder_that_is_gone_does_not_keep_the_journal_from_opening(
    photo: Path, tmp_path: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Path) -> bool:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "take_place", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            write(photo)
    journal.close()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_dir", gone)
        # ``mkdir`` asks it, too, where the folder of the journal is there already.
        patch.setattr(Path, "mkdir", lambda *_, **__: None)
        Journal(tmp_path / "journal" / "geotagger.sqlite3").close()
    assert states(tmp_path) == ["prepared"]
    Journal(tmp_path / "journal" / "geotagger.sqlite3").close()
    assert states(tmp_path) == ["failed"]
