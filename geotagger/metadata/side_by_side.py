"""Work on several photos at once, so that they share the waits for the disk, where they have nothing in common."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

THREADS = 16
"""How many photos are worked on at once: each waits for the disk most of the time."""
_NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})

T = TypeVar("T")
Work = Callable[[], T]


def side_by_side(photos: Iterable[tuple[Path, Work[T]]]) -> Iterator[tuple[Path, T | Exception]]:
    """Do the work of each photo in threads; photos that touch the same files wait for each other.

    Photos are taken from the iterable shortly before their turn, so that it may end when the user cancels. When
    the results are no longer asked for, what was begun is finished and nothing new is begun.

    Yields:
        In the order given, each photo with its result or with what was raised.
    """
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="geotagger-files")
    waiting: deque[tuple[Path, Work[T], Future[T], frozenset[object]]] = deque()

    def first() -> tuple[Path, T | Exception]:
        path, work, future, _ = waiting.popleft()
        error = future.exception()
        if error is None:
            return path, future.result()
        if not isinstance(error, Exception):
            raise error
        if _for_want_of_room(error):
            # Temporary files of the others may have taken the room. Alone it can still fit.
            for *_, other, _ in waiting:
                other.exception()
            try:
                return path, work()
            except Exception as still:  # noqa: BLE001 - whatever it raises belongs to whoever asked for the work
                return path, still
        return path, error

    try:
        for path, work in photos:
            files = files_of(path)
            while len(waiting) >= 2 * THREADS or any(files & others for *_, others in waiting):
                yield first()
            waiting.append((path, work, pool.submit(work), files))
        while waiting:
            yield first()
    finally:
        pool.shutdown(cancel_futures=True)


def files_of(photo: Path) -> frozenset[object]:
    """Keys of the files that work on a photo may touch: those of its name with another suffix or a further one, and
    itself, however it is reached (links, folders that are mounted twice)."""
    real = os.path.realpath(photo)
    beside = os.path.join(os.path.realpath(photo.parent), photo.name)  # noqa: PTH118 (called for every photo)
    keys: set[object] = set()
    for name in (real, beside):
        keys |= {name.lower(), os.path.splitext(name)[0].lower()}  # noqa: PTH122
    try:
        status = os.stat(real)  # noqa: PTH116
    except OSError:
        return frozenset(keys)
    if status.st_ino:  # some network folders number no files
        keys.add((status.st_dev, status.st_ino))
    return frozenset(keys)


def _for_want_of_room(error: Exception) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _NO_ROOM
