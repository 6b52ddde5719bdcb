"""The lock: one holder at a time, free when the file is closed, and no obstacle where a system knows no locks."""

import errno
import os
import sys
from types import SimpleNamespace

import pytest

from geotagger.core.file_lock import try_lock


def test_one_has_the_lock_until_it_closes_the_file(tmp_path):
    path = tmp_path / "ledger"
    path.write_bytes(b"text")
    with path.open("rb") as first, path.open("rb") as second:
        assert try_lock(first.fileno())
        assert not try_lock(second.fileno())
        first.close()
        assert try_lock(second.fileno())


def test_where_there_are_no_locks_work_goes_on(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def unknown(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    with (tmp_path / "ledger").open("wb") as file:
        assert try_lock(file.fileno())


def test_windows_locks_a_byte_that_nobody_reads(tmp_path, monkeypatch):
    asked = []

    def locking(descriptor, mode, length):
        asked.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, length))
        if len(asked) > 1:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr(sys, "platform", "win32")
    with (tmp_path / "ledger").open("ab") as file:
        assert try_lock(file.fileno())
        assert not try_lock(file.fileno())
        file.write(b"still at the end")
    assert asked == [(0x7FFF_0000, 2, 1)] * 2
    assert (tmp_path / "ledger").read_bytes() == b"still at the end"
