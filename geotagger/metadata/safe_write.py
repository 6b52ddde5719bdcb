"""The one way in which files are changed: every write is checked, atomic where the file system allows, and recorded.

The new file is made beside the old one, given the old one's attributes, read back and compared, and flushed to disk;
only then does it take the old one's place. At every moment the path holds the old file or the new one, whole.
Several writes may go on at once, in threads, as long as no two are about the same file.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
import sys
from pathlib import Path, PurePath

from geotagger.core.errors import ChangedOnDiskError, WriteRefusedError
from geotagger.core.os_reason import os_reason
from geotagger.metadata import disk, in_place
from geotagger.metadata.edit import Edit, EditedSource, Splice, growth, invert
from geotagger.metadata.edited_bytes import digest, digest_of
from geotagger.metadata.os_errors import refused
from geotagger.metadata.record import Operation, Plan, Record
from geotagger.metadata.source import FileSource, MemorySource, Source

_MAX_EARLIER_WRITES = 50
"""So many writes to one file are followed back to what it was before them."""


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
        PartlyWrittenError: it could be neither written nor brought back; the reason says where it lies whole.
    """
    try:
        real = Path(os.path.realpath(path))
        with FileSource(real, tracked=False) as source:
            _check_writable(path, source)
            disk.claim(path, source)
            disk.check_unchanged(path, real, source)
            _check_same(path, source, edit, read)
            if backup_dir is not None:
                _keep_original(path, real, source, backup_dir, record)
            if source.stat.st_nlink > 1 or not _replace(path, real, source, edit, record):
                _overwrite(path, real, source, edit, record)
    except OSError as error:
        raise refused(path, error) from error
    return real


def check_no_copy(path: Path, backup_dir: Path | None) -> None:
    """See that a file is none of the copies of originals.

    Raises:
        WriteRefusedError: it lies in their folder.
    """
    if backup_dir is not None and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(backup_dir)):
        raise WriteRefusedError(
            path, "It lies in the folder of copies of originals, which are left as they are."
        )


def _keep_original(path: Path, real: Path, source: FileSource, backup_dir: Path, record: Record) -> None:
    check_no_copy(path, backup_dir)
    try:
        keep_original(real, source, backup_dir, record)
    except OSError as error:
        raise WriteRefusedError(
            path,
            "No copy of it can be kept in {folder} ({problem}), so it was not changed.",
            folder=str(backup_dir),
            problem=os_reason(error),
        ) from error


def check_writable(path: Path) -> None:
    """See that a file that is there can be written, before other files are changed with it.

    Raises:
        WriteRefusedError: it cannot, and the reason says why.
    """
    try:
        with FileSource(path, tracked=False) as source:
            _check_writable(path, source)
    except OSError as error:
        raise refused(path, error) from error


def create(path: Path, data: bytes, record: Record) -> None:
    """Make a new file that appears whole or not at all; where a link without a target stands, it gets one.

    Raises:
        ChangedOnDiskError: there is a file of that name already.
        VerificationError: it could not be read back the same.
        WriteRefusedError: it could not be made.
    """
    path = Path(os.path.realpath(path))
    helper = disk.temporary_beside(path)
    record.begun(Plan(path, Operation.CREATE, (Splice(0, b"", data),), helper, False))
    try:
        with _Cleanup(helper, record):
            fd = os.open(helper, os.O_CREAT | os.O_EXCL | os.O_RDWR | disk.BINARY, 0o666)
            try:
                disk.write_all(fd, data)
                disk.flush(fd)
            finally:
                os.close(fd)
            record.prepared(disk.compare(path, helper, MemorySource(data), ()))
            settled = disk.appear(path, helper)
    except FileExistsError as error:
        raise ChangedOnDiskError(path, "Another program has made this file in the meantime.") from error
    except OSError as error:
        raise refused(path, error) from error
    disk.flush_folder(path.parent)
    if settled:  # else the journal clears the temporary name away, and sees that the file is there
        record.done()


