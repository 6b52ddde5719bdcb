"""Runs of writes in the window: outcomes, pause, cancel, and what stays on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings
from geotagger.core.write_policy import Overwrite
from geotagger.gui import writing as writing_module
from geotagger.gui.jobs import Jobs
from geotagger.gui.workbench import Workbench
from geotagger.gui.writing import Writing
from geotagger.metadata import disk, read_photo
from geotagger.session.write_report import WriteReport
from tests.images import save_photo
from tests.metadata.samples.packets import CARRIED_POSITION, xmp

FIX = Fix(LatLon(46.9, -110.4), Source.MANUAL)
COUNT = 100


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    first = save_photo(tmp_path / "photos" / "00.jpg", seed=1)
    paths = [first.with_name(f"{number:02}.jpg") for number in range(COUNT)]
    for path in paths[1:]:
        path.write_bytes(first.read_bytes())
    return paths


@pytest.fixture
def writing(jobs: Jobs, photos: list[Path]) -> Iterator[Writing]:
    """A run that could begin: every photo has a position to be written."""
    workbench = Workbench(jobs, Settings())
    for photo_id, path in zip(workbench.session.add(photos), photos, strict=True):
        workbench.session.update(photo_id, metadata=read_photo(path), edited=FIX)
    made = Writing(workbench)
    yield made
    jobs.shut_down()
    made.close()


def start(writing: Writing) -> list[WriteReport]:
    reports: list[WriteReport] = []
    writing.ended.connect(reports.append)
    writing._start(writing._workbench.session.pending_ids)
    return reports


def written(photos: list[Path]) -> list[bool]:
    return [read_photo(path).fix is not None for path in photos]


def strays(photos: list[Path]) -> list[str]:
    return [f.name for f in photos[0].parent.iterdir() if f.name.startswith(".")]


def test_every_photo_gets_its_own_outcome(qtbot: QtBot, writing: Writing, photos: list[Path]) -> None:
    photos[7].write_bytes(photos[7].read_bytes() + b"changed")
    reports = start(writing)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    (report,) = reports
    assert report.written == COUNT - 1
    assert [path for path, _ in report.failures] == [photos[7]]
    assert not report.cancelled
    assert written(photos) == [number != 7 for number in range(COUNT)]
    session = writing._workbench.session
    assert {p.path for p in session if p.error is not None} == {photos[7]}
    assert session.pending_count == 1
    assert writing.progress.done == writing.progress.total == COUNT


def test_cancelling_finishes_what_was_begun_and_leaves_the_rest_alone(
    qtbot: QtBot, writing: Writing, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = [path.read_bytes() for path in photos]
    take_place = disk.take_place
    begun: list[Path] = []

    def count(helper: Path, real: Path) -> None:
        begun.append(real)
        take_place(helper, real)
        if len(begun) >= 3:
            # What cancel() does on the window's thread, at a moment that can be told.
            writing._stopping = True

    monkeypatch.setattr(disk, "take_place", count)
    reports = start(writing)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    (report,) = reports
    done = written(photos)
    assert report.cancelled
    assert report.written == sum(done) < COUNT
    assert [p.read_bytes() == o for p, o in zip(photos, originals, strict=True)] == [not d for d in done]
    assert strays(photos) == []
    assert writing._workbench.session.pending_count == COUNT - sum(done)
    assert not writing.busy


def test_cancel_ends_a_run_at_once_when_nothing_is_in_flight(
    qtbot: QtBot, writing: Writing, photos: list[Path]
) -> None:
    reports = start(writing)
    writing.pause(True)
    qtbot.waitUntil(lambda: writing._report is not None and writing._report.run_id is not None)
    writing.cancel()
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    assert reports[0].cancelled
    assert written(photos) == [False] * COUNT


def test_a_paused_run_goes_on_where_it_stopped(
    qtbot: QtBot, writing: Writing, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "_TURN_PHOTOS", 5)
    reports = start(writing)
    with qtbot.waitSignal(writing.progressed, check_params_cb=lambda: writing.progress.done >= 5):
        pass
    writing.pause(True)
    qtbot.waitUntil(lambda: not writing._in_flight)
    so_far = sum(written(photos))
    assert 5 <= so_far < COUNT
    assert writing.busy
    writing.pause(False)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    assert reports[0].written == COUNT
    assert all(written(photos))


def test_a_slow_disk_reports_after_each_photo(
    qtbot: QtBot, writing: Writing, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "_TURN_S", -1.0)
    steps: list[int] = []
    writing.progressed.connect(lambda: steps.append(writing.progress.done))
    reports = start(writing)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    assert [b - a for a, b in pairwise(steps) if b != a] == [1] * COUNT


def test_an_unexpected_error_is_told_of_every_photo_of_its_turn(
    qtbot: QtBot, writing: Writing, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(writing_module, "write_fixes", broken)
    reports = start(writing)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    assert len(reports[0].failures) == COUNT
    assert {reason for _, reason in reports[0].failures} == {"Writing failed: out of order"}


def test_undo_gives_back_every_file(qtbot: QtBot, writing: Writing, photos: list[Path]) -> None:
    originals = [path.read_bytes() for path in photos]
    reports = start(writing)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    assert reports[0].run_id is not None
    writing.undo_run(reports[0].run_id)
    qtbot.waitUntil(lambda: len(reports) == 2, timeout=60_000)
    assert reports[1].undone
    assert reports[1].written == COUNT
    assert [path.read_bytes() for path in photos] == originals
    assert all(p.metadata is not None and p.metadata.fix is None for p in writing._workbench.session)


def test_a_photo_and_its_sidecar_are_taken_back_as_one(
    qtbot: QtBot, writing: Writing, photos: list[Path]
) -> None:
    original, packet = photos[0].read_bytes(), xmp(CARRIED_POSITION)
    sidecars = [path.with_name(path.name + ".xmp") for path in photos]
    for sidecar in sidecars:
        sidecar.write_bytes(packet)
    workbench = writing._workbench
    workbench.settings = Settings(overwrite=Overwrite.ALL)
    for photo in workbench.session:
        workbench.session.update(photo.id, metadata=read_photo(photo.path))
    reports = start(writing)
    qtbot.waitUntil(lambda: bool(reports), timeout=60_000)
    assert packet not in {sidecar.read_bytes() for sidecar in sidecars}, "it would contradict the photo"
    sidecars[3].write_bytes(packet + b"\n")
    assert reports[0].run_id is not None
    writing.undo_run(reports[0].run_id)
    qtbot.waitUntil(lambda: len(reports) == 2, timeout=60_000)
    assert reports[1].written == COUNT - 1
    assert [path for path, _ in reports[1].failures] == [photos[3]]
    assert [path for path in photos if path.read_bytes() != original] == [photos[3]]
