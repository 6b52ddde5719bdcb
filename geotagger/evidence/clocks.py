"""Which camera clocks can be believed."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import FloatArray
from geotagger.evidence.sphere import vector_distances_km

_OLDEST_YEAR = 1990
_SAME_SECOND_AT_MOST = 10
"""No camera takes more photos than this within one second; more are a date without a time."""
_SAME_SECOND_SHARE = 0.34
_IMPOSSIBLE_KM_PER_H = 1200.0
_IMPOSSIBLE_KM = 60.0
_IMPOSSIBLE_SHARE = 0.2
DOUBT_H = 96.0
"""How wrong the clocks of photos are taken to be that were copied in one go."""
_COPY_GAP_H = 5 / 3600
_COPIED_AT_LEAST = 8
_SEEN_AT_LEAST = 4


def clock_hours(clocks: Sequence[datetime | None], now: datetime | None = None) -> FloatArray:
    """(n,) hours on the camera's clock since 1970; NaN for a clock that cannot be believed.

    A time zone is dropped: what counts is the clock on the wall. Not believed are: no time; before 1990; more than
    a day ahead of ``now``; midnight to the second on the first of January (a clock that was never set); midnight
    to the second for several photos, or one second for many photos (a date without a time, an import time).
    """
    limit = (now or datetime.now()).replace(tzinfo=None) + timedelta(days=1)
    walls = [None if clock is None else clock.replace(tzinfo=None) for clock in clocks]
    seconds = Counter(wall.replace(microsecond=0) for wall in walls if wall is not None)
    hours = np.full(len(walls), np.nan)
    for index, wall in enumerate(walls):
        if wall is None or not wall.year >= _OLDEST_YEAR or wall > limit:
            continue
        same = seconds[wall.replace(microsecond=0)]
        midnight = wall.hour == wall.minute == wall.second == 0
        never_set = wall.month == wall.day == 1 and wall.hour == 0 and (midnight or wall.year == 2000)
        if never_set or (midnight and same > 1):
            continue
        if same > _SAME_SECOND_AT_MOST or (same > 2 and same > _SAME_SECOND_SHARE * len(walls)):
            continue
        hours[index] = wall.replace(tzinfo=timezone.utc).timestamp() / 3600
    return hours


def moves_impossibly(hours: FloatArray, vectors: FloatArray) -> bool:
    """True where the clocks of located photos would have their owner fly faster than any airliner, again and again.

    Args:
        hours: (n,) clock hours, ascending.
        vectors: (n, 3) places as unit vectors.
    """
    if len(hours) < 3:
        return False
    too_fast = _too_fast(hours, vectors, 1)
    return bool(too_fast.sum() >= 2 and too_fast.mean() > _IMPOSSIBLE_SHARE)


def contradicted(hours: FloatArray, vectors: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,) True for a located photo to which and from which nobody could have travelled, while the ones around it agree.

    Its position is wrong, or its clock alone; it tells nothing of the others.

    Args:
        hours: (n,) clock hours, ascending.
        vectors: (n, 3) places as unit vectors.
    """
    found = np.zeros(len(hours), np.bool_)
    if len(hours) < 3:
        return found
    too_fast = _too_fast(hours, vectors, 1)
    found[1:-1] = too_fast[:-1] & too_fast[1:] & ~_too_fast(hours, vectors, 2)
    # Of photos that contradict one another in turn, nobody knows which is right.
    return np.asarray(found & (np.convolve(found, np.ones(3), "same") < 2))


def _too_fast(hours: FloatArray, vectors: FloatArray, step: int) -> npt.NDArray[np.bool_]:
    """(n - step,) True where no airliner gets from one located photo to the one so many further on."""
    distances = vector_distances_km(vectors[step:], vectors[:-step])
    passed_h = hours[step:] - hours[:-step]
    return (distances > _IMPOSSIBLE_KM) & (distances > _IMPOSSIBLE_KM_PER_H * (passed_h + 0.25))


def copied_in_one_go(hours: FloatArray, embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """(n,) True for photos of a long run a few seconds apart that show different things.

    Their clocks tell when they were copied or exported, in which order, and nothing more. Photos of a burst, which
    show the same, are none.

    Args:
        hours: (n,) clock hours, ascending.
        embeddings: (n, dimensions) of unit length; zero for photos that were not looked at.
    """
    found = np.zeros(len(hours), np.bool_)
    runs = np.flatnonzero(np.diff(hours, prepend=-np.inf, append=np.inf) > _COPY_GAP_H)
    for start, end in itertools.pairwise(runs.tolist()):
        seen = embeddings[start:end][embeddings[start:end].any(axis=1)]
        if end - start < _COPIED_AT_LEAST or len(seen) < _SEEN_AT_LEAST:
            continue
        others = embeddings[:: max(len(embeddings) // 200, 1)]
        usual = float((seen @ others[others.any(axis=1)].T).mean())
        in_turn = float((seen[1:] * seen[:-1]).sum(axis=1).mean())
        found[start:end] = in_turn < (1 + usual) / 2
    return found
