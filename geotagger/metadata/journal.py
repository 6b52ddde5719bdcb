"""The journal of writes: every change to a file is noted before and after, so that it can be taken back.

One SQLite file per user. An entry holds the splices of the edit (the EXIF bytes that went out and came in, not the
photo) and the SHA-256 of the file before and after. What a crash left half-way is put in order at the next start.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from geotagger.core.errors import ChangedOnDiskError, GeotaggerError, WriteRefusedError
from geotagger.core.paths import data_dir
from geotagger.metadata import safe_write
from geotagger.metadata.edit import Edit, invert, pack, unpack
from geotagger.metadata.edited_bytes import digest_of, is_before
from geotagger.metadata.os_errors import refused
from geotagger.metadata.safe_write import Operation, Plan

_TABLES = """
CREATE TABLE IF NOT EXISTS journal_runs (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, started TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS journal_writes (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES journal_runs(id),
    photo TEXT NOT NULL, target TEXT NOT NULL, operation TEXT NOT NULL, edit BLOB NOT NULL,
    helper TEXT NOT NULL, in_place INTEGER NOT NULL, before_sha256 TEXT, after_sha256 TEXT,
    state TEXT NOT NULL, reason TEXT, at TEXT NOT NULL, undoes INTEGER
);
CREATE INDEX IF NOT EXISTS journal_writes_by_run ON journal_writes(run_id);
CREATE INDEX IF NOT EXISTS journal_writes_by_state ON journal_writes(state);
"""
DATABASE = "geotagger.sqlite3"
UNDO = "undo"
"""Kind of the runs in which other runs are taken back."""


class JournalError(GeotaggerError):
    """The journal cannot be used, or holds no such run."""


@dataclass(frozen=True, slots=True)
class Run:
    """One batch of writes.

    Attributes:
        writes: files changed and not taken back.
        undone: files that were taken back.
    """

    id: int
    kind: str
    started: datetime
    writes: int
    undone: int


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What became of taking back one write.

    Attributes:
        path: the photo.
        target: the file that was changed: the photo or its sidecar.
        error: why it was not taken back; None where it was.
    """

    path: Path
    target: Path
    error: str | None


def open_journal() -> Journal:
    """The journal in the user's database.

    Raises:
        JournalError: it cannot be used.
    """
    return Journal(data_dir() / DATABASE)


def _stored(path: Path) -> str | bytes:
    """A path for the database; names that are no Unicode are kept as bytes, and ``os.fsdecode`` reads both."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return str(path)


def _path(stored: str | bytes) -> Path:
    return Path(os.fsdecode(stored))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def _or_journal_error() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"The journal of writes cannot be used ({error}).") from error


class Journal:
    """The journal in the user's database.

    Args:
        db_path: the SQLite file; made if missing.

    Raises:
        JournalError: the file cannot be opened, or is not a database.
    """

    def __init__(self, db_path: Path) -> None:
        self._mutex = threading.RLock()
        with _or_journal_error():
            db_path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(db_path, timeout=30, isolation_level=None, check_same_thread=False)
            # Held for reading during each write, so that nobody takes a running write for a crashed one.
            self._lock = sqlite3.connect(
                f"{db_path}.lock", timeout=30, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLES)
            self.recover()

    def close(self) -> None:
        """Close the database."""
        with self._mutex:
            self._db.close()
            self._lock.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin_run(self, kind: str) -> int:
        """Start a batch of writes, such as ``set`` or ``tag``, and return its number.

        Raises:
            JournalError: the journal cannot be written.
        """
        with self._mutex, _or_journal_error():
            cursor = self._db.execute(
                "INSERT INTO journal_runs (kind, started) VALUES (?, ?)", (kind, _now())
            )
        return cursor.lastrowid or 0

    def runs(self) -> list[Run]:
        """All runs that changed a file, newest first; undo runs are not listed."""
        with self._mutex:
            rows = self._db.execute(
                "SELECT r.id, r.kind, r.started, SUM(w.state = 'done'), SUM(w.state = 'undone')"
                " FROM journal_runs r JOIN journal_writes w ON w.run_id = r.id"
                " WHERE r.kind != ? AND w.state IN ('done', 'undone')"
                " GROUP BY r.id ORDER BY MAX(w.id) DESC",
                (UNDO,),
            ).fetchall()
        return [Run(i, kind, datetime.fromisoformat(at), done, undone) for i, kind, at, done, undone in rows]

    @contextlib.contextmanager
    def record(self, run_id: int, photo: Path, undoes: int | None = None) -> Iterator[JournalRecord]:
        """A record for one write of a run, guarded against being taken for a crash while it lasts."""
        with self._mutex:
            record = JournalRecord(self._db, run_id, photo, undoes)
            with record.or_refuse():
                self._lock.execute("BEGIN")
                self._lock.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            try:
                yield record
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self._lock.execute("ROLLBACK")

    def undo_run(self, run_id: int | None = None) -> Iterator[UndoOutcome]:
        """Take back a run, by default the last that is not taken back, newest write first.

        Yields:
            What became of each file; one that changed since is left alone.

        Raises:
            JournalError: there is no such run, or nothing in it to take back.
        """
        if run_id is None:
            run_id = next((r.id for r in self.runs() if r.writes), None)
            if run_id is None:
                raise JournalError("There is nothing to undo.")
        with self._mutex:
            rows = self._db.execute(
                "SELECT id, photo, target, operation, edit, after_sha256 FROM journal_writes"
                " WHERE run_id = ? AND state = 'done' ORDER BY id DESC",
                (run_id,),
            ).fetchall()
            known = self._db.execute("SELECT 1 FROM journal_runs WHERE id = ?", (run_id,)).fetchone()
        if not known:
            raise JournalError(f"There is no run {run_id} in the journal.")
        if not rows:
            raise JournalError(f"Run {run_id} holds nothing that could be undone.")
        undo_id = self.begin_run(UNDO)
        for entry, photo, target, operation, edit, after in rows:
            error = None
            try:
                with self.record(undo_id, _path(photo), entry) as record:
                    _take_back(_path(target), Operation(operation), unpack(edit), after, record)
            except WriteRefusedError as refusal:
                error = refusal.reason
            yield UndoOutcome(_path(photo), _path(target), error)

    def recover(self) -> int:
        """Settle what a crash left behind: find out which file is there, and clear away temporary ones.

        Returns:
            How many writes were settled; 0 while another process writes.
        """
        with self._mutex:
            if not self._db.execute(f"SELECT 1 FROM journal_writes WHERE {_OPEN} LIMIT 1").fetchone():
                return 0
            self._lock.execute("PRAGMA busy_timeout=0")
            try:
                self._lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                return 0
            finally:
                self._lock.execute("PRAGMA busy_timeout=30000")
            try:
                rows = self._db.execute(
                    "SELECT id, target, operation, edit, helper, in_place, before_sha256, after_sha256, state, undoes"
                    f" FROM journal_writes WHERE {_OPEN}"
                ).fetchall()
                return sum(self._settle(*row) for row in rows)
            finally:
                self._lock.execute("ROLLBACK")

    def _settle(
        self, entry: int, target: str | bytes, operation: str, edit: bytes, helper: str | bytes, in_place: int,
        before: str | None, after: str | None, state: str, undoes: int | None,
    ) -> bool:  # fmt: skip
        """Settle one write; False where its folder cannot be reached now."""
        folder = _path(target).parent
        if not folder.is_dir():
            return False
        try:
            written = state == "prepared" and _was_written(
                _path(target),
                Operation(operation),
                unpack(edit),
                _path(helper),
                bool(in_place),
                before,
                after,
            )
            if helper != target:
                _path(helper).unlink(missing_ok=True)
        except OSError:
            return False
        if written:
            _finish(self._db, entry, undoes)
        else:
            _fail(self._db, entry, "The program was interrupted; the file is as it was.")
        return True


_OPEN = "state IN ('begun', 'prepared')"


class JournalRecord:
    """The entry of one write."""

    def __init__(self, db: sqlite3.Connection, run_id: int, photo: Path, undoes: int | None) -> None:
        self._db = db
        self._run_id = run_id
        self._photo = photo
        self._undoes = undoes
        self._entry = 0

    def begun(self, plan: Plan) -> None:
        """The write is about to start.

        Raises:
            WriteRefusedError: this cannot be noted down.
        """
        row = (
            self._run_id, _stored(self._photo.absolute()), _stored(plan.target), plan.operation.value,
            pack(plan.edit), _stored(plan.helper), plan.in_place, _now(), self._undoes,
        )  # fmt: skip
        with self.or_refuse():
            cursor = self._db.execute(
                "INSERT INTO journal_writes"
                " (run_id, photo, target, operation, edit, helper, in_place, state, at, undoes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'begun', ?, ?)",
                row,
            )
        self._entry = cursor.lastrowid or 0

    def prepared(self, after_sha256: str, before_sha256: str | None = None) -> None:
        """All is ready; this note is flushed to disk before it returns.

        Raises:
            WriteRefusedError: this cannot be noted down.
        """
        with self.or_refuse():
            self._db.execute("PRAGMA synchronous=FULL")
            try:
                self._db.execute(
                    "UPDATE journal_writes SET state = 'prepared', before_sha256 = ?, after_sha256 = ? WHERE id = ?",
                    (before_sha256, after_sha256, self._entry),
                )
            finally:
                self._db.execute("PRAGMA synchronous=NORMAL")

    def done(self) -> None:
        """The file is the new one. Where this cannot be noted down, recovery finds it out."""
        with contextlib.suppress(sqlite3.Error):
            _finish(self._db, self._entry, self._undoes)

    def failed(self, reason: str) -> None:
        """The file is still the old one. Where this cannot be noted down, recovery finds it out."""
        with contextlib.suppress(sqlite3.Error):
            _fail(self._db, self._entry, reason)

    @contextlib.contextmanager
    def or_refuse(self) -> Iterator[None]:
        """No write without its note: undo could not take it back."""
        try:
            yield
        except sqlite3.Error as error:
            reason = f"The journal of writes cannot be written ({error})."
            raise WriteRefusedError(self._photo, reason) from error


def _finish(db: sqlite3.Connection, entry: int, undoes: int | None) -> None:
    db.execute("BEGIN")
    db.execute("UPDATE journal_writes SET state = 'done' WHERE id = ?", (entry,))
    if undoes is not None:
        db.execute("UPDATE journal_writes SET state = 'undone' WHERE id = ?", (undoes,))
    db.execute("COMMIT")


def _fail(db: sqlite3.Connection, entry: int, reason: str) -> None:
    db.execute("UPDATE journal_writes SET state = 'failed', reason = ? WHERE id = ?", (reason, entry))


def _was_written(
    target: Path,
    operation: Operation,
    edit: Edit,
    helper: Path,
    in_place: bool,
    before: str | None,
    after: str | None,
) -> bool:
    """Whether a prepared write came to pass; a file overwritten in part is brought back first."""
    if operation is Operation.REMOVE:
        return not target.exists()
    if operation is Operation.CREATE:
        return target.exists() and digest_of(target) == after
    digest = digest_of(target) if target.exists() else ""
    if digest in (before, after):
        return digest == after
    if not in_place:
        # The temporary file is gone if it took the place of the old one, which others then changed again.
        return not helper.exists() and not is_before(target, edit)
    if helper.exists() and digest_of(helper) == before:
        safe_write.restore_from(helper, target)
    return False


def _take_back(target: Path, operation: Operation, edit: Edit, after: str, record: JournalRecord) -> None:
    """Undo one write.

    Raises:
        WriteRefusedError: the file is gone, changed since, or cannot be written.
    """
    if operation is Operation.REMOVE:
        safe_write.create(target, edit[0].removed, record)
        return
    try:
        digest = digest_of(target)
    except FileNotFoundError as error:
        raise WriteRefusedError(target, "The file is no longer there.") from error
    except OSError as error:
        raise refused(target, error) from error
    if digest != after:
        raise ChangedOnDiskError(target, "The file has changed since; it was left as it is.")
    if operation is Operation.CREATE:
        safe_write.remove(target, edit[0].inserted, record)
    else:
        safe_write.write_edit(target, invert(edit), record)
