"""Judges the photos of a batch together: neighbours in time, tracks, hints and the gallery join what each one shows.

For the command line and the window alike: keep the network's output of every photo, and call ``predict_in_context``
when the batch is complete, or again when the user corrected a photo (see ``ContextItem.place``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import FloatArray, LatLon
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.core.regions import load_regions
from geotagger.core.sentence import Sentence
from geotagger.evidence.camera_clocks import CameraClock, CameraRoll, camera_clock, moments
from geotagger.evidence.clocks import clock_hours
from geotagger.evidence.fusion import KINDS, context_model
from geotagger.evidence.gallery import Gallery, GalleryMatch
from geotagger.evidence.hints import Hint
from geotagger.evidence.motion import load_motion
from geotagger.evidence.sphere import unit_vectors
from geotagger.evidence.time_zones import utc_offset_at
from geotagger.evidence.tracks import ClockReading, Track, TrackFix, offset_from_located, utc_name
from geotagger.evidence.trips import ContextPhoto
from geotagger.evidence.tuning import load_tuning, place_prior
from geotagger.metadata.model import PhotoMetadata
from geotagger.session.factors import factors_of
from geotagger.session.sources import ANY_ROLL

CameraOffsets = Mapping[tuple[str, str], timedelta]


@dataclass(frozen=True, slots=True, eq=False)
class ContextItem:
    """One photo of a batch.

    Attributes:
        output: what the network says of it; None for a photo that it was not asked about, which only says where it was.
        place: where the user put it in this session; counts like a position in the file.
        hints: what the user said of the place, or the name of the folder does.
    """

    metadata: PhotoMetadata
    output: ImageOutput | None
    place: LatLon | None = None
    hints: tuple[Hint, ...] = ()

    @property
    def known_place(self) -> LatLon | None:
        """A position that is no estimate: the user's, else the file's."""
        if self.place is not None:
            return self.place
        fix = self.metadata.fix
        return fix.position if fix is not None and not fix.source.is_estimate else None


def predict_in_context(
    items: Sequence[ContextItem],
    grid: CellGrid,
    calibration: Calibration,
    model_id: str,
    device: str,
    *,
    kinds: frozenset[str] = KINDS,
    track: Track | None = None,
    clock_offset: timedelta | None = None,
    camera_offsets: CameraOffsets | None = None,
    cameras: Mapping[str, Sequence[CameraClock]] | None = None,
    gallery: Gallery | None = None,
) -> Iterator[Prediction]:
    """One prediction per photo, in their order; all is judged at once, and each is made when it is asked for.

    Args:
        kinds: sources that may speak besides the image; see ``evidence.KINDS``.
        clock_offset: camera clocks without a time zone minus UTC, for the track; found by itself where None.
        camera_offsets: how far the clocks of cameras are ahead, by roll or folder (or ``ANY_ROLL``) and name of the
            camera; for cameras that are not named, what ``camera_clocks`` is sure of is used. An offset of nothing
            leaves a clock as it is.
        cameras: what ``camera_clocks`` says of these photos, where it was asked already; it takes a third of a second
            for a long journey.

    Raises:
        GeotaggerError: a resource is damaged, or the gallery cannot be read.
    """
    if not items:
        return iter(())
    model = context_model(grid, calibration)
    unseen = _unseen(grid, items)
    rolls = rolls_of([item.metadata for item in items])
    times: Sequence[datetime | None] = [item.metadata.taken for item in items]
    if "time-neighbour" in kinds:
        cameras = _camera_clocks(items, rolls, grid) if cameras is None else cameras
        times = _shifted_clocks(items, rolls, cameras, camera_offsets or {})
    fixes = _track_fixes(items, times, track, clock_offset)
    matches = _matches([item.output or unseen for item in items], items, gallery, model_id)
    factors = factors_of([(item.metadata, item.hints) for item in items], grid)
    photos = [
        ContextPhoto(
            name=str(item.metadata.path),
            output=item.output or unseen,
            clock=time,
            place=item.known_place,
            roll=roll,
            track=fix,
            matches=found,
            factors=said,
        )
        for item, time, roll, fix, found, said in zip(
            items, times, rolls, fixes, matches, factors, strict=True
        )
    ]
    return model.predict(photos, model_id, device, kinds)


def speaks_beyond_image(prediction: Prediction) -> bool:
    """True where something besides the picture had a say; where not, the photo's own prediction stands."""
    return len(prediction.evidence) > 1


