"""What writing does differently on Windows and macOS, as far as it can be told without them."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest

from geotagger.metadata import Journal, WriteOutcome, attributes, disk, read_photo, safe_write
from geotagger.metadata.source import FileSource

Write = Callable[..., WriteOutcome]
fcntl = pytest.importorskip("fcntl", reason="the differences are simulated on POSIX systems")


@pytest.fixture(autouse=True)
def _windows_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Always free here; ``tests/core/test_file_lock.py`` looks at the locks themselves."""
    free = SimpleNamespace(locking=lambda descriptor, mode, length: None, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, "msvcrt", free)


# Windows ----------------------------------------------------------------------------------------------------


def test_times_stay_where_they_can_only_be_set_by_name(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "supports_fd", os.supports_fd - {os.utime})
    os.utime(photo, ns=(1_500_000_000_000_000_000, 1_400_000_000_987_654_321))
    write(photo)
    assert photo.stat().st_mtime_ns == 1_400_000_000_987_654_321
    os.link(photo, photo.with_name("b.jpg"))
    write(photo)
    assert photo.stat().st_mtime_ns == 1_400_000_000_987_654_321


def test_an_open_file_is_closed_before_it_is_replaced_and_a_scanner_is_waited_for(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    opened: list[FileSource] = []
    tries: list[Path] = []
    waits: list[float] = []
    make = FileSource.__init__

    def note(self: FileSource, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        opened.append(self)

    def held_by_a_scanner(self: Path, target: Path) -> Path:
        assert all(source.descriptor < 0 for source in opened), "a file is still open"
        tries.append(self)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "in use")
        return replace(self, target)

    monkeypatch.setattr(FileSource, "__init__", note)
    monkeypatch.setattr(Path, "replace", held_by_a_scanner)
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(sys, "platform", "win32")
    write(photo)
    assert len(tries) == 3
    assert waits == [1, 1]
    assert read_photo(photo).fix is not None


def test_a_file_that_stays_in_use_is_refused_and_left_alone(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo.read_bytes()

    def in_use(*_: object) -> None:
        raise PermissionError(errno.EACCES, "in use")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", in_use)
        patch.setattr(time, "sleep", lambda _: None)
        patch.setattr(sys, "platform", "win32")
        with pytest.raises(safe_write.WriteRefusedError):
            write(photo)
    assert photo.read_bytes() == original
    assert [f.name for f in photo.parent.iterdir()] == ["a.jpg"]


def test_hidden_files_are_written_in_place_so_that_they_stay_hidden(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    fstat, inode = os.fstat, photo.stat().st_ino

    def hidden(fd: int) -> Any:
        status = fstat(fd)
        values = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        return SimpleNamespace(**values | {"st_file_attributes": stat.FILE_ATTRIBUTE_HIDDEN})

    monkeypatch.setattr(attributes.os, "fstat", hidden)
    write(photo)
    assert photo.stat().st_ino == inode
    assert read_photo(photo).fix is not None


def test_files_are_read_and_written_without_pread(
    photo: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pread")
    original = photo.read_bytes()
    write(photo)
    assert read_photo(photo).fix is not None
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert photo.read_bytes() == original


def test_originals_of_two_drives_never_share_a_place_in_the_backup() -> None:
    names = [
        safe_write.backup_name(path)
        for path in (
            PureWindowsPath(r"C:\photos\a.jpg"),
            PureWindowsPath(r"D:\photos\a.jpg"),
            PureWindowsPath(r"\\server\share\photos\a.jpg"),
            PurePosixPath("/photos/a.jpg"),
            PurePosixPath("/photos/a:.jpg"),
        )
    ]
    assert [name.as_posix() for name in names] == [
        "C/photos/a.jpg",
        "D/photos/a.jpg",
        "server/share/photos/a.jpg",
        "photos/a.jpg",
        "photos/a:.jpg",
    ]


# macOS ------------------------------------------------------------------------------------------------------


def test_macos_empties_the_memory_of_the_drive(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "fcntl", lambda _fd, command: asked.append(command))
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("fsync does not reach the drive"))
    with photo.open("rb") as file:
        disk.flush(file.fileno())
    assert asked == [51]


def test_macos_network_folders_are_flushed_as_well_as_they_can(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    flushed: list[int] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "fcntl", unknown)
    monkeypatch.setattr(os, "fsync", flushed.append)
    with photo.open("rb") as file:
        disk.flush(file.fileno())
        assert flushed == [file.fileno()]


@pytest.mark.parametrize("result", [0, -1])
def test_macos_attributes_are_copied_by_the_system_or_the_file_is_written_in_place(
    photo: Path, write: Write, monkeypatch: pytest.MonkeyPatch, result: int
) -> None:
    inode = photo.stat().st_ino
    calls: list[int] = []

    def fcopyfile(_source: int, _target: int, _state: None, flags: int) -> int:
        calls.append(flags)
        return result

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "fcntl", lambda *_: 0)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(fcopyfile=fcopyfile))
    write(photo)
    assert set(calls) == {7}
    assert (photo.stat().st_ino == inode) == (result != 0)
    assert read_photo(photo).fix is not None
