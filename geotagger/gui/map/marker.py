"""What the map is told of a photo."""

from __future__ import annotations

from dataclasses import dataclass

from geotagger.core.geo import LatLon
from geotagger.session.photo import PhotoState


@dataclass(frozen=True, slots=True)
class Marker:
    """One photo on the map.

    Attributes:
        photo_id: the number by which the map and its signals name the photo.
        label: shown while the pointer rests on the marker, and read aloud.
        draggable: whether the user may move it.
        thumbnail: a small JPEG, PNG or WebP file; without one, only the mark of the state is drawn.
    """

    photo_id: int
    position: LatLon
    state: PhotoState
    label: str
    draggable: bool = True
    thumbnail: bytes | None = None
