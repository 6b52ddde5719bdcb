"""The journal of writes: every change to a file is noted before and after, so that it can be taken back.

One SQLite file per user. An entry holds the splices of the edit (the EXIF bytes that went out and came in, not the
photo) and the SHA-256 of the file before and after. What a crash left half-way is put in order at the next start.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType

from geotagger.core.errors import GeotaggerError, PartlyWrittenError, PhotoError, UserFolderError
from geotagger.core.file_questions import exists, is_folder
from geotagger.core.paths import data_dir
from geotagger.core.sentence import Sentence
from geotagger.metadata.group_commit import GroupCommit
from geotagger.metadata.journal_record import JournalRecord, now, or_refuse, path_of
from geotagger.metadata.recovery import OPEN, settle_all
from geotagger.metadata.side_by_side import side_by_side
from geotagger.metadata.taking_back import Write, check_all, names_of, take_back, write_of

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
CREATE INDEX IF NOT EXISTS journal_writes_by_target ON journal_writes(target);
"""
_DONE = "SELECT id, photo, target, operation, edit, after_sha256 FROM journal_writes WHERE state = 'done'"
DATABASE = "geotagger.sqlite3"
UNDO = "undo"
"""Kind of the runs in which other runs are taken back."""


class JournalError(GeotaggerError):
    """The journal cannot be used, or holds no such run."""


class _HalfTakenBackError(PartlyWrittenError):
    """Of the files of a photo some are taken back and others are not."""


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


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """The copy beside a file whose write was interrupted, and which was changed again or lost before the next start.

    Nobody can tell which of the two the user wants, so both stay.
    """

    path: Path
    copy: Path

    @property
    def sentence(self) -> Sentence:
        """What the user should know of it."""
        return Sentence(
            "A write was interrupted, and since then {file} was changed or lost. A copy from before was kept as"
            " {copy}: compare the two, and delete the copy when it is not needed.",
            file=str(self.path),
            copy=str(self.copy),
        )


def open_journal() -> Journal:
    """The journal in the user's database.

    Raises:
        JournalError: it cannot be used.
    """
    try:
        database = data_dir() / DATABASE
    except UserFolderError as error:
        raise JournalError(error.sentence) from error
    return Journal(database)


@contextlib.contextmanager
def _or_journal_error() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:  # a damaged database can hold anything
        raise JournalError("The journal of writes cannot be used ({problem}).", problem=error) from error


