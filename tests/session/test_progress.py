"""Counting and estimating with a clock that the test moves."""

from __future__ import annotations

import pytest

from geotagger.session.progress import Progress


def test_estimate_follows_the_recent_pace() -> None:
    now = [0.0]
    progress = Progress(lambda: now[0])
    progress.expect(100)
    assert progress.seconds_left is None
    for _ in range(10):
        now[0] += 0.5
        progress.advance()
    assert progress.seconds_left == pytest.approx(45.0)
    assert (progress.done, progress.total) == (10, 100)


def test_more_work_extends_a_running_count_and_restarts_a_finished_one() -> None:
    progress = Progress(lambda: 0.0)
    progress.expect(2)
    progress.advance()
    progress.expect(3)
    assert (progress.done, progress.total) == (1, 5)
    progress.advance(4)
    assert not progress.running
    progress.expect(7)
    assert (progress.done, progress.total) == (0, 7)


def test_giving_up_ends_it() -> None:
    progress = Progress(lambda: 0.0)
    progress.expect(9)
    progress.give_up()
    assert not progress.running
