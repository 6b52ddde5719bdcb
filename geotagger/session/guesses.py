"""Keeps what the network said of each photo of a session, for judging them together: on disk, since it is large."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from geotagger.core.geo import LatLon
from geotagger.core.paths import cache_dir
from geotagger.core.prediction import FloatVector, ImageOutput, Prediction
from geotagger.session.compact import LARGEST_BYTES, compact, frame_of, from_bytes, to_bytes
from geotagger.session.photo import Photo

log = logging.getLogger(__name__)

HalfVector = npt.NDArray[np.float16]


class _Shelf:
    """Rows of bytes in a nameless file, which goes with the program; in memory where no file can be had."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._end = 0

    def put(self, row: bytes) -> int | bytes:
        """Keep a row; what is returned gets it back."""
        with self._lock:
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(dir=cache_dir(), prefix="guesses-")  # noqa: SIM115
                self._file.seek(self._end)
                self._file.write(row)
                self._file.flush()
            except OSError as error:
                log.warning("Guesses are kept in memory: %s", error)
                return row
            self._end += len(row)
            return self._end - len(row)

    def get(self, kept: int | bytes, start: int, length: int) -> bytes:
        """A part of a row that was put; shorter where nothing was put after it."""
        if isinstance(kept, bytes):
            return kept[start : start + length]
        with self._lock:
            assert self._file is not None, "a place in the file is only given out once there is one"
            self._file.seek(kept + start)
            return self._file.read(length)


_shelf = _Shelf()


@dataclass(frozen=True, slots=True, eq=False)
class KeptGuess:
    """Where to find what the network said of a photo: seven kilobytes of numbers, and the prediction made of them.

    Attributes:
        sizes: how many regions, cells and dimensions the network spoke of.
        kept: where the row lies: the numbers, and then the prediction. Of the cells it holds the square roots, since
            half precision holds those of small ones too.
        frame: what the prediction has in common with others.
    """

    sizes: tuple[int, int, int]
    kept: int | bytes
    frame: Prediction

    @classmethod
    def of(cls, output: ImageOutput, alone: Prediction) -> KeptGuess:
        """Keep what the network said, and the prediction of the photo judged by itself."""
        parts: list[HalfVector] = [
            output.region_probabilities.astype(np.float16),
            np.sqrt(output.cell_probabilities).astype(np.float16),
            output.embedding.astype(np.float16),
        ]
        small = compact(alone)
        row = np.concatenate(parts).tobytes() + to_bytes(small)
        sizes = _shared_sizes((len(parts[0]), len(parts[1]), len(parts[2])))
        return cls(sizes, _shelf.put(row), frame_of(small))

    def output(self, space: FloatVector | None = None) -> ImageOutput:
        """What the network said, to about a thousandth.

        Args:
            space: where to put it, as many numbers as there are; newly made where None.
        """
        regions, cells, _ = self.sizes
        values = np.empty(sum(self.sizes), np.float32) if space is None else space
        values[:] = np.frombuffer(_shelf.get(self.kept, 0, self._numbers_bytes), np.float16)
        squares = values[regions : regions + cells]
        np.square(squares, out=squares)
        squares /= squares.sum()
        return ImageOutput(values[:regions], squares, values[regions + cells :])

    def alone(self) -> Prediction:
        """The prediction of the photo judged by itself."""
        return from_bytes(_shelf.get(self.kept, self._numbers_bytes, LARGEST_BYTES), self.frame)

    @property
    def _numbers_bytes(self) -> int:
        return 2 * sum(self.sizes)


@lru_cache
def _shared_sizes(sizes: tuple[int, int, int]) -> tuple[int, int, int]:
    return sizes


@dataclass(frozen=True, slots=True, eq=False)
class TripPhoto:
    """A photo as it takes part in judging.

    Attributes:
        guess: None for a photo that was not predicted, and only speaks for others.
        place: where the user put it; an accepted estimate is no place that is known.
    """

    photo: Photo
    guess: KeptGuess | None
    place: LatLon | None


def place_of_user(photo: Photo) -> LatLon | None:
    """Where the user put a photo by hand, written or not; agreeing with an estimate makes it no surer."""
    edited = photo.edited
    return edited.position if edited is not None and not edited.source.is_estimate else None


def trip_photos(photos: Iterable[Photo], guesses: Mapping[int, KeptGuess]) -> list[TripPhoto]:
    """The photos that were predicted, and those that can place others: with a position and a clock."""
    found = []
    for photo in photos:
        if photo.metadata is None:
            continue
        guess, place = guesses.get(photo.id), place_of_user(photo)
        can_place = photo.metadata.taken is not None and (place is not None or photo.has_camera_position)
        if guess is not None or can_place:
            found.append(TripPhoto(photo, guess, place))
    return found
