"""What is said of the place of photos besides their pictures: hints, places that files name, time zones of cameras."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.core.sentence import Sentence
from geotagger.evidence.hints import Hint, folder_hint, hint_in_file
from geotagger.evidence.time_zones import zone_likelihood
from geotagger.evidence.tracks import utc_name
from geotagger.evidence.trips import CellFactor
from geotagger.metadata.model import PhotoMetadata, PlaceNames

_FOLDERS_READ = 2


def factors_of(
    photos: Sequence[tuple[PhotoMetadata, tuple[Hint, ...]]], grid: CellGrid
) -> list[tuple[CellFactor, ...]]:
    """What is said of each photo.

    Args:
        photos: each with what the user said of its place, or the name of its folder does.
    """
    # By what was understood, not by the words: many villages that no list knows are all just somewhere in their country.
    known: dict[Hashable, FloatArray] = {}
    factors = []
    for photo, hints in photos:
        speaking = [("hint", hint) for hint in hints if hint.speaks_of(photo.taken)]
        named = None if photo.place_names is None else _hint_in_file(photo.place_names)
        if named is not None:
            speaking.append(("place-names", named))
        for _, hint in speaking:
            if hint.meaning not in known:
                known[hint.meaning] = hint.likelihood(grid)
        said = [CellFactor(kind, hint.words, known[hint.meaning]) for kind, hint in speaking]
        offset = None if photo.taken is None else photo.taken.utcoffset()
        if photo.taken is not None and offset is not None:
            said += zone_factors(grid, offset, photo.taken.date())
        factors.append(tuple(said))
    return factors


def hints_of_folder(photo: Path) -> tuple[Hint, ...]:
    """What the name of a photo's folder says of the place, or else that of the folder around it."""
    for folder in list(photo.parents)[:_FOLDERS_READ]:
        hint = _hint_of_folder(folder.name)
        if hint is not None:
            return (hint,)
    return ()


@lru_cache(maxsize=4096)
def zone_factors(grid: CellGrid, offset: timedelta, day: date) -> tuple[CellFactor, ...]:
    """What a camera's time zone says of a photo; nothing where it is nobody's in North America.

    Args:
        offset: local time minus UTC.
    """
    values = zone_likelihood(grid, offset, day)
    words = Sentence("the clock is set to {zone}", zone=utc_name(offset))
    return () if values is None else (CellFactor("time-zone", words, values),)


@lru_cache(maxsize=1024)
def _hint_in_file(names: PlaceNames) -> Hint | None:
    return hint_in_file(names.city, names.state, names.country)


@cache
def _hint_of_folder(name: str) -> Hint | None:
    return folder_hint(name)
