"""Photos without a clock that can be believed: what the rest of their folder says of where they were taken.

Scans and inherited photos lie in folders that know more than each photo, but no clock tells which photo belongs to which. So
each one is taken to be from around where the rest of its folder seems to be from, with some chance, and else from anywhere.
Where the rest is from is told by all other pictures, which count as far fewer than they are, since they mislead the network
in one direction; and by the located photos among them, as places around which others lie within some 300 km. The chance is a
fixed share where the photos of a folder agree with one another, and next to nothing where they plainly do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellDistances
from geotagger.core.geo import FloatArray
from geotagger.evidence.tuning import Tuning

Indices = npt.NDArray[np.intp]

_SCALES_KM = (30.0, 100.0, 300.0)
"""Scales of the densities around the places of the rest of a folder, in equal shares."""
_CELLS = 256
"""Likeliest cells of the rest of a folder that are looked at."""
_AT_ONCE = 256
"""So many photos are judged at once, and as many at most are asked whether the folder agrees."""


def spread_around(distances: CellDistances, prior: FloatArray) -> npt.NDArray[np.float32]:
    """(cells, cells) where photos lie around each cell, as far as photos are taken there; rows sum to 1."""
    weights = prior.astype(np.float32)
    around = np.zeros(distances.km.shape, np.float32)
    for scale in _SCALES_KM:
        density = np.exp(distances.km / np.float32(-scale)) * weights
        density /= density.sum(axis=1, keepdims=True) * np.float32(len(_SCALES_KM))
        around += density
    return around


class Folder:
    """The photos of one folder that have no clock, or have one but bear on those that have none.

    Args:
        spread: what ``spread_around`` gives, once for all folders.
        prior: (cells,) how often photos are taken in each cell; sums to 1.
        pictures: what the network says of each photo that has no position: (cells,) probabilities.
        located: (k,) cells of the photos that have one.
    """

    def __init__(
        self,
        spread: npt.NDArray[np.float32],
        prior: FloatArray,
        tuning: Tuning,
        pictures: Sequence[npt.NDArray[np.float32]],
        located: Indices,
    ) -> None:
        self._spread, self._prior, self._tuning = spread, prior, tuning
        self._pictures = pictures
        self._logs = np.zeros(len(prior))
        for first in range(0, len(pictures), _AT_ONCE):
            self._logs += self._log_likelihoods(pictures[first : first + _AT_ONCE]).sum(axis=0)
        count = min(_CELLS, len(prior))
        self._cells = np.argpartition(self._logs, -count)[-count:]
        self._around = spread[self._cells]
        unique, times = np.unique(located, return_counts=True)
        self._count = len(located)
        self._located = np.asarray(times @ spread[unique], np.float64)
        self._every_rest: FloatArray | None = None
        """What the rest says of each picture, where it was asked of all of them at once."""
        self._share = tuning.folder_share * self._agreement(located)

    def of_pictures(self, members: Sequence[int]) -> Iterator[FloatArray]:
        """What is to be expected of photos without a position before they are looked at.

        Args:
            members: numbers of the pictures.

        Yields:
            (n, cells) probabilities for some of them at a time, in their order; rows sum to 1.
        """
        for first in range(0, len(members), _AT_ONCE):
            part = members[first : first + _AT_ONCE]
            rest = self._rest(part) if self._every_rest is None else self._every_rest[part]
            yield self._expected(rest, self._located, self._count)

    def of_located(self, cell: int) -> FloatArray:
        """(1, cells) the same for one of the photos with a position, which does not count."""
        others = self._located - self._spread[cell]
        return self._expected(self._around_cells(self._logs[None, self._cells], 0), others, self._count - 1)

    def _expected(self, rest: FloatArray, located: FloatArray, count: int) -> FloatArray:
        expected = (1 - self._share) * self._prior + self._share * rest
        if count:
            odds = count**self._tuning.stop_growth * self._share / (1 - self._share)
            expected = (expected + odds * np.maximum(located, 0.0) / count) / (1 + odds)
        return expected

    def _agreement(self, located: Indices) -> float:
        """Chance that the photos are from about one place, if it is even for a folder of which nothing is known."""
        share, pictures = self._tuning.folder_share, len(self._pictures)
        ratios = []
        if pictures > 1:
            asked = np.unique(np.linspace(0, pictures - 1, min(pictures, _AT_ONCE)).astype(np.intp)).tolist()
            own = np.stack([self._pictures[i] for i in asked])
            rest = self._rest(asked)
            if len(asked) == pictures:
                self._every_rest = rest
            ratios.append((rest * own / self._prior).sum(axis=1))
        if self._count > 1:
            asked_cells = located[:: max(self._count // _AT_ONCE, 1)]
            own_density = self._spread[asked_cells, asked_cells]
            others = np.maximum(self._located[asked_cells] - own_density, 0.0) / (self._count - 1)
            ratios.append(others / self._prior[asked_cells])
        if not ratios:
            return 0.5
        nats = float(np.log(1 - share + share * np.concatenate(ratios)).mean())
        return float(1 / (1 + np.exp(-nats * (pictures + self._count) ** self._tuning.stop_growth)))

    def _rest(self, members: Sequence[int]) -> FloatArray:
        """(n, cells) where the other pictures say that photos are from; the prior for an only one."""
        own = self._log_likelihoods([self._pictures[i] for i in members])
        return self._around_cells(self._logs[self._cells] - own[:, self._cells], 1)

    def _around_cells(self, logs: FloatArray, left_out: int) -> FloatArray:
        others = len(self._pictures) - left_out
        if not others:
            return np.tile(self._prior, (len(logs), 1))
        weighted = logs * self._tuning.image_weight * others ** (self._tuning.stop_growth - 1)
        rest = self._prior[self._cells] * np.exp(weighted - weighted.max(axis=1, keepdims=True))
        rest /= rest.sum(axis=1, keepdims=True)
        return np.asarray(rest.astype(np.float32) @ self._around, np.float64)

    def _log_likelihoods(self, pictures: Sequence[npt.NDArray[np.float32]]) -> FloatArray:
        floor = self._tuning.floor
        return np.asarray(np.log((1 - floor) * np.stack(pictures) / self._prior + floor), np.float64)
