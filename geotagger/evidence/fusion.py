"""Joins all sources into one answer per photo: what it shows, its neighbours in time, tracks, the gallery and hints.

What is needed for that, made once for a model bundle; the work itself is in ``batch``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.prediction import Prediction
from geotagger.core.regions import load_regions
from geotagger.evidence.batch import Batch, Score
from geotagger.evidence.folders import spread_around
from geotagger.evidence.motion import MotionLaw, load_motion
from geotagger.evidence.posterior import cell_distances
from geotagger.evidence.raster import PlaceRaster
from geotagger.evidence.smoother import Floats, Smoother
from geotagger.evidence.sphere import unit_vectors
from geotagger.evidence.summary import CellSummary
from geotagger.evidence.trips import ContextPhoto
from geotagger.evidence.tuning import Tuning, load_tuning, place_prior

FACTORS = frozenset({"hint", "place-names", "time-zone"})
"""Kinds of what is said of a photo besides its picture."""
KINDS = FACTORS | {"time-neighbour", "track", "gallery"}
"""Sources besides the image, each of which can be switched off."""


class ContextModel:
    """All that is needed to judge photos together; made once for a model bundle."""

    def __init__(
        self, grid: CellGrid, calibration: Calibration, tuning: Tuning, law: MotionLaw, prior: FloatArray
    ) -> None:
        self.grid = grid
        self.calibration = calibration
        self.tuning = tuning
        self.law = law
        self.prior = np.maximum(np.asarray(prior, np.float64), 1e-9)
        self.distances = cell_distances(grid)
        self.smoother = Smoother(grid, self.prior, law)
        self.raster = PlaceRaster(grid, load_regions())
        self.unit = unit_vectors(grid.lat_deg, grid.lon_deg)

    def with_tuning(self, tuning: Tuning) -> ContextModel:
        """The same model with other weights."""
        other = copy(self)
        other.tuning = tuning
        return other

    def with_law(self, law: MotionLaw) -> ContextModel:
        """The same model with another law of motion."""
        other = copy(self)
        other.law = law
        other.smoother = self.smoother.with_law(law)
        return other

    @cached_property
    def whole_grid(self) -> CellSummary:
        """Summarises posteriors over all cells."""
        return CellSummary(self.distances, np.arange(len(self.grid)))

    @cached_property
    def spread(self) -> Floats:
        """Where photos lie around each cell, for folders without clocks: 22 MB."""
        return spread_around(self.distances, self.prior)

    def predict(
        self, photos: Sequence[ContextPhoto], model_id: str, device: str, kinds: frozenset[str] = KINDS
    ) -> Iterator[Prediction]:
        """One prediction per photo, in their order; all is judged at once, and each is made when it is asked for.

        Args:
            kinds: which sources may speak besides the image.
        """
        if not kinds >= FACTORS:
            photos = [replace(p, factors=tuple(f for f in p.factors if f.kind in kinds)) for p in photos]
        if "track" not in kinds:
            photos = [replace(photo, track=None) for photo in photos]
        if "gallery" not in kinds:
            photos = [replace(photo, matches=()) for photo in photos]
        batch = Batch(self, photos, model_id, device)
        if "time-neighbour" in kinds:
            batch.join_all()
            batch.join_folders()
        batch.judge_rest_alone()
        batch.apply_exact()
        return batch.predictions()

    def predict_with_scores(
        self, photos: Sequence[ContextPhoto], truths: Sequence[LatLon]
    ) -> tuple[list[Prediction], dict[int, Score]]:
        """Predict photos with known truths, and what they say of the shares of the tuning, by index.

        Those that are judged alone say nothing of these: the calibration of the bundle is for them.
        """
        batch = Batch(self, photos, "", "", truths)
        batch.join_all()
        batch.join_folders()
        batch.judge_rest_alone()
        return list(batch.predictions()), batch.scores


@lru_cache(maxsize=2)
def context_model(grid: CellGrid, calibration: Calibration) -> ContextModel:
    """The model for a bundle's grid, with the law and the tuning that ship with the program.

    Raises:
        ResourceError: one of their files is missing or damaged.
    """
    return ContextModel(grid, calibration, load_tuning(), load_motion(), place_prior(grid))
