"""Keeps thousands of predictions small: equal parts are shared between photos."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from geotagger.core.prediction import CellProbability, Evidence, Prediction, RegionProbability

_CELL_STEPS = 1000
_STEPS = 10_000
"""Probabilities are kept to a hundredth of a per cent, a hundred times finer than they are shown."""
_FINE_RANKS = 2
_FINE_STEPS = 20
"""Below these ranks, and above so many steps, every tenth step does: few enough values for all photos to share."""
_MOST_SHARED = 20_000


def compact(prediction: Prediction) -> Prediction:
    """The same prediction, about a fifth as large in a session of many photos.

    Probabilities are rounded, so that the improbable regions, which are most of the 63, become shared values. Their
    order stays.
    """
    return replace(
        prediction,
        regions=tuple(_region(rank, region) for rank, region in enumerate(prediction.regions)),
        evidence=tuple(_shared_evidence(e) for e in prediction.evidence),
        # Cells are too many to be shared often: remembering them would cost more than it saves.
        cells=tuple(
            CellProbability(c.cell, round(c.probability * _CELL_STEPS) / _CELL_STEPS)
            for c in prediction.cells
        ),
    )


def _region(rank: int, region: RegionProbability) -> RegionProbability:
    steps = round(region.probability * _STEPS)
    if rank >= _FINE_RANKS and steps > _FINE_STEPS:
        steps = round(steps, -1)
    return _shared(region.code, region.name, steps)


@lru_cache(_MOST_SHARED)
def _shared(code: str, name: str, steps: int) -> RegionProbability:
    return RegionProbability(code, name, steps / _STEPS)


@lru_cache(_MOST_SHARED)
def _shared_evidence(evidence: Evidence) -> Evidence:
    return evidence
