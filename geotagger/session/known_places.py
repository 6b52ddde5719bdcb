"""Places that the user has named: kept in one small file, found by name, and offered where photos are placed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from geotagger.core.errors import CoordinateError, KnownPlaceError
from geotagger.core.geo import LatLon
from geotagger.core.os_reason import os_reason
from geotagger.core.paths import data_dir, replace_text, set_aside
from geotagger.core.places import plain_name

log = logging.getLogger(__name__)

_FORMAT = 1
HERE_KM = 0.3
"""A photo this near to a known place was taken there, as people speak."""


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A position with the user's name for it."""

    name: str
    position: LatLon


def known_places_file() -> Path:
    """Where the places are kept."""
    return data_dir() / "places.json"


class KnownPlaces:
    """The user's places in alphabetical order; every change is on the disk when it returns.

    Args:
        file: where they are kept; the user's own file where None.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._unread: OSError | None = None
        try:
            self._places = _load(file or known_places_file())
        except OSError as error:
            log.warning("The known places could not be read: %s", error)
            self._unread, self._places = error, []

    def __len__(self) -> int:
        return len(self._places)

    @property
    def all(self) -> Sequence[KnownPlace]:
        """All places."""
        return self._places

    def add(self, name: str, position: LatLon) -> KnownPlace:
        """Name a place; one of the same name moves there.

        Raises:
            KnownPlaceError: the name is empty, or the file cannot be written.
        """
        place = KnownPlace(_checked(name), position)
        self._keep([*(p for p in self._places if not _same(p.name, place.name)), place])
        return place

    def rename(self, old: str, new: str) -> None:
        """Give a place another name.

        Raises:
            KnownPlaceError: the name is empty or taken, or the file cannot be written.
        """
        wanted = _checked(new)
        if not _same(old, wanted) and any(_same(p.name, wanted) for p in self._places):
            raise KnownPlaceError("There is already a place called {name}.", name=wanted)
        self._keep([replace(p, name=wanted) if p.name == old else p for p in self._places])

    def remove(self, name: str) -> None:
        """Forget a place; photos that were put there stay there.

        Raises:
            KnownPlaceError: the file cannot be written.
        """
        self._keep([p for p in self._places if p.name != name])

    def search(self, text: str) -> list[KnownPlace]:
        """Places whose name holds the text as the start of a word; accents and case do not matter."""
        wanted = plain_name(text)
        if not wanted:
            return []
        return [p for p in self._places if f" {wanted}" in f" {plain_name(p.name).replace('-', ' ')}"]

    def named(self, name: str) -> KnownPlace | None:
        """The place of a name; accents, case and spaces do not matter."""
        return next((p for p in self._places if _same(p.name, " ".join(name.split()))), None)

    def at(self, position: LatLon) -> KnownPlace | None:
        """The place where a position is, if it is at one."""
        near = [(p.position.distance_km(position), p.name, p) for p in self._places]
        distance_km, _, place = min(near, key=lambda one: one[:2], default=(HERE_KM + 1, "", None))
        return place if distance_km <= HERE_KM else None

    def _keep(self, places: Iterable[KnownPlace]) -> None:
        if self._unread is not None:
            raise _not_kept(self._unread)  # those in the file would be lost
        ordered = sorted(places, key=lambda p: (plain_name(p.name), p.name))
        rows = [{"name": p.name, "lat": p.position.lat_deg, "lon": p.position.lon_deg} for p in ordered]
        try:
            document = {"format": _FORMAT, "places": rows}
            replace_text(
                self._file or known_places_file(), json.dumps(document, ensure_ascii=False, indent=1)
            )
        except OSError as error:
            raise _not_kept(error) from error
        self._places = ordered


def _not_kept(error: OSError) -> KnownPlaceError:
    return KnownPlaceError("The place could not be kept: {problem}.", problem=os_reason(error))


def _checked(name: str) -> str:
    trimmed = " ".join(name.split())
    if not trimmed:
        raise KnownPlaceError("A place needs a name.")
    return trimmed


def _same(one: str, other: str) -> bool:
    return plain_name(one) == plain_name(other)


def _load(file: Path) -> list[KnownPlace]:
    """The kept places; none where the file is damaged, which is logged, and the file set aside.

    Raises:
        OSError: the file is there and cannot be read just now.
    """
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["format"] != _FORMAT:
            raise ValueError(f"format {stored['format']}")
        return [KnownPlace(str(row["name"]), LatLon(row["lat"], row["lon"])) for row in stored["places"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, CoordinateError) as error:
        log.warning("The known places could not be read: %s", error)
        set_aside(file)
        return []
