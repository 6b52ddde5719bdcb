"""Notes of several threads share transactions, and each learns whether its own came to pass."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from geotagger.metadata.group_commit import GroupCommit, _Note

INSERT = "INSERT INTO notes (text) VALUES (?)"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(tmp_path / "notes", isolation_level=None, check_same_thread=False)
    opened.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
    yield opened
    opened.close()


def test_each_thread_gets_the_number_of_its_own_row(db: sqlite3.Connection) -> None:
    mutex = threading.RLock()
    notes = GroupCommit(db, mutex)
    found: dict[str, int] = {}

    def note(text: str) -> None:
        found[text] = notes.note((INSERT, (text,)), durable=text.endswith("0"))

    threads = [threading.Thread(target=note, args=(f"note {n}",)) for n in range(40)]
    commits = []
    db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    with mutex:  # all gather meanwhile
        for thread in threads:
            thread.start()
        while len(notes._waiting) < len(threads):
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join()
    assert dict(db.execute("SELECT text, id FROM notes")) == found
    assert len(commits) == 1


def test_statements_of_one_note_come_to_pass_together_or_not_at_all(db: sqlite3.Connection) -> None:
    notes = GroupCommit(db, threading.RLock())
    notes.note((INSERT, ("a",)))
    with pytest.raises(sqlite3.IntegrityError):
        notes.note((INSERT, ("b",)), (INSERT, ("a",)))
    assert db.execute("SELECT text FROM notes").fetchall() == [("a",)]
    assert not db.in_transaction
    assert notes.note((INSERT, ("c",))) == 2


def test_an_interrupted_commit_is_never_taken_for_one_that_came_to_pass(db: sqlite3.Connection) -> None:
    class Interrupted:
        in_transaction = property(lambda self: db.in_transaction)

        def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
            if sql == "COMMIT":
                raise KeyboardInterrupt
            return db.execute(sql, values)

    notes = GroupCommit(Interrupted(), threading.RLock())
    of_another_thread = _Note([(INSERT, ("b",))], False, error=sqlite3.OperationalError())
    notes._waiting.append(of_another_thread)
    with pytest.raises(KeyboardInterrupt):
        notes.note((INSERT, ("a",)))
    assert of_another_thread.settled
    assert of_another_thread.error is not None
    assert not db.in_transaction
    assert db.execute("SELECT text FROM notes").fetchall() == []
