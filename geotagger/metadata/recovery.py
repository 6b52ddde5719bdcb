"""What the journal does at the next start about writes that a crash cut short."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from geotagger.metadata import in_place
from geotagger.metadata.edit import Edit, unpack
from geotagger.metadata.edited_bytes import digest_of, is_before
from geotagger.metadata.group_commit import GroupCommit
from geotagger.metadata.journal_record import Stored, failed, finished, path_of
from geotagger.metadata.record import Operation

OPEN = "state IN ('begun', 'prepared')"
"""Entries of writes that are going on, or were cut short."""


@dataclass(frozen=True, slots=True)
class _Interrupted:
    """An entry of the journal that was neither done nor failed."""

    entry: int
    target: Path
    operation: Operation
    edit: Edit
    helper: Path
    in_place: bool
    before_sha256: str | None
    after_sha256: str | None
    was_prepared: bool
    undoes: int | None


def settle_all(db: sqlite3.Connection, notes: GroupCommit) -> int:
    """Find out which file is there for each open entry, and clear away temporary files.

    Nobody else may be writing.

    Returns:
        How many entries were settled; those whose folder cannot be reached now stay open.

    Raises:
        sqlite3.Error: the journal cannot be used.
    """
    rows = db.execute(
        "SELECT id, target, operation, edit, helper, in_place, before_sha256, after_sha256, state, undoes"
        f" FROM journal_writes WHERE {OPEN}"
    ).fetchall()
    return sum(_settle(notes, _interrupted(*row)) for row in rows)


def _interrupted(
    entry: int, target: Stored, operation: str, edit: bytes, helper: Stored, in_place: int,
    before: str | None, after: str | None, state: str, undoes: int | None,
) -> _Interrupted:  # fmt: skip
    return _Interrupted(
        entry, path_of(target), Operation(operation), unpack(edit), path_of(helper), bool(in_place),
        before, after, state == "prepared", undoes,
    )  # fmt: skip


def _settle(notes: GroupCommit, write: _Interrupted) -> bool:
    """Settle one write; False where its folder cannot be reached now."""
    try:
        if not write.target.parent.is_dir():
            return False
        written = write.was_prepared and _was_written(write)
        if write.helper != write.target:
            write.helper.unlink(missing_ok=True)
    except OSError:
        return False
    if written:
        notes.note(*finished(write.entry, write.undoes))
    else:
        notes.note(failed(write.entry, "The program was interrupted; the file is as it was."))
    return True


def _was_written(write: _Interrupted) -> bool:
    """Whether a prepared write came to pass; a file overwritten in part is brought back first."""
    target, after = write.target, write.after_sha256
    if write.operation is Operation.REMOVE:
        return not target.exists()
    if write.operation is Operation.CREATE:
        return target.exists() and digest_of(target) == after
    digest = digest_of(target) if target.exists() else ""
    if digest in (write.before_sha256, after):
        return digest == after
    if not write.in_place:
        # The temporary file is gone if it took the place of the old one, which others then changed again.
        return not write.helper.exists() and not is_before(target, write.edit)
    if write.helper.exists() and digest_of(write.helper) == write.before_sha256:
        in_place.restore_from(write.helper, target)
    return False