class Journal:
    """The journal in the user's database.

    Args:
        db_path: the SQLite file; made if missing.

    Raises:
        JournalError: the file cannot be opened, or is not a database.
    """

    def __init__(self, db_path: Path) -> None:
        self._mutex = threading.RLock()
        self._writers = 0
        self._thread = threading.local()
        self._closing = False
        self._writers_change = threading.Condition()
        with _or_journal_error():
            db_path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(db_path, timeout=30, isolation_level=None, check_same_thread=False)
            # Held for reading while writes go on, so that nobody takes a running write for a crashed one.
            self._lock = sqlite3.connect(
                f"{db_path}.lock", timeout=30, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA fullfsync=ON")  # matters on macOS alone, as in disk.flush
            self._db.executescript(_TABLES)
            self._notes = GroupCommit(self._db, self._mutex)
            self.recover()

    def close(self) -> None:
        """Close the database, when the writes that go on in other threads have ended."""
        self._wait_for_writers()
        with self._mutex:
            self._db.close()
            self._lock.close()

    def _wait_for_writers(self) -> None:
        """Let the writes that go on end, and no others begin."""
        with self._writers_change:
            self._closing = True
            self._writers_change.wait_for(lambda: not self._writers)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database; what an interrupt (Ctrl+C) cut short is settled before."""
        self._wait_for_writers()
        with contextlib.suppress(sqlite3.Error):
            self.recover()
        self.close()

    def begin_run(self, kind: str) -> int:
        """Start a batch of writes, such as ``set`` or ``tag``, and return its number.

        Raises:
            JournalError: the journal cannot be written.
        """
        with _or_journal_error():
            return self._notes.note(("INSERT INTO journal_runs (kind, started) VALUES (?, ?)", (kind, now())))

    def runs(self) -> list[Run]:
        """All runs that changed a file, newest first; undo runs are not listed.

        Raises:
            JournalError: the journal cannot be read.
        """
        with _or_journal_error(), self._mutex:
            rows = self._db.execute(
                "SELECT r.id, r.kind, r.started, SUM(w.state = 'done'), SUM(w.state = 'undone')"
                " FROM journal_runs r JOIN journal_writes w ON w.run_id = r.id"
                " WHERE r.kind != ? AND w.state IN ('done', 'undone')"
                " GROUP BY r.id ORDER BY MAX(w.id) DESC",
                (UNDO,),
            ).fetchall()
            return [
                Run(i, kind, datetime.fromisoformat(at), done, undone) for i, kind, at, done, undone in rows
            ]

    @contextlib.contextmanager
    def record(self, run_id: int, photo: Path, undoes: int | None = None) -> Iterator[JournalRecord]:
        """A record for one write of a run, guarded against being taken for a crash while it lasts.

        Several may be open at once, in threads.

        Raises:
            WriteRefusedError: the journal cannot be used.
        """
        with self.together(photo):
            yield JournalRecord(self._notes, run_id, photo, undoes)

    @contextlib.contextmanager
    def together(self, photo: Path) -> Iterator[None]:
        """All records that are opened within, in this thread, come before the journal is closed, or none does.

        Else an interrupt could close it between a photo and its sidecar.

        Raises:
            WriteRefusedError: the journal cannot be used.
        """
        if getattr(self._thread, "writes", False):
            yield
            return
        with or_refuse(photo):
            self._enter()
        self._thread.writes = True
        try:
            yield
        finally:
            self._thread.writes = False
            self._leave()

    def _enter(self) -> None:
        with self._writers_change:
            if self._closing:
                raise sqlite3.ProgrammingError("it is being closed")
            if not self._writers:
                self._lock.execute("BEGIN")
                try:
                    self._lock.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
                except sqlite3.Error:
                    self._lock.execute("ROLLBACK")
                    raise
            self._writers += 1

    def _leave(self) -> None:
        with self._writers_change, contextlib.suppress(sqlite3.Error):
            self._writers -= 1
            if not self._writers:
                self._writers_change.notify_all()
                self._lock.execute("ROLLBACK")

    def undo_run(self, run_id: int | None = None) -> Iterator[UndoOutcome]:
        """Take back a run, by default the last that is not taken back, newest write first.

        A photo and its sidecars belong together: where one of them cannot be taken back, none is.

        Yields:
            What became of each file, those of a photo together; one that changed since is left alone.

        Raises:
            JournalError: there is no such run, or nothing in it to take back.
        """
        if run_id is None:
            run_id = next((r.id for r in self.runs() if r.writes), None)
            if run_id is None:
                raise JournalError("There is nothing to undo.")
        with _or_journal_error(), self._mutex:
            rows = self._db.execute(f"{_DONE} AND run_id = ? ORDER BY id DESC", (run_id,)).fetchall()
            known = self._db.execute("SELECT 1 FROM journal_runs WHERE id = ?", (run_id,)).fetchone()
            all_writes = [write_of(*row) for row in rows]
        if not known:
            raise JournalError("There is no run {number} in the journal.", number=run_id)
        if not all_writes:
            raise JournalError("Run {number} holds nothing that could be undone.", number=run_id)
        undo_id = self.begin_run(UNDO)
        photos: dict[Path, list[Write]] = {}
        name_of: dict[object, Path] = {}
        for write in all_writes:
            files = names_of(write.photo)  # through a link and by name: taken back in one order
            name = next((name_of[file] for file in files if file in name_of), write.photo)
            name_of.update(dict.fromkeys(files, name))
            photos.setdefault(name, []).append(write)
        works = [(photo, partial(self._undo_photo, undo_id, writes)) for photo, writes in photos.items()]
        for photo, result in side_by_side(works):
            if isinstance(result, Exception) and not isinstance(result, PhotoError):
                raise result
            for write in photos[photo]:
                why = None if result is None else _why_left(write.target, result)
                yield UndoOutcome(write.photo, write.target, why)

    def take_back(self, entries: Sequence[int]) -> None:
        """Take back single writes, newest first, as where the rest of what belongs to them could not be done.

        Raises:
            PhotoError: one cannot be taken back now; it is still part of its run.
            JournalError: the journal cannot be written.
        """
        undo_id = self.begin_run(UNDO) if entries else 0
        for entry in sorted(entries, reverse=True):
            with _or_journal_error(), self._mutex:
                row = self._db.execute(f"{_DONE} AND id = ?", (entry,)).fetchone()
            if row is None:
                raise JournalError("What became of it is not known yet.")
            self._undo_write(undo_id, write_of(*row))

    def check(self) -> None:
        """Look through the whole database.

        Raises:
            JournalError: it is damaged.
        """
        with _or_journal_error(), self._mutex:
            (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise JournalError("The journal of writes is damaged ({problem}).", problem=found)

    def kept_copies(self) -> list[KeptCopy]:
        """What interrupted writes left unclear, as long as the user has not deleted or renamed the copies.

        Raises:
            JournalError: the journal cannot be read.
        """
        with _or_journal_error(), self._mutex:
            rows = self._db.execute(
                "SELECT target, helper FROM journal_writes WHERE state = 'kept'"
            ).fetchall()
        kept = [KeptCopy(path_of(target), path_of(helper)) for target, helper in rows]
        return [one for one in kept if exists(one.copy)]

    def out_of_reach(self) -> list[Path]:
        """Files whose write was cut short, and whose folder cannot be reached now: they are settled when it can be.

        Raises:
            JournalError: the journal cannot be read.
        """
        with _or_journal_error(), self._mutex:
            rows = self._db.execute(f"SELECT DISTINCT target FROM journal_writes WHERE {OPEN}").fetchall()
        return [path for (target,) in rows if not is_folder((path := path_of(target)).parent)]

    def _undo_photo(self, undo_id: int, writes: Sequence[Write]) -> None:
        """Take back all that a run wrote for a photo, or nothing of it.

        Raises:
            PhotoError: nothing was taken back, or the reason says what was.
        """
        with self.together(writes[0].photo):
            if len(writes) > 1:
                check_all(writes)
            undone: list[int] = []
            try:
                for write in writes:
                    undone.append(self._undo_write(undo_id, write))
            except PhotoError as error:
                try:
                    self.take_back(undone)
                except GeotaggerError as problem:
                    raise _HalfTakenBackError(
                        error.path,
                        "{why} What was written with it was taken back, and could not be written again at once ({problem}).",
                        why=error.reason,
                        problem=problem.sentence,
                    ) from error  # not from its own cause: this is not to be tried again
                raise

    def _undo_write(self, undo_id: int, write: Write) -> int:
        """Take back a single write; returns the number of the entry that says so."""
        with self.record(undo_id, write.photo, write.entry) as record:
            take_back(write, record)
        return record.entry

    def recover(self) -> int:
        """Settle what a crash left behind: find out which file is there, and clear away temporary ones.

        Returns:
            How many writes were settled; 0 while another process writes.
        """
        with self._mutex, self._writers_change:
            if not self._db.execute(f"SELECT 1 FROM journal_writes WHERE {OPEN} LIMIT 1").fetchone():
                return 0
            if self._writers:
                return 0
            self._lock.execute("PRAGMA busy_timeout=0")
            try:
                self._lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                return 0
            finally:
                self._lock.execute("PRAGMA busy_timeout=30000")
            try:
                return settle_all(self._db, self._notes)
            finally:
                self._lock.execute("ROLLBACK")


def _why_left(target: Path, error: PhotoError) -> str:
    """Why a file was not taken back: for its own sake, or for that of another one of its photo."""
    if error.path == target or isinstance(error, _HalfTakenBackError):
        return error.reason
    return Sentence(
        "It was left as it is, because {file} cannot be taken back with it: {why}",
        file=error.path.name,
        why=error.reason,
    )
