"""Finds copies of a picture under other names: one in training and one in the test would flatter every number."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE = 16
_LEAST_CORRELATION = 0.995
_MOST_DIFFERENCE = 6.0
"""Root of the mean squared difference, of 255. Two sizes or qualities of one picture differ by 1 or 2."""
_LEAST_CONTRAST = 8.0
"""Below, a picture (fog, night) shows too little to be told from others."""


class TakenPictures:
    """The pictures taken so far, by what they show, whatever their names, metadata, sizes and qualities."""

    def __init__(self) -> None:
        self._pixels: set[bytes] = set()
        self._looks = np.empty((1024, _SIDE * _SIDE), np.float32)
        self._groups: list[str] = []

    def reason_against(self, image: Image.Image, group: str) -> str | None:
        """Why a picture is not to be taken, a sentence; None where it may be.

        Pictures of one photographer may look alike, as those of a burst do: they stay in one split.
        """
        if _pixels_of(image) in self._pixels:
            return "The same picture is in the list already."
        look, known = _look_of(image), self._looks[: len(self._groups)]
        if look.std() < _LEAST_CONTRAST or not len(known):
            return None
        near = np.flatnonzero(((known - look) ** 2).mean(axis=1) < _MOST_DIFFERENCE**2)
        alike = (
            np.corrcoef(look, known[i])[0, 1] > _LEAST_CORRELATION for i in near if self._groups[i] != group
        )
        return (
            "The list holds another size of this picture already, by another photographer."
            if any(alike)
            else None
        )

    def add(self, image: Image.Image, group: str) -> None:
        """Take a picture."""
        self._pixels.add(_pixels_of(image))
        if len(self._groups) == len(self._looks):
            self._looks = np.concatenate([self._looks, np.empty_like(self._looks)])
        self._looks[len(self._groups)] = _look_of(image)
        self._groups.append(group)


def _pixels_of(image: Image.Image) -> bytes:
    return hashlib.sha256(f"{image.mode}{image.size}".encode() + image.tobytes()).digest()


def _look_of(image: Image.Image) -> npt.NDArray[np.float32]:
    """(256,) greys of the picture scaled to 16 × 16."""
    small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float32).ravel()
