"""Collects from a web service: a point in a region, the picture nearest to it, region after region, and again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from geotagger.core.geo import LatLon
from geotagger.core.regions import Region, Regions
from trainer.collect.data_list import LIST_NAME, LocatedPhoto, write_data_list
from trainer.collect.errors import (
    BadAnswerError,
    CollectError,
    LimitReachedError,
    NotThereError,
    ServiceError,
)
from trainer.collect.ledger import LEDGER_NAME, Ledger
from trainer.collect.sampling import SpacedPositions, points_in_region, region_generator
from trainer.files import make_folder, write_file

PHOTOS_PER_REGION = 325
"""The class project's number."""

_MISHAPS_IN_A_ROW = 20
"""So many unusable answers one after the other mean that the service, not a picture, is at fault."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that a service offers near a point.

    Attributes:
        identifier: the service's own name of the picture.
        request: what the service needs to send the picture.
        refused: why it is not wanted, in a word; None where it is.
    """

    identifier: str
    position: LatLon
    captured: str
    author: str
    author_id: str
    request: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Downloaded and checked."""

    body: bytes
    width_px: int
    height_px: int


class Service(Protocol):
    """What a web service must be able to do to be collected from."""

    @property
    def name(self) -> str:
        """Name in the ledger and in the ``label`` column."""

    @property
    def licence(self) -> str:
        """The terms under which its pictures may be used."""

    def candidates(self, point: LatLon) -> Sequence[Candidate]:
        """Pictures near a point, none if the service has none there."""

    def picture(
        self, candidate: Candidate, generator: np.random.Generator, charge: Callable[[float], None]
    ) -> Picture:
        """Download and check a picture; ``charge`` books its price before each attempt."""

    def describe(self, candidate: Candidate) -> dict[str, str]:
        """The columns ``photographer``, ``source`` and ``attribution``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a collection is to hold.

    Attributes:
        postals: regions to collect; empty for all 63.
        tries_per_region: points after which a region with little imagery is given up.
        max_cost_usd: money that all runs into one folder may spend together; None for no limit.
    """

    photos_per_region: int = PHOTOS_PER_REGION
    postals: tuple[str, ...] = ()
    min_distance_km: float = 1.0
    tries_per_region: int = 5000
    seed: int = 0
    max_cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to.

    Attributes:
        photos: photos by postal code, of all runs into this folder.
        refused: why points led to no photo in this run, with counts.
        stopped: the sentence that says why the run ended early; None where it did not.
        short: regions that were given up with fewer photos than wanted.
    """

    photos: dict[str, int]
    refused: dict[str, int]
    spent_usd: float
    stopped: str | None
    short: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """True where every region has what was wanted."""
        return self.stopped is None and not self.short


def collect(
    service: Service,
    wanted: Wanted,
    regions: Regions,
    folder: Path,
    on_photo: Callable[[LocatedPhoto], None] = lambda photo: None,
) -> Summary:
    """Fill a folder with photos of every wanted region; goes on where an earlier run stopped.

    The regions take turns, one point each, so that a run that stops early is not all Alabama. The data list is
    written at the end, also of a run that stopped or was interrupted.

    Raises:
        CollectError: nothing can be collected: unknown region, foreign or damaged ledger.
    """
    chosen = _chosen_regions(regions, wanted.postals)
    heading = {"service": service.name, "seed": wanted.seed, "min_distance_km": wanted.min_distance_km}
    with Ledger(folder / LEDGER_NAME, heading) as ledger:
        collection = _Collection(service, wanted, regions, folder, ledger, on_photo)
        stopped = None
        try:
            collection.fill(chosen)
        except (LimitReachedError, ServiceError) as error:
            stopped = str(error)
        finally:
            write_data_list(folder / LIST_NAME, ledger.photos)
        counts = collection.counts
        short = (
            () if stopped else tuple(r.postal for r in chosen if counts[r.postal] < wanted.photos_per_region)
        )
        return Summary(
            {region.postal: counts[region.postal] for region in chosen},
            dict(collection.refused),
            ledger.spent_usd,
            stopped,
            short,
        )


