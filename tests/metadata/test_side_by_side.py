"""Many photos at once: each keeps its outcome and its place, and none is in the way of another."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from geotagger.core.errors import ChangedOnDiskError, WriteRefusedError
from geotagger.metadata import (
    Journal,
    Overwrite,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    WriteRequest,
    WriteTarget,
    disk,
    read_photo,
    strip_fixes,
    write_fixes,
)
from geotagger.metadata.side_by_side import THREADS, files_of, side_by_side
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL, strays

ALL = WritePolicy(Overwrite.ALL)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Many photos in one folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [folder / f"{number:03}.jpg" for number in range(3 * THREADS)]
    for path in paths:
        path.write_bytes(samples.JPEGS["maker-note"]())
    return paths


def write_all(
    paths: list[Path], journal: Journal, policy: WritePolicy = ALL
) -> list[tuple[Path, WriteOutcome | Exception]]:
    requests = [WriteRequest(path, ESTIMATE) for path in paths]
    return list(write_fixes(requests, policy, journal, journal.begin_run("test")))


def test_all_are_written_and_come_back_in_the_order_given(photos: list[Path], journal: Journal) -> None:
    originals = {path: path.read_bytes() for path in photos}
    results = write_all(photos, journal)
    assert [path for path, _ in results] == photos
    for path, outcome in results:
        assert isinstance(outcome, WriteOutcome)
        assert outcome.target is WriteTarget.FILE
        assert read_photo(path).fix is not None
    assert journal.runs()[0].writes == len(photos)
    assert [outcome.error for outcome in journal.undo_run()] == [None] * len(photos)
    assert {path: path.read_bytes() for path in photos} == originals
    assert strays(photos[0].parent) == []


def test_stripping_and_undoing_many_gives_the_files_back(photos: list[Path], journal: Journal) -> None:
    write_all(photos, journal)
    written = {path: path.read_bytes() for path in photos}
    run = journal.begin_run("strip")
    for path, outcome in strip_fixes(photos, ALL, journal, run, estimates_only=True):
        assert isinstance(outcome, WriteOutcome), path
        assert read_photo(path).fix is None
    assert {outcome.error for outcome in journal.undo_run(run)} == {None}
    assert {path: path.read_bytes() for path in photos} == written


def test_one_that_fails_keeps_its_sentence_and_the_rest_goes_on(photos: list[Path], journal: Journal) -> None:
    photos[1].write_bytes(b"no photo at all")
    photos[4].unlink()
    if sys.platform != "win32":
        photos[7].chmod(0o444)
    bad = {1, 4, 7} if sys.platform != "win32" else {1, 4}
    results = write_all(photos, journal)
    assert {i for i, (_, outcome) in enumerate(results) if isinstance(outcome, Exception)} == bad
    assert "no longer there" in str(results[4][1])
    assert all(read_photo(p).fix is not None for i, p in enumerate(photos) if i not in bad)
    assert strays(photos[0].parent) == []


def test_one_that_changed_since_it_was_read_is_left_alone(photos: list[Path], journal: Journal) -> None:
    requests = [WriteRequest(path, ESTIMATE, read_photo(path).identity) for path in photos]
    changed = samples.JPEGS["thumbnail"]()
    photos[3].write_bytes(changed)
    results = list(write_fixes(requests, ALL, journal, journal.begin_run("test")))
    assert isinstance(results[3][1], ChangedOnDiskError)
    assert photos[3].read_bytes() == changed
    assert sum(isinstance(outcome, WriteOutcome) for _, outcome in results) == len(photos) - 1


def test_one_that_changes_while_others_are_written_is_left_alone(
    photos: list[Path], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = disk.compare

    def change_behind_our_back(path: Path, *rest: object) -> str:
        digest = compare(path, *rest)
        if path == photos[5]:
            path.write_bytes(b"another program was here")
        return digest

    monkeypatch.setattr(disk, "compare", change_behind_our_back)
    results = write_all(photos, journal)
    assert [path for path, outcome in results if isinstance(outcome, Exception)] == [photos[5]]
    assert photos[5].read_bytes() == b"another program was here"
    assert strays(photos[0].parent) == []


def test_a_folder_that_vanishes_takes_only_its_own_photos(tmp_path: Path, journal: Journal) -> None:
    here, gone = tmp_path / "here", tmp_path / "gone"
    paths = []
    for number in range(2 * THREADS):
        path = (gone if number % 2 else here) / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(samples.jpeg())
        paths.append(path)
    requests = [WriteRequest(path, ESTIMATE) for path in paths]
    gone.rename(tmp_path / "unplugged")
    results = list(write_fixes(requests, ALL, journal, journal.begin_run("test")))
    assert [isinstance(outcome, Exception) for _, outcome in results] == [False, True] * THREADS


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_names_of_one_file_are_written_one_after_the_other(tmp_path: Path, journal: Journal) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo, hard, soft = folder / "a.jpg", folder / "hard.jpg", folder / "soft.jpg"
    photo.write_bytes(samples.JPEGS["maker-note"]())
    original = photo.read_bytes()
    soft.symlink_to(photo)
    results = write_all([photo, soft, photo] * 5, journal)
    os.link(photo, hard)
    results += write_all([hard, photo, soft] * 5, journal)
    assert [outcome for _, outcome in results if isinstance(outcome, Exception)] == []
    while any(run.writes for run in journal.runs()):
        assert {outcome.error for outcome in journal.undo_run()} == {None}
    assert photo.read_bytes() == original
    assert soft.is_symlink()
    assert strays(folder) == []


def test_a_raw_file_and_its_jpeg_never_meet_in_a_sidecar(tmp_path: Path, journal: Journal) -> None:
    pairs = []
    for number in range(THREADS):
        for suffix in (".jpg", ".nef"):
            path = tmp_path / f"{number}{suffix}"
            path.write_bytes(samples.jpeg() if suffix == ".jpg" else samples.READ_ONLY["photo.nef"]())
            pairs.append(path)
    results = write_all(pairs, journal, WritePolicy(Overwrite.ALL, SidecarMode.ALWAYS))
    assert [outcome for _, outcome in results if isinstance(outcome, Exception)] == []
    assert {f.name for f in tmp_path.glob("*.xmp")} == {f"{path.name}.xmp" for path in pairs}


def test_when_the_results_are_not_asked_for_any_more_what_was_begun_is_finished(
    photos: list[Path], journal: Journal
) -> None:
    originals = {path: path.read_bytes() for path in photos}
    asked = 0

    def requests() -> Iterator[WriteRequest]:
        nonlocal asked
        for path in photos:
            asked += 1
            yield WriteRequest(path, ESTIMATE)

    run = journal.begin_run("test")
    results = write_fixes(requests(), ALL, journal, run)
    next(results)
    results.close()
    assert asked < len(photos)
    written = [path for path in photos if read_photo(path).fix is not None]
    assert len(written) == journal.runs()[0].writes
    assert all(path.read_bytes() == originals[path] for path in photos if path not in written)
    assert strays(photos[0].parent) == []


def held_up(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Events: the first is set when a write is about to take its place, which waits for the second."""
    begun, go_on = threading.Event(), threading.Event()
    take_place = disk.take_place

    def wait(helper: Path, real: Path) -> None:
        begun.set()
        assert go_on.wait(20)
        take_place(helper, real)

    monkeypatch.setattr(disk, "take_place", wait)
    return begun, go_on


