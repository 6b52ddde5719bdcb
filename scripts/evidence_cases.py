"""Real trips with hidden positions: read, judged by the program and by simple rules, summed up as rows of a table.

Shared by ``evaluate_evidence.py`` and whoever measures something else on the same trips.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from fit_evidence import one_outing

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import LatLon
from geotagger.core.paths import cache_dir
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.core.regions import load_regions
from geotagger.evidence.batch import Score
from geotagger.evidence.clocks import clock_hours
from geotagger.evidence.fusion import ContextModel
from geotagger.evidence.gallery import GalleryMatch
from geotagger.evidence.hints import HintOrigin, parse_hint
from geotagger.evidence.sphere import between, positions, unit_vectors
from geotagger.evidence.time_zones import time_zone_at
from geotagger.evidence.tracks import Track
from geotagger.evidence.trips import CellFactor, ContextPhoto, trips
from geotagger.session.factors import zone_factors

FOLDS = 5
LEAST_PHOTOS = 10
LEAST_OF_TRIP = 4
MIXED = 40


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One photo with its truth."""

    photo: ContextPhoto
    truth: LatLon
    region: str

    @property
    def photographer(self) -> str:
        """Who took it."""
        return self.photo.roll.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of a photo; without a prediction where a simple rule said it.

    Attributes:
        rank: how many regions were found more probable than the true one.
        before: how much these have together.
    """

    case: Case
    error_km: float
    rank: int = 0
    before: float = 0.0
    prediction: Prediction | None = None


def read_outputs(
    folder: Path, files: Sequence[Path]
) -> tuple[dict[str, ImageOutput], CellGrid, Calibration, str]:
    """What networks say of photos: from files of ``python -m trainer outputs``, or else from the bundle itself."""
    from geotagger.inference import Predictor, load_bundle

    bundle = load_bundle()
    if not files:
        kept = cache_dir() / f"evidence-{bundle.id}.npz"
        files = [kept]
        if not kept.exists():
            with (folder / "photos.csv").open(encoding="utf-8", newline="") as stream:
                names = [row["file"] for row in csv.DictReader(stream) if row["lat"]]
            predictor = Predictor(bundle, "cpu")
            found = []
            for first in range(0, len(names), predictor.batch_size):
                part = names[first : first + predictor.batch_size]
                found += predictor.predict([predictor.load(folder / name) for name in part])
            cells = np.stack([output.cell_probabilities for output in found])
            embeddings = np.stack([output.embedding for output in found])
            np.savez(kept, name=names, cells=cells, embedding=embeddings, model=bundle.id)
    outputs: dict[str, ImageOutput] = {}
    models = []
    for file in files:
        with np.load(file) as kept_outputs:
            names, cells = kept_outputs["name"], kept_outputs["cells"].astype(np.float32)
            embeddings = kept_outputs["embedding"].astype(np.float32)
            models.append(str(kept_outputs["model"]))
        cells /= cells.sum(axis=1, keepdims=True)
        sums = bundle.grid.region_sums(cells, len(load_regions())).astype(np.float32)
        for name, *values in zip(names.tolist(), sums, cells, embeddings, strict=True):
            outputs[name] = ImageOutput(*values)
    return outputs, bundle.grid, bundle.calibration, ", ".join(models)


def read_cases(
    folder: Path, outputs: Mapping[str, ImageOutput], at_least: int = LEAST_PHOTOS, timed: bool = True
) -> list[Case]:
    """Photos with a place and, if ``timed``, a clock, of photographers with enough of them."""
    regions = load_regions()
    cases = defaultdict(list)
    with (folder / "photos.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not row["lat"] or row["file"] not in outputs:
                continue
            try:
                clock = datetime.strptime(row["taken"], "%Y:%m:%d %H:%M:%S")
            except ValueError:
                if timed:
                    continue
                clock = None
            truth = LatLon(float(row["lat"]), float(row["lon"]))
            photo = ContextPhoto(row["file"], outputs[row["file"]], clock, roll=row["photographer"])
            cases[row["photographer"]].append(Case(photo, truth, regions.by_postal(row["region"]).code))
    return [case for group in cases.values() if len(group) >= at_least for case in group]


class Folders(Enum):
    """How photos without clocks are put into folders; the values are what tables call them."""

    PHOTOGRAPHER = "a photographer each"
    TRIP = "a trip each"
    MIXED = "40 photos at random"


def in_folders(cases: Sequence[Case], kind: Folders) -> list[Case]:
    """The cases without clocks, in folders of some kind; photos of different fifths of the photographers do not mix."""
    groups: dict[object, list[Case]] = defaultdict(list)
    if kind is Folders.TRIP:
        every = trips([case.photo for case in cases])
        groups |= {n: [cases[i] for i in trip] for n, trip in enumerate(every) if len(trip) >= LEAST_OF_TRIP}
    elif kind is Folders.PHOTOGRAPHER:
        for case in cases:
            groups[case.photographer].append(case)
    else:
        for number in np.random.default_rng(0).permutation(len(cases)).tolist():
            groups[fold_of(cases[number].photographer)].append(cases[number])
        groups = {(f, n): g[n : n + MIXED] for f, g in groups.items() for n in range(0, len(g), MIXED)}
    return [
        replace(case, photo=replace(case.photo, clock=None, roll=f"{group[0].photographer}/{number}"))
        for number, group in enumerate(groups.values())
        for case in group
    ]


def fold_of(photographer: str) -> int:
    """Which fifth a photographer belongs to."""
    return int(hashlib.sha256(photographer.encode()).hexdigest(), 16) % FOLDS


def prior_of(outputs: Mapping[str, ImageOutput]) -> np.ndarray:
    """(cells,) mean of the network's answers, photographers counting with the square root of their photos."""
    groups = defaultdict(list)
    for name, output in outputs.items():
        groups[name.partition("/")[0]].append(output.cell_probabilities)
    weights = np.sqrt([len(group) for group in groups.values()])
    return np.average([np.mean(group, axis=0) for group in groups.values()], axis=0, weights=weights)


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """The photos of one photographer, some of them located."""

    cases: tuple[Case, ...]
    located: frozenset[int]

    @property
    def photos(self) -> list[ContextPhoto]:
        """As the program gets them."""
        return [
            replace(c.photo, place=c.truth) if i in self.located else c.photo
            for i, c in enumerate(self.cases)
        ]


