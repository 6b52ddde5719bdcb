"""How far people travel between two photos: learned from trips, as mixtures of simple bell-like shapes.

Around a known place stands a mixture of two-dimensional exponential densities ``exp(-d / s) / (2 π s²)`` with fixed scales
``s``; its weights depend on the time. They were learned from real trips by ``scripts/fit_evidence.py`` and are kept in
``resources/evidence/motion.json``, together with the law of ``anchoring``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from geotagger.core.errors import ResourceError
from geotagger.core.geo import FloatArray
from geotagger.core.paths import resource_path
from geotagger.evidence.anchoring import SCALES_KM, AnchorLaw, gap_shares

TIME_KNOTS_H = np.array([1 / 60, 0.1, 0.5, 2.0, 6.0, 15.0, 36.0, 96.0, 240.0, 720.0, 2400.0, 8760.0])
"""Time gaps, in hours, at which the weights are kept; between them they change linearly in the logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class MotionLaw:
    """The learned weights.

    Attributes:
        near: (times, scales) for one photo whose place is known, and no others; each row sums to 1.
        anchors: for photos with any number of located ones around them.
        facts: what it was learned from.
    """

    near: FloatArray
    anchors: AnchorLaw
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuse a table of another shape."""
        if self.near.shape != (len(TIME_KNOTS_H), len(SCALES_KM)):
            raise ValueError("the table for one known place has the wrong shape")

    def near_weights(self, gap_h: npt.ArrayLike) -> FloatArray:
        """(n,) hours from the known photo → (n, scales)."""
        return time_shares(gap_h) @ self.near

    def to_json(self) -> dict[str, Any]:
        """The tables as JSON values, to five decimals."""
        return {
            "facts": dict(self.facts),
            "near": np.round(self.near, 5).tolist(),
            "anchors": self.anchors.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> MotionLaw:
        """The law that ``to_json`` gave."""
        near = np.asarray(document["near"], np.float64)
        anchors = AnchorLaw.from_json(document["anchors"])
        return cls(near / near.sum(axis=-1, keepdims=True), anchors, dict(document["facts"]))


@cache
def load_motion() -> MotionLaw:
    """The law that ships with the program.

    Raises:
        ResourceError: its file is missing or damaged.
    """
    path = resource_path("evidence", "motion.json")
    try:
        return MotionLaw.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise ResourceError(
            "The program's file evidence/motion.json is damaged; please install the program again."
        ) from error


def time_shares(gap_h: npt.ArrayLike) -> FloatArray:
    """(n,) hours → (n, times): how much of each time knot, for linear interpolation in the logarithm."""
    return gap_shares(gap_h, TIME_KNOTS_H)


def density_per_km2(distance_km: npt.ArrayLike, scale_km: npt.ArrayLike) -> FloatArray:
    """The two-dimensional exponential density at a distance from its centre."""
    scale = np.asarray(scale_km, np.float64)
    return np.asarray(np.exp(-np.asarray(distance_km, np.float64) / scale) / (2 * np.pi * scale**2))


def share_within(distance_km: npt.ArrayLike, scale_km: npt.ArrayLike) -> FloatArray:
    """How much of that density lies within a distance of its centre."""
    ratio = np.asarray(distance_km, np.float64) / np.asarray(scale_km, np.float64)
    return np.asarray(1 - (1 + ratio) * np.exp(-ratio))
