"""What the photos of one chain show together: their pictures, and what was said of them in words, joined over the cells.

Pictures of one traveller mislead the network in one direction, so n stops near in time count as far fewer. What was said
("this folder: Canada") was said once, of however many photos: each photo hears it for itself, after its neighbours. Were it
passed on from stop to stop, a trip would be the surer of it the longer it is, and no picture could overrule it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geotagger.core.geo import FloatArray
from geotagger.evidence.smoother import Floats
from geotagger.evidence.trips import Chain, ContextPhoto, Indices

if TYPE_CHECKING:
    from geotagger.evidence.fusion import ContextModel


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the photos of one chain show together.

    Attributes:
        cells: (m,) cells that take part.
        posteriors: (stops, m).
        alone: (stops, m) what the photos of each stop show without the others.
    """

    cells: Indices
    posteriors: FloatArray
    alone: FloatArray

    def gains(self, prior: FloatArray) -> FloatArray:
        """(stops,) nats by which what the photos show together differs from the prior.

        Args:
            prior: (cells,) of all cells.
        """
        ratios = np.maximum(self.posteriors, 1e-12) / prior[self.cells]
        return np.asarray((self.posteriors * np.log(ratios)).sum(axis=1))


def shown_by(photos: Sequence[ContextPhoto], chain: Chain, model: ContextModel) -> Shown:
    """Join what the photos of a chain show.

    Args:
        photos: the whole batch, of which the chain holds the indices.
    """
    tuning, smooth, hours = model.tuning, model.smoother.smooth, chain.stop_hours
    prior = model.prior.astype(np.float32)
    # These two are the most of what a long roll needs: all is done in place.
    logs, seen = _pictures(photos, chain, prior)
    logs *= tuning.image_weight * _weights(hours, hours, tuning.stop_window_h, tuning.stop_growth)
    logs -= logs.max(axis=1, keepdims=True)
    likelihoods = np.exp(logs, out=logs)
    likelihoods *= ((1 - tuning.floor) / (likelihoods @ prior))[:, None]
    likelihoods += tuning.floor
    said = _said(photos, chain)
    if not said:
        cells, posteriors = smooth(hours, likelihoods, seen)
        return Shown(cells, posteriors, _to_one(seen[:, cells]))
    either = seen.copy()  # the cells that take part are those of the pictures and those of what was said
    for stop, logs_said in said.items():
        heard = np.exp(logs_said) * seen[stop]
        either[stop] += heard * (seen[stop].sum() / heard.sum())
    cells, posteriors = smooth(hours, likelihoods, either)
    if len(said) < len(hours):
        # Photos of which nothing was said hear what was said of those around them.
        weights = _weights(hours, hours[sorted(said)], tuning.stop_window_h, tuning.stop_growth)
        for stop, logs_said in said.items():
            likelihoods[stop] *= np.exp(weights[stop] * logs_said)
        untold = np.setdiff1d(np.arange(len(hours)), list(said))
        posteriors[untold] = smooth(hours, likelihoods, either)[1][untold]
    alone = seen[:, cells].astype(np.float64)
    for stop, logs_said in said.items():
        heard = np.exp(logs_said[cells])
        posteriors[stop] *= heard
        alone[stop] *= heard
    return Shown(cells, _to_one(posteriors), _to_one(alone))


def _pictures(photos: Sequence[ContextPhoto], chain: Chain, prior: Floats) -> tuple[Floats, Floats]:
    """(stops, cells) mean logarithms of the likelihoods of the pictures of each stop, and the sums of their answers."""
    counts = np.bincount(chain.stops).astype(np.float32)
    logs = np.zeros((len(counts), len(prior)), np.float32)
    seen = np.zeros_like(logs)
    for i, stop in zip(chain.indices.tolist(), chain.stops.tolist(), strict=True):
        cells = np.maximum(photos[i].output.cell_probabilities, 1e-12)
        logs[stop] += np.log(cells / prior)
        seen[stop] += cells
    logs /= counts[:, None]
    return logs, seen


def _said(photos: Sequence[ContextPhoto], chain: Chain) -> dict[int, Floats]:
    """(cells,) mean logarithms of what was said of photos of a stop, for the stops of which anything was."""
    spoken: dict[int, list[Floats]] = {}
    for i, stop in zip(chain.indices.tolist(), chain.stops.tolist(), strict=True):
        factors = photos[i].factors
        if factors:
            logs = [np.log(np.maximum(factor.values, 1e-4)).astype(np.float32) for factor in factors]
            spoken.setdefault(stop, []).append(np.sum(logs, axis=0, dtype=np.float32))
    return {stop: np.mean(logs, axis=0, dtype=np.float32) for stop, logs in spoken.items()}


def _weights(hours: FloatArray, others: FloatArray, window_h: float, growth: float) -> Floats:
    """(stops, 1) what each stop counts, by the number of others near in time: n count together as ``n ** growth``."""
    near = np.searchsorted(others, hours + window_h, "right") - np.searchsorted(others, hours - window_h)
    return np.asarray(np.maximum(near, 1).astype(np.float32)[:, None] ** np.float32(growth - 1))


def _to_one(rows: FloatArray | Floats) -> FloatArray:
    return np.asarray(rows / rows.sum(axis=1, keepdims=True, dtype=np.float64))