def test_closing_the_journal_waits_for_the_writes_that_go_on(
    photos: list[Path], tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = held_up(monkeypatch)
    writing = threading.Thread(target=write_all, args=(photos[:1], journal))
    writing.start()
    assert begun.wait(20)
    closing = threading.Thread(target=journal.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    go_on.set()
    closing.join(20)
    writing.join(20)
    with sqlite3.connect(tmp_path / "journal" / "geotagger.sqlite3") as db:
        assert db.execute("SELECT state FROM journal_writes").fetchall() == [("done",)]
    db.close()


def test_no_write_begins_while_the_journal_is_being_closed(
    photos: list[Path], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photos[1].read_bytes()
    begun, go_on = held_up(monkeypatch)
    run = journal.begin_run("test")
    writing = threading.Thread(target=write_all, args=(photos[:1], journal))
    writing.start()
    assert begun.wait(20)
    closing = threading.Thread(target=journal.close)
    closing.start()
    closing.join(0.05)
    late = write_fixes([WriteRequest(photos[1], ESTIMATE)], ALL, journal, run)
    assert [type(result) for _, result in late] == [WriteRefusedError]
    go_on.set()
    closing.join(20)
    writing.join(20)
    assert read_photo(photos[0]).fix is not None
    assert photos[1].read_bytes() == original


def test_an_interrupt_leaves_no_temporary_files_when_the_journal_is_closed(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "other" / "geotagger.sqlite3"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "take_place", interrupted)
    with pytest.raises(KeyboardInterrupt), Journal(database) as journal:
        write_all(photos[:3], journal)
    assert strays(photos[0].parent) == []
    assert all(read_photo(path).fix is None for path in photos)


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_only_photos_that_may_touch_the_same_files_wait_for_each_other(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.symlink_to(folder)
    photo = folder / "a.jpg"
    photo.write_bytes(samples.jpeg())
    (folder / "soft.jpg").symlink_to(photo)
    os.link(photo, folder / "hard.jpg")
    (folder / "b.jpg").write_bytes(samples.jpeg())
    for name in ("a.jpg", "A.JPG", "a.nef", "soft.jpg", "hard.jpg"):
        assert files_of(photo) & files_of(folder / name), name
        assert files_of(photo) & files_of(elsewhere / name), name
    # a.jpg.xmp can be about either of them.
    assert files_of(photo) & files_of(folder / "a.jpg.jpg")
    assert not files_of(photo) & files_of(folder / "b.jpg")
    assert not files_of(photo) & files_of(tmp_path / "a.jpg")


def test_what_did_not_fit_beside_the_others_is_tried_alone(tmp_path: Path) -> None:
    attempts: dict[str, int] = {}

    def work(name: str) -> str:
        attempts[name] = attempts.get(name, 0) + 1
        if name == "2.jpg" and attempts[name] == 1:
            full = WriteRefusedError(tmp_path / name, "There is not enough room on the disk.")
            raise full from OSError(errno.ENOSPC, "full")
        return name

    names = [f"{number}.jpg" for number in range(5)]
    results = list(side_by_side((tmp_path / name, lambda name=name: work(name)) for name in names))
    assert [result for _, result in results] == names
    assert attempts == dict.fromkeys(names, 1) | {"2.jpg": 2}


def test_a_disk_with_room_for_one_at_a_time_takes_all(small_disk: Path, journal: Journal) -> None:
    photos = [small_disk / f"{number}.jpg" for number in range(4)]
    for photo in photos:
        photo.write_bytes(samples.JPEGS["thumbnail"]() + bytes(120_000))
    status = os.statvfs(small_disk)
    free = status.f_bavail * status.f_frsize
    (small_disk / "filling").write_bytes(bytes(free - 280_000))
    results = write_all(photos, journal)
    assert [outcome for _, outcome in results if isinstance(outcome, Exception)] == []
    assert all(read_photo(photo).fix is not None for photo in photos)
    assert strays(small_disk) == []


@pytest.mark.parametrize("room_bytes", [0, 60_000, 200_000])
def test_a_disk_that_fills_up_leaves_the_originals(
    small_disk: Path, journal: Journal, room_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the check beforehand, so that the writes themselves run into the full disk.
    monkeypatch.setattr(disk, "check_room", lambda *_: None)
    photos = [small_disk / f"{number}.jpg" for number in range(3)]
    for photo in photos:
        photo.write_bytes(samples.JPEGS["thumbnail"]() + bytes(220_000))
    originals = [photo.read_bytes() for photo in photos]
    status = os.statvfs(small_disk)
    free = status.f_bavail * status.f_frsize
    (small_disk / "filling").write_bytes(bytes(max(0, free - room_bytes)))
    results = write_all(photos, journal)
    assert all("not enough room" in str(outcome) for _, outcome in results)
    assert [photo.read_bytes() for photo in photos] == originals
    assert strays(small_disk) == []


def test_a_disk_that_stays_full_refuses_each(
    photos: list[Path], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = [path.read_bytes() for path in photos]

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=100_000, free=100))
    results = write_all(photos, journal)
    assert all("not enough room" in str(outcome) for _, outcome in results)
    assert [path.read_bytes() for path in photos] == originals
    assert strays(photos[0].parent) == []


def test_a_journal_that_cannot_be_written_refuses_each(photos: list[Path], journal: Journal) -> None:
    originals = [path.read_bytes() for path in photos]
    run = journal.begin_run("test")
    journal._db.execute("DROP TABLE journal_writes")
    results = list(write_fixes([WriteRequest(path, MANUAL) for path in photos], ALL, journal, run))
    assert all(isinstance(outcome, WriteRefusedError) for _, outcome in results)
    assert [path.read_bytes() for path in photos] == originals
    assert strays(photos[0].parent) == []
