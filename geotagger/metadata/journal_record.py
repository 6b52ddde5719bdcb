"""The journal's entry of one write, from before it happens to its outcome."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from geotagger.core.errors import WriteRefusedError
from geotagger.metadata.edit import Edit, pack, unpack
from geotagger.metadata.group_commit import GroupCommit, Statement
from geotagger.metadata.record import Plan

Stored = str | bytes
"""A path in the database; names that are no Unicode are kept as bytes."""


def stored(path: Path) -> Stored:
    """A path for the database."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return str(path)


def path_of(value: Stored) -> Path:
    """A path from the database."""
    return Path(os.fsdecode(value))


def now() -> str:
    """The time as the journal notes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def finished(entry: int, undoes: int | None) -> list[Statement]:
    """What notes that a write is done, and with it the one that it takes back undone; what that took back is done again."""
    statements: list[Statement] = [("UPDATE journal_writes SET state = 'done' WHERE id = ?", (entry,))]
    if undoes is not None:
        statements += [
            ("UPDATE journal_writes SET state = 'undone' WHERE id = ?", (undoes,)),
            (
                "UPDATE journal_writes SET state = 'done'"
                " WHERE id = (SELECT undoes FROM journal_writes WHERE id = ?)",
                (undoes,),
            ),
        ]
    return statements


def failed(entry: int, reason: str) -> Statement:
    """What notes that a file is still the old one."""
    return "UPDATE journal_writes SET state = 'failed', reason = ? WHERE id = ?", (reason, entry)


def kept(entry: int) -> Statement:
    """What notes that nobody knows what a file is now, so that the copy beside it stays for the user."""
    return "UPDATE journal_writes SET state = 'kept' WHERE id = ?", (entry,)


@contextlib.contextmanager
def or_refuse(photo: Path) -> Iterator[None]:
    """No write without its note: undo could not take it back.

    Raises:
        WriteRefusedError: the journal cannot be used.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise WriteRefusedError(
            photo, "The journal of writes cannot be written ({problem}).", problem=error
        ) from error


class JournalRecord:
    """The entry of one write; a :class:`geotagger.metadata.record.Record`."""

    def __init__(self, notes: GroupCommit, run_id: int, photo: Path, undoes: int | None) -> None:
        self._notes = notes
        self._run_id = run_id
        self._photo = photo
        self._undoes = undoes
        self._entry = 0

    @property
    def entry(self) -> int:
        """Its number in the journal; 0 while it is not begun."""
        return self._entry

    def begun(self, plan: Plan) -> None:
        """The write is about to start.

        Raises:
            WriteRefusedError: this cannot be noted down.
        """
        row = (
            self._run_id, stored(self._photo.absolute()), stored(plan.target.absolute()), plan.operation.value,
            pack(plan.edit), stored(plan.helper.absolute()), plan.in_place, now(), self._undoes,
        )  # fmt: skip
        sql = (
            "INSERT INTO journal_writes"
            " (run_id, photo, target, operation, edit, helper, in_place, state, at, undoes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'begun', ?, ?)"
        )
        with or_refuse(self._photo):
            self._entry = self._notes.note((sql, row))

    def prepared(self, after_sha256: str, before_sha256: str | None = None) -> None:
        """All is ready; this note is flushed to disk before it returns.

        Raises:
            WriteRefusedError: this cannot be noted down.
        """
        sql = "UPDATE journal_writes SET state = 'prepared', before_sha256 = ?, after_sha256 = ? WHERE id = ?"
        with or_refuse(self._photo):
            self._notes.note((sql, (before_sha256, after_sha256, self._entry)), durable=True)

    def done(self) -> None:
        """The file is the new one. Where this cannot be noted down, recovery finds it out."""
        with contextlib.suppress(sqlite3.Error):
            self._notes.note(*finished(self._entry, self._undoes))

    def failed(self, reason: str) -> None:
        """The file is still the old one. Where this cannot be noted down, recovery finds it out."""
        with contextlib.suppress(sqlite3.Error):
            self._notes.note(failed(self._entry, reason))

    def made_by(self, target: Path, sha256: str) -> Edit | None:
        """The change by which an earlier write made the file what it is, or made it at all; None where none did.

        Raises:
            WriteRefusedError: the journal cannot be read.
        """
        # Taking back leads to what a write before has made. A write that was taken back counts: the hash is that of now.
        sql = (
            "SELECT edit FROM journal_writes WHERE target = ? AND after_sha256 = ?"
            " AND operation IN ('edit', 'create') AND undoes IS NULL ORDER BY id LIMIT 1"
        )
        with or_refuse(self._photo):
            edit = self._notes.value(sql, (stored(target.absolute()), sha256))
        return None if edit is None else unpack(edit)
