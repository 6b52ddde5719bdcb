"""How well cells agree with what is said of a place in general: a region, a time zone, a country."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray

_BORDER_KM = 60.0


def around(grid: CellGrid, inside: npt.NDArray[np.bool_]) -> FloatArray:
    """(cells,) 1 for cells inside, and less from a half on for others, the further away they are.

    Args:
        inside: (cells,) at least one of them.
    """
    apart_km = grid.distances_km(grid.lat_deg[inside], grid.lon_deg[inside]).min(axis=0)
    return np.where(inside, 1.0, 0.5 * np.exp(-apart_km / _BORDER_KM))


def likelihood(grid: CellGrid, near: FloatArray, leak: float) -> FloatArray:
    """(cells,) likelihoods, at most 1, of something that is said of a place.

    With nothing else known, the place is one that was meant with all the probability that the leak leaves.

    Args:
        near: (cells,) how well each cell fits what was said.
        leak: how probable it is that it means nothing.
    """
    usual = float(near @ grid.area_km2 / grid.area_km2.sum())
    agrees = leak + (1 - leak) * near / usual
    return np.asarray(agrees / agrees.max())
