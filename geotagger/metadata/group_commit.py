"""Notes that several threads make in a database at once, and that share their waits for the disk."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Statement = tuple[str, Sequence[object]]
"""SQL with its values."""


@dataclass(slots=True)
class _Note:
    statements: Sequence[Statement]
    durable: bool
    settled: bool = False
    row_id: int = 0
    error: sqlite3.Error | None = None


class GroupCommit:
    """Runs the statements of many threads in common transactions.

    While one transaction waits for the disk, the notes of other threads gather, and the next takes them all.

    Args:
        db: a connection without transactions of its own (``isolation_level=None``).
        mutex: held during a transaction; who uses the connection otherwise holds it, too.
    """

    def __init__(self, db: sqlite3.Connection, mutex: threading.RLock) -> None:
        self._db = db
        self._mutex = mutex
        self._waiting: deque[_Note] = deque()

    def note(self, *statements: Statement, durable: bool = False) -> int:
        """Run statements, all or none; returns when they are committed.

        Args:
            durable: they must survive a power cut from now on.

        Returns:
            Number of the row that the last of them inserted.

        Raises:
            sqlite3.Error: they did not come to pass.
        """
        note = _Note(statements, durable, error=sqlite3.OperationalError("interrupted"))
        self._waiting.append(note)
        with self._mutex:
            if not note.settled:
                self._commit()
        if note.error is not None:
            raise note.error
        return note.row_id

    def value(self, question: str, values: Sequence[object]) -> Any:
        """The one value that a query finds; None where it finds no row.

        Raises:
            sqlite3.Error: it cannot be asked.
        """
        with self._mutex:
            row = self._db.execute(question, values).fetchone()
        return row and row[0]

    def _commit(self) -> None:
        """Commit all that waits; the caller's note is among it."""
        notes = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            # Not possible within a transaction.
            durable = any(note.durable for note in notes)
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for note in notes:
                    for sql, values in note.statements:
                        note.row_id = self._db.execute(sql, values).lastrowid or 0
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            for note in notes:
                note.error = None
        except sqlite3.Error as error:
            for note in notes:
                note.error = error
        finally:
            for note in notes:
                note.settled = True
