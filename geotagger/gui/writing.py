"""Writes accepted positions on the write thread, some photos at a time, and takes runs back."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from geotagger.core.errors import ChangedOnDiskError, GeotaggerError, PartlyWrittenError, PhotoError
from geotagger.core.fix import Fix
from geotagger.core.sentence import Sentence
from geotagger.core.settings import write_policy
from geotagger.core.write_policy import WritePolicy
from geotagger.gui.jobs import Generation, Lane
from geotagger.gui.language import said, tr, trn
from geotagger.gui.turns import Turns
from geotagger.gui.workbench import Workbench
from geotagger.metadata import (
    Journal,
    KeptCopy,
    PhotoMetadata,
    WriteOutcome,
    WriteRequest,
    WriteTarget,
    open_journal,
    read_photo,
    write_fixes,
)
from geotagger.session.progress import Progress
from geotagger.session.write_report import WriteReport, WriteSummary, plan_all

log = logging.getLogger(__name__)

_TURN_S = 0.25
"""After so long the write thread reports what it has written; slow disks still get one photo done."""
_TURN_PHOTOS = 64
"""At most so many photos are reported in one go, so that the window stays quick."""

_Result = tuple[WriteOutcome | Exception, PhotoMetadata | None]


def _as_it_is_now(path: Path, outcome: WriteOutcome | Exception) -> _Result:
    """The outcome with the file as it was read again, so that the window shows what is really there.

    Also of a file that another program has changed: when the user tries again, it is written as it is now.
    """
    if isinstance(outcome, Exception) and not isinstance(outcome, ChangedOnDiskError):
        return outcome, None
    try:
        return outcome, read_photo(path)
    except PhotoError as error:
        return outcome if isinstance(outcome, Exception) else error, None


class Writing(QObject):
    """One run at a time. The journal lives on the write thread only."""

    progressed = Signal()
    planned = Signal(object)
    """A :class:`WriteSummary` for the user to agree to."""
    ended = Signal(object)
    """The :class:`WriteReport` of a run, or of taking one back."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._generation = Generation()
        self._turns = Turns(self)
        self._journal: Journal | None = None
        self._waiting: deque[int] = deque()
        self._written_ids: list[int] = []
        self._command: WriteCommand | None = None
        self._report: WriteReport | None = None
        self._paused = False
        self._stopping = False
        self._in_flight: dict[int, WriteRequest] = {}
        self._undoing = False
        # A click into the history can cross several runs; they are taken back one after the other.
        self._queued: deque[Callable[[], None]] = deque()
        self.progress = Progress()

    @property
    def busy(self) -> bool:
        """True while a run is going on or being taken back."""
        return self._report is not None or self._undoing

    def close(self) -> None:
        """Close the journal; to be called when the write thread has ended."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def recover(self) -> None:
        """Make whole what a crash during writing left behind: opening the journal does that."""
        self._workbench.jobs.run(self._kept_copies, self._recovered, self._not_recovered, lane=Lane.WRITE)

    def _kept_copies(self) -> list[KeptCopy]:
        return self._open_journal().kept_copies()

    def _recovered(self, kept: list[KeptCopy]) -> None:
        """Name what could not be made whole without the user."""
        if kept:
            self._workbench.noticed.emit(" ".join(said(one.sentence) for one in kept), "")

    def _open_journal(self) -> Journal:
        """On the write thread, where the journal is used."""
        if self._journal is None:
            self._journal = open_journal()
        return self._journal

    def _not_recovered(self, error: Exception) -> None:
        if not isinstance(error, GeotaggerError):
            raise error
        self._workbench.noticed.emit(said(error), "")

    # Planning ---------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Work out in the background what writing would do; :attr:`planned` brings it."""
        self._workbench.finish_decisions()
        photos = self._workbench.session.photos(self._workbench.session.pending_ids)
        if not photos or self.busy:
            return
        policy = write_policy(self._workbench.settings)
        token = self._generation.next()
        self._workbench.jobs.run(partial(plan_all, photos, policy), self._planned, self._plan_failed, token)

    def _planned(self, summary: WriteSummary) -> None:
        self.planned.emit(summary)

    def _plan_failed(self, error: Exception) -> None:
        raise error

    # Writing ----------------------------------------------------------------------------------------------

    def write(self, summary: WriteSummary) -> None:
        """Begin the run that the user agreed to."""
        if self.busy:
            return
        self._start([write.photo_id for write in summary.writes])

    def write_again(self, command: WriteCommand) -> None:
        """Begin a run that redoes one that was taken back; after what is going on, if something is."""
        if self.busy:
            self._queued.append(partial(self.write_again, command))
            return
        self._workbench.finish_decisions()
        photos = self._workbench.session.photos(command.photo_ids)
        self._start([photo.id for photo in photos if photo.is_pending], command)

    def _start(self, photo_ids: list[int], command: WriteCommand | None = None) -> None:
        self._command = command
        self._waiting = deque(photo_ids)
        self._written_ids = []
        self._paused = self._stopping = False
        self._report = WriteReport()
        self.progress.expect(len(photo_ids))
        self._workbench.jobs.run(self._begin_run, self._begun, self._could_not_begin, lane=Lane.WRITE)
        self.progressed.emit()

    def _begin_run(self) -> int:
        """On the write thread: SQLite connections must stay on the thread that made them."""
        return self._open_journal().begin_run("window")

    def _begun(self, run_id: int) -> None:
        if self._report is not None:
            self._report.run_id = run_id
        self._go_on()

    def _could_not_begin(self, error: Exception) -> None:
        self._report = None
        self._queued.clear()
        self.progress.give_up()
        self.progressed.emit()
        if not isinstance(error, GeotaggerError | OSError):
            raise error
        self._workbench.noticed.emit(tr("Nothing was written: {problem}").format(problem=said(error)), "")

    def pause(self, paused: bool) -> None:
        """Hold before the next photos, or go on."""
        self._paused = paused
        if not paused:
            self._go_on()

    def cancel(self) -> None:
        """Stop after the photos that are being written; what was written stays, and can be taken back."""
        if self._report is not None:
            self._stopping = True
            self._report.cancelled = bool(self._waiting)
            self._waiting.clear()
            self._paused = False
            self.progress.give_up()
            self._go_on()

    def _go_on(self) -> None:
        if self._report is None or self._in_flight or self._paused or self._report.run_id is None:
            return
        while self._waiting and len(self._in_flight) < _TURN_PHOTOS:
            photo_id = self._waiting.popleft()
            photo = self._workbench.session.get(photo_id)
            if photo is None or photo.edited is None or photo.metadata is None:
                self.progress.advance()
                continue
            self._in_flight[photo_id] = WriteRequest(photo.path, photo.edited, photo.metadata.identity)
        if not self._in_flight:
            self._end_run()
            return
        policy = write_policy(self._workbench.settings)
        work = partial(self._write_some, list(self._in_flight.values()), policy, self._report.run_id)
        self._workbench.jobs.run(work, self._some_written, self._turn_failed, lane=Lane.WRITE)

    def _write_some(self, requests: list[WriteRequest], policy: WritePolicy, run_id: int) -> list[_Result]:
        """On the write thread: write until it is time to report; the results are of the first requests."""
        assert self._journal is not None
        end = time.monotonic() + _TURN_S

        def in_time() -> Iterator[WriteRequest]:
            yield requests[0]
            for request in requests[1:]:
                if self._paused or self._stopping or time.monotonic() > end:
                    return
                yield request

        results = write_fixes(in_time(), policy, self._journal, run_id)
        return [_as_it_is_now(path, outcome) for path, outcome in results]

    def _some_written(self, results: list[_Result]) -> None:
        requests, self._in_flight = list(self._in_flight.items()), {}
        for (photo_id, request), (outcome, metadata) in zip(requests, results, strict=False):
            if metadata is not None:
                self._workbench.session.update(photo_id, metadata=metadata)
            if isinstance(outcome, Exception):
                self._write_failed(photo_id, request.path, outcome)
            else:
                self._write_done(photo_id, request.fix, outcome)
        rest = [photo_id for photo_id, _ in requests[len(results) :]]
        if self._stopping:
            assert self._report is not None
            self._report.cancelled = self._report.cancelled or bool(rest)
        else:
            self._waiting.extendleft(reversed(rest))
        self._after_turn([photo_id for photo_id, _ in requests[: len(results)]])

    def _turn_failed(self, error: Exception) -> None:
        requests, self._in_flight = self._in_flight, {}
        for photo_id, request in requests.items():
            self._write_failed(photo_id, request.path, error)
        self._after_turn(list(requests))

    def _write_done(self, photo_id: int, fix: Fix, outcome: WriteOutcome) -> None:
        assert self._report is not None
        self._report.counts[outcome.target] += 1
        if outcome.note:
            self._report.notes[outcome.note] += 1
        if outcome.target is WriteTarget.KEPT:
            note = outcome.note or Sentence("The photo keeps the position that it has.")
            self._workbench.session.update(photo_id, error=note)
        else:
            self._workbench.session.update(photo_id, written=fix, error=None)
            self._written_ids.append(photo_id)

    def _write_failed(self, photo_id: int, path: Path, error: Exception) -> None:
        assert self._report is not None
        if isinstance(error, PhotoError):
            reason = error.reason
        else:
            log.error("Writing %s failed.", path, exc_info=error)
            reason = Sentence("Writing failed: {problem}", problem=error)
        if isinstance(error, PartlyWrittenError):
            self._written_ids.append(photo_id)  # so that taking back the run puts it back
        self._report.failures.append((path, reason))
        self._workbench.session.update(photo_id, error=reason)

    def _after_turn(self, photo_ids: list[int]) -> None:
        self._workbench.note_changed(photo_ids)
        self.progress.advance(len(photo_ids))
        self.progressed.emit()
        self._go_on()

    def _end_run(self) -> None:
        report, self._report = self._report, None
        assert report is not None
        if report.run_id is not None:
            if self._command is not None:
                self._command.now_stands_for(report.run_id)
            elif self._written_ids:
                self._workbench.undo_stack.push(WriteCommand(self, report.run_id, self._written_ids))
        self._ended(report)

    def _ended(self, report: WriteReport) -> None:
        self.progressed.emit()
        self.ended.emit(report)
        if self._queued:
            self._queued.popleft()()

    # Taking back ------------------------------------------------------------------------------------------

    def undo_run(self, run_id: int) -> None:
        """Take a run back, by way of the undo stack where it is the last step there."""
        self._workbench.finish_decisions()
        stack = self._workbench.undo_stack
        last = stack.command(stack.index() - 1) if stack.index() > 0 else None
        if isinstance(last, WriteCommand) and last.run_id == run_id:
            stack.undo()
        else:
            self.take_back(run_id)

    def take_back(self, run_id: int) -> None:
        """Put the files of a run back as they were, byte for byte; after what is going on, if something is."""
        if self.busy:
            self._queued.append(partial(self.take_back, run_id))
            return
        self._undoing = True
        self.progressed.emit()
        work = partial(self._undo_run, run_id)
        self._workbench.jobs.run(work, self._taken_back, self._could_not_take_back, lane=Lane.WRITE)

    def _undo_run(self, run_id: int) -> tuple[WriteReport, dict[Path, PhotoMetadata]]:
        journal = self._open_journal()
        report = WriteReport(run_id, undone=True)
        found: dict[Path, PhotoMetadata] = {}
        why_left = {
            outcome.path: outcome.error for outcome in journal.undo_run(run_id)
        }  # once for a photo's files
        for path, why in why_left.items():
            if why:
                report.failures.append((path, why))
                continue
            report.counts[WriteTarget.FILE] += 1
            try:
                found[path] = read_photo(path)
            except PhotoError as error:
                report.failures.append((path, error.reason))
        return report, found

    def _taken_back(self, result: tuple[WriteReport, dict[Path, PhotoMetadata]]) -> None:
        self._turns.run(self._taking_back(*result))

    def _taking_back(self, report: WriteReport, found: dict[Path, PhotoMetadata]) -> Iterator[None]:
        """Tell the session what the files hold again, photo by photo."""
        session = self._workbench.session
        facts: list[tuple[Path, dict[str, Any]]] = [
            (path, {"metadata": metadata, "written": None, "error": None}) for path, metadata in found.items()
        ]
        facts += [(path, {"error": reason}) for path, reason in report.failures]
        for path, known in facts:
            photo_id = session.id_of(path, also_closed=True)
            if photo_id is not None and session.update(photo_id, **known):
                self._workbench.note_changed((photo_id,))
            yield
        self._undoing = False
        self._ended(report)

    def _could_not_take_back(self, error: Exception) -> None:
        self._undoing = False
        self._queued.clear()
        self.progressed.emit()
        if not isinstance(error, GeotaggerError | OSError):
            raise error
        self._workbench.noticed.emit(
            tr("The run was not taken back: {problem}").format(problem=said(error)), ""
        )


class WriteCommand(QUndoCommand):
    """A finished run on the undo stack: undo takes it back from the disk, redo writes again."""

    def __init__(self, writing: Writing, run_id: int, photo_ids: list[int]) -> None:
        super().__init__(trn("Write {n} photo", "Write {n} photos", len(photo_ids)))
        self._writing = writing
        self.run_id = run_id
        self.photo_ids = tuple(photo_ids)
        self._just_ended = True

    def now_stands_for(self, run_id: int) -> None:
        """The run was done again, under another number."""
        self.run_id = run_id

    def redo(self) -> None:
        if self._just_ended:
            self._just_ended = False  # push() calls redo for the run that has just ended
        else:
            self._writing.write_again(self)

    def undo(self) -> None:
        self._writing.take_back(self.run_id)
