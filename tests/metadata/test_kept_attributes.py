"""Files keep everything they have besides their bytes: mode, owner, times, attributes, links."""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.metadata import (
    Journal,
    SidecarMode,
    WriteOutcome,
    disk,
    read_photo,
)
from tests.metadata.judging import others

Write = Callable[..., WriteOutcome]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux extended attributes")


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


@POSIX
def test_a_new_sidecar_has_the_usual_mode(photo: Path, write: Write) -> None:
    before = os.umask(0o027)
    try:
        write(photo, sidecar=SidecarMode.ALWAYS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(photo.with_name("a.jpg.xmp").stat().st_mode) == 0o640


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
