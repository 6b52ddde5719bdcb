"""Joins what the photos of one trip show: a hidden Markov model over cells, forward and backward in time.

Source: L. R. Rabiner, "A Tutorial on Hidden Markov Models" (1989). The states are the cells, the steps are *stops*
(photos taken at nearly the same time), the emissions are the likelihoods of the photos, and the transitions follow
from the time between two stops by the learned law of motion. Only the cells that some stop finds likely take part,
so the cost of a trip grows with the number of its stops and nothing else.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.evidence.anchoring import SCALES_KM
from geotagger.evidence.motion import TIME_KNOTS_H, MotionLaw

Floats = npt.NDArray[np.float32]

MAX_CELLS = 384
"""Cells that take part in one trip at most."""
_CELLS_PER_STOP = 64
"""Best cells of each stop that may take part."""
_CELL_SCALE_KM = 30.0
"""Motion below the size of a cell moves nobody to another cell, except across a near border."""
_LEVELS_PER_KNOT = 2
_ROWS_AT_ONCE = 1024


class Smoother:
    """Smooths trips over the cells of one grid.

    Args:
        prior: (cells,) how often photos are taken in each cell; sums to 1.
    """

    def __init__(self, grid: CellGrid, prior: FloatArray, law: MotionLaw) -> None:
        self._grid = grid
        self._prior = np.asarray(prior, np.float64)
        self._law = law
        coarse = np.maximum(SCALES_KM, _CELL_SCALE_KM)
        self._scales_km, self._scale_of = np.unique(coarse, return_inverse=True)
        knots = np.log(TIME_KNOTS_H)
        steps = np.arange((len(knots) - 1) * _LEVELS_PER_KNOT + 1) / _LEVELS_PER_KNOT
        self._levels_log_h = np.interp(steps, np.arange(len(knots)), knots)

    def with_law(self, law: MotionLaw) -> Smoother:
        """The same smoother with another law of motion."""
        # The sums do not depend on the law and are costly.
        self._row_sums  # noqa: B018
        other = copy(self)
        other._law = law
        return other

    @cached_property
    def _unit(self) -> Floats:
        lat, lon = np.radians(self._grid.lat_deg), np.radians(self._grid.lon_deg)
        stacked = np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))
        return np.asarray(stacked, np.float32)

    def _kernels(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Floats:
        """(scales, rows, columns) unnormalised: prior of the column × density at its distance from the row."""
        chords = np.linalg.norm(self._unit[rows][:, None] - self._unit[columns][None], axis=-1)
        distances = 2 * 6371.0 * np.arcsin(np.minimum(chords / 2, 1.0))
        kernels = np.empty((len(self._scales_km), len(rows), len(columns)), np.float32)
        for i, scale in enumerate(self._scales_km):
            kernels[i] = np.exp(distances / np.float32(-scale))
        return kernels * self._prior[columns].astype(np.float32)

    @cached_property
    def _row_sums(self) -> FloatArray:
        """(scales, cells) sums of the kernels over all cells."""
        every = np.arange(len(self._grid))
        parts = [
            self._kernels(every[i : i + _ROWS_AT_ONCE], every).sum(axis=2, dtype=np.float64)
            for i in range(0, len(every), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts, axis=1)

    def _moves(self, cells: npt.NDArray[np.intp]) -> Floats:
        """(scales, m, m) chances to move between the cells that take part; rows sum to 1.

        After Metropolis: moves are proposed by the kernel and taken so that, with no photos at all, each cell keeps
        its prior. What is not taken, and what would lead out of these cells, stays where it is.
        """
        sums = self._row_sums[:, cells].astype(np.float32)
        moves = self._kernels(cells, cells)
        moves /= np.maximum(sums[:, :, None], sums[:, None, :])
        diagonal = np.arange(len(cells))
        moves[:, diagonal, diagonal] = 0.0
        moves[:, diagonal, diagonal] = np.maximum(1.0 - moves.sum(axis=2), 0.0)
        return moves

    def smooth(
        self, hours: FloatArray, likelihoods: Floats, seen: Floats
    ) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Join the stops of one trip.

        Args:
            hours: (stops,) times, ascending.
            likelihoods: (stops, cells) above zero; any factor per row is of no matter.
            seen: (stops, cells) what the photos of each stop show by themselves, to choose the cells by.

        Returns:
            (m,) the cells that take part, and (stops, m) posteriors over them, each row summing to 1.
        """
        cells = self._taking_part(seen)
        emissions = likelihoods[:, cells] / likelihoods[:, cells].max(axis=1, keepdims=True)
        levels = self._level_of(np.diff(hours))
        moves = self._moves(cells)
        matrices = {level: self._transition(moves, level) for level in np.unique(levels).tolist()}
        forward = self._run(emissions, [matrices[level] for level in levels.tolist()], self._prior[cells])
        reverse = [matrices[level].T for level in levels[::-1].tolist()]
        backward = self._run(emissions[::-1], reverse, np.ones(len(cells)))[::-1]
        together = forward.astype(np.float64) * backward * emissions
        return cells, np.asarray(together / together.sum(axis=1, keepdims=True))

    def _taking_part(self, seen: Floats) -> npt.NDArray[np.intp]:
        count = seen.shape[1]
        if count <= MAX_CELLS:
            return np.arange(count)
        mass, strongest = np.zeros(count), np.zeros(count)
        for first in range(0, len(seen), _ROWS_AT_ONCE):
            part = seen[first : first + _ROWS_AT_ONCE]
            best = np.argpartition(part, -_CELLS_PER_STOP, axis=1)[:, -_CELLS_PER_STOP:]
            shares = np.take_along_axis(part, best, axis=1).ravel()
            mass += np.bincount(best.ravel(), shares, count)
            np.maximum.at(strongest, best.ravel(), shares)
        # What the whole trip favours counts as much as what some single stop is surest of.
        order = np.argsort(-(mass / mass.max() + strongest / strongest.max()), kind="stable")
        return np.sort(order[:MAX_CELLS])

    def _level_of(self, gaps_h: FloatArray) -> npt.NDArray[np.intp]:
        logs = np.log(np.maximum(gaps_h, TIME_KNOTS_H[0]))
        middles = (self._levels_log_h[1:] + self._levels_log_h[:-1]) / 2
        return np.asarray(np.searchsorted(middles, logs))

    def _transition(self, kernels: Floats, level: int) -> Floats:
        weights = self._law.near_weights(np.exp(self._levels_log_h[[level]]))[0]
        coarse = np.bincount(self._scale_of.ravel(), weights, len(self._scales_km))
        return np.asarray(np.tensordot(coarse.astype(np.float32), kernels, axes=1), np.float32)

    @staticmethod
    def _run(emissions: Floats, matrices: list[Floats], start: FloatArray) -> Floats:
        """(stops, cells) what all stops before each one say of it."""
        messages = np.empty_like(emissions)
        message = (start / start.sum()).astype(np.float32)
        messages[0] = message
        for stop, matrix in enumerate(matrices, start=1):
            message = (message * emissions[stop - 1]) @ matrix
            message /= message.sum()
            messages[stop] = message
        return messages
