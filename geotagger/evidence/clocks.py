"""Which camera clocks can be believed, and how far two cameras' clocks are apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from geotagger.core.geo import FloatArray
from geotagger.evidence.sphere import vector_distances_km

_OLDEST_YEAR = 1990
_SAME_SECOND_AT_MOST = 10
"""No camera takes more photos than this within one second; more are a date without a time."""
_SAME_SECOND_SHARE = 0.34
_IMPOSSIBLE_KM_PER_H = 1200.0
_IMPOSSIBLE_KM = 60.0
_IMPOSSIBLE_SHARE = 0.2


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
    distances = vector_distances_km(vectors[1:], vectors[:-1])
    too_fast = (distances > _IMPOSSIBLE_KM) & (distances > _IMPOSSIBLE_KM_PER_H * (np.diff(hours) + 0.25))
    return bool(too_fast.sum() >= 2 and too_fast.mean() > _IMPOSSIBLE_SHARE)