def rolls_of(photos: Sequence[PhotoMetadata]) -> list[str]:
    """The roll of each photo: photos of one roll share a traveller and a clock.

    A folder is a roll. Folders side by side whose photos were taken with the same camera at times that do not overlap
    (as archives by date and cards with several folders are) make one roll together.
    """
    folders: dict[Path, list[PhotoMetadata]] = {}
    for photo in photos:
        folders.setdefault(photo.path.parent, []).append(photo)
    roll_of_folder = {folder: str(folder) for folder in folders}
    alike: dict[tuple[Path, str], list[tuple[datetime, datetime, Path]]] = {}
    for folder, members in folders.items():
        cameras = {photo.camera for photo in members}
        times = sorted(photo.taken.replace(tzinfo=None) for photo in members if photo.taken)
        if len(cameras) == 1 and (camera := cameras.pop()) and times:
            alike.setdefault((folder.parent, camera), []).append((times[0], times[-1], folder))
    for group in alike.values():
        group.sort()
        for (_, end, earlier), (start, _, later) in itertools.pairwise(group):
            if start > end:
                roll_of_folder[later] = roll_of_folder[earlier]
    return [roll_of_folder[photo.path.parent] for photo in photos]


def camera_clocks(items: Sequence[ContextItem], grid: CellGrid) -> dict[str, list[CameraClock]]:
    """How the clocks of different cameras in one roll stand to each other, by roll, for the user to confirm.

    The camera with the most located photos is taken to be right, which is mostly a phone.
    """
    return _camera_clocks(items, rolls_of([item.metadata for item in items]), grid)


def _camera_clocks(
    items: Sequence[ContextItem], rolls: Sequence[str], grid: CellGrid
) -> dict[str, list[CameraClock]]:
    members: dict[str, dict[str, list[int]]] = {}
    for index, (item, roll) in enumerate(zip(items, rolls, strict=True)):
        if item.metadata.camera:
            members.setdefault(roll, {}).setdefault(item.metadata.camera, []).append(index)
    unseen, prior, law = _unseen(grid, items), place_prior(grid), load_motion()
    found: dict[str, list[CameraClock]] = {}
    for roll, cameras in members.items():
        if len(cameras) < 2:
            continue
        parts = [_in_order(camera, [items[i] for i in part]) for camera, part in cameras.items()]
        usable = sorted((part for part in parts if part.items), key=_trust)
        if len(usable) > 1:
            first, *others = (_camera_roll(part, unseen) for part in usable)
            found[roll] = [camera_clock(part, first, grid, prior, law) for part in others]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _InOrder:
    """The photos of one camera in one roll whose clocks can be believed, in order of time, and these clocks in hours."""

    camera: str
    items: Sequence[ContextItem]
    hours: FloatArray


def _in_order(camera: str, items: Sequence[ContextItem]) -> _InOrder:
    every = clock_hours([item.metadata.taken for item in items])
    order = [int(i) for i in np.argsort(every, kind="stable") if np.isfinite(every[i])]
    return _InOrder(camera, [items[i] for i in order], every[order])


def _trust(part: _InOrder) -> tuple[int, int, str]:
    """The camera whose clock is taken to be right comes first."""
    located = sum(item.known_place is not None for item in part.items)
    return -located, -len(part.items), part.camera


def _camera_roll(part: _InOrder, unseen: ImageOutput) -> CameraRoll:
    """What is asked of one camera: few enough photos to hold what the network said of them side by side."""
    chosen = moments(part.hours)
    items = [part.items[i] for i in chosen.tolist()]
    places = np.full((len(items), 3), np.nan)
    for row, item in enumerate(items):
        place = item.known_place
        if place is not None:
            places[row] = unit_vectors(place.lat_deg, place.lon_deg)
    outputs = [item.output or unseen for item in items]
    cells = np.array([output.cell_probabilities for output in outputs], np.float32)
    embeddings = np.array([output.embedding for output in outputs], np.float32)
    return CameraRoll(part.camera, part.hours[chosen], places, cells, embeddings)


def clocks_set_right(
    items: Sequence[ContextItem],
    cameras: Mapping[str, Sequence[CameraClock]],
    camera_offsets: CameraOffsets | None = None,
) -> list[datetime | None]:
    """The clock of each photo as it counts when photos are judged together.

    Args:
        cameras: what ``camera_clocks`` says of these photos.
        camera_offsets: see ``predict_in_context``.
    """
    return _shifted_clocks(items, rolls_of([i.metadata for i in items]), cameras, camera_offsets or {})


