"""The one place that starts threads: work runs on a lane, its result comes back on the window's thread."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

log = logging.getLogger(__name__)

T = TypeVar("T")


_ASIDE_END_S = 0.5


class Lane(Enum):
    """Where a job runs; the value names its threads."""

    POOL = "pool"
    """Several threads: reading files, decoding, thumbnails."""
    MODEL = "model"
    """One thread, because the network keeps state on its device."""
    WRITE = "write"
    """One thread, so that no two writes ever meet in one folder."""
    ASIDE = "aside"
    """One thread for what may never answer, such as a network drive that is gone; the program's end waits little."""


class Urgency(IntEnum):
    """Which waiting job of a lane goes first."""

    VISIBLE = 0
    NORMAL = 1


class Token:
    """Lets the owner of a job say that its result is no longer wanted."""

    __slots__ = ("_cancelled", "_generation", "_number")

    def __init__(self, generation: Generation | None = None) -> None:
        self._cancelled = False
        self._generation = generation
        self._number = 0 if generation is None else generation.number

    def cancel(self) -> None:
        """Drop the result; a job that has not started never will."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """True where the result is not wanted, or a newer generation has begun."""
        return self._cancelled or (self._generation is not None and self._generation.number != self._number)


class Generation:
    """Numbers successive requests for the same thing, such as the large preview: only the newest counts."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def next(self) -> Token:
        """A token for a new request; all earlier ones become stale."""
        self.number += 1
        return Token(self)


@dataclass(order=True, slots=True)
class _Job:
    urgency: int
    order: int
    work: Callable[[], Any] = field(compare=False)
    on_done: Callable[[Any], None] = field(compare=False)
    on_error: Callable[[Exception], None] = field(compare=False)
    token: Token = field(compare=False)


@dataclass(slots=True)
class _Held:
    """A job on its way through a thread, and what came of it.

    The thread holds this and not the job: the window's thread takes the job out. So whatever the callbacks belong to
    ends on the window's thread, even if nobody else holds it any more; a widget that ended on another would take the
    process with it.
    """

    job: _Job | None
    value: Any = None
    error: Exception | None = None

    def is_wanted(self) -> bool:
        return self.job is not None and not self.job.token.cancelled

    def work(self) -> None:
        try:
            if self.job is not None:
                self.value = self.job.work()
        except Exception as error:  # noqa: BLE001 - whatever a job raises belongs to its owner
            self.error = error

    def take(self) -> tuple[_Job | None, Any, Exception | None]:
        """All of it, which is then no longer here."""
        taken = self.job, self.value, self.error
        self.job = self.value = self.error = None
        return taken


class _LaneThreads:
    """The threads of one lane and the jobs that wait for them; threads start with the first jobs."""

    def __init__(self, lane: Lane, count: int, deliver: Callable[[_Held], None]) -> None:
        self._lane = lane
        self._count = count
        self._deliver = deliver
        self._waiting: list[_Job] = []
        self._idle = 0
        self._closed = False
        self._change = threading.Condition()
        self._threads: list[threading.Thread] = []

    def submit(self, job: _Job) -> None:
        with self._change:
            if self._closed:
                return
            heapq.heappush(self._waiting, job)
            if self._idle < len(self._waiting) and len(self._threads) < self._count:
                name = f"geotagger-{self._lane.value}-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._work, name=name, daemon=self._lane is Lane.ASIDE)
                self._threads.append(thread)
                thread.start()
            self._change.notify()

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._waiting.clear()
            self._change.notify_all()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(_ASIDE_END_S if self._lane is Lane.ASIDE else None)

    def _next(self) -> _Held | None:
        with self._change:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._change.wait()
            self._idle -= 1
            return None if self._closed else _Held(heapq.heappop(self._waiting))

    def _work(self) -> None:
        while (held := self._next()) is not None:
            if held.is_wanted():
                held.work()
            self._deliver(held)


class Jobs(QObject):
    """Runs work off the window's thread and brings results back by one queued signal.

    Work takes values and returns values; it never touches a widget. Results of cancelled tokens are dropped.
    """

    _results_wait = Signal()

    _TURN_MS = 6.0
    """Results are handed out for at most this long before the window may breathe."""

    def __init__(self, pool_threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        counts = {Lane.POOL: pool_threads, Lane.MODEL: 1, Lane.WRITE: 1, Lane.ASIDE: 1}
        self._lanes = {lane: _LaneThreads(lane, count, self._deliver) for lane, count in counts.items()}
        self._order = itertools.count()
        self._results: deque[_Held] = deque()
        self._signalled = threading.Lock()
        self._results_wait.connect(self._hand_out, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None],
        token: Token | None = None,
        lane: Lane = Lane.POOL,
        urgency: Urgency = Urgency.NORMAL,
    ) -> Token:
        """Run ``work`` on a lane and then one of the callbacks on the window's thread.

        Args:
            token: cancels the job; one is made if none is given.

        Returns:
            The token of the job.
        """
        token = token or Token()
        order = next(self._order)
        # What became visible last is looked at now: the newest visible request goes first.
        position = -order if urgency is Urgency.VISIBLE else order
        self._lanes[lane].submit(_Job(urgency, position, work, on_done, on_error, token))
        return token

    def shut_down(self) -> None:
        """Drop all waiting jobs and results and wait for the running ones to end."""
        for threads in self._lanes.values():
            threads.close()
        for threads in self._lanes.values():
            threads.join()
        self._results.clear()

    def _deliver(self, held: _Held) -> None:
        self._results.append(held)
        self._signal()

    def _signal(self) -> None:
        """Have the results handed out soon, unless that is to happen already."""
        if self._signalled.acquire(blocking=False):
            self._results_wait.emit()

    @Slot()
    def _hand_out(self) -> None:
        self._signalled.release()
        end = time.perf_counter() + self._TURN_MS / 1000
        while self._results and time.perf_counter() < end:
            job, value, error = self._results.popleft().take()
            if self._results:
                # Before the callback, which may raise or run a loop of its own: the others still have owners who wait.
                self._signal()
            if job is None or job.token.cancelled:
                continue
            if error is None:
                job.on_done(value)
            else:
                job.on_error(error)
