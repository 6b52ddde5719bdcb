"""What the journal does at the next start about writes that a crash cut short."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from geotagger.metadata import in_place
from geotagger.metadata.edit import Edit, unpack
from geotagger.metadata.edited_bytes import digest_of, is_before
from geotagger.metadata.group_commit import GroupCommit
from geotagger.metadata.journal_record import Stored, failed, finished, kept, path_of
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


class _End(Enum):
    """How an interrupted write ended."""

    WRITTEN = auto()
    AS_BEFORE = auto()
    UNCLEAR = auto()
    """The file is neither the old nor the new one, or is gone, and what lies beside it may be all that is whole."""


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
        end = _end_of(write)
        if end is not _End.UNCLEAR and write.helper != write.target:
            write.helper.unlink(missing_ok=True)
    except OSError:
        return False
    if end is _End.WRITTEN:
        notes.note(*finished(write.entry, write.undoes))
    elif end is _End.AS_BEFORE:
        notes.note(failed(write.entry, "The program was interrupted; the file is as it was."))
    else:
        notes.note(kept(write.entry))
    return True


def _end_of(write: _Interrupted) -> _End:
    """What became of a write; a file overwritten in part is brought back first."""
    target, after = write.target, write.after_sha256
    there = target.exists()
    if write.operation is Operation.REMOVE:
        return _End.WRITTEN if write.was_prepared and not there else _End.AS_BEFORE
    if write.operation is Operation.CREATE:
        return _End.WRITTEN if write.was_prepared and there and digest_of(target) == after else _End.AS_BEFORE
    if not there:
        # Moved or deleted since. What lies beside its place may be all that is left of it.
        if write.helper.exists():
            return _End.UNCLEAR
        return _End.WRITTEN if write.was_prepared and not write.in_place else _End.AS_BEFORE
    if not write.was_prepared:
        return _End.AS_BEFORE
    digest = digest_of(target)
    if digest in (write.before_sha256, after):
        return _End.WRITTEN if digest == after else _End.AS_BEFORE
    if not write.in_place:
        # The temporary file is gone if it took the place of the old one, which others then changed again.
        took_place = not write.helper.exists() and not is_before(target, write.edit)
        return _End.WRITTEN if took_place else _End.AS_BEFORE
    if not write.helper.exists():
        return _End.AS_BEFORE
    whole = digest_of(write.helper) == write.before_sha256
    if not whole or not in_place.is_torn(target, write.helper, write.edit):
        return _End.UNCLEAR
    in_place.restore_from(write.helper, target)
    return _End.AS_BEFORE
