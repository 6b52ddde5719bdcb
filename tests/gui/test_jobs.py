"""Threads, results, cancelling."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from geotagger.gui.jobs import Generation, Jobs, Lane, Token, Urgency


def fail(error: Exception) -> None:
    raise error


def test_work_runs_elsewhere_and_its_result_comes_back_here(qtbot: QtBot, jobs: Jobs) -> None:
    seen: list[tuple[int, QThread]] = []
    workers: list[int] = []

    def work() -> int:
        workers.append(threading.get_ident())
        return 42

    jobs.run(work, lambda value: seen.append((value, QThread.currentThread())), fail)
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert seen == [(42, jobs.thread())]
    assert workers[0] != threading.get_ident()


def test_an_error_goes_to_its_own_callback(qtbot: QtBot, jobs: Jobs) -> None:
    errors: list[Exception] = []
    jobs.run(lambda: 1 / 0, lambda value: pytest.fail("there is no result"), errors.append)
    qtbot.waitUntil(lambda: len(errors) == 1)
    assert isinstance(errors[0], ZeroDivisionError)


def test_result_of_a_cancelled_job_is_dropped(qtbot: QtBot, jobs: Jobs) -> None:
    started, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def work() -> str:
        started.set()
        go_on.wait(10)
        return "cancelled"

    token = jobs.run(work, seen.append, fail, lane=Lane.MODEL)
    assert started.wait(10)
    token.cancel()
    go_on.set()
    jobs.run(lambda: "wanted", seen.append, fail, lane=Lane.MODEL)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == ["wanted"]


def test_a_cancelled_job_that_waits_never_starts(qtbot: QtBot, jobs: Jobs) -> None:
    gate = threading.Event()
    ran: list[str] = []
    done: list[object] = []
    jobs.run(lambda: gate.wait(10), done.append, fail, lane=Lane.WRITE)
    token = Token()
    jobs.run(lambda: ran.append("no"), done.append, fail, token, Lane.WRITE)
    token.cancel()
    jobs.run(lambda: ran.append("yes"), done.append, fail, lane=Lane.WRITE)
    gate.set()
    qtbot.waitUntil(lambda: len(done) == 2)
    assert ran == ["yes"]


def test_a_new_generation_makes_older_requests_stale(qtbot: QtBot, jobs: Jobs) -> None:
    generation = Generation()
    seen: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        gate.wait(10)
        return number

    for number in range(5):
        jobs.run(lambda number=number: work(number), seen.append, fail, generation.next(), Lane.MODEL)
    gate.set()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [4]


def test_writes_never_overlap_and_keep_their_order(qtbot: QtBot, jobs: Jobs) -> None:
    running = threading.Semaphore(1)
    order: list[int] = []

    def work(number: int) -> int:
        assert running.acquire(blocking=False)
        running.release()
        return number

    for number in range(50):
        jobs.run(lambda number=number: work(number), order.append, fail, lane=Lane.WRITE)
    qtbot.waitUntil(lambda: len(order) == 50)
    assert order == list(range(50))


def test_what_is_visible_overtakes_what_waits(qtbot: QtBot, qapp: object) -> None:
    jobs = Jobs(1)
    gate, order, done = threading.Event(), [], []
    started = threading.Event()

    def block() -> None:
        started.set()
        gate.wait(10)

    jobs.run(block, done.append, fail)
    assert started.wait(10)
    for name in ("normal 1", "normal 2"):
        jobs.run(lambda name=name: order.append(name), done.append, fail)
    for name in ("visible 1", "visible 2"):
        jobs.run(lambda name=name: order.append(name), done.append, fail, urgency=Urgency.VISIBLE)
    gate.set()
    qtbot.waitUntil(lambda: len(done) == 5)
    jobs.shut_down()
    assert order == ["visible 2", "visible 1", "normal 1", "normal 2"]


def test_shutting_down_ends_all_threads_and_drops_what_waits(qtbot: QtBot, qapp: object) -> None:
    jobs = Jobs(2)
    gate = threading.Event()
    ran: list[int] = []
    for number in range(20):
        jobs.run(lambda number=number: (gate.wait(0.05), ran.append(number)), lambda _: None, fail)
    jobs.shut_down()
    assert len(ran) <= 4
    assert not [t for t in threading.enumerate() if t.name.startswith("geotagger-pool")]
    jobs.run(lambda: ran.append(99), lambda _: None, fail)
    assert 99 not in ran


def test_a_callback_that_raises_does_not_hold_up_the_others(qtbot: QtBot, jobs: Jobs) -> None:
    seen: list[int] = []

    def bad(_: object) -> None:
        raise RuntimeError("a callback went wrong")

    with qtbot.captureExceptions() as caught:
        jobs.run(lambda: 1, bad, fail, lane=Lane.MODEL)
        jobs.run(lambda: 2, seen.append, fail, lane=Lane.MODEL)
        qtbot.waitUntil(lambda: seen == [2])
    assert [str(value) for _, value, _ in caught] == ["a callback went wrong"]


def test_results_go_on_coming_while_a_callback_runs_a_loop_of_its_own(qtbot: QtBot, jobs: Jobs) -> None:
    """As a dialog does that waits for its answer: what came at the same moment must not wait for its end."""
    gate, done = threading.Event(), list[str]()

    def waits_in_a_loop(_: object) -> None:
        qtbot.waitUntil(lambda: "second" in done)
        done.append("first")

    jobs.run(gate.wait, waits_in_a_loop, fail, lane=Lane.MODEL)
    jobs.run(lambda: None, lambda _: done.append("second"), fail, lane=Lane.MODEL)
    jobs.run(lambda: None, lambda _: None, fail, lane=Lane.MODEL)
    gate.set()
    jobs._lanes[Lane.MODEL]._threads[0].join(0.2)  # so that all results wait before the first is handed out
    qtbot.waitUntil(lambda: "first" in done)
    assert done == ["second", "first"]


@pytest.mark.parametrize("fails", [False, True])
def test_what_callbacks_belong_to_ends_on_the_windows_thread(qtbot: QtBot, jobs: Jobs, fails: bool) -> None:
    ended: list[threading.Thread] = []

    class Owner:
        def work(self) -> None:
            if fails:
                raise ValueError

        def done(self, result: object) -> None:
            pass

        def __del__(self) -> None:
            ended.append(threading.current_thread())

    for cancelled in (False, True, False, True, False):
        owner = Owner()
        token = jobs.run(owner.work, owner.done, owner.done, lane=Lane.MODEL)
        if cancelled:
            token.cancel()
        del owner
    gone = 5
    qtbot.waitUntil(lambda: len(ended) == gone)
    assert set(ended) == {threading.main_thread()}
