"""Files keep everything they have besides their bytes, and stay as they were when a write goes wrong."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
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
from tests.metadata.judging import ESTIMATE, MANUAL

Write = Callable[..., WriteOutcome]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux extended attributes")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo alone in its folder."""
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(samples.JPEGS["exif-little-endian"]())
    return path


def others(photo: Path) -> list[str]:
    """What else lies in the photo's folder."""
    return sorted(f.name for f in photo.parent.iterdir() if f != photo)


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o755])
def test_the_mode_stays(photo: Path, write: Write, mode: int) -> None:
    photo.chmod(mode)
    write(photo)
    assert stat.S_IMODE(photo.stat().st_mode) == mode
    assert others(photo) == []


@POSIX
def test_the_owner_stays(photo: Path, write: Write) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(photo, 12345, 23456)
    write(photo)
    assert (photo.stat().st_uid, photo.stat().st_gid) == (12345, 23456)


def test_the_times_stay(photo: Path, write: Write) -> None:
    os.utime(photo, ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
    write(photo)
    assert photo.stat().st_mtime_ns == 1_400_000_000_987_654_321


@LINUX
def test_extended_attributes_stay(photo: Path, write: Write) -> None:
    try:
        os.setxattr(photo, "user.xdg.tags", b"holiday")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write(photo)
    assert os.getxattr(photo, "user.xdg.tags") == b"holiday"


@LINUX
def test_access_lists_stay(photo: Path, write: Write) -> None:
    # Version 2: owner rw, user 1234 r, group r, mask r, others nothing.
    entries = [(1, 6, -1), (2, 4, 1234), (4, 4, -1), (16, 4, -1), (32, 0, -1)]
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(photo, "system.posix_acl_access", raw)
    except OSError:
        pytest.skip("this file system has no access lists")
    write(photo)
    assert os.getxattr(photo, "system.posix_acl_access") == raw


@POSIX
def test_a_link_stays_a_link_and_its_target_is_written(photo: Path, write: Write, tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(photo)
    outcome = write(link)
    assert link.is_symlink()
    assert outcome.path == link
    assert read_photo(photo).fix is not None
    assert others(photo) == []


@POSIX
def test_hard_links_stay_joined(photo: Path, write: Write, journal: Journal) -> None:
    other = photo.with_name("b.jpg")
    os.link(photo, other)
    original, inode = photo.read_bytes(), photo.stat().st_ino
    os.utime(photo, ns=(1, 1_400_000_000_000_000_000))
    write(photo)
    assert photo.stat().st_ino == other.stat().st_ino == inode
    assert photo.stat().st_mtime_ns == 1_400_000_000_000_000_000
    assert read_photo(other).fix is not None
    assert others(photo) == ["b.jpg"]
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert other.read_bytes() == original


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


def test_attributes_that_cannot_be_copied_lead_to_writing_in_place(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    inode = photo.stat().st_ino
    monkeypatch.setattr(disk, "copy_attributes", lambda *_: False)
    write(photo)
    assert photo.stat().st_ino == inode
    assert read_photo(photo).fix is not None
    assert others(photo) == []


def test_a_file_of_another_user_is_written_even_if_its_time_cannot_be_kept(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_yours(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "not the owner")

    monkeypatch.setattr(os, "fchown", not_yours)
    monkeypatch.setattr(os, "utime", not_yours)
    monkeypatch.setattr(disk, "copy_attributes", lambda *_: False)
    write(photo)
    assert read_photo(photo).fix is not None
    assert others(photo) == []


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


def test_a_garbled_sidecar_is_not_kept(photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "write_all", lambda fd, data: os.write(fd, bytes(len(data))))
    with pytest.raises(VerificationError, match="read back"):
        write(photo, sidecar=SidecarMode.ALWAYS)
    assert others(photo) == []


@POSIX
def test_a_new_sidecar_has_the_usual_mode(photo: Path, write: Write) -> None:
    before = os.umask(0o027)
    try:
        write(photo, sidecar=SidecarMode.ALWAYS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(photo.with_name("a.jpg.xmp").stat().st_mode) == 0o640


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
    with pytest.raises(WriteRefusedError, match="copies of originals"):
        write(copy, backup_dir=folder)
    assert copy.read_bytes() == original


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


@POSIX
@pytest.mark.parametrize("step", ["fchmod", "utime"])
def test_a_disk_that_knows_no_modes_or_times_can_be_written_to(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    photo.chmod(0o600)
    monkeypatch.setattr(os, step, unknown)
    write(photo)
    assert read_photo(photo).fix is not None
    assert others(photo) == []


@POSIX
def test_where_the_mode_cannot_be_kept_the_file_itself_is_written(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo.chmod(0o640)
    before = photo.stat()

    def forbidden(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchmod", forbidden)
    write(photo)
    after = photo.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert read_photo(photo).fix is not None
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