class _Collection:
    def __init__(
        self,
        service: Service,
        wanted: Wanted,
        regions: Regions,
        folder: Path,
        ledger: Ledger,
        on_photo: Callable[[LocatedPhoto], None],
    ) -> None:
        self.service, self.wanted, self.regions = service, wanted, regions
        self.folder, self.ledger, self.on_photo = folder, ledger, on_photo
        self.counts = Counter(photo.region for photo in ledger.photos)
        self.refused: Counter[str] = Counter()
        self.spaced = SpacedPositions(wanted.min_distance_km)
        for photo in ledger.photos:
            self.spaced.add(LatLon(photo.lat, photo.lon))
        self.mishaps_in_a_row = 0

    def fill(self, chosen: Sequence[Region]) -> None:
        points = {region.postal: self._unused_points(region) for region in chosen}
        waiting = list(chosen)
        while waiting:
            waiting = [region for region in waiting if self._wants_more(region)]
            for region in waiting:
                self._try_point(region, next(points[region.postal]))

    def _unused_points(self, region: Region) -> Iterator[LatLon]:
        points = points_in_region(self.regions, region.index, self.wanted.seed)
        for _ in range(self.ledger.tries[region.postal]):
            next(points)
        return points

    def _wants_more(self, region: Region) -> bool:
        return (
            self.counts[region.postal] < self.wanted.photos_per_region
            and self.ledger.tries[region.postal] < self.wanted.tries_per_region
        )

    def _try_point(self, region: Region, point: LatLon) -> None:
        try_number = self.ledger.tries[region.postal]
        try:
            candidates = self.service.candidates(point)
        except NotThereError as error:
            raise ServiceError(f"{error} The service may have moved.") from error
        except BadAnswerError as error:
            self._refuse(region, "bad answer", None)
            self._count_mishap(error)
            return
        reason = "no imagery"
        for candidate in candidates:
            reason = self._refusal(region, candidate)
            if not reason:
                self._take(region, candidate, try_number)
                return
        self._refuse(region, reason, None)

    def _refusal(self, region: Region, candidate: Candidate) -> str:
        """Why a picture is not wanted; empty where it is."""
        if candidate.refused:
            return candidate.refused
        if candidate.identifier in self.ledger.identifiers:
            return "duplicate"
        if self.regions.region_at(candidate.position) != region.index:
            return "outside the region"
        if not self.spaced.is_free(candidate.position):
            return "too close to another"
        return ""

    def _take(self, region: Region, candidate: Candidate, try_number: int) -> None:
        # The generator belongs to the try: a run that was cut off and goes on draws the same numbers.
        generator = region_generator(self.wanted.seed, region.index, 1 + try_number)
        try:
            picture = self.service.picture(candidate, generator, self._charge)
        except NotThereError:
            self._refuse(region, "picture gone", candidate.identifier)
            return
        except BadAnswerError as error:
            self._refuse(region, "broken picture", candidate.identifier)
            self._count_mishap(error)
            return
        self.mishaps_in_a_row = 0
        photo = self._save(region, candidate, picture)
        self.ledger.note_photo(photo, candidate.identifier)
        self.counts[region.postal] += 1
        self.spaced.add(candidate.position)
        self.on_photo(photo)

    def _charge(self, usd: float) -> None:
        limit = self.wanted.max_cost_usd
        if limit is not None and self.ledger.spent_usd + usd > limit + 1e-9:
            raise LimitReachedError(f"The limit of {limit:.2f} USD is reached.")
        self.ledger.charge(usd)

    def _refuse(self, region: Region, reason: str, identifier: str | None) -> None:
        self.refused[reason] += 1
        self.ledger.note_try(region.postal, reason, identifier)

    def _count_mishap(self, error: CollectError) -> None:
        self.mishaps_in_a_row += 1
        if self.mishaps_in_a_row >= _MISHAPS_IN_A_ROW:
            raise ServiceError(
                f"{self.mishaps_in_a_row} answers in a row could not be used; the last: {error}"
            ) from error

    def _save(self, region: Region, candidate: Candidate, picture: Picture) -> LocatedPhoto:
        # A service's identifiers are not trusted as file names.
        stem = hashlib.sha256(candidate.identifier.encode()).hexdigest()[:16]
        file = f"{region.postal}/{stem}.jpg"
        path = self.folder / file
        make_folder(path.parent)
        write_file(path, picture.body)
        return LocatedPhoto(
            file=file,
            region=region.postal,
            lat=candidate.position.lat_deg,
            lon=candidate.position.lon_deg,
            label=self.service.name,
            taken="",
            place="",
            original_size=f"{picture.width_px}x{picture.height_px}",
            captured=candidate.captured,
            author=candidate.author,
            licence=self.service.licence,
            sha256=hashlib.sha256(picture.body).hexdigest(),
            **self.service.describe(candidate),
        )


def chosen_postals(text: str) -> tuple[str, ...]:
    """``"CO, wy"`` → ``("CO", "WY")``; an empty text for all regions."""
    return tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))


def _chosen_regions(regions: Regions, postals: Sequence[str]) -> list[Region]:
    known: dict[str, Any] = {region.postal: region for region in regions}
    unknown = [postal for postal in postals if postal not in known]
    if unknown:
        raise CollectError(f"There is no region {', '.join(unknown)}; regions are named like CO, QC or YT.")
    return [known[postal] for postal in postals] if postals else list(regions)
