"""The work on one batch of photos that are judged together.

What the photos of a chain show is joined over the cells (``smoother``). Where some of them have a position, every
other one gets a cloud of points from its located neighbours (``local``); where that cloud is so wide that it says
little, its law is laid over the cells and weighed by what the photos show. Photos without a clock that can be believed
are judged with the rest of their folder (``folders``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.prediction import Prediction
from geotagger.core.regions import load_regions
from geotagger.evidence.anchoring import EACH_SIDE, Shares, Surroundings, surroundings
from geotagger.evidence.folders import Folder
from geotagger.evidence.heard import cells_on_map, heard_of
from geotagger.evidence.local import Placed, density_over_cells, placed
from geotagger.evidence.raster import ON_THE_MAP_KM
from geotagger.evidence.ring_regions import region_shares, ring_regions
from geotagger.evidence.shown import Shown, shown_by
from geotagger.evidence.smoother import Floats
from geotagger.evidence.sphere import between, positions, unit_vectors, vector_distances_km
from geotagger.evidence.summary import CellSummary, Where
from geotagger.evidence.trips import Chain, ContextPhoto, Indices, chains
from geotagger.evidence.witnesses import Witnesses

if TYPE_CHECKING:
    from geotagger.evidence.fusion import ContextModel

LOCAL_RADIUS_KM = 1000.0
"""Where located photos say no more than this, a match in the gallery is believed without asking them."""
WIDE_RADIUS_KM = 100.0
"""Radii above this are measured by a share of their own: there people come home, or leave for good."""
SET_RADII_KM = (300.0, 1000.0)
"""Region sets have a share for radii up to each of these, and one for what is wider still: where located photos say much,
one region is mostly the right one; where they say little, the truth is often what they say least of."""
_SET_SHARES = ("local_set_mass", "located_set_mass", "far_set_mass")
_CHUNK = 256
_USUAL_MASS = 0.8
_RATHER_ELSEWHERE = 0.5
"""Where it is more probable than this that a photo lies near no located one, the pictures around it are named, too."""
_MOSTLY_ELSEWHERE = 0.8
"""Where it is more probable than this that a photo lies near no located one, its place is looked for over all cells."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a photo with a known truth bears on the shares of the tuning (conformal prediction).

    Attributes:
        radius_share, set_share: names of the shares that its radius and its region set follow.
        radius_mass: the least that the first has to be for the radius to hold the true place.
    """

    radius_share: str
    set_share: str
    radius_mass: float


@dataclass(frozen=True, slots=True, eq=False)
class _Anchors:
    """The located photos of a chain.

    Attributes:
        known: (known,) their numbers in the chain.
        spots: (known, 3) unit vectors.
        around: what lies around each photo of the chain.
        rings: (known, rings, regions) how much of each ring around each lies in each region.
    """

    chain: Chain
    known: Indices
    spots: FloatArray
    around: Surroundings
    rings: Floats


class Batch:
    """The work on one batch; answers are filled in step by step.

    Args:
        truths: the true places, to tell how much of each answer lies nearer than them.
    """

    def __init__(
        self,
        model: ContextModel,
        photos: Sequence[ContextPhoto],
        model_id: str,
        device: str,
        truths: Sequence[LatLon] | None = None,
    ) -> None:
        self._m = model
        self._photos = photos
        self._ids = (model_id, device)
        self._truths = truths
        self.scores: dict[int, Score] = {}
        self._where: list[tuple[Where, float, float] | None] = [None] * len(photos)
        self._told = Witnesses(photos, model.prior)

    def predictions(self) -> Iterator[Prediction]:
        """The answers with their evidence, each made when it is asked for: they are large beside what they follow from."""
        before, made = None, None
        for index, where in enumerate(self._where):
            assert where is not None
            what, radius_coverage, set_coverage = where
            if made is None or what is not before:  # photos that were taken at one time share an answer
                made, before = what.prediction(radius_coverage, set_coverage, (), *self._ids), what
            yield replace(made, evidence=self._told.of(index, what, self._m.raster, self._m.grid))

    # Alone ------------------------------------------------------------------------------------------------

    def judge_rest_alone(self) -> None:
        """Judge the photos that have no answer yet by themselves."""
        rest = [i for i, where in enumerate(self._where) if where is None]
        if not rest:
            return
        calibration = self._m.calibration
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

    def join_all(self) -> None:
        """Judge together what can be."""
        for chain in chains(self._photos):
            if len(chain.indices) > 1:
                self.join(chain)

    def join(self, chain: Chain) -> None:
        """Judge the photos of a chain together."""
        place = [
            None if is_wrong else self._photos[i].known_place
            for i, is_wrong in zip(chain.indices.tolist(), chain.contradicted.tolist(), strict=True)
        ]
        known = np.array([p is not None for p in place])
        has_anchor = known.sum() - known > 0
        anchors = None
        if has_anchor.any():
            spots = unit_vectors(
                [p.lat_deg if p else 0.0 for p in place], [p.lon_deg if p else 0.0 for p in place]
            )
            around = surroundings(chain.hours, known, spots, chain.doubt_h)
            anchors = _Anchors(
                chain,
                np.flatnonzero(known),
                spots[known],
                around,
                ring_regions(self._m.raster, spots[known]),
            )
        first = 0
        for part in chain.parts:
            members = np.arange(first, first + len(part.indices))
            first += len(members)
            if len(part.indices) == 1 and not has_anchor[members].any():
                continue  # its clock is of no use: its folder, or its picture alone, has to do
            shown = shown_by(self._photos, part, self._m)
            if not has_anchor[members].all():
                self._answer_by_pictures(part, shown, ~has_anchor[members])
            if anchors is not None and has_anchor[members].any():
                self._answer_by_neighbours(
                    part, shown, members[has_anchor[members]] - members[0], anchors, members[0]
                )

    def _answer_by_pictures(self, chain: Chain, shown: Shown, wanted: np.ndarray) -> None:
        tuning = self._m.tuning
        stops = np.unique(chain.stops[wanted])
        doubted = (1 - tuning.doubt) * shown.posteriors[stops] + tuning.doubt * shown.alone[stops]
        summary = CellSummary(self._m.distances, shown.cells)
        answers = summary.all(doubted, tuning.trip_radius_mass, tuning.trip_set_mass)
        by_stop = dict(zip(stops.tolist(), answers, strict=True))
        gains = shown.gains(self._m.prior)
        for member in np.flatnonzero(wanted).tolist():
            index, stop = int(chain.indices[member]), int(chain.stops[member])
            self._where[index] = (by_stop[stop], tuning.radius_coverage, tuning.set_coverage)
            if self._truths is not None:
                row = doubted[int(np.searchsorted(stops, stop))]
                mass = summary.mass_within(row, self._truths[index])
                self.scores[index] = Score("trip_radius_mass", "trip_set_mass", mass)
            self._told.say(index, partial(self._told.neighbours, chain, member, float(gains[stop])))

    # Among located photos ---------------------------------------------------------------------------------

    def _answer_by_neighbours(
        self, part: Chain, shown: Shown, wanted: Indices, anchors: _Anchors, offset: int
    ) -> None:
        m, tuning = self._m, self._m.tuning
        cells = m.unit[shown.cells]
        regions = m.grid.region_sums_of(shown.cells, shown.posteriors, len(load_regions()))
        gains = shown.gains(self._m.prior)
        known = cells_on_map(m.raster, m.unit, anchors.spots)
        which, heard = heard_of([self._photos[i] for i in part.indices.tolist()], m.distances, known)
        for first in range(0, len(wanted), _CHUNK):
            some = wanted[first : first + _CHUNK]
            around = anchors.around.of(some + offset)
            shares = m.law.anchors.shares(around)
            stops = part.stops[some]
            if heard is not None and (which[some] >= 0).any():
                ends = anchors.spots[around.before], anchors.spots[around.after]
                way = cells_on_map(m.raster, m.unit, between(*ends, around.share))
                said = shown.posteriors[stops]
                shares = heard.weigh(shares, which[some], around.index, way, shown.cells, said)
            spots = placed(around, shares, anchors.spots, cells, shown.posteriors[stops])
            usual_km = spots.radii_km(np.full(len(some), _USUAL_MASS))
            is_wide = usual_km > WIDE_RADIUS_KM
            set_shares = [_SET_SHARES[i] for i in np.searchsorted(SET_RADII_KM, usual_km)]
            masses = np.where(is_wide, tuning.located_radius_mass, tuning.local_radius_mass)
            radii = spots.radii_km(masses)
            radii = np.where(is_wide, np.maximum(radii, WIDE_RADIUS_KM), radii)
            if self._truths is not None:
                self._score(part.indices[some], spots, is_wide, set_shares)
            by_region = region_shares(m.raster, around, spots, anchors.rings)
            by_region += regions[stops] * shares.away[:, None]
            witnesses = shares.near.copy()
            witnesses[:, [0, EACH_SIDE]] += shares.way[:, None] / 2  # the way rests on both of its ends
            lat, lon = positions(spots.centres)
            for row, member in enumerate(some.tolist()):
                index = int(part.indices[member])
                if shares.away[row] > _MOSTLY_ELSEWHERE:
                    stop, set_share = int(stops[row]), set_shares[row]
                    values = None if heard is None or which[member] < 0 else heard.values[which[member]]
                    where = self._over_cells(
                        anchors, around, shares, row, shown, stop, index, set_share, values
                    )
                else:
                    place = LatLon(float(lat[row]), float(lon[row]))
                    set_mass = getattr(tuning, set_shares[row])
                    where = Where(place, float(radii[row]), by_region[row], set_mass)
                self._where[index] = (where, tuning.radius_coverage, tuning.set_coverage)
                if shares.away[row] > _RATHER_ELSEWHERE:
                    gain = float(gains[stops[row]])
                    self._told.say(index, partial(self._told.neighbours, part, member, gain))
                others = anchors.known[around.index[row]]
                seen = anchors.chain, member + offset, others, witnesses[row], where.radius_km
                self._told.say(index, partial(self._told.located, *seen))

    def _score(self, indices: Indices, spots: Placed, is_wide: np.ndarray, set_shares: Sequence[str]) -> None:
        assert self._truths is not None
        places = [self._truths[i] for i in indices.tolist()]
        vectors = unit_vectors([p.lat_deg for p in places], [p.lon_deg for p in places])
        masses = spots.mass_within(vector_distances_km(spots.centres, vectors))
        names = ["located_radius_mass" if wide else "local_radius_mass" for wide in is_wide.tolist()]
        for index, name, set_share, mass in zip(
            indices.tolist(), names, set_shares, masses.tolist(), strict=True
        ):
            self.scores[index] = Score(name, set_share, mass)

    def _over_cells(
        self,
        anchors: _Anchors,
        around: Surroundings,
        shares: Shares,
        row: int,
        shown: Shown,
        stop: int,
        index: int,
        set_share: str,
        values: FloatArray | None,
    ) -> Where:
        """Where nothing is near, the law is laid over all cells beside what the photos show."""
        m, tuning = self._m, self._m.tuning
        over = density_over_cells(shares, row, anchors.spots[around.index[row]], m.unit) * m.grid.area_km2
        if values is not None:
            over *= values
        over /= max(float(over.sum()), 1e-12) / (1 - shares.away[row])
        over[shown.cells] += shares.away[row] * shown.posteriors[stop]
        over /= over.sum()
        (where,) = m.whole_grid.all(over[None], tuning.located_radius_mass, getattr(tuning, set_share))
        if self._truths is not None:
            mass = m.whole_grid.mass_within(over, self._truths[index])
            self.scores[index] = Score("located_radius_mass", set_share, mass)
        return where

    # In a folder without clocks ---------------------------------------------------------------------------

    def join_folders(self) -> None:
        """Judge photos whose clock says nothing with the rest of their roll, which is mostly a folder."""
        rolls: dict[str, list[int]] = {}
        for index, photo in enumerate(self._photos):
            rolls.setdefault(photo.roll, []).append(index)
        for members in rolls.values():
            if len(members) > 1 and any(self._where[i] is None for i in members):
                self._answer_by_folder(members)

    def _answer_by_folder(self, members: Sequence[int]) -> None:
        m = self._m
        places = {i: place for i in members if (place := self._photos[i].place) is not None}
        cells = m.raster.cells(
            np.array([place.lat_deg for place in places.values()]),
            np.array([place.lon_deg for place in places.values()]),
        )
        cell_of = {
            i: cell
            for (i, place), cell in zip(places.items(), cells.tolist(), strict=True)
            if place.distance_km(m.grid.position(cell)) <= ON_THE_MAP_KM
        }
        members = [i for i in members if i in cell_of or i not in places]
        if len(members) < 2:
            return
        pictured = [i for i in members if i not in cell_of]
        pictures = [self._photos[i].output.cell_probabilities for i in pictured]
        folder = Folder(m.spread, m.prior, m.tuning, pictures, np.array([*cell_of.values()], np.intp))
        wanted = [(number, i) for number, i in enumerate(pictured) if self._where[i] is None]
        answered = 0
        for expected in folder.of_pictures([number for number, _ in wanted]):
            some = [i for _, i in wanted[answered : answered + len(expected)]]
            self._answer_expected(some, expected, len(members) - 1, len(cell_of))
            answered += len(some)
        for i, cell in cell_of.items():
            if self._where[i] is None:
                self._answer_expected([i], folder.of_located(cell), len(members) - 1, len(cell_of) - 1)

    def _answer_expected(
        self, indices: Sequence[int], expected: FloatArray, others: int, located: int
    ) -> None:
        m, tuning = self._m, self._m.tuning
        rows = expected / m.prior * np.stack([self._own_cells(self._photos[i]) for i in indices])
        rows /= rows.sum(axis=1, keepdims=True)
        answers = m.whole_grid.all(rows, tuning.folder_radius_mass, tuning.folder_set_mass)
        information = (rows * np.log(np.maximum(rows, 1e-12) / m.prior)).sum(axis=1)
        for index, row, where, nats in zip(indices, rows, answers, information.tolist(), strict=True):
            self._where[index] = (where, tuning.radius_coverage, tuning.set_coverage)
            self._told.say(index, partial(self._told.folder, index, others, located, nats))
            if self._truths is not None:
                mass = m.whole_grid.mass_within(row, self._truths[index])
                self.scores[index] = Score("folder_radius_mass", "folder_set_mass", mass)

    # Exact places -----------------------------------------------------------------------------------------

    def apply_exact(self) -> None:
        """Photos that a track or the gallery puts at one place."""
        tuning = self._m.tuning
        exact: list[tuple[int, LatLon, float]] = []
        for index, photo in enumerate(self._photos):
            if photo.track is not None:
                exact.append((index, photo.track.position, photo.track.radius_km))
                self._told.say(index, partial(self._told.track, index, photo.track.radius_km))
            elif photo.matches and self._agrees(index, photo.matches[0].place):
                match = photo.matches[0]
                exact.append((index, match.place, tuning.gallery_radius_km))
                self._told.say(
                    index, partial(self._told.gallery, index, match.name, tuning.gallery_radius_km)
                )
        if not exact:
            return
        lat = np.array([place.lat_deg for _, place, _ in exact])
        lon = np.array([place.lon_deg for _, place, _ in exact])
        regions = self._m.raster.regions(lat, lon)
        for (index, place, radius_km), region in zip(exact, regions, strict=True):
            by_region = np.bincount([region], minlength=len(load_regions())).astype(np.float64)
            where = Where(place, radius_km, by_region, tuning.local_set_mass)
            self._where[index] = (where, tuning.radius_coverage, tuning.set_coverage)

    def _agrees(self, index: int, place: LatLon) -> bool:
        """True where located neighbours do not know better than a match in the gallery, nor speak against it."""
        answer = self._where[index]
        assert answer is not None
        where = answer[0]
        if where.radius_km > LOCAL_RADIUS_KM:
            return True
        is_sharper = self._m.tuning.gallery_radius_km < where.radius_km
        return is_sharper and where.position.distance_km(place) < 2 * where.radius_km
