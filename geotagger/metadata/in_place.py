"""Writing into a file itself, where a new one could not take its place unnoticed (hard links, odd attributes).

A complete, flushed copy lies beside the file until all is checked; from it the file is brought back.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np

from geotagger.core.errors import PartlyWrittenError
from geotagger.core.os_reason import os_reason
from geotagger.metadata import disk
from geotagger.metadata.attributes import copy_times
from geotagger.metadata.edit import Edit, growth
from geotagger.metadata.edited_bytes import digest, digest_of, edited_bytes
from geotagger.metadata.record import Record
from geotagger.metadata.source import FileSource, Source


def keep_copy(path: Path, real: Path, source: FileSource, edit: Edit, helper: Path) -> tuple[str, str]:
    """Put a checked copy of the file beside it, on the disk.

    Returns:
        SHA-256 (hex) of the file as it will be, and as it is.

    Raises:
        VerificationError: the copy cannot be read back the same.
        OSError: it cannot be made.
    """
    disk.copy(source, helper)
    before = disk.compare(path, helper, source, ())
    disk.flush_folder(real.parent)
    return digest(source, edit), before


def overwrite(path: Path, real: Path, source: FileSource, edit: Edit, helper: Path, record: Record) -> bool:
    """Change the bytes of a file, of which ``helper`` is a copy; whatever goes wrong, it is brought back.

    If even that fails, the copy stays and nothing is noted, so that the journal brings it back at the next start.

    Returns:
        Whether the copy is gone; else nothing is noted yet, so that the journal clears it away.

    Raises:
        VerificationError: it could not be read back the same; it is as it was.
        OSError: it cannot be written; it is as it was.
        PartlyWrittenError: it cannot be written, nor brought back.
    """
    try:
        with FileSource(helper, tracked=False) as original:
            overwrite_bytes(real, original, edit)
            disk.compare(path, real, original, edit)
        copy_times(source.stat, str(real))
    except BaseException as error:
        try:
            restore_from(helper, real)
        except OSError as problem:
            raise PartlyWrittenError(
                path,
                "Writing was cut short, and the file could not be brought back ({problem})."
                " It is brought back when the program is next used; until then the whole file is {copy}.",
                problem=os_reason(problem),
                copy=str(helper),
            ) from error
        if disk.gone(helper):
            record.failed(str(error) or type(error).__name__)
        raise
    return disk.gone(helper)


def overwrite_bytes(real: Path, original: Source, edit: Edit) -> None:
    """Write the edited original over a file; what stands before the first change is not touched."""
    fd = os.open(real, os.O_WRONLY | disk.BINARY)
    try:
        position, first = 0, edit[0].offset
        for chunk in edited_bytes(original, edit):
            untouched = max(0, first - position)
            if untouched < len(chunk):
                disk.write_at(fd, chunk[untouched:], position + untouched)
            position += len(chunk)
        os.ftruncate(fd, position)
        disk.flush(fd)
    finally:
        os.close(fd)


def is_torn(target: Path, backup: Path, edit: Edit) -> bool:
    """Whether a file is what overwriting leaves half-way: every byte that of the old or the new file, or nothing.

    Else another program has changed it since, and bringing it back would lose that.

    Args:
        backup: a whole copy of the old file.

    Raises:
        OSError: a file cannot be read.
    """
    with FileSource(target, tracked=False) as found, FileSource(backup, tracked=False) as old:
        size = max(old.size, old.size + growth(edit))
        if not min(old.size, old.size + growth(edit)) <= found.size <= size:
            return False
        position = 0
        for chunk in edited_bytes(old, edit):
            there = found.read(position, len(chunk))
            before = old.read(position, len(there)).ljust(len(there), b"\0")
            is_, will, was = (np.frombuffer(data, np.uint8) for data in (there, chunk[: len(there)], before))
            if ((is_ != will) & (is_ != was) & (is_ != 0)).any():
                return False
            position += len(chunk)
        # What the new file no longer has is still that of the old one.
        rest = found.read(position, max(0, found.size - position))
        return rest == old.read(position, len(rest))


def restore_from(backup: Path, target: Path) -> None:
    """Bring back a file that was overwritten in part, from the copy that lies beside it.

    Raises:
        OSError: it cannot be written, or not be read back the same.
    """
    with FileSource(backup, tracked=False) as source:
        fd = os.open(target, os.O_WRONLY | disk.BINARY)
        try:
            for chunk in edited_bytes(source, ()):
                disk.write_all(fd, chunk)
            os.ftruncate(fd, source.size)
            disk.flush(fd)
        finally:
            os.close(fd)
        if digest_of(target) != digest(source):
            raise OSError(errno.EIO, "what was brought back could not be read back the same", str(target))
        copy_times(source.stat, str(target))
