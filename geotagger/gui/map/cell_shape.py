"""A cell as the map draws it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellShape:
    """One cell.

    Attributes:
        rings: its outer borders as (latitude, longitude) in degrees.
        strength: how likely it is beside the likeliest cell, above 0 and up to 1.
    """

    rings: tuple[tuple[tuple[float, float], ...], ...]
    strength: float
