"""What the network says of one photo, and what the program says of it in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import LatLon

FloatVector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ImageOutput:
    """What the network says of one photo.

    Attributes:
        region_probabilities: (63,) calibrated, in class order, summing to 1.
        cell_probabilities: (cells,) over the cell grid of the bundle, summing to 1.
        embedding: (dimensions,) unit length; photos of alike places lie close together.
    """

    region_probabilities: FloatVector
    cell_probabilities: FloatVector
    embedding: FloatVector


@dataclass(frozen=True, slots=True)
class RegionProbability:
    """One candidate region: ISO 3166-2 code, English name, probability."""

    code: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class CellProbability:
    """One cell of the model's grid, by its index, and its probability."""

    cell: int
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source that had a say in a prediction.

    Attributes:
        kind: ``image``, ``time-neighbour``, ``folder`` (other pictures of the folder), ``folder-neighbour`` (with located photos
            among them), ``track``, ``gallery``, ``hint``, ``place-names`` or ``time-zone``.
        weight: how much it counted, relative to the image alone (1.0).
        photo: the photo the evidence comes from, if it comes from one.
        reason: what it is in words, such as "9 min after IMG_2041, which has GPS".
    """

    kind: str
    weight: float
    photo: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where a photo was probably taken.

    Attributes:
        regions: all 63 regions, most probable first; probabilities sum to 1.
        position: the point with the best expected score.
        radius_km: with probability ``radius_coverage`` the true place lies within this distance.
        region_set: codes of the smallest set that holds the true region with ``region_set_coverage``.
        model: id of the model bundle.
        device: device the network ran on.
        cells: the likeliest cells, best first; empty where the place comes from located neighbours, not from cells.
    """

    regions: Sequence[RegionProbability]
    position: LatLon
    radius_km: float
    radius_coverage: float
    region_set: tuple[str, ...]
    region_set_coverage: float
    evidence: Sequence[Evidence]
    model: str
    device: str
    cells: Sequence[CellProbability] = ()

    @property
    def best(self) -> RegionProbability:
        """The most probable region."""
        return self.regions[0]
