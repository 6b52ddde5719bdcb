"""Taking single writes back, as the journal noted them; a file that is no longer as it was written is left alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from geotagger.core.errors import ChangedOnDiskError, WriteRefusedError
from geotagger.metadata import safe_write
from geotagger.metadata.edit import Edit, invert, unpack
from geotagger.metadata.edited_bytes import digest_of
from geotagger.metadata.journal_record import Stored, path_of
from geotagger.metadata.os_errors import refused
from geotagger.metadata.record import Operation, Record


@dataclass(frozen=True, slots=True)
class Write:
    """A write that is done, from the journal.

    Attributes:
        entry: its number there.
        after: SHA-256 (hex) of the file behind it.
    """

    entry: int
    photo: Path
    target: Path
    operation: Operation
    edit: Edit
    after: str


def write_of(entry: int, photo: Stored, target: Stored, operation: str, edit: bytes, after: str) -> Write:
    """A write from its row in the database."""
    return Write(entry, path_of(photo), path_of(target), Operation(operation), unpack(edit), after)


def names_of(path: Path) -> frozenset[object]:
    """Keys of a file that are the same however it is reached: by name, or through a link."""
    real = os.path.realpath(path)
    try:
        status = os.stat(real)  # noqa: PTH116 (the path was made real by os)
    except OSError:
        return frozenset({real})
    return frozenset({real, (status.st_dev, status.st_ino)} if status.st_ino else {real})


def check_all(writes: Iterable[Write]) -> None:
    """See that writes, newest first, can be taken back, before any of them is.

    Raises:
        WriteRefusedError: a file is gone, changed since, or cannot be written.
    """
    seen: set[object] = set()
    for write in writes:
        files = names_of(write.target)
        if not seen.isdisjoint(files):
            continue  # a newer write of the same file comes first
        seen |= files
        if write.operation is Operation.REMOVE:
            continue  # what stands in its place by now is never replaced
        _check_unchanged(write)
        safe_write.check_writable(write.target)


def take_back(write: Write, record: Record) -> None:
    """Undo one write.

    Raises:
        WriteRefusedError: the file is gone, changed since, or cannot be written.
    """
    if write.operation is Operation.REMOVE:
        safe_write.create(write.target, write.edit[0].removed, record)
        return
    _check_unchanged(write)
    if write.operation is Operation.CREATE:
        safe_write.remove(write.target, write.edit[0].inserted, record)
    else:
        safe_write.write_edit(write.target, invert(write.edit), record)


def _check_unchanged(write: Write) -> None:
    try:
        digest = digest_of(write.target)
    except FileNotFoundError as error:
        raise WriteRefusedError(write.target, "The file is no longer there.") from error
    except OSError as error:
        raise refused(write.target, error) from error
    if digest != write.after:
        raise ChangedOnDiskError(write.target, "The file has changed since; it was left as it is.")
