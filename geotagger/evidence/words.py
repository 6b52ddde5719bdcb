"""Evidence in words for the user: "9 min after IMG_2041, which has GPS"."""

from __future__ import annotations

from pathlib import PurePath

from geotagger.core.prediction import Prediction

_HALF_A_MINUTE_H = 1 / 120


def explain(prediction: Prediction) -> tuple[str, ...]:
    """One line for each piece of evidence, the weightiest first."""
    ordered = sorted(prediction.evidence, key=lambda evidence: -evidence.weight)
    lines = []
    for evidence in ordered:
        words = evidence.reason or ("what the photo shows" if evidence.kind == "image" else evidence.kind)
        lines.append(words[0].upper() + words[1:])
    return tuple(lines)


def neighbour_words(name: str, gap_h: float, has_position: bool, by_track: bool = False) -> str:
    """Words for a neighbour in time.

    Args:
        gap_h: hours from the neighbour to the photo, negative where the neighbour comes later.
    """
    stem = PurePath(name).stem
    if abs(gap_h) < _HALF_A_MINUTE_H:
        when = f"at the same time as {stem}"
    else:
        when = f"{duration(abs(gap_h))} {'after' if gap_h > 0 else 'before'} {stem}"
    if by_track:
        return f"{when}, which lies on the track"
    return f"{when}, which has GPS" if has_position else f"{when}, which looks like the same area"


def duration(hours: float) -> str:
    """A time span as people say it: ``9 min``, ``3 h``, ``2 days``."""
    minutes = round(hours * 60)
    if minutes < 90:
        return f"{max(minutes, 1)} min"
    if hours < 36:
        return f"{hours:.0f} h"
    days = round(hours / 24)
    return f"{days} days" if days < 60 else f"{round(days / 30.4)} months"


def distance(km: float) -> str:
    """A distance with as many digits as it deserves."""
    if km < 1:
        return f"{max(round(km * 100) * 10, 10)} m"
    return f"{km:.0f} km"
