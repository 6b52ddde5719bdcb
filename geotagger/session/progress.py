"""How far a long piece of work is, and how long it will still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class Progress:
    """Counts finished photos and estimates the remaining time from the last ones.

    Args:
        clock: seconds from any start that never go back.
    """

    _WINDOW = 64

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque(maxlen=self._WINDOW)
        self.done = 0
        self.total = 0
        self._marks.append((clock(), 0))

    @property
    def running(self) -> bool:
        """True while something is left to do."""
        return self.done < self.total

    def expect(self, count: int) -> None:
        """Note further work; the count starts anew when all earlier work was finished."""
        if not self.running:
            self.done = self.total = 0
            self._marks.clear()
            self._marks.append((self._clock(), 0))
        self.total += count

    def advance(self, count: int = 1) -> None:
        """Note finished work."""
        self.done = min(self.done + count, self.total)
        self._marks.append((self._clock(), self.done))

    def give_up(self) -> None:
        """Forget what is left."""
        self.total = self.done

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the recent pace; None until a pace can be told."""
        (start, done_then), (now, done_now) = self._marks[0], self._marks[-1]
        if done_now - done_then < 1 or now <= start:
            return None
        return (self.total - self.done) * (now - start) / (done_now - done_then)
