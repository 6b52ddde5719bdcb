"""What may speak for the place of a photo, as the user chose it: the picture, neighbours, tracks, the gallery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from geotagger.core.errors import GeotaggerError
from geotagger.core.settings import Settings

if TYPE_CHECKING:
    from geotagger.evidence.hints import Hint
    from geotagger.evidence.tracks import Track

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+\-−]?)\s*(\d{1,2})(?::?([0-5]\d))?(?::([0-5]\d))?", re.IGNORECASE)
_LONGEST = timedelta(hours=26)
ANY_ROLL = ""
"""Stands for every roll where offsets of cameras are given."""


class OffsetError(GeotaggerError):
    """A text is no offset of a clock."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is used when photos are judged.

    Attributes:
        kinds: sources that may speak besides the picture; see ``evidence.KINDS``.
        image: False to judge as if the network had seen nothing.
        track: the points of all tracks in use.
        clock_offset: camera clocks without a time zone minus UTC, as the user corrected it; found by itself where None.
        camera_offsets: how far the clocks of cameras are ahead, as the user said, by roll or folder and name of the
            camera; ``ANY_ROLL`` is for the camera wherever it was used.
        hint: where the photos are from, in the user's words.
    """

    kinds: frozenset[str] = frozenset(
        {"time-neighbour", "track", "gallery", "hint", "place-names", "time-zone"}
    )
    image: bool = True
    track: Track | None = None
    clock_offset: timedelta | None = None
    camera_offsets: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)
    hint: Hint | None = None

    @property
    def image_alone(self) -> bool:
        """True where each photo is judged by its picture alone."""
        return self.image and self.hint is None and self.kinds == {"hint"}


def kinds_of(settings: Settings) -> frozenset[str]:
    """The sources besides the picture that the settings allow."""
    chosen = {
        "time-neighbour": settings.judge_together,
        "track": settings.use_tracks,
        "gallery": settings.use_gallery,
        "place-names": settings.use_place_names,
        "time-zone": settings.use_time_zones,
    }
    return frozenset({"hint", *(kind for kind, on in chosen.items() if on)})


def parse_offset(text: str) -> timedelta:
    """An offset such as ``UTC−07:00``, ``+5:30``, ``-7`` or ``+1:02:03``.

    Raises:
        OffsetError: the text is none, or longer than a day and two hours.
    """
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise OffsetError("An offset of a clock looks like UTC−07:00, +5:30 or -7.")
    sign, hours, minutes, seconds = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    if offset > _LONGEST:
        raise OffsetError("An offset of a clock is at most 26 hours.")
    return -offset if sign in ("-", "−") else offset


def offset_text(offset: timedelta) -> str:
    """An offset as ``parse_offset`` reads it, such as ``−07:00``; seconds only where there are any."""
    seconds = round(abs(offset).total_seconds())
    sign = "−" if offset < timedelta(0) else "+"
    rest = f":{seconds % 60:02d}" if seconds % 60 else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}{rest}"
