"""How much each source is worth when sources are joined.

``scripts/evaluate_evidence.py --fit`` fits the shares for radii and region sets and the gallery's threshold, and writes
``resources/evidence/tuning.json``. The other weights were picked by comparing settings; they stand in that script.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from geotagger.core.cells import CellGrid
from geotagger.core.errors import ResourceError
from geotagger.core.geo import FloatArray
from geotagger.core.paths import resource_path


@dataclass(frozen=True, slots=True)
class Tuning:
    """Weights of the sources, and how far the joined result can be trusted.

    Attributes:
        image_weight: exponent of a stop's likelihood when stops are joined.
        stop_growth: n stops at nearly the same time count like ``n ** stop_growth`` independent ones, since one
            traveller's photos mislead the network in one direction.
        stop_window_h: hours before and after a stop that count as nearly the same time.
        floor: share of a likelihood that is spread evenly, so that one odd photo cannot veto a place.
        doubt: share of what a stop shows by itself that is kept beside what the whole trip shows.
        trip_radius_mass, trip_set_mass: share of the posterior in a radius and in a region set, where photos
            without any position were joined.
        local_radius_mass: the same for the radius where located photos speak and it is up to 100 km.
        located_radius_mass: the same for wider radii.
        local_set_mass, located_set_mass, far_set_mass: the same for the region sets of such photos, by how wide the radius
            is: see ``batch.SET_RADII_KM``.
        folder_share: chance that a photo without a clock is from around where the rest of its folder is from.
        folder_radius_mass, folder_set_mass: share of the posterior in the radius and the region set of such a photo.
        gallery_similarity: photos whose embeddings are at least this alike show the same place.
        gallery_radius_km: within this distance of each other.
        radius_coverage, set_coverage: share of photos whose true place, or region, is held.
        facts: what the numbers were measured on.
    """

    image_weight: float
    stop_growth: float
    stop_window_h: float
    floor: float
    doubt: float
    trip_radius_mass: float
    trip_set_mass: float
    located_radius_mass: float
    local_radius_mass: float
    local_set_mass: float
    located_set_mass: float
    far_set_mass: float
    folder_share: float
    folder_radius_mass: float
    folder_set_mass: float
    gallery_similarity: float
    gallery_radius_km: float
    radius_coverage: float
    set_coverage: float
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if not self.folder_share < 1:
            raise ValueError(f"folder_share cannot be {self.folder_share}")
        for declared in dataclasses.fields(self):
            value = getattr(self, declared.name)
            if declared.name != "facts" and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{declared.name} cannot be {value}")

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Tuning:
        """The tuning that ``to_json`` gave."""
        return cls(**{declared.name: document[declared.name] for declared in dataclasses.fields(cls)})


@cache
def load_tuning() -> Tuning:
    """The tuning that ships with the program.

    Raises:
        ResourceError: its file is missing or damaged.
    """
    return Tuning.from_json(_document()["tuning"])


def place_prior(grid: CellGrid) -> FloatArray:
    """(cells,) how probable the network finds each cell on average; sums to 1.

    Where the kept numbers are for another grid, the land area stands in.

    Raises:
        ResourceError: its file is missing or damaged.
    """
    kept = np.asarray(_document()["cell_prior"], np.float64)
    values = kept if len(kept) == len(grid) else grid.area_km2
    return np.asarray(values / values.sum())


@cache
def _document() -> Mapping[str, Any]:
    path = resource_path("evidence", "tuning.json")
    try:
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        Tuning.from_json(document["tuning"])
        np.asarray(document["cell_prior"], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise ResourceError(
            "The program's file evidence/tuning.json is damaged; please install the program again."
        ) from error
    return document
