"""Whatever a write asks of the system, in whatever order: each call fails once, and at each the program is killed once.

Every time the files are the old ones or the new ones, nothing stays beside them, and undo brings the old ones back.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from geotagger.core.errors import PhotoError
from geotagger.metadata import (
    Journal,
    JournalError,
    Overwrite,
    SidecarMode,
    WritePolicy,
    provenance,
    strip_fix,
    write_fix,
)
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL

CALLS = (
    "open",
    "write",
    "fsync",
    "replace",
    "link",
    "unlink",
    "ftruncate",
    "utime",
    "fchmod",
    "setxattr",
    "stat",
)
State = dict[str, bytes]
Act = Callable[[Path, Journal], object]


def write(photo: Path, journal: Journal, **policy: Any) -> object:
    chosen = WritePolicy(**{"overwrite": Overwrite.ALL, **policy})
    return write_fix(photo, MANUAL, chosen, journal, journal.begin_run("test"))


def plain(photo: Path) -> None:
    photo.write_bytes(samples.JPEGS["camera-gps"]() + bytes(range(256)) * 100)


def linked(photo: Path) -> None:
    plain(photo)
    os.link(photo, photo.parent.with_name("other-name.jpg"))


def with_foreign_sidecar(photo: Path) -> None:
    plain(photo)
    position = 'exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.6E"'
    photo.with_name("a.jpg.xmp").write_bytes(samples.xmp(position))


def with_own_sidecar(photo: Path) -> None:
    plain(photo)
    packet = provenance.with_fix(None, ESTIMATE, datetime.now(timezone.utc), position=True)
    photo.with_name("a.jpg.xmp").write_bytes(packet)


CASES: dict[str, tuple[Callable[[Path], None], Act]] = {
    "replaced": (plain, write),
    "in place": (linked, write),
    "new sidecar": (plain, lambda photo, journal: write(photo, journal, sidecar=SidecarMode.ALWAYS)),
    "photo and sidecar": (with_foreign_sidecar, write),
    "removed sidecar": (
        with_own_sidecar,
        lambda photo, journal: strip_fix(
            photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False
        ),
    ),
    "backup": (
        plain,
        lambda photo, journal: write(photo, journal, backup_dir=photo.parent.with_name("backups")),
    ),
}


def state(folder: Path) -> State:
    """All files of a folder, but for the time at which a position was marked."""
    date = re.compile(rb'PositionDate="[^"]*"')
    return {file.name: date.sub(b"", file.read_bytes()) for file in folder.iterdir()}


@contextmanager
def failing(at: int, fail: Callable[[], None]) -> Iterator[Iterator[int]]:
    """Let the call of that number fail, after half of what it was to write; yields the count of calls."""
    count = itertools.count()

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            if next(count) == at:
                if name == "write":
                    real(words[0], words[1][: len(words[1]) // 2])
                fail()
            return None if name == "fsync" else real(*words, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            if hasattr(os, name):
                patch.setattr(os, name, wrapped(name, getattr(os, name)))
        yield count


def broken() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def fresh(folder: Path, prepare: Callable[[Path], None]) -> tuple[Path, Path, State]:
    """A photo in a folder of its own, where its journal goes, and what lies there."""
    photo = folder / "photos" / "a.jpg"
    photo.parent.mkdir(parents=True)
    prepare(photo)
    return photo, folder / "journal.sqlite3", state(photo.parent)


def settled(photo: Path, database: Path, before: State, after: State) -> State:
    """What lies there at the next start, after a check that it is whole, and that undo brings back what was."""
    with Journal(database) as journal:
        found = state(photo.parent)
        assert all(
            found.get(name) in (before.get(name), after.get(name)) for name in {*found, *before, *after}
        )
        assert journal.kept_copies() == []
        try:
            while True:
                assert [outcome.error for outcome in journal.undo_run() if outcome.error] == []
        except JournalError:  # nothing is left to undo
            assert state(photo.parent) == before
    return found


@pytest.mark.parametrize("case", CASES)
def test_whatever_call_fails_all_is_done_or_nothing(case: str, tmp_path: Path) -> None:
    prepare, act = CASES[case]
    photo, database, before = fresh(tmp_path / "whole", prepare)
    with Journal(database) as journal, failing(-1, broken) as count:
        act(photo, journal)
    after = state(photo.parent)
    assert after != before
    steps = next(count)
    assert steps > 5
    for step in range(steps):
        photo, database, _ = fresh(tmp_path / str(step), prepare)
        error = None
        with Journal(database) as journal:
            try:
                with failing(step, broken):
                    act(photo, journal)
            except PhotoError as refused:
                error = refused
        assert settled(photo, database, before, after) == (after if error is None else before), (step, error)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_call_every_file_is_the_old_or_the_new_one(case: str, tmp_path: Path) -> None:
    prepare, act = CASES[case]
    photo, database, before = fresh(tmp_path / "whole", prepare)
    with Journal(database) as journal, failing(-1, broken) as count:
        act(photo, journal)
    after = state(photo.parent)
    for step in range(next(count)):
        photo, database, _ = fresh(tmp_path / str(step), prepare)
        victim = os.fork()
        if not victim:
            try:
                journal = Journal(database)
                with failing(step, lambda: os._exit(7)):
                    act(photo, journal)
            finally:
                os._exit(8)
        assert os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) == 7
        settled(photo, database, before, after)