def remove(path: Path, data: bytes, record: Record) -> None:
    """Delete a file that still holds ``data``; a link to it stays, so that taking this back mends it.

    Raises:
        ChangedOnDiskError: it holds something else by now.
        WriteRefusedError: it is read-only or cannot be deleted.
    """
    check_writable(path)
    path = Path(os.path.realpath(path))
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
    disk.flush_folder(path.parent)
    record.done()


def keep_original(real: Path, source: FileSource, backup_dir: Path, record: Record) -> None:
    """Copy a file into the backup folder, under its full path.

    Not where it lies there already, nor where it is our own work on what lies there, or on nothing. Another photo of the
    same name, as the next memory card has it, or the same after another program's change, gets a number.

    Raises:
        VerificationError: the copy could not be read back the same.
        OSError: it cannot be made.
    """
    first = backup_dir / backup_name(real)
    copy = first
    kept: set[str] = set()
    for number in itertools.count(2):
        if not copy.exists():
            break
        kept.add(digest_of(copy))
        copy = first.with_name(f"{first.stem} ({number}){first.suffix}")
    if kept and _comes_from(kept, real, source, record):
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    helper = disk.temporary_beside(copy)
    try:
        disk.copy(source, helper)
        disk.compare(real, helper, source, ())
        helper.replace(copy)
    finally:
        helper.unlink(missing_ok=True)
    disk.flush_folder(copy.parent)


def _comes_from(kept: set[str], real: Path, source: Source, record: Record) -> bool:
    """Whether a file, or what it was before our writes, is among those of these hashes, or was not there at all."""
    for _ in range(_MAX_EARLIER_WRITES):
        sha256 = digest(source)
        if sha256 in kept:
            return True
        made_by = record.made_by(real, sha256)
        if made_by is None:
            return False
        source = EditedSource(source, invert(made_by))
        if not source.size:
            return True
    return False


def backup_name(real: PurePath) -> PurePath:
    """Where a file's original lies in the backup folder: under its full path, with the drive as a folder."""
    drive = [part for part in re.split(r"[:\\/]", real.drive) if part]
    return PurePath(*drive, *real.parts[1:])


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
    unchanged = read is None or disk.alike(source.stat, read)
    if not unchanged or any(source.read(s.offset, len(s.removed)) != s.removed for s in edit):
        raise ChangedOnDiskError(path, "Another program has changed this file in the meantime.")


def _replace(path: Path, real: Path, source: FileSource, edit: Edit, record: Record) -> bool:
    """Make the new file beside the old one and let it take its place; False where it would not be its equal."""
    disk.check_room(real.parent, source.size + growth(edit))
    helper = disk.temporary_beside(real)
    record.begun(Plan(real, Operation.EDIT, edit, helper, False))
    with _Cleanup(helper, record):
        with disk.made(source, edit, helper) as (made, alike):
            if alike:
                after = disk.compare(path, helper, source, edit)
                disk.flush(made)
        if alike:
            disk.check_unchanged(path, real, source)
            record.prepared(after)
            if sys.platform == "win32":
                source.close()  # an open file cannot be replaced there
            disk.check_unchanged(path, real, source)
            disk.take_place(helper, real)
    if not alike:
        helper.unlink()
        record.failed("Its attributes cannot be copied.")
        return False
    disk.flush_folder(real.parent)
    record.done()
    return True


def _overwrite(path: Path, real: Path, source: FileSource, edit: Edit, record: Record) -> None:
    """Write into the file itself, with a complete copy beside it until all is checked."""
    if not edit:
        return
    disk.check_room(real.parent, source.size + growth(edit))
    helper = disk.temporary_beside(real)
    record.begun(Plan(real, Operation.EDIT, edit, helper, True))
    with _Cleanup(helper, record):
        after, before = in_place.keep_copy(path, real, source, edit, helper)
        disk.check_unchanged(path, real, source)
        record.prepared(after, before)
    # From here on the copy is all that is whole: it stays until the file is checked or brought back.
    if in_place.overwrite(path, real, source, edit, helper, record):
        record.done()
