"""How far the network's probabilities can be trusted: numbers measured on photographers it never saw."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Calibration:
    """The outcome of temperature scaling and split conformal prediction.

    Sources: C. Guo et al., "On Calibration of Modern Neural Networks" (2017) for the temperatures;
    Y. Romano et al., "Classification with Valid and Adaptive Coverage" (2020) for the region sets.

    Attributes:
        temperature: region logits are divided by it.
        cell_temperature: logits of the cells inside their regions are divided by it.
        radius_mass: the radius is the smallest that holds this share of the predicted distances.
        radius_coverage: share of photos whose true place lies within that radius.
        set_mass: regions join the set, best first, until their probabilities reach this sum.
        set_coverage: share of photos whose true region is in that set.
        photos, photographers: how many the numbers were measured on.
        method: one sentence on how they were measured.
    """

    temperature: float
    cell_temperature: float
    radius_mass: float
    radius_coverage: float
    set_mass: float
    set_coverage: float
    photos: int
    photographers: int
    method: str

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        for name in ("temperature", "cell_temperature"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, not {value}")
        for name in ("radius_mass", "radius_coverage", "set_mass", "set_coverage"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise ValueError(f"{name} must be above 0 and at most 1, not {value}")

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Calibration:
        """The calibration that ``to_json`` gave.

        Raises:
            KeyError, TypeError, ValueError: the document is not a calibration.
        """
        kinds = {"photos": int, "photographers": int, "method": str}
        values = {f.name: kinds.get(f.name, float)(document[f.name]) for f in dataclasses.fields(cls)}
        return cls(**values)
