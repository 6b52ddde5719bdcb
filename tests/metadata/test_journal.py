"""The journal takes writes back, run by run, and refuses what changed since; without it nothing is written."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.core.errors import WriteRefusedError
from geotagger.metadata import (
    Journal,
    JournalError,
    Overwrite,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    disk,
    in_place,
    open_journal,
    read_photo,
    strip_fix,
    write_fix,
)
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL, strays

Write = Callable[..., WriteOutcome]


def test_runs_are_listed_newest_first(photo: Path, write: Write, journal: Journal) -> None:
    write(photo, ESTIMATE)
    write(photo, MANUAL)
    runs = journal.runs()
    assert [run.writes for run in runs] == [1, 1]
    assert runs[0].id > runs[1].id
    assert runs[0].kind == "test"


def test_undo_without_a_number_goes_back_run_by_run(photo: Path, write: Write, journal: Journal) -> None:
    original = photo.read_bytes()
    write(photo, ESTIMATE)
    between = photo.read_bytes()
    write(photo, MANUAL)
    assert [o.error for o in journal.undo_run()] == [None]
    assert photo.read_bytes() == between
    assert [o.error for o in journal.undo_run()] == [None]
    assert photo.read_bytes() == original
    with pytest.raises(JournalError, match="nothing to undo"):
        list(journal.undo_run())


def test_undo_works_after_a_restart(photo: Path, tmp_path: Path, write: Write, journal: Journal) -> None:
    original = photo.read_bytes()
    write(photo)
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        assert [o.target for o in again.undo_run()] == [photo]
    assert photo.read_bytes() == original


def test_undo_refuses_a_file_that_changed_since(photo: Path, write: Write, journal: Journal) -> None:
    write(photo)
    photo.write_bytes(photo.read_bytes() + b"!")
    changed = photo.read_bytes()
    (outcome,) = journal.undo_run()
    assert outcome.error == "The file has changed since; it was left as it is."
    assert photo.read_bytes() == changed


def test_an_older_run_cannot_be_undone_before_a_newer_one(
    photo: Path, write: Write, journal: Journal
) -> None:
    write(photo, ESTIMATE)
    write(photo, MANUAL)
    newest = photo.read_bytes()
    oldest = journal.runs()[-1].id
    (outcome,) = journal.undo_run(oldest)
    assert outcome.error is not None
    assert photo.read_bytes() == newest


def test_undo_of_a_missing_file_says_so(photo: Path, write: Write, journal: Journal) -> None:
    write(photo)
    photo.unlink()
    (outcome,) = journal.undo_run()
    assert outcome.error == "The file is no longer there."


def test_undo_of_an_unknown_run_says_so(journal: Journal) -> None:
    with pytest.raises(JournalError, match="no run 77"):
        list(journal.undo_run(77))


def test_one_failure_does_not_stop_the_rest(tmp_path: Path, write: Write, journal: Journal) -> None:
    run = journal.begin_run("test")
    photos = []
    for name in "abc":
        path = tmp_path / f"{name}.jpg"
        path.write_bytes(samples.jpeg())
        write_fix(path, ESTIMATE, WritePolicy(Overwrite.ALL), journal, run)
        photos.append(path)
    photos[1].write_bytes(b"changed")
    outcomes = {o.path.name: o.error is None for o in journal.undo_run(run)}
    assert outcomes == {"a.jpg": True, "b.jpg": False, "c.jpg": True}
    assert journal.runs()[0].undone == 2


def test_undo_removes_a_sidecar_that_was_made_and_restores_one_that_was_removed(
    tmp_path: Path, write: Write, journal: Journal
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.REFUSED["afcp-trailer"]())
    sidecar = write(photo).written_to
    assert sidecar is not None
    made = sidecar.read_bytes()
    strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    assert not sidecar.exists()
    list(journal.undo_run())
    assert sidecar.read_bytes() == made
    list(journal.undo_run())
    assert not sidecar.exists()


@pytest.fixture
def written_with_sidecar(photo: Path, write: Write) -> tuple[Path, Path]:
    """A photo and its sidecar, after one run wrote into both."""
    sidecar = photo.with_name("a.jpg.xmp")
    sidecar.write_bytes(samples.xmp('exif:GPSLatitude="48,51.5022N" exif:GPSLongitude="2,17.67E"'))
    write(photo, MANUAL)
    return photo, sidecar


def changed_since(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b" ")


def test_a_photo_and_its_sidecar_are_taken_back_together(
    photo: Path, written_with_sidecar: tuple[Path, Path], journal: Journal
) -> None:
    _, sidecar = written_with_sidecar
    outcomes = list(journal.undo_run())
    assert {outcome.target: outcome.error for outcome in outcomes} == {photo: None, sidecar: None}
    assert photo.read_bytes() == samples.JPEGS["exif-little-endian"]()
    assert journal.runs()[0].undone == 2


@pytest.mark.parametrize("change", [changed_since, Path.unlink], ids=["changed", "gone"])
@pytest.mark.parametrize("which", [0, 1], ids=["photo", "sidecar"])
def test_neither_is_taken_back_where_one_of_them_cannot_be(
    written_with_sidecar: tuple[Path, Path], journal: Journal, which: int, change: Callable[[Path], None]
) -> None:
    refused, other = written_with_sidecar[which], written_with_sidecar[1 - which]
    before = other.read_bytes()
    change(refused)
    outcomes = {outcome.target: outcome.error or "" for outcome in journal.undo_run()}
    assert other.read_bytes() == before
    assert "changed since" in outcomes[refused] or "no longer there" in outcomes[refused]
    assert outcomes[other].startswith(f"It was left as it is, because {refused.name} cannot be taken back")
    assert journal.runs()[0].writes == 2


def test_what_was_taken_back_is_written_again_where_the_rest_then_fails(
    written_with_sidecar: tuple[Path, Path], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, sidecar = written_with_sidecar
    before = photo.read_bytes(), sidecar.read_bytes()
    take_place = disk.take_place

    def no_room_for_the_photo(helper: Path, real: Path) -> None:
        if real == photo:
            raise OSError(28, "No space left on device")
        take_place(helper, real)

    monkeypatch.setattr(disk, "take_place", no_room_for_the_photo)
    outcomes = {outcome.target: outcome.error or "" for outcome in journal.undo_run()}
    assert (photo.read_bytes(), sidecar.read_bytes()) == before
    assert outcomes[photo] == "There is not enough room on the disk."
    assert outcomes[sidecar].startswith("It was left as it is, because a.jpg cannot be taken back")
    assert (journal.runs()[0].writes, journal.runs()[0].undone) == (2, 0)
    assert strays(photo.parent) == []

    monkeypatch.undo()
    assert [outcome.error for outcome in journal.undo_run()] == [None, None]
    assert photo.read_bytes() == samples.JPEGS["exif-little-endian"]()


def test_what_can_neither_be_taken_back_nor_written_again_is_said(
    written_with_sidecar: tuple[Path, Path], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, sidecar = written_with_sidecar
    take_place, seen = disk.take_place, []

    def only_once(helper: Path, real: Path) -> None:
        seen.append(real)
        if (
            len(seen) % 3 != 1
        ):  # the first of three that an attempt makes; it is tried again, for want of room
            raise OSError(28, "No space left on device")
        take_place(helper, real)

    monkeypatch.setattr(disk, "take_place", only_once)
    outcomes = [outcome.error or "" for outcome in journal.undo_run()]
    assert all("could not be written again at once" in error for error in outcomes)
    assert seen == [sidecar, photo, sidecar]
    monkeypatch.undo()
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert photo.read_bytes() == samples.JPEGS["exif-little-endian"]()


@pytest.mark.skipif(sys.platform == "win32", reason="hard links")
def test_damage_is_said_of_the_file_that_has_it_alone(
    written_with_sidecar: tuple[Path, Path], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, sidecar = written_with_sidecar
    written = sidecar.read_bytes()
    os.link(photo, photo.parent.parent / "other name.jpg")

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(in_place, "overwrite_bytes", broken)
    monkeypatch.setattr(in_place, "restore_from", broken)
    outcomes = {outcome.target: outcome.error or "" for outcome in journal.undo_run()}
    assert outcomes[photo].startswith("Writing was cut short")
    assert outcomes[sidecar].startswith("It was left as it is, because a.jpg cannot be taken back with it")
    assert sidecar.read_bytes() == written


@pytest.mark.parametrize("work", ["write", "undo"])
def test_a_journal_is_not_closed_between_a_photo_and_its_sidecar(
    written_with_sidecar: tuple[Path, Path],
    write: Write,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    work: str,
) -> None:
    photo, sidecar = written_with_sidecar
    before = photo.read_bytes(), sidecar.read_bytes()
    leave, closing = journal._leave, threading.Thread(target=journal.close)

    def closed_behind_the_first() -> None:
        leave()
        if closing.ident is None:
            closing.start()
            with journal._writers_change:
                journal._writers_change.wait_for(lambda: journal._closing, timeout=5)

    monkeypatch.setattr(journal, "_leave", closed_behind_the_first)
    if work == "write":
        write(photo, ESTIMATE)
    else:
        assert [outcome.error for outcome in journal.undo_run()] == [None, None]
    closing.join()
    assert photo.read_bytes() != before[0]
    assert sidecar.read_bytes() != before[1]


@pytest.mark.parametrize("moment", ["before", "behind"])
def test_what_a_kill_left_half_taken_back_is_taken_back_next_time(
    written_with_sidecar: tuple[Path, Path],
    tmp_path: Path,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    class Killed(BaseException):
        """Stands for the end of the process."""

    photo, sidecar = written_with_sidecar
    take_place = disk.take_place

    def killed_at_the_photo(helper: Path, real: Path) -> None:
        if real == sidecar or moment == "behind":
            take_place(helper, real)
        if real == photo:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(disk, "take_place", killed_at_the_photo)
        with pytest.raises(Killed):
            list(journal.undo_run())
    journal.close()
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as again:
        if moment == "before":
            assert [(outcome.target, outcome.error) for outcome in again.undo_run()] == [(photo, None)]
        assert (again.runs()[0].writes, again.runs()[0].undone) == (0, 2)
    assert photo.read_bytes() == samples.JPEGS["exif-little-endian"]()
    assert b"48,51.5022N" in sidecar.read_bytes()
    assert strays(photo.parent) == []


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no Unicode")
def test_names_that_are_no_unicode_can_be_written_and_undone(
    photo: Path, write: Write, journal: Journal
) -> None:
    strange = photo.rename(photo.parent / os.fsdecode(b"caf\xe9.jpg"))
    original = strange.read_bytes()
    write(strange)
    write(strange, sidecar=SidecarMode.ALWAYS)
    assert read_photo(strange).fix_from_sidecar
    for _ in range(2):
        assert [o.error for o in journal.undo_run()] == [None]
    assert strange.read_bytes() == original


def test_the_before_image_holds_only_what_was_replaced(photo: Path, tmp_path: Path, write: Write) -> None:
    photo.write_bytes(photo.read_bytes() + bytes(5_000_000))
    write(photo)
    with sqlite3.connect(tmp_path / "journal" / "geotagger.sqlite3") as db:
        (size,) = db.execute("SELECT LENGTH(edit) FROM journal_writes").fetchone()
    db.close()
    assert size < 3_000


def test_a_damaged_database_gives_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "geotagger.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalError, match="journal of writes cannot be used"):
        Journal(path)


def test_the_users_journal_lies_in_the_data_folder(user_folders: Path) -> None:
    with open_journal() as journal:
        assert journal.runs() == []
    assert (user_folders / "data" / "geotagger.sqlite3").is_file()


def test_without_its_note_nothing_is_written(photo: Path, write: Write, journal: Journal) -> None:
    original = photo.read_bytes()
    journal._db.close()
    with pytest.raises(JournalError, match="cannot be used"):
        journal.begin_run("test")
    with pytest.raises(WriteRefusedError, match="journal of writes cannot be written"):
        write_fix(photo, ESTIMATE, WritePolicy(Overwrite.ALL), journal, 1)
    assert photo.read_bytes() == original
    assert strays(photo.parent) == []


def test_a_journal_that_fills_its_disk_in_mid_write_leaves_the_original(
    photo: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo.read_bytes()
    compare = disk.compare

    def then_full(*arguments: object) -> str:
        journal._db.execute("PRAGMA max_page_count=1")
        journal._db.execute("DROP TABLE journal_writes")
        return compare(*arguments)

    monkeypatch.setattr(disk, "compare", then_full)
    with pytest.raises(WriteRefusedError, match="journal of writes cannot be written"):
        write(photo)
    assert photo.read_bytes() == original
    assert strays(photo.parent) == []


def garbled(database: Path, page: int) -> None:
    """Fill a page of a closed database with what it cannot hold."""
    data = bytearray(database.read_bytes())
    data[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    database.write_bytes(data)


@pytest.mark.parametrize("page", range(1, 6))
def test_a_damaged_journal_is_said_in_a_sentence_and_no_photo_is_touched(
    photo: Path, write: Write, tmp_path: Path, journal: Journal, page: int
) -> None:
    write(photo)
    written = photo.read_bytes()
    journal.close()
    database = tmp_path / "journal" / "geotagger.sqlite3"
    garbled(database, page)
    with pytest.raises(JournalError, match="journal of writes"), Journal(database) as again:
        again.check()
    for use in (Journal.runs, lambda it: list(it.undo_run()), Journal.kept_copies, Journal.out_of_reach):
        with contextlib.suppress(JournalError), Journal(database) as again:
            use(again)
    assert photo.read_bytes() in (written, samples.JPEGS["exif-little-endian"]())
    assert strays(photo.parent) == []


def test_an_entry_that_is_no_edit_is_said_in_a_sentence(
    photo: Path, write: Write, tmp_path: Path, journal: Journal
) -> None:
    write(photo)
    written = photo.read_bytes()
    journal._db.execute("UPDATE journal_writes SET edit = X'0102'")
    with pytest.raises(JournalError, match="not a packed edit"):
        list(journal.undo_run())
    journal._db.execute("UPDATE journal_writes SET state = 'prepared'")
    journal.close()
    with pytest.raises(JournalError, match="not a packed edit"):
        Journal(tmp_path / "journal" / "geotagger.sqlite3")
    assert photo.read_bytes() == written
