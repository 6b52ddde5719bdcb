"""The picture of where the network looked: a veil over a photo, lifted where most speaks for a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QImage

VEIL = (10, 14, 30)
VEIL_STRENGTH = 0.8
"""Opacity where nothing speaks for the region. The photo's own colours stay where it matters, whatever they are."""
_PX_PER_PART = 16


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """What to lay over a photo.

    Attributes:
        veil: covers the part of the photo that the network saw.
        aspect: width by height of that part, which lies in the middle of the upright photo.
        is_cold: nothing in the photo speaks for the region.
    """

    veil: QImage
    aspect: float
    is_cold: bool

    def part_seen(self, photo: QRectF) -> QRectF:
        """Where the veil lies, given where the whole photo lies."""
        size = QSizeF(self.aspect, 1.0).scaled(photo.size(), Qt.AspectRatioMode.KeepAspectRatio)
        seen = QRectF(0, 0, size.width(), size.height())
        seen.moveCenter(photo.center())
        return seen


def heat_from(values: npt.NDArray[np.float32], aspect: float) -> Heat:
    """The veil for a map of heat.

    Args:
        values: (rows, columns) from 0 to 1.
        aspect: width by height of what the network saw.
    """
    rows, columns = values.shape
    size = (columns * _PX_PER_PART, rows * _PX_PER_PART)
    smooth = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
    pixels = np.empty((size[1], size[0], 4), np.uint8)
    pixels[..., :3] = VEIL
    pixels[..., 3] = np.round(255 * VEIL_STRENGTH * (1 - smooth.clip(0, 1)))
    image = QImage(pixels.data, size[0], size[1], 4 * size[0], QImage.Format.Format_RGBA8888)
    return Heat(image.copy(), aspect, not values.any())
