"""Joins all sources into one answer per photo: what it shows, its neighbours in time, tracks, the gallery and hints.

What the photos of a chain show is joined over the cells (``smoother``). Where some of them have a position, every
other one gets a cloud of points from its located neighbours (``local``); where that cloud is so wide that it says
little, its law is laid over the cells and weighed by what the photos show. Photos without a clock that can be believed
are judged alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import PurePath

import numpy as np

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellDistances, CellGrid
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.prediction import Evidence, Prediction
from geotagger.core.regions import load_regions
from geotagger.core.sentence import Sentence
from geotagger.evidence.local import Anchors, anchors_of_others, clouds
from geotagger.evidence.motion import BRIDGE_SCALES, SCALES_KM, MotionLaw, density_per_km2, load_motion
from geotagger.evidence.raster import PlaceRaster
from geotagger.evidence.smoother import Smoother
from geotagger.evidence.sphere import between, positions, unit_vectors, vector_distances_km
from geotagger.evidence.summary import CellSummary, Where, where_from_points
from geotagger.evidence.trips import Chain, ContextPhoto, Indices, chains
from geotagger.evidence.tuning import Tuning, load_tuning, place_prior
from geotagger.evidence.words import distance, neighbour_words

KINDS = frozenset({"time-neighbour", "track", "gallery", "hint"})
"""Sources besides the image, each of which can be switched off."""

LOCAL_RADIUS_KM = 1000.0
"""Clouds with a larger radius are laid over the cells, where what the photos show can choose among them."""
WIDE_RADIUS_KM = 100.0
"""Radii above this are measured by a share of their own: there people come home, or leave for good."""
_CELL_SCALE_KM = 30.0
_CHUNK = 256
_LAND_KM2 = 2e7
_NEIGHBOURS_NAMED = 3
_NEGLIGIBLE_WEIGHT = 5e-4


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """What the photos of one chain show together.

    Attributes:
        cells: (m,) cells that take part.
        posteriors: (stops, m).
        alone: (stops, m) what the photos of each stop show without the others.
    """

    cells: Indices
    posteriors: FloatArray
    alone: FloatArray


class ContextModel:
    """All that is needed to judge photos together; made once for a model bundle."""

    def __init__(
        self, grid: CellGrid, calibration: Calibration, tuning: Tuning, law: MotionLaw, prior: FloatArray
    ) -> None:
        self._grid = grid
        self._calibration = calibration
        self._tuning = tuning
        self._law = law
        self._prior = np.maximum(np.asarray(prior, np.float64), 1e-9)
        self._distances = CellDistances(grid)
        self._smoother = Smoother(grid, self._prior, law)
        self._raster = PlaceRaster(grid, load_regions())
        self._unit = unit_vectors(grid.lat_deg, grid.lon_deg)

    def with_tuning(self, tuning: Tuning) -> ContextModel:
        """The same model with other weights."""
        other = copy(self)
        other._tuning = tuning
        return other

    @cached_property
    def whole_grid(self) -> CellSummary:
        """Summarises posteriors over all cells."""
        return CellSummary(self._distances, np.arange(len(self._grid)))

    def predict(
        self, photos: Sequence[ContextPhoto], model_id: str, device: str, kinds: frozenset[str] = KINDS
    ) -> list[Prediction]:
        """One prediction per photo, in their order.

        Args:
            kinds: which sources may speak besides the image.
        """
        if "hint" not in kinds:
            photos = [replace(photo, factors=()) for photo in photos]
        if "track" not in kinds:
            photos = [replace(photo, track=None) for photo in photos]
        if "gallery" not in kinds:
            photos = [replace(photo, matches=()) for photo in photos]
        batch = _Batch(self, photos, model_id, device)
        if "time-neighbour" in kinds:
            for chain in chains(photos):
                if len(chain.indices) > 1:
                    batch.join(chain)
        batch.judge_rest_alone()
        batch.apply_exact()
        return batch.predictions()


class _Batch:
    """The work on one batch; answers are filled in step by step."""

    def __init__(
        self, model: ContextModel, photos: Sequence[ContextPhoto], model_id: str, device: str
    ) -> None:
        self._m = model
        self._photos = photos
        self._ids = (model_id, device)
        self._where: list[tuple[Where, float, float] | None] = [None] * len(photos)
        self._evidence: list[list[Evidence]] = [[Evidence("image", 1.0)] for _ in photos]
        for index, photo in enumerate(photos):
            self._evidence[index] += [Evidence(f.kind, 1.0, None, f.words) for f in photo.factors]
        self._information: FloatArray = np.array([self._image_information(photo) for photo in photos])

    def _image_information(self, photo: ContextPhoto) -> float:
        """Nats by which the photo's own answer differs from the prior."""
        cells = np.maximum(photo.output.cell_probabilities, 1e-12)
        return max(float(np.sum(cells * np.log(cells / self._m._prior))), 0.25)

    def predictions(self) -> list[Prediction]:
        """The answers with their evidence."""
        made = []
        for where, evidence in zip(self._where, self._evidence, strict=True):
            assert where is not None
            what, radius_coverage, set_coverage = where
            made.append(what.prediction(radius_coverage, set_coverage, tuple(evidence), *self._ids))
        return made

    # Alone ------------------------------------------------------------------------------------------------

    def judge_rest_alone(self) -> None:
        """Judge the photos that have no answer yet by themselves."""
        rest = [i for i, where in enumerate(self._where) if where is None]
        if not rest:
            return
        calibration = self._m._calibration
        for first in range(0, len(rest), _CHUNK):
            part = rest[first : first + _CHUNK]
            rows = np.stack([self._own_cells(self._photos[i]) for i in part])
            answers = self._m.whole_grid.all(rows, calibration.radius_mass, calibration.set_mass)
            for i, where in zip(part, answers, strict=True):
                self._where[i] = (where, calibration.radius_coverage, calibration.set_coverage)

    @staticmethod
    def _own_cells(photo: ContextPhoto) -> FloatArray:
        cells = np.asarray(photo.output.cell_probabilities, np.float64)
        for factor in photo.factors:
            if float(cells @ factor.values) > 0:
                cells = cells * factor.values
        return np.asarray(cells / cells.sum())

    # Together ---------------------------------------------------------------------------------------------

    def join(self, chain: Chain) -> None:
        """Judge the photos of a chain together."""
        shown = self._shown(chain)
        place = [self._place(self._photos[i]) for i in chain.indices.tolist()]
        known = np.array([p is not None for p in place])
        lat = np.array([p.lat_deg if p else 0.0 for p in place])
        lon = np.array([p.lon_deg if p else 0.0 for p in place])
        others = known.sum() - known
        has_anchor = others > 0
        if not has_anchor.all():
            self._answer_by_pictures(chain, shown, ~has_anchor)
        if has_anchor.any():
            near, far, anchors = anchors_of_others(chain.hours, known, unit_vectors(lat, lon))
            self._answer_by_neighbours(chain, shown, np.flatnonzero(has_anchor), near, far, anchors)

    @staticmethod
    def _place(photo: ContextPhoto) -> LatLon | None:
        if photo.place is not None:
            return photo.place
        return photo.track.position if photo.track is not None else None

    def _shown(self, chain: Chain) -> _Shown:
        tuning, prior = self._m._tuning, self._m._prior.astype(np.float32)
        stops = int(chain.stops[-1]) + 1
        counts = np.bincount(chain.stops).astype(np.float32)[:, None]
        logs = np.zeros((stops, len(prior)), np.float32)
        seen = np.zeros_like(logs)
        factors = np.zeros_like(logs)
        for i, stop in zip(chain.indices.tolist(), chain.stops.tolist(), strict=True):
            photo = self._photos[i]
            cells = np.maximum(photo.output.cell_probabilities, 1e-12)
            logs[stop] += np.log(cells / prior)
            seen[stop] += cells
            for factor in photo.factors:
                factors[stop] += np.log(np.maximum(factor.values, 1e-4)).astype(np.float32)
        hours, window = chain.stop_hours, tuning.stop_window_h
        near = np.searchsorted(hours, hours + window, "right") - np.searchsorted(hours, hours - window)
        weights = tuning.image_weight * near.astype(np.float32) ** (tuning.stop_growth - 1)
        logs *= weights[:, None] / counts
        likelihoods = np.exp(logs - logs.max(axis=1, keepdims=True))
        likelihoods /= (likelihoods @ prior)[:, None]
        likelihoods = (1 - tuning.floor) * likelihoods + tuning.floor
        factors = np.exp(factors / counts)
        cells, posteriors = self._m._smoother.smooth(hours, likelihoods * factors, seen * factors)
        alone = (seen * factors)[:, cells].astype(np.float64)
        return _Shown(cells, posteriors, alone / alone.sum(axis=1, keepdims=True))

    def _answer_by_pictures(self, chain: Chain, shown: _Shown, wanted: np.ndarray) -> None:
        tuning = self._m._tuning
        stops = np.unique(chain.stops[wanted])
        doubted = (1 - tuning.doubt) * shown.posteriors[stops] + tuning.doubt * shown.alone[stops]
        answers = CellSummary(self._m._distances, shown.cells).all(
            doubted, tuning.trip_radius_mass, tuning.trip_set_mass
        )
        by_stop = dict(zip(stops.tolist(), answers, strict=True))
        gains = (
            shown.posteriors * np.log(np.maximum(shown.posteriors, 1e-12) / self._m._prior[shown.cells])
        ).sum(1)
        for member in np.flatnonzero(wanted).tolist():
            index, stop = int(chain.indices[member]), int(chain.stops[member])
            self._where[index] = (by_stop[stop], tuning.radius_coverage, tuning.set_coverage)
            self._name_neighbours(chain, member, float(gains[stop]))

    def _name_neighbours(self, chain: Chain, member: int, information: float) -> None:
        """List the photos next to one in time, which have no position themselves."""
        index = int(chain.indices[member])
        more = max(information / self._information[index] - 1.0, 0.1)
        nearby = [m for m in range(member - 2, member + 3) if m != member and 0 <= m < len(chain.indices)]
        nearby.sort(key=lambda m: abs(chain.hours[m] - chain.hours[member]))
        named = nearby[:_NEIGHBOURS_NAMED]
        for other in named:
            name = self._photos[int(chain.indices[other])].name
            gap_h = float(chain.hours[member] - chain.hours[other])
            words = neighbour_words(name, gap_h, has_position=False)
            self._evidence[index].append(Evidence("time-neighbour", round(more / len(named), 2), name, words))

    # Between located photos -------------------------------------------------------------------------------

    def _answer_by_neighbours(
        self, chain: Chain, shown: _Shown, members: Indices, near: Indices, far: Indices, anchors: Anchors
    ) -> None:
        for first in range(0, len(members), _CHUNK):
            part = members[first : first + _CHUNK]
            self._answer_part(chain, shown, part, near, far, anchors.of(part))

    def _answer_part(
        self, chain: Chain, shown: _Shown, part: Indices, near: Indices, far: Indices, anchors: Anchors
    ) -> None:
        tuning = self._m._tuning
        cloud = clouds(anchors, self._m._law)
        centres = cloud.medians()
        radii = cloud.radii_km(centres, tuning.local_radius_mass)
        is_wide = radii > WIDE_RADIUS_KM
        wider = cloud.radii_km(centres, tuning.located_radius_mass)
        radii = np.where(is_wide, np.maximum(wider, WIDE_RADIUS_KM), radii)
        boundless = np.flatnonzero(radii > LOCAL_RADIUS_KM)
        for k in boundless.tolist():
            self._answer_over_cells(chain, shown, int(part[k]), anchors, k)
        local = np.flatnonzero(radii <= LOCAL_RADIUS_KM)
        if len(local):
            lat, lon = positions(cloud.points[local])
            weights = cloud.weights[local]
            heavy = weights > _NEGLIGIBLE_WEIGHT
            regions = np.zeros(lat.shape, np.intp)
            regions[heavy] = self._m._raster.regions(lat[heavy], lon[heavy])
            centre_lat, centre_lon = positions(centres[local])
            for row, k in enumerate(local.tolist()):
                where = where_from_points(
                    LatLon(float(centre_lat[row]), float(centre_lon[row])),
                    float(radii[k]),
                    regions[row][heavy[row]],
                    weights[row][heavy[row]],
                    tuning.located_set_mass,
                )
                index = int(chain.indices[part[k]])
                self._where[index] = (where, tuning.radius_coverage, tuning.set_coverage)
        for member in part.tolist():
            self._name_anchors(chain, member, int(near[member]), int(far[member]))

    def _answer_over_cells(self, chain: Chain, shown: _Shown, member: int, anchors: Anchors, k: int) -> None:
        """Lay the law of motion over all cells, and weigh them by what the photos show."""
        m, tuning = self._m, self._m._tuning
        density = self._density(anchors, k)
        posterior = shown.posteriors[chain.stops[member]]
        ratio = np.full(len(m._grid), 1e-3)
        ratio[shown.cells] = np.maximum(posterior / m._prior[shown.cells], 1e-3)
        row = density * m._grid.area_km2 * ratio**tuning.place_weight
        row /= row.sum()
        (where,) = m.whole_grid.all(row[None], tuning.located_radius_mass, tuning.located_set_mass)
        self._where[int(chain.indices[member])] = (where, tuning.radius_coverage, tuning.set_coverage)

    def _density(self, anchors: Anchors, k: int) -> FloatArray:
        """(cells,) density of the law of motion at the points of the cells."""
        m, scales = self._m, np.maximum(SCALES_KM, _CELL_SCALE_KM)
        near_km = vector_distances_km(m._unit, anchors.near[k])
        near_density = density_per_km2(near_km[:, None], scales)
        if not np.isfinite(anchors.far_gap_h[k]):
            return np.asarray(near_density @ m._law.near_weights(anchors.near_gap_h[[k]])[0])
        weights = m._law.bridge_weights(anchors.near_gap_h[[k]], anchors.far_gap_h[[k]])[0]
        share = anchors.near_gap_h[k] / max(anchors.near_gap_h[k] + anchors.far_gap_h[k], 1e-9)
        middle = between(anchors.near[[k]], anchors.far[[k]], np.array([share]))[0]
        span_km = float(vector_distances_km(anchors.near[k], anchors.far[k]))
        far_km, middle_km = (vector_distances_km(m._unit, v) for v in (anchors.far[k], middle))
        count = len(SCALES_KM)
        return np.asarray(
            near_density @ weights[:count]
            + density_per_km2(far_km[:, None], scales) @ weights[count : 2 * count]
            + density_per_km2(middle_km[:, None], np.maximum(BRIDGE_SCALES * span_km, _CELL_SCALE_KM))
            @ weights[2 * count :]
        )

    def _name_anchors(self, chain: Chain, member: int, near: int, far: int) -> None:
        index = int(chain.indices[member])
        where = self._where[index]
        assert where is not None
        radius = max(where[0].radius_km, 0.01)
        information = np.log(_LAND_KM2 / (np.pi * radius**2))
        more = max(float(information / self._information[index]) - 1.0, 0.1)
        named = [near] if near == far else [near, far]
        gaps = np.array([abs(chain.hours[member] - chain.hours[other]) + 0.05 for other in named])
        shares = (1 / gaps) / (1 / gaps).sum()
        for other, share in zip(named, shares.tolist(), strict=True):
            photo = self._photos[int(chain.indices[other])]
            gap_h = float(chain.hours[member] - chain.hours[other])
            words = neighbour_words(photo.name, gap_h, True, by_track=photo.place is None)
            weight = round(more * share, 2)
            self._evidence[index].append(Evidence("time-neighbour", weight, photo.name, words))

    # Exact places -----------------------------------------------------------------------------------------

    def apply_exact(self) -> None:
        """Photos that a track or the gallery puts at one place."""
        tuning = self._m._tuning
        placed: list[tuple[int, LatLon, float, Evidence]] = []
        for index, photo in enumerate(self._photos):
            if photo.track is not None:
                place, radius_km = photo.track.position, photo.track.radius_km
                words = Sentence("the track was here, give or take {radius}", radius=distance(radius_km))
                evidence = Evidence("track", self._weight(index, radius_km), None, words)
                placed.append((index, place, radius_km, evidence))
            elif photo.matches and self._agrees(index, photo.matches[0].place):
                match, radius_km = photo.matches[0], tuning.gallery_radius_km
                words = Sentence("looks like {photo} of your gallery", photo=PurePath(match.name).stem)
                evidence = Evidence("gallery", self._weight(index, radius_km), match.name, words)
                placed.append((index, match.place, radius_km, evidence))
        if not placed:
            return
        lat = np.array([place.lat_deg for _, place, _, _ in placed])
        lon = np.array([place.lon_deg for _, place, _, _ in placed])
        regions = self._m._raster.regions(lat, lon)
        for (index, place, radius_km, evidence), region in zip(placed, regions, strict=True):
            where = where_from_points(place, radius_km, region[None], np.ones(1), tuning.located_set_mass)
            self._where[index] = (where, tuning.radius_coverage, tuning.set_coverage)
            self._evidence[index].append(evidence)

    def _agrees(self, index: int, place: LatLon) -> bool:
        """True where located neighbours do not know better than a match in the gallery, nor speak against it."""
        answer = self._where[index]
        assert answer is not None
        where = answer[0]
        if where.radius_km > LOCAL_RADIUS_KM:
            return True
        is_sharper = self._m._tuning.gallery_radius_km < where.radius_km
        return is_sharper and where.position.distance_km(place) < 2 * where.radius_km

    def _weight(self, index: int, radius_km: float) -> float:
        information = np.log(_LAND_KM2 / (np.pi * max(radius_km, 0.01) ** 2))
        return round(float(information / self._information[index]), 2)


@lru_cache(maxsize=2)
def context_model(grid: CellGrid, calibration: Calibration) -> ContextModel:
    """The model for a bundle's grid, with the law and the tuning that ship with the program.

    Raises:
        ResourceError: one of their files is missing or damaged.
    """
    return ContextModel(grid, calibration, load_tuning(), load_motion(), place_prior(grid))
