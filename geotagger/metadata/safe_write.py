"""The one module that changes files: every write is checked, atomic where the file system allows, and recorded.

The new file is made beside the old one, flushed to disk, given the old one's attributes, read back and compared;
only then does it take the old one's place. At every moment the path holds the old file or the new one, whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from geotagger.core.errors import ChangedOnDiskError, VerificationError, WriteRefusedError
from geotagger.metadata.attributes import copy_attributes, copy_times
from geotagger.metadata.edit import Edit, Splice, growth
from geotagger.metadata.edited_bytes import digest, edited_bytes
from geotagger.metadata.os_errors import refused
from geotagger.metadata.source import FileSource, Source

TEMPORARY_PREFIX = ".geotagger-"
_BINARY = getattr(os, "O_BINARY", 0)
_WINDOWS_TRIES = 3


class Operation(str, Enum):
    """What happens to a file."""

    EDIT = "edit"
    CREATE = "create"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Plan:
    """A write that is about to happen, as the journal needs to know it.

    Attributes:
        helper: the temporary file beside the target; for writes in place the backup.
        in_place: the file's bytes are overwritten, because a new file could not take its place unnoticed.
    """

    target: Path
    operation: Operation
    edit: Edit
    helper: Path
    in_place: bool


class Record(Protocol):
    """Where a write is noted down before and after it happens."""

    def begun(self, plan: Plan) -> None:
        """The write is about to start; nothing has happened to the file."""

    def prepared(self, after_sha256: str, before_sha256: str | None = None) -> None:
        """All is ready and checked; after this returns, the note survives a power cut.

        Args:
            after_sha256: of the file as it will be.
            before_sha256: of the file as it is, where it may be needed to tell a copy of it.
        """

    def done(self) -> None:
        """The file is the new one."""

    def failed(self, reason: str) -> None:
        """The file is still the old one."""


def write_edit(
    path: Path,
    edit: Edit,
    record: Record,
    read: os.stat_result | None = None,
    backup_dir: Path | None = None,
) -> Path:
    """Make an edit to an existing file.

    Args:
        path: the file; a link is followed and stays a link.
        read: status of the file when the edit was worked out.
        backup_dir: where a copy of the original goes before its first change.

    Returns:
        The file that was changed, after links were followed.

    Raises:
        WriteRefusedError: the file is as it was, and the reason says why.
    """
    try:
        real = Path(os.path.realpath(path))
        with FileSource(real, tracked=False) as source:
            _check_writable(path, source)
            _check_same(path, source, edit, read)
            helper = real.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
            if backup_dir is not None:
                keep_original(real, source, backup_dir)
            if source.stat.st_nlink > 1 or not _replace(path, real, source, edit, helper, record):
                _overwrite(path, real, source, edit, helper, record)
    except OSError as error:
        raise refused(path, error) from error
    return real


def create(path: Path, data: bytes, record: Record) -> None:
    """Make a new file that appears whole or not at all.

    Raises:
        ChangedOnDiskError: there is a file of that name already.
        WriteRefusedError: it could not be made.
    """
    helper = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
    record.begun(Plan(path, Operation.CREATE, (Splice(0, b"", data),), helper, False))
    try:
        with _Cleanup(helper, record):
            fd = os.open(helper, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o666)
            try:
                _write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
            record.prepared(hashlib.sha256(data).hexdigest())
            _appear(path, helper)
    except FileExistsError as error:
        raise ChangedOnDiskError(path, "Another program has made this file in the meantime.") from error
    except OSError as error:
        raise refused(path, error) from error
    _flush_folder(path.parent)
    record.done()


def remove(path: Path, data: bytes, record: Record) -> None:
    """Delete a file that still holds ``data``.

    Raises:
        ChangedOnDiskError: it holds something else by now.
        WriteRefusedError: it cannot be deleted.
    """
    record.begun(Plan(path, Operation.REMOVE, (Splice(0, data, b""),), path, False))
    try:
        if path.read_bytes() != data:
            record.failed("The file has changed.")
            raise ChangedOnDiskError(path, "The file has changed in the meantime.")
        record.prepared(hashlib.sha256().hexdigest(), hashlib.sha256(data).hexdigest())
        path.unlink()
    except OSError as error:
        record.failed(str(error))
        raise refused(path, error) from error
    _flush_folder(path.parent)
    record.done()


def restore_from(backup: Path, target: Path) -> None:
    """Bring back a file that was overwritten in part, from the copy that lies beside it.

    Raises:
        OSError: it cannot be written.
    """
    with FileSource(backup, tracked=False) as source:
        fd = os.open(target, os.O_WRONLY | _BINARY)
        try:
            for chunk in edited_bytes(source, ()):
                _write_all(fd, chunk)
            os.ftruncate(fd, source.size)
            os.fsync(fd)
            copy_times(source.stat, fd)
        finally:
            os.close(fd)


def keep_original(real: Path, source: FileSource, backup_dir: Path) -> None:
    """Copy a file into the backup folder, under its full path, unless an earlier original lies there.

    Raises:
        OSError: the copy cannot be made.
    """
    copy = backup_dir.joinpath(*(part.replace(":", "") for part in real.parts[1:]))
    if copy.exists():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    helper = copy.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
    try:
        _copy(source, helper)
        helper.replace(copy)
    finally:
        helper.unlink(missing_ok=True)


class _Cleanup:
    """Takes the temporary file away and notes the failure.

    An interrupt can come just after the new file took its place: that is left to the journal's recovery.
    """

    def __init__(self, helper: Path, record: Record) -> None:
        self._helper = helper
        self._record = record

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            self._helper.unlink(missing_ok=True)
            self._record.failed(str(error) or type(error).__name__)


def _check_writable(path: Path, source: FileSource) -> None:
    if not stat.S_ISREG(source.stat.st_mode):
        raise WriteRefusedError(path, "This is not an ordinary file.")
    if not source.stat.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK):
        raise WriteRefusedError(path, "The file is read-only.")


def _check_same(path: Path, source: FileSource, edit: Edit, read: os.stat_result | None) -> None:
    """Refuse an edit that was worked out for other bytes than those that are there."""
    unchanged = read is None or _alike(source.stat, read)
    if not unchanged or any(source.read(s.offset, len(s.removed)) != s.removed for s in edit):
        raise ChangedOnDiskError(path, "Another program has changed this file in the meantime.")


def _alike(left: os.stat_result, right: os.stat_result) -> bool:
    return (left.st_ino, left.st_size, left.st_mtime_ns) == (right.st_ino, right.st_size, right.st_mtime_ns)


def _check_room(path: Path, folder: Path, size: int) -> None:
    if not hasattr(os, "statvfs"):
        return
    room = os.statvfs(folder)
    if room.f_blocks and room.f_bavail * room.f_frsize < 2 * size:
        raise WriteRefusedError(path, "There is not enough room on the disk for a safe write.")


def _replace(path: Path, real: Path, source: FileSource, edit: Edit, helper: Path, record: Record) -> bool:
    """Make the new file beside the old one and let it take its place; False where it would not be its equal."""
    _check_room(path, real.parent, source.size + growth(edit))
    record.begun(Plan(real, Operation.EDIT, edit, helper, False))
    with _Cleanup(helper, record):
        with _made(source, edit, helper) as (made, alike):
            if alike:
                # Three waits for the disk at once: the new file is flushed while it is compared and noted down.
                with ThreadPoolExecutor(1) as pool:
                    flushed = pool.submit(os.fsync, made)
                    after = _compare(path, helper, source, edit)
                    _check_unchanged(path, real, source)
                    record.prepared(after)
                    flushed.result()
        if alike:
            if sys.platform == "win32":
                source.close()
            _check_unchanged(path, real, source)
            _take_place(helper, real)
    if not alike:
        helper.unlink()
        record.failed("Its attributes cannot be copied.")
        return False
    _flush_folder(real.parent)
    record.done()
    return True


def _overwrite(path: Path, real: Path, source: FileSource, edit: Edit, helper: Path, record: Record) -> None:
    """Write into the file itself, with a complete copy beside it until all is checked."""
    if not edit:
        return
    _check_room(path, real.parent, source.size + growth(edit))
    record.begun(Plan(real, Operation.EDIT, edit, helper, True))
    with _Cleanup(helper, record):
        _copy(source, helper)
        before = _compare(path, helper, source, ())
        _flush_folder(real.parent)
        _check_unchanged(path, real, source)
        record.prepared(digest(source, edit), before)
    # From here on the copy is all that is whole: it stays until the file is checked or brought back.
    try:
        with FileSource(helper, tracked=False) as original:
            _overwrite_bytes(real, original, edit)
            _compare(path, real, original, edit)
        copy_times(source.stat, str(real))
    except BaseException as error:
        restore_from(helper, real)
        helper.unlink()
        record.failed(str(error) or type(error).__name__)
        raise
    helper.unlink()
    record.done()


def _overwrite_bytes(real: Path, original: Source, edit: Edit) -> None:
    """Write the edited original over a file; what stands before the first change is not touched."""
    fd = os.open(real, os.O_WRONLY | _BINARY)
    try:
        position = 0
        for chunk in edited_bytes(original, edit):
            if position + len(chunk) > edit[0].offset:
                _write_at(fd, chunk, position)
            position += len(chunk)
        os.ftruncate(fd, position)
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _made(source: FileSource, edit: Edit, target: Path) -> Iterator[tuple[int, bool]]:
    """Write the edited file, with the old one's attributes; yields it open and not yet flushed to disk.

    Yields:
        Its descriptor, and whether all attributes could be copied.
    """
    fd = os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o600)
    try:
        for chunk in edited_bytes(source, edit):
            _write_all(fd, chunk)
        yield fd, copy_attributes(source.descriptor, fd)
    finally:
        os.close(fd)


def _copy(source: FileSource, target: Path) -> None:
    """Copy a file with its attributes, flushed to disk."""
    with _made(source, (), target) as (fd, _):
        os.fsync(fd)


def _compare(path: Path, written: Path, source: Source, edit: Edit) -> str:
    """Read a file back and compare it with what it should hold.

    Returns:
        Its SHA-256 (hex).

    Raises:
        VerificationError: it differs.
    """
    digest = hashlib.sha256()
    with FileSource(written, tracked=False) as found:
        position = 0
        for chunk in edited_bytes(source, edit):
            if found.read(position, len(chunk)) != chunk:
                break
            position += len(chunk)
            digest.update(chunk)
        else:
            if found.size == position:
                return digest.hexdigest()
    raise VerificationError(path, "What was written could not be read back the same.")


def _check_unchanged(path: Path, real: Path, source: FileSource) -> None:
    """Refuse if the file is another one, or was touched, since it was opened."""
    if not _alike(real.stat(), source.stat):
        raise ChangedOnDiskError(path, "Another program has changed this file in the meantime.")


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _write_at(fd: int, data: bytes, offset: int) -> None:
    os.lseek(fd, offset, os.SEEK_SET)
    _write_all(fd, data)


def _take_place(helper: Path, real: Path) -> None:
    """Rename over the old file; on Windows a virus scanner may hold it for a moment."""
    for attempt in range(_WINDOWS_TRIES):
        try:
            helper.replace(real)
            return
        except PermissionError:
            if sys.platform != "win32" or attempt == _WINDOWS_TRIES - 1:
                raise
            time.sleep(1)


def _appear(path: Path, helper: Path) -> None:
    """Give a temporary file its name without ever replacing another file."""
    try:
        os.link(helper, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system (FAT, some shares).
        if path.exists():
            raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
        helper.replace(path)
    else:
        helper.unlink()


def _flush_folder(folder: Path) -> None:
    """Make a rename durable; where folders cannot be opened (Windows) or flushed, the system sees to it."""
    if sys.platform == "win32":
        return
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        return
    finally:
        os.close(fd)
