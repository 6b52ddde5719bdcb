"""Evidence in words for the user: "9 min after IMG_2041, which has GPS"."""

from __future__ import annotations

from pathlib import PurePath

from geotagger.core.prediction import Prediction
from geotagger.core.regions import load_regions
from geotagger.core.sentence import Sentence

_HALF_A_MINUTE_H = 1 / 120
_AT_SEA_KM = 200.0
"""A point so near to a region may lie in its waters."""
_WIDE_KM = 300.0
"""With a smaller radius the point lies beside the region that is named first, and that is as it should be."""
_TELLING = 0.3
"""With a smaller probability the region that is named first is one of many, and the point contradicts nothing."""


def neighbour_words(
    name: str, gap_h: float, has_position: bool, by_track: bool = False, copied: bool = False
) -> Sentence:
    """Words for a neighbour in time.

    Args:
        gap_h: hours from the neighbour to the photo, negative where the neighbour comes later.
        copied: True where both clocks only tell when the photos were copied.
    """
    photo, span = PurePath(name).stem, duration(abs(gap_h))
    if copied:
        when = Sentence("copied together with {photo}", photo=photo)
    elif abs(gap_h) < _HALF_A_MINUTE_H:
        when = Sentence("at the same time as {photo}", photo=photo)
    elif gap_h > 0:
        when = Sentence("{span} after {photo}", span=span, photo=photo)
    else:
        when = Sentence("{span} before {photo}", span=span, photo=photo)
    if by_track:
        return Sentence("{when}, which lies on the track", when=when)
    if has_position:
        return Sentence("{when}, which has GPS", when=when)
    return Sentence("{when}; their pictures are judged together", when=when)


def point_words(prediction: Prediction) -> Sentence | None:
    """Says so where the marked point contradicts the region that is named first, or lies outside of all; else None."""
    regions, best = load_regions(), prediction.best
    found = regions.region_at(prediction.position)
    if found is None:
        nearest = regions.nearest(prediction.position)
        if regions.distance_km(nearest, prediction.position) <= _AT_SEA_KM:
            return None
        return Sentence(
            "The marked point lies far from all regions that the program knows; none of them is right."
        )
    is_told = best.probability >= _TELLING and prediction.radius_km > _WIDE_KM
    if not is_told or regions.codes[found] == best.code:
        return None
    return Sentence(
        "The marked point lies in {region}, not in {best}: it is the best single guess in kilometres.",
        region=Sentence(regions.names[found]),
        best=Sentence(best.name),
    )


def folder_words(others: int, located: int) -> Sentence:
    """Words for the rest of a folder without clocks.

    Args:
        others: how many other photos there are.
        located: how many of them have a position.
    """
    if others == 1:
        rest = Sentence("the other photo of this folder")
        return Sentence("{when}, which has GPS", when=rest) if located else rest
    rest = Sentence("the {n} other photos of this folder", n=others)
    return Sentence("{photos}, {n} of them with GPS", photos=rest, n=located) if located else rest


def duration(hours: float) -> Sentence:
    """A time span as people say it: ``9 min``, ``3 h``, ``2 days``, ``5 months``, ``3 years``."""
    minutes = round(hours * 60)
    if minutes < 100:
        return Sentence("{n} min", n=max(minutes, 1))
    if hours < 36:
        return Sentence("{n} h", n=round(hours))
    days = round(hours / 24)
    if days < 60:
        return Sentence("{n} days", n=days)
    if days < 730:
        return Sentence("{n} months", n=round(days / 30.4))
    return Sentence("{n} years", n=round(days / 365.25))


def distance(km: float) -> str:
    """A distance with as many digits as it deserves."""
    if km < 1:
        return f"{max(round(km * 100) * 10, 10)} m"
    return f"{km:.0f} km"