class Located(Enum):
    """Which photos of each photographer keep their position; the values are what tables call them."""

    NONE = "0%"
    TENTH = "10%"
    OUTING = "one outing"


def draws(cases: Sequence[Case], which: Located, seed: int) -> Iterator[Draw]:
    """The photographers, or folders, in turn, with the photos located that chance has it: at least one, if not none."""
    groups = defaultdict(list)
    for case in cases:
        groups[case.photo.roll].append(case)
    for who, group in sorted(groups.items()):
        # A photographer's draws are the same whoever else is judged.
        rng = np.random.default_rng([seed, int(hashlib.sha256(who.encode()).hexdigest()[:8], 16)])
        located: list[int] = []
        if which is Located.TENTH:
            located = rng.choice(len(group), max(1, round(0.1 * len(group))), replace=False).tolist()
        elif which is Located.OUTING:
            located = _one_outing(group, rng)
        yield Draw(tuple(group), frozenset(located))


def _one_outing(group: Sequence[Case], rng: np.random.Generator) -> list[int]:
    hours = clock_hours([case.photo.clock for case in group])
    known = np.flatnonzero(np.isfinite(hours))
    order = known[np.argsort(hours[known], kind="stable")]
    return order[one_outing(hours[order], rng)].tolist() if len(order) else []


def judged_by(model: ContextModel, draw: Draw, kinds: frozenset[str]) -> Iterator[Judged]:
    """The program's answers for the photos that are not located."""
    yield from _judged(draw, model.predict(draw.photos, "", "", kinds))


def judged_with_scores(model: ContextModel, draw: Draw) -> list[tuple[Judged, Score]]:
    """The same with neighbours in time, and what the photos say of the shares of the tuning; without those judged alone."""
    predictions, scores = model.predict_with_scores(draw.photos, [case.truth for case in draw.cases])
    hidden = [i for i in range(len(draw.cases)) if i not in draw.located]
    every = zip(hidden, _judged(draw, predictions), strict=True)
    return [(judged, scores[i]) for i, judged in every if i in scores]


