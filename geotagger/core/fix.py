"""A position with its provenance: what is written into a photo and read back from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from geotagger.core.geo import LatLon


class Source(str, Enum):
    """Who says that a photo was taken at a position."""

    CAMERA = "camera"
    """The camera's or phone's own GPS; anything in a file without our provenance mark."""
    MODEL = "model"
    """Estimated by the model, written without a person looking at it."""
    MODEL_CONFIRMED = "model-confirmed"
    """Estimated by the model and accepted by the user."""
    MANUAL = "manual"
    """Set by the user."""
    NEIGHBOUR = "neighbour"
    """Estimated from photos taken at nearly the same time."""
    TRACK = "track"
    """Interpolated on a recorded track."""

    @property
    def is_estimate(self) -> bool:
        """True for positions that the program guessed, even if the user agreed."""
        return self in (Source.MODEL, Source.MODEL_CONFIRMED, Source.NEIGHBOUR)


@dataclass(frozen=True, slots=True)
class Fix:
    """A position, who says so, and how sure that is.

    Attributes:
        radius_km: 80 % radius of an estimate; None where no radius is known.
        model: id of the model bundle, for estimates.
        probability: probability of the best region, for estimates.
        candidates: ISO 3166-2 codes with probabilities, best first, for estimates.
    """

    position: LatLon
    source: Source
    radius_km: float | None = None
    model: str | None = None
    probability: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
