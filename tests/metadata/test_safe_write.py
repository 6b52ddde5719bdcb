"""Files stay as they were when a write goes wrong, and as others made them when they changed in the meantime."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from geotagger.core.errors import ChangedOnDiskError, VerificationError, WriteRefusedError
from geotagger.metadata import (
    Journal,
    Overwrite,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    disk,
    read_photo,
    safe_write,
    write_fix,
)
from geotagger.metadata.edit import Splice
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL, others

Write = Callable[..., WriteOutcome]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")


@POSIX
def test_a_read_only_file_is_reported_and_left_alone(photo: Path, write: Write) -> None:
    photo.chmod(0o444)
    original = photo.read_bytes()
    with pytest.raises(WriteRefusedError, match="read-only"):
        write(photo)
    assert photo.read_bytes() == original
    assert stat.S_IMODE(photo.stat().st_mode) == 0o444
    assert others(photo) == []


def test_a_photo_that_changed_since_it_was_read_is_left_alone(photo: Path, journal: Journal) -> None:
    identity = read_photo(photo).identity
    changed = samples.JPEGS["thumbnail"]()
    photo.write_bytes(changed)
    with pytest.raises(ChangedOnDiskError, match="since it was read"):
        write_fix(photo, ESTIMATE, WritePolicy(), journal, journal.begin_run("test"), expected=identity)
    assert photo.read_bytes() == changed


def test_a_change_of_the_same_size_and_time_is_noticed(photo: Path, journal: Journal) -> None:
    identity, status = read_photo(photo).identity, photo.stat()
    photo.write_bytes(photo.read_bytes().replace(b"Testcam T1", b"Testcam T2"))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ChangedOnDiskError):
        write_fix(photo, ESTIMATE, WritePolicy(), journal, journal.begin_run("test"), expected=identity)


def test_a_change_during_the_write_is_noticed(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = disk.compare

    def change_behind_our_back(*arguments: object) -> str:
        digest = compare(*arguments)
        photo.write_bytes(b"another program was here")
        return digest

    monkeypatch.setattr(disk, "compare", change_behind_our_back)
    with pytest.raises(ChangedOnDiskError, match="in the meantime"):
        write(photo)
    assert photo.read_bytes() == b"another program was here"
    assert others(photo) == []


@POSIX
def test_two_writers_of_one_file_do_not_overtake_each_other(
    photo: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_place = disk.take_place
    second = []

    def meanwhile(helper: Path, real: Path) -> None:
        monkeypatch.setattr(disk, "take_place", take_place)
        with Journal(tmp_path / "other journal.sqlite3") as journal:
            try:
                write_fix(photo, MANUAL, WritePolicy(Overwrite.ALL), journal, journal.begin_run("other"))
            except ChangedOnDiskError as error:
                second.append(error.reason)
        take_place(helper, real)

    monkeypatch.setattr(disk, "take_place", meanwhile)
    write(photo, ESTIMATE)
    assert second == ["Another run is changing this file at this moment."]
    fix = read_photo(photo).fix
    assert fix is not None
    assert fix.source is ESTIMATE.source
    assert others(photo) == []


def test_an_edit_for_other_bytes_is_refused(photo: Path, journal: Journal) -> None:
    original = photo.read_bytes()
    with journal.record(journal.begin_run("test"), photo) as record, pytest.raises(ChangedOnDiskError):
        safe_write.write_edit(photo, (Splice(2, b"not what is there", b""),), record)
    assert photo.read_bytes() == original


def test_a_disk_that_garbles_is_noticed(photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    original = photo.read_bytes()
    monkeypatch.setattr(disk, "write_all", lambda fd, data: os.write(fd, bytes(len(data))))
    with pytest.raises(VerificationError, match="read back"):
        write(photo)
    assert photo.read_bytes() == original
    assert others(photo) == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "not enough room"),
        (errno.EIO, "reported an error"),
        (errno.ESTALE, "network folder"),
        (errno.EACCES, "no permission to write in this folder"),
        (errno.EROFS, "read-only"),
        (errno.ENOENT, "no longer there"),
    ],
    ids=["full", "broken", "share-gone", "no-rights", "read-only-disk", "folder-gone"],
)
@pytest.mark.parametrize("hard_link", [False, True], ids=["replaced", "in-place"])
def test_an_error_while_writing_leaves_the_original(
    photo: Path,
    write: Write,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    sentence: str,
    hard_link: bool,
) -> None:
    if hard_link:
        os.link(photo, photo.with_name("b.jpg"))
    original = photo.read_bytes()
    calls = []

    def fail(fd: int, data: bytes) -> None:
        calls.append(fd)
        if len(calls) == 1 + hard_link:
            os.write(fd, data[: len(data) // 2])
            raise OSError(code, os.strerror(code))
        os.write(fd, data)

    monkeypatch.setattr(disk, "write_all", fail)
    with pytest.raises(WriteRefusedError, match=sentence):
        write(photo)
    assert photo.read_bytes() == original
    assert others(photo) == (["b.jpg"] if hard_link else [])
    assert journal.runs() == []


def test_too_little_room_is_refused_beforehand(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=100_000, free=100))
    with pytest.raises(WriteRefusedError, match="not enough room"):
        write(photo)
    assert others(photo) == []


def test_a_vanished_folder_gives_a_sentence(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = safe_write._check_writable

    def vanish(*arguments: object) -> None:
        check(*arguments)
        shutil.rmtree(photo.parent)

    monkeypatch.setattr(safe_write, "_check_writable", vanish)
    with pytest.raises(WriteRefusedError, match="no longer there"):
        write(photo)


def test_a_new_sidecar_never_replaces_a_file_that_has_just_appeared(
    photo: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = photo.with_name("a.jpg.xmp")
    appear = disk.appear

    def too_late(path: Path, helper: Path) -> bool:
        path.write_bytes(b"another program was faster")
        return appear(path, helper)

    monkeypatch.setattr(disk, "appear", too_late)
    with journal.record(journal.begin_run("test"), photo) as record, pytest.raises(ChangedOnDiskError):
        safe_write.create(sidecar, b"ours", record)
    assert sidecar.read_bytes() == b"another program was faster"
    assert others(photo) == ["a.jpg.xmp"]


def test_a_new_sidecar_counts_as_written_where_its_temporary_name_stays_for_a_moment(
    photo: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "a scanner holds it", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", held)
        assert write(photo, sidecar=SidecarMode.ALWAYS).written_to == photo.with_name("a.jpg.xmp")
    assert len(others(photo)) == 2
    assert journal.recover() == 1
    assert others(photo) == ["a.jpg.xmp"]
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert others(photo) == []


def test_sidecars_are_made_where_there_are_no_hard_links(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links on FAT")

    monkeypatch.setattr(os, "link", unsupported)
    assert write(photo, sidecar=SidecarMode.ALWAYS).written_to == photo.with_name("a.jpg.xmp")
    assert others(photo) == ["a.jpg.xmp"]


def test_a_garbled_sidecar_is_not_kept(photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "write_all", lambda fd, data: os.write(fd, bytes(len(data))))
    with pytest.raises(VerificationError, match="read back"):
        write(photo, sidecar=SidecarMode.ALWAYS)
    assert others(photo) == []


@pytest.mark.parametrize("room_bytes", [0, 4096, 60_000, 300_000])
def test_a_full_disk_leaves_the_original(
    small_disk: Path, journal: Journal, room_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the check beforehand, so that the write itself runs into the full disk.
    monkeypatch.setattr(disk, "check_room", lambda *_: None)
    photo = small_disk / "a.jpg"
    original = samples.JPEGS["thumbnail"]() + bytes(400_000)
    photo.write_bytes(original)
    status = os.statvfs(small_disk)
    free = status.f_bavail * status.f_frsize
    (small_disk / "filling").write_bytes(bytes(max(0, free - room_bytes)))
    with pytest.raises(WriteRefusedError, match="not enough room"):
        write_fix(photo, ESTIMATE, WritePolicy(Overwrite.ALL), journal, journal.begin_run("test"))
    assert photo.read_bytes() == original
    assert others(photo) == ["filling"]