def _judged(draw: Draw, predictions: Iterable[Prediction]) -> Iterator[Judged]:
    for i, (case, prediction) in enumerate(zip(draw.cases, predictions, strict=True)):
        if i not in draw.located:
            rank = [region.code for region in prediction.regions].index(case.region)
            before = sum(region.probability for region in prediction.regions[:rank])
            yield Judged(case, prediction.position.distance_km(case.truth), rank, before, prediction)


def judged_by_rule(draw: Draw, on_the_way: bool) -> Iterator[Judged]:
    """What the located photo nearest in time says, or the straight line between the two next ones."""
    hours = clock_hours([case.photo.clock for case in draw.cases])
    known = np.array([i for i in sorted(draw.located) if np.isfinite(hours[i])], np.intp)
    known = known[np.argsort(hours[known], kind="stable")]
    for i, case in enumerate(draw.cases):
        if i in draw.located:
            continue
        if not len(known) or not np.isfinite(hours[i]):
            yield Judged(case, np.inf)
            continue
        place = draw.cases[known[np.abs(hours[known] - hours[i]).argmin()]].truth
        after = int(np.searchsorted(hours[known], hours[i]))
        if on_the_way and 0 < after < len(known):
            pair = [draw.cases[j].truth for j in known[after - 1 : after + 1].tolist()]
            start, end = hours[known[after - 1]], hours[known[after]]
            share = (hours[i] - start) / max(end - start, 1e-6)
            ends = unit_vectors([p.lat_deg for p in pair], [p.lon_deg for p in pair])
            lat, lon = positions(between(ends[:1], ends[1:], np.array([share])))
            place = LatLon(float(lat[0]), float(lon[0]))
        yield Judged(case, place.distance_km(case.truth))


COUNTRIES = {"CA": "Canada", "US": "USA"}


class Hinted(Enum):
    """What the hints of a table say; the value names it."""

    COUNTRY = "hint: the country (made up)"
    REGION = "hint: the region (made up)"
    MOST = "folder called after the region of most photos (made up)"
    WRONG = "folder called after a region where none was taken (made up)"
    ZONE = "time zone of the place, noted by the camera (made up)"
    HOME_ZONE = "time zone of most photos, left in the camera (made up)"


def with_hints(cases: Sequence[Case], grid: CellGrid, said: Hinted) -> list[Case]:
    """The cases with a hint for each."""
    if said in (Hinted.ZONE, Hinted.HOME_ZONE):
        return _with_zones(cases, grid, said)
    regions = load_regions()
    by_owner: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        by_owner[case.photographer][case.region] += 1
    often = [code for code, _ in Counter(case.region for case in cases).most_common()]
    named = {who: counts.most_common(1)[0][0] for who, counts in by_owner.items()}
    if said is Hinted.WRONG:
        # Regions where others were, each in turn, so that no single far one makes it too easy.
        for turn, (who, counts) in enumerate(sorted(by_owner.items())):
            elsewhere = [code for code in often if code not in counts]
            named[who] = elsewhere[turn % len(elsewhere)]
    origin = HintOrigin.USER if said in (Hinted.COUNTRY, Hinted.REGION) else HintOrigin.FOLDER

    @cache
    def factors(text: str) -> tuple[CellFactor, ...]:
        hint = parse_hint(text, origin)
        return (CellFactor("hint", hint.words, hint.likelihood(grid)),)

    found = []
    for case in cases:
        region = regions.by_code(case.region if origin is HintOrigin.USER else named[case.photographer])
        text = COUNTRIES[region.country] if said is Hinted.COUNTRY else region.name
        found.append(replace(case, photo=replace(case.photo, factors=factors(text))))
    return found


