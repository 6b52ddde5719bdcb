"""The single steps of changing files on disk; ``safe_write`` says in which order they make a safe write."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geotagger.core.errors import ChangedOnDiskError, VerificationError
from geotagger.core.file_lock import try_lock
from geotagger.metadata.attributes import copy_attributes, copy_times
from geotagger.metadata.edit import Edit
from geotagger.metadata.edited_bytes import edited_bytes
from geotagger.metadata.source import FileSource, Source

TEMPORARY_PREFIX = ".geotagger-"
BINARY = getattr(os, "O_BINARY", 0)
_WINDOWS_TRIES = 3
_F_FULLFSYNC = 51
"""Of macOS, where ``fsync`` leaves the bytes in the memory of the drive."""


def temporary_beside(path: Path) -> Path:
    """A name for a temporary file in the folder of ``path``; no two are the same, whatever case counts for."""
    return path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")


def write_all(fd: int, data: bytes) -> None:
    """Write bytes where the file stands, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_at(fd: int, data: bytes, offset: int) -> None:
    """Write bytes at ``offset``."""
    os.lseek(fd, offset, os.SEEK_SET)
    write_all(fd, data)


def flush(fd: int) -> None:
    """Wait until a file is on the disk, not only in the system's memory.

    Raises:
        OSError: it cannot be written there.
    """
    if sys.platform == "darwin":
        import fcntl

        # Network folders do not know this; there fsync has to do.
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, _F_FULLFSYNC)
            return
    os.fsync(fd)


def flush_folder(folder: Path) -> None:
    """Make a rename durable; where folders cannot be opened (Windows) or flushed, the system sees to it."""
    if sys.platform == "win32":
        return
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            flush(fd)
    finally:
        os.close(fd)


@contextmanager
def made(source: FileSource, edit: Edit, target: Path) -> Iterator[tuple[int, bool]]:
    """Write the edited file, with the old one's attributes; yields it open and not yet flushed to disk.

    Yields:
        Its descriptor, and whether all attributes could be copied.
    """
    fd = os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | BINARY, 0o600)
    try:
        for chunk in edited_bytes(source, edit):
            write_all(fd, chunk)
        yield fd, copy_attributes(source.descriptor, fd)
    finally:
        os.close(fd)
    if os.utime not in os.supports_fd:  # Windows, which also touches the time when a written file is closed
        copy_times(source.stat, str(target))


def copy(source: FileSource, target: Path) -> None:
    """Copy a file with its attributes, flushed to disk."""
    with made(source, (), target) as (fd, _):
        flush(fd)


def compare(path: Path, written: Path, source: Source, edit: Edit) -> str:
    """Read a file back and compare it with what it should hold.

    Args:
        path: the photo, for the error.

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


def alike(left: os.stat_result, right: os.stat_result) -> bool:
    """Whether two looks at a path found the same file with the same size and time."""
    return (left.st_ino, left.st_size, left.st_mtime_ns) == (right.st_ino, right.st_size, right.st_mtime_ns)


def claim(path: Path, source: FileSource) -> None:
    """Keep other writers of this program, in whatever process, away from a file until it is closed.

    Where a system or a network folder knows no such locks, ``check_unchanged`` alone has to do.

    Raises:
        ChangedOnDiskError: one is at it.
    """
    if not try_lock(source.descriptor):
        raise ChangedOnDiskError(path, "Another run is changing this file at this moment.")


def check_unchanged(path: Path, real: Path, source: FileSource) -> None:
    """Refuse if the file is another one, or was touched, since it was opened.

    Raises:
        ChangedOnDiskError: it is.
    """
    if not alike(real.stat(), source.stat):
        raise ChangedOnDiskError(path, "Another program has changed this file in the meantime.")


def check_room(folder: Path, size: int) -> None:
    """See that twice the size of a new file is free, where the file system tells.

    Raises:
        OSError: it is not (``ENOSPC``).
    """
    room = shutil.disk_usage(folder)
    if room.total and room.free < 2 * size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def take_place(helper: Path, real: Path) -> None:
    """Rename over the old file; on Windows a virus scanner may hold it for a moment."""
    for attempt in range(_WINDOWS_TRIES):
        try:
            helper.replace(real)
            return
        except PermissionError:
            if sys.platform != "win32" or attempt == _WINDOWS_TRIES - 1:
                raise
            time.sleep(1)


def appear(path: Path, helper: Path) -> bool:
    """Give a temporary file its name without ever replacing another file.

    Returns:
        Whether its temporary name is gone.

    Raises:
        FileExistsError: there is one.
    """
    try:
        os.link(helper, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system (FAT, some shares).
        if path.exists():
            raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
        helper.replace(path)
        return True
    return gone(helper)


def gone(helper: Path) -> bool:
    """Delete a file that is needed no more; False where something holds it."""
    try:
        helper.unlink()
    except OSError:
        return False
    return True
