"""Who had a say in the answers of a batch, how much, and in which words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray
from geotagger.core.prediction import Evidence
from geotagger.core.sentence import Sentence
from geotagger.evidence.heard import is_overruled
from geotagger.evidence.raster import PlaceRaster
from geotagger.evidence.summary import Where
from geotagger.evidence.trips import Chain, ContextPhoto
from geotagger.evidence.words import distance, folder_words, neighbour_words

_LAND_KM2 = 2e7
_LEAST_NATS = 0.25
_LEAST_WEIGHT = 0.1
_NEIGHBOURS_NAMED = 3
_LOCATED_NAMED = 2
_LEAST_SHARE_NAMED = 0.1


class Witnesses:
    """Who had a say in the answer to each photo of a batch, put into words when the answers are made.

    A photo's own picture comes first, with a weight of 1, then what is known besides. Weights are shares of information:
    nats by which the answer differs from knowing nothing, beside those of the picture.

    Args:
        prior: (cells,) how often photos are taken in each cell.
    """

    def __init__(self, photos: Sequence[ContextPhoto], prior: FloatArray) -> None:
        self._photos = photos
        self._prior = prior
        self._said: list[list[Callable[[], Iterator[Evidence]]]] = [[] for _ in photos]
        self._nats = np.array([self._nats_of(photo) for photo in photos])

    def say(self, index: int, part: Callable[[], Iterator[Evidence]]) -> None:
        """Let one of the methods below say its part of a photo.

        What it will be told waits with it in a ``partial``: words take much memory, and so does a call that has begun.
        """
        self._said[index].append(part)

    def of(self, index: int, answer: Where, raster: PlaceRaster, grid: CellGrid) -> tuple[Evidence, ...]:
        """The evidence of a photo whose answer is known; it can be asked for once."""
        said, self._said[index] = self._said[index], []
        return (
            Evidence("image", 1.0),
            *self._factors(index, answer, raster, grid),
            *itertools.chain.from_iterable(part() for part in said),
        )

    def _nats_of(self, photo: ContextPhoto) -> float:
        """Nats by which the photo's own answer differs from the prior."""
        cells = np.maximum(photo.output.cell_probabilities, 1e-12)
        return max(float(np.sum(cells * np.log(cells / self._prior))), _LEAST_NATS)

    def _more(self, index: int, nats: float) -> float:
        """What was learned beyond the picture."""
        return max(nats / float(self._nats[index]) - 1.0, _LEAST_WEIGHT)

    def neighbours(self, chain: Chain, member: int, nats: float) -> Iterator[Evidence]:
        """List the photos next to one in time which have no position themselves."""
        nearby = [m for m in range(member - 2, member + 3) if m != member and 0 <= m < len(chain.indices)]
        nearby = [m for m in nearby if self._photos[int(chain.indices[m])].known_place is None]
        nearby.sort(key=lambda m: abs(chain.hours[m] - chain.hours[member]))
        named = nearby[:_NEIGHBOURS_NAMED]
        for other in named:
            name = self._photos[int(chain.indices[other])].name
            gap_h = float(chain.clocks[member] - chain.clocks[other])
            words = neighbour_words(name, gap_h, has_position=False, copied=chain.copied(member, other))
            weight = round(self._more(int(chain.indices[member]), nats) / len(named), 2)
            yield Evidence("time-neighbour", weight, name, words)

    def located(
        self, chain: Chain, member: int, others: npt.NDArray[np.intp], shares: FloatArray, radius_km: float
    ) -> Iterator[Evidence]:
        """List the located photos that decided.

        Args:
            others: (k,) their numbers in the chain.
            shares: (k,) how probable it is that the photo was taken near each.
        """
        more = self._more(int(chain.indices[member]), _nats_of_radius(radius_km))
        order = np.argsort(-shares, kind="stable")[:_LOCATED_NAMED]
        named = [k for k in order.tolist() if shares[k] >= _LEAST_SHARE_NAMED or k == order[0]]
        for k in named:
            other = int(others[k])
            photo = self._photos[int(chain.indices[other])]
            gap_h = float(chain.clocks[member] - chain.clocks[other])
            copied = chain.copied(member, other)
            words = neighbour_words(photo.name, gap_h, True, photo.place is None, copied)
            # What lies near none of them, pictures and hints have decided.
            weight = round(more * float(shares.sum() * shares[k] / shares[named].sum()), 2)
            yield Evidence("time-neighbour", weight, photo.name, words)

    def folder(self, index: int, others: int, located: int, nats: float) -> Iterator[Evidence]:
        """Name the rest of a folder, some of it with positions."""
        kind, words = "folder-neighbour" if located else "folder", folder_words(others, located)
        yield Evidence(kind, round(self._more(index, nats), 2), None, words)

    def track(self, index: int, radius_km: float) -> Iterator[Evidence]:
        """Name the track."""
        words = Sentence("the track was here, give or take {radius}", radius=distance(radius_km))
        yield Evidence("track", self._weight(index, radius_km), None, words)

    def gallery(self, index: int, name: str, radius_km: float) -> Iterator[Evidence]:
        """Name the photo of the user's gallery that shows the same place."""
        words = Sentence("looks like {photo} of your gallery", photo=PurePath(name).stem)
        yield Evidence("gallery", self._weight(index, radius_km), name, words)

    def _weight(self, index: int, radius_km: float) -> float:
        return round(_nats_of_radius(radius_km) / float(self._nats[index]), 2)

    def _factors(self, index: int, answer: Where, raster: PlaceRaster, grid: CellGrid) -> Iterator[Evidence]:
        """Hints and the like, and which of them had no say in the end."""
        for factor in self._photos[index].factors:
            if is_overruled(raster, grid, factor.values, answer.position, answer.best_code):
                words = Sentence("{hint}, but the rest speaks against it", hint=factor.words)
                yield Evidence(factor.kind, 0.0, None, words)
            else:
                yield Evidence(factor.kind, 1.0, None, factor.words)


def _nats_of_radius(radius_km: float) -> float:
    return float(np.log(_LAND_KM2 / (np.pi * max(radius_km, 0.01) ** 2)))