def _with_zones(cases: Sequence[Case], grid: CellGrid, said: Hinted) -> list[Case]:
    """The cases with the time zone of each photo's place, or of the place where the photographer mostly was."""
    zones = [time_zone_at(case.truth).key for case in cases]
    by_owner: dict[str, Counter[str]] = defaultdict(Counter)
    for case, zone in zip(cases, zones, strict=True):
        by_owner[case.photographer][zone] += 1
    found = []
    for case, zone in zip(cases, zones, strict=True):
        if said is Hinted.HOME_ZONE:
            zone = by_owner[case.photographer].most_common(1)[0][0]
        assert case.photo.clock is not None, "only photos with clocks are judged here"
        offset = case.photo.clock.replace(tzinfo=ZoneInfo(zone)).utcoffset()
        factors = () if offset is None else zone_factors(grid, offset, case.photo.clock.date())
        found.append(replace(case, photo=replace(case.photo, factors=factors)))
    return found


def with_gallery(cases: Sequence[Case], least_similarity: float) -> list[Case]:
    """The cases with a gallery of all photos that others took, or the same photographer on other days."""
    embeddings = np.stack([case.photo.output.embedding for case in cases])
    days = np.array([case.photo.clock.toordinal() if case.photo.clock else 0 for case in cases])
    owners = np.array([case.photographer for case in cases])
    found = []
    for i, case in enumerate(cases):
        likeness = np.where(
            (owners != owners[i]) | (np.abs(days - days[i]) > 1), embeddings @ embeddings[i], -1.0
        )
        best = int(likeness.argmax())
        match = GalleryMatch(cases[best].photo.name, cases[best].truth, float(likeness[best]))
        matches = (match,) if likeness[best] >= least_similarity else ()
        found.append(replace(case, photo=replace(case.photo, matches=matches)))
    return found


def with_tracks(cases: Sequence[Case]) -> list[Case]:
    """The cases with a track for every second photo, made of the places of the others."""
    found = list(cases)
    for who in {case.photographer for case in cases}:
        members = [i for i, case in enumerate(cases) if case.photographer == who]
        hours = clock_hours([cases[i].photo.clock for i in members])
        order = [int(k) for k in np.argsort(hours, kind="stable") if np.isfinite(hours[k])]
        points = {3600 * float(hours[k]): cases[members[k]].truth for k in order[::2]}
        if not points:
            continue
        times = np.array(sorted(points))
        places = np.array([(points[t].lat_deg, points[t].lon_deg) for t in times.tolist()])
        track = Track(times, places[:, 0], places[:, 1], ("made up",))
        for k in order[1::2]:
            photo = replace(cases[members[k]].photo, track=track.at_s(3600 * float(hours[k])))
            found[members[k]] = replace(cases[members[k]], photo=photo)
    return found


HEADER = (
    "| located | sources | photos judged | top-3 micro / macro % | median km | < 25 km % | < 200 km % "
    "| in radius % | in set % |\n|---|---|---|---|---|---|---|---|---|"
)


def row_of(name: str, judged: Sequence[Judged], draws_made: int = 1) -> str:
    """One line of the table; several draws are counted together, and the number of photos is that of one draw."""
    errors = np.array([j.error_km for j in judged])
    shares = [f"{np.median(errors):.0f}", *(f"{100 * (errors < km).mean():.0f}" for km in (25, 200))]
    regions, cover = "–", ["–", "–"]
    if all(j.prediction is not None for j in judged):
        hits = np.array([j.rank < 3 for j in judged])
        true = np.array([j.case.region for j in judged])
        macro = np.mean([hits[true == code].mean() for code in np.unique(true)])
        regions = f"{100 * hits.mean():.1f} / {100 * macro:.1f}"
        cover = [f"{100 * np.mean(held):.0f}" for held in (held_by_radius(judged), held_by_set(judged))]
    return "| " + " | ".join([name, f"{len(judged) // draws_made}", regions, *shares, *cover]) + " |"


def held_by_radius(judged: Sequence[Judged]) -> list[bool]:
    """Which photos lie inside their radius."""
    return [j.prediction is not None and j.error_km <= j.prediction.radius_km for j in judged]


def held_by_set(judged: Sequence[Judged]) -> list[bool]:
    """Which photos have their region in the set."""
    return [j.prediction is not None and j.case.region in j.prediction.region_set for j in judged]