def _shifted_clocks(
    items: Sequence[ContextItem],
    rolls: Sequence[str],
    cameras: Mapping[str, Sequence[CameraClock]],
    given: CameraOffsets,
) -> list[datetime | None]:
    """The clock of each photo, set right."""
    found = {(roll, clock.camera): clock.shift for roll, clocks in cameras.items() for clock in clocks}
    shifted = []
    for item, roll in zip(items, rolls, strict=True):
        taken, camera = item.metadata.taken, item.metadata.camera or ""
        named = given_offset(given, str(item.metadata.path.parent), roll, camera)
        shift = found.get((roll, camera), timedelta(0)) if named is None else named
        shifted.append(taken if taken is None or not shift else taken - shift)
    return shifted


@dataclass(frozen=True, slots=True)
class ClockUse:
    """What was made of the clock of a photo's camera when photos were judged together.

    Attributes:
        roll: the folder, or the first of several, whose photos share a traveller.
        clock: how it most probably stands to that of another camera of the roll.
        given: what the user said that is taken off it; None where what was found is, if that is sure.
    """

    roll: str
    clock: CameraClock
    given: timedelta | None

    @property
    def ahead(self) -> timedelta:
        """What was taken off the clock."""
        return self.clock.shift if self.given is None else self.given


def clock_uses(
    items: Sequence[ContextItem],
    cameras: Mapping[str, Sequence[CameraClock]],
    camera_offsets: CameraOffsets | None = None,
) -> list[ClockUse | None]:
    """What was made of the clock of each photo; None where its camera was not compared with another one.

    Args:
        cameras: what ``camera_clocks`` says of these photos.
        camera_offsets: see ``predict_in_context``.
    """
    found = {(roll, clock.camera): clock for roll, clocks in cameras.items() for clock in clocks}
    uses: list[ClockUse | None] = []
    for item, roll in zip(items, rolls_of([item.metadata for item in items]), strict=True):
        clock = found.get((roll, item.metadata.camera or ""))
        if clock is None:
            uses.append(None)
            continue
        folder = str(item.metadata.path.parent)
        uses.append(ClockUse(roll, clock, given_offset(camera_offsets or {}, folder, roll, clock.camera)))
    return uses


def given_offset(given: CameraOffsets, folder: str, roll: str, camera: str) -> timedelta | None:
    """What the user said of the clock of a camera: in a folder, in its roll, or wherever it was used."""
    for place in (folder, roll, ANY_ROLL):
        if (place, camera) in given:
            return given[place, camera]
    return None


def clock_on_track(
    items: Sequence[ContextItem], track: Track, times: Sequence[datetime | None]
) -> ClockReading:
    """How camera clocks without a time zone most probably relate to UTC, for the user to confirm.

    Located photos decide where they can; else the clock is taken to show the local time where the track begins.

    Args:
        times: the clocks of the photos; where cameras differ, as ``clocks_set_right`` has them.
    """
    located = [
        (taken, place)
        for item, taken in zip(items, times, strict=True)
        if taken and taken.tzinfo is None and (place := item.known_place)
    ]
    reading = offset_from_located(track, located)
    if reading is not None:
        return reading
    start = datetime.fromtimestamp(float(track.time_s[0]), timezone.utc)
    offset = utc_offset_at(LatLon(float(track.lat_deg[0]), float(track.lon_deg[0])), start)
    return ClockReading(
        offset, Sentence("the local time where the track begins is {zone}", zone=utc_name(offset))
    )


def _track_fixes(
    items: Sequence[ContextItem],
    times: Sequence[datetime | None],
    track: Track | None,
    clock_offset: timedelta | None,
) -> list[TrackFix | None]:
    if track is None:
        return [None] * len(items)
    fixes: list[TrackFix | None] = []
    offset = clock_offset
    for taken in times:
        if taken is None:
            fixes.append(None)
            continue
        if taken.tzinfo is None:
            if offset is None:
                offset = clock_on_track(items, track, times).offset
            taken = taken.replace(tzinfo=timezone(offset))
        fixes.append(track.at(taken))
    return fixes


def _unseen(grid: CellGrid, items: Sequence[ContextItem]) -> ImageOutput:
    """The output for photos that the network did not see: the prior, which speaks for no place, and is like nothing."""
    seen = next((item.output for item in items if item.output is not None), None)
    return ImageOutput(
        np.full(len(load_regions()), 1 / len(load_regions()), np.float32),
        place_prior(grid).astype(np.float32),
        np.zeros_like(seen.embedding) if seen is not None else np.zeros(0, np.float32),
    )


def _matches(
    outputs: Sequence[ImageOutput], items: Sequence[ContextItem], gallery: Gallery | None, model_id: str
) -> list[tuple[GalleryMatch, ...]]:
    if gallery is None:
        return [()] * len(items)
    embeddings = np.stack([output.embedding for output in outputs])
    own = [str(item.metadata.path) for item in items]
    return gallery.matches(embeddings, model_id, own, load_tuning().gallery_similarity)
