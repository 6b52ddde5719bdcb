"""Names of towns, offline: the nearest one to a position, and search by name.

The towns are those of the map (``resources/basemap/places.json``, from GeoNames): in the United States and Canada down
to small ones, elsewhere only large cities.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

from geotagger.core.errors import ResourceError
from geotagger.core.geo import LatLon, haversine_km
from geotagger.core.paths import resource_path
from geotagger.core.regions import load_regions


@dataclass(frozen=True, slots=True)
class Place:
    """A town.

    Attributes:
        region: English name of the state, province or territory; None outside the United States and Canada, and
            for a few towns by the water, where the coastlines of the map are too coarse to tell.
    """

    name: str
    position: LatLon
    region: str | None


class Places:
    """All towns, the more important ones first."""

    def __init__(self, rows: list[tuple[str, float, float]]) -> None:
        self._rows = rows
        self._lat_deg = np.array([lat for _, lat, _ in rows])
        self._lon_deg = np.array([lon for _, _, lon in rows])
        self._searched = [plain_name(name) for name, _, _ in rows]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def names(self) -> list[str]:
        """The names of all towns, in their order."""
        return [name for name, _, _ in self._rows]

    def __getitem__(self, index: int) -> Place:
        return self._place(index)

    def nearest(self, position: LatLon) -> tuple[Place, float]:
        """The nearest town and its distance in kilometres."""
        distances = haversine_km(position.lat_deg, position.lon_deg, self._lat_deg, self._lon_deg)
        index = int(np.argmin(distances))
        return self._place(index), float(distances[index])

    def search(self, text: str, limit: int = 8) -> list[Place]:
        """Towns whose name begins with the text, and after these any that hold it as the start of a word.

        Accents and case do not matter; a region can follow after a comma (``springfield, ill``).
        """
        name, _, region = (plain_name(part) for part in text.partition(","))
        if not name:
            return []
        begins, inside = [], []
        for index, searched in enumerate(self._searched):
            if searched.startswith(name):
                begins.append(index)
            elif f" {name}" in searched or f"-{name}" in searched:
                inside.append(index)
        found = []
        for index in sorted(begins, key=lambda i: self._searched[i] != name) + inside:
            place = self._place(index)
            if not region or (place.region is not None and plain_name(place.region).startswith(region)):
                found.append(place)
            if len(found) == limit:
                break
        return found

    def _place(self, index: int) -> Place:
        name, lat, lon = self._rows[index]
        position = LatLon(lat, lon)
        regions = load_regions()
        region = regions.region_at(position)
        return Place(name, position, None if region is None else regions.names[region])


def plain_name(text: str) -> str:
    """A name for comparing: lower case, without accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold().strip())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@cache
def load_places() -> Places:
    """The towns that ship with the program.

    Raises:
        ResourceError: the file is missing or damaged.
    """
    file = resource_path("basemap", "places.json")
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return Places([(str(name), float(lat), float(lon)) for name, lat, lon, *_ in rows])
    except (OSError, ValueError) as error:
        raise ResourceError(
            "The program's list of places is damaged; please install the program again."
        ) from error
