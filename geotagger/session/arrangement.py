"""Which photos the list shows and in which order: filter, sort order and grouping, as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from geotagger.core.regions import load_regions
from geotagger.session.photo import Photo, PhotoState


class SortKey(str, Enum):
    """What the list can be sorted by."""

    ADDED = "added"
    NAME = "name"
    TAKEN = "taken"
    STATE = "state"
    REGION = "region"
    PROBABILITY = "probability"
    RADIUS = "radius"
    POSITION = "position"
    """From south to north."""


class Grouping(str, Enum):
    """What the list can be grouped by."""

    NONE = "none"
    FOLDER = "folder"
    DAY = "day"
    TRIP = "trip"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which photos are shown; every condition that is set must hold.

    Attributes:
        text: part of the file name, of the folder's name or of the likeliest region's name, in any case.
        text_regions: codes of the regions whose name in the user's language holds the text.
        states: one of these; all if empty.
        region: ISO 3166-2 code of the likeliest region.
        min_probability: lowest probability of the likeliest region.
        without_position: only photos whose file holds no position.
    """

    text: str = ""
    text_regions: frozenset[str] = field(default_factory=frozenset)
    states: frozenset[PhotoState] = field(default_factory=frozenset)
    region: str | None = None
    min_probability: float = 0.0
    without_position: bool = False

    @property
    def is_open(self) -> bool:
        """True where every photo passes."""
        return self == Filter()

    def passes(self, photo: Photo) -> bool:
        """True for a photo that is shown."""
        if self.states and photo.state not in self.states:
            return False
        if self.without_position and photo.on_disk is not None:
            return False
        if self.region is not None and region_code(photo) != self.region:
            return False
        if self.min_probability > 0 and (probability(photo) or 0.0) < self.min_probability:
            return False
        return not self.text or self._text_matches(photo)

    def _text_matches(self, photo: Photo) -> bool:
        wanted = self.text.casefold()
        if wanted in photo.path.name.casefold() or wanted in photo.path.parent.name.casefold():
            return True
        code = region_code(photo)
        if code is None:
            return False
        return code in self.text_regions or wanted in load_regions().by_code(code).name.casefold()


@dataclass(frozen=True, slots=True)
class Trip:
    """One trip.

    Attributes:
        name: of its first folder.
        start, end: the camera's clock at its first and last photo, without a time zone.
        regions: up to two codes with the share of the trip's photos that was probably taken there, largest first.
    """

    name: str
    start: datetime
    end: datetime
    regions: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The row above a group of photos: a folder, a day or a trip, None for photos without a time."""

    value: Path | datetime | Trip | None
    count: int


Row = int | Heading
"""A row of the list: the id of a photo, or a heading."""


def best_region(photo: Photo) -> tuple[str, float] | None:
    """Code and probability of the region that a photo's row names: the accepted one, else that of the guess.

    None where there is no guess, or where it does not count since it was rejected or the user placed the photo.
    """
    if photo.edited is not None:
        return photo.edited.candidates[0] if photo.edited.candidates else None
    if photo.prediction is None or photo.skipped:
        return None
    best = photo.prediction.best
    return best.code, best.probability


def region_code(photo: Photo) -> str | None:
    """Code of the region that the row names."""
    best = best_region(photo)
    return None if best is None else best[0]


def probability(photo: Photo) -> float | None:
    """Probability of the region that the row names."""
    best = best_region(photo)
    return None if best is None else best[1]


def taken(photo: Photo) -> datetime | None:
    """The camera's clock without a time zone, so that all photos compare."""
    if photo.metadata is None or photo.metadata.taken is None:
        return None
    return photo.metadata.taken.replace(tzinfo=None)


def _radius(photo: Photo) -> float | None:
    if photo.edited is None and photo.prediction is not None and not photo.skipped:
        # That of ``shown_fix``, without making one for each of thousands of photos.
        return photo.prediction.radius_km
    fix = photo.shown_fix
    return None if fix is None else fix.radius_km


def _place(photo: Photo) -> tuple[float, float] | None:
    position = photo.shown_position
    return None if position is None else (position.lat_deg, position.lon_deg)


def _region_name(photo: Photo) -> str | None:
    code = region_code(photo)
    return None if code is None else load_regions().by_code(code).name


_STATE_ORDER = {state: index for index, state in enumerate(PhotoState)}

_KEYS: dict[SortKey, Callable[[Photo], Any]] = {
    SortKey.ADDED: lambda photo: photo.id,
    SortKey.NAME: lambda photo: photo.path.name.casefold(),
    SortKey.TAKEN: taken,
    SortKey.STATE: lambda photo: _STATE_ORDER[photo.state],
    SortKey.REGION: _region_name,
    SortKey.PROBABILITY: probability,
    SortKey.RADIUS: _radius,
    SortKey.POSITION: _place,
}


def arrange(
    photos: Iterable[Photo],
    shown: Filter,
    sort: SortKey = SortKey.ADDED,
    descending: bool = False,
    grouping: Grouping = Grouping.NONE,
    trips: Mapping[int, Trip] | None = None,
) -> list[Row]:
    """The rows of the list. Photos that lack the sorted value come last either way; equals keep their order.

    Args:
        trips: the trip of each photo by its id, for grouping by trip; worked out here where None. A trip is what it
            is, also where the filter hides some of its photos.
    """
    every = list(photos)
    kept = every if shown.is_open else [photo for photo in every if shown.passes(photo)]
    ordered = _sorted(kept, sort, descending)
    if grouping is Grouping.NONE:
        return [photo.id for photo in ordered]
    if trips is None:
        trips = find_trips(every) if grouping is Grouping.TRIP else {}
    groups: dict[Path | datetime | Trip | None, list[int]] = {}
    for photo in ordered:
        value = trips.get(photo.id) if grouping is Grouping.TRIP else _group_of(photo, grouping)
        groups.setdefault(value, []).append(photo.id)
    rows: list[Row] = []
    for value in sorted(groups, key=_order_of_groups):
        rows.append(Heading(value, len(groups[value])))
        rows.extend(groups[value])
    return rows


def find_trips(photos: Iterable[Photo]) -> dict[int, Trip]:
    """The trip of each photo by its id (``session.trips``); 20 000 photos take about a quarter of a second."""
    # Late, since what it stands on takes a while to load, and few group by trip.
    from geotagger.session.trips import trips_of

    return trips_of(photos)


def _order_of_groups(value: Path | datetime | Trip | None) -> tuple[bool, str]:
    name = f"{value.start.isoformat()} {value.name}" if isinstance(value, Trip) else str(value)
    return (value is None, name)


def _sorted(photos: Sequence[Photo], sort: SortKey, descending: bool) -> list[Photo]:
    key = _KEYS[sort]
    keyed = [(key(photo), photo) for photo in photos]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [photo for _, photo in known] + [photo for value, photo in keyed if value is None]


def _group_of(photo: Photo, grouping: Grouping) -> Path | datetime | None:
    if grouping is Grouping.FOLDER:
        return photo.path.parent
    time = taken(photo)
    return None if time is None else time.replace(hour=0, minute=0, second=0, microsecond=0)
