"""Which photos belong to one trip, when that was, and where it probably led; for people who look at photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from geotagger.core.geo import LatLon
from geotagger.core.prediction import ImageOutput
from geotagger.core.regions import load_regions
from geotagger.evidence.trips import ContextPhoto, trips
from geotagger.metadata import PhotoMetadata
from geotagger.session.arrangement import Trip
from geotagger.session.context import rolls_of
from geotagger.session.guesses import place_of_user
from geotagger.session.photo import Photo

_NOTHING_SHOWN = ImageOutput(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32))
_SAMPLED = 200
"""So many photos of a trip, spread evenly over it, tell where it led."""
_REGIONS_OF_A_GUESS = 10
_NAMED = 2
_WORTH_NAMING = 0.2


def trips_of(photos: Iterable[Photo]) -> dict[int, Trip]:
    """The trip of each photo by its id; photos without a clock that can be believed have none.

    A trip is what one roll took without a pause of two days, as when photos are judged together.
    """
    known = [(photo, photo.metadata) for photo in photos if photo.metadata is not None]
    rolls = rolls_of([metadata for _, metadata in known])
    context = [
        ContextPhoto(str(metadata.path), _NOTHING_SHOWN, metadata.taken, _camera_place(photo), roll)
        for (photo, metadata), roll in zip(known, rolls, strict=True)
    ]
    found: dict[int, Trip] = {}
    for members in trips(context):
        trip = _trip([known[index] for index in members])
        found.update((known[index][0].id, trip) for index in members)
    return found


def _camera_place(photo: Photo) -> LatLon | None:
    """What tells a nonsense clock; the user's own corrections must not break a trip apart."""
    return photo.on_disk.position if photo.on_disk is not None and photo.has_camera_position else None


def _trip(members: Sequence[tuple[Photo, PhotoMetadata]]) -> Trip:
    clocks = [metadata.taken.replace(tzinfo=None) for _, metadata in members if metadata.taken is not None]
    return Trip(members[0][1].path.parent.name, clocks[0], clocks[-1], _regions(members))


def _regions(members: Sequence[tuple[Photo, PhotoMetadata]]) -> tuple[tuple[str, float], ...]:
    step = -(-len(members) // _SAMPLED)
    shares: dict[str, float] = {}
    told = 0
    for photo, _ in members[::step]:
        chances = _chances(photo)
        told += bool(chances)
        for code, chance in chances.items():
            shares[code] = shares.get(code, 0.0) + chance
    # Whole per cents, so that a trip's heading changes only when what it says does.
    named = sorted(
        ((code, round(share / told, 2)) for code, share in shares.items()), key=lambda one: -one[1]
    )
    return tuple(one for one in named[:_NAMED] if one[1] >= _WORTH_NAMING)


def _chances(photo: Photo) -> Mapping[str, float]:
    """Where one photo was taken: for sure where it has a position, else as the guess has it."""
    place = place_of_user(photo) or _camera_place(photo)
    if place is not None:
        code = _region_code(place)
        return {} if code is None else {code: 1.0}
    if photo.prediction is None:
        return {}
    return {region.code: region.probability for region in photo.prediction.regions[:_REGIONS_OF_A_GUESS]}


@lru_cache(maxsize=20_000)
def _region_code(place: LatLon) -> str | None:
    regions = load_regions()
    region = regions.region_at(place)
    return None if region is None else regions.codes[region]
