"""Measures what each source adds on real trips, and chooses the weights of the sources.

    python scripts/evaluate_evidence.py ../shared/photos                    the table of docs/evidence.md
    python scripts/evaluate_evidence.py ../shared/photos --fit              writes resources/evidence/tuning.json
    … --outputs FILE.npz       network outputs to use (arrays ``file``, ``cells``, ``embedding``, text ``model``)

The position of all photos is hidden, but for a random tenth where the table says so. The law of motion is learned anew
for each fifth of the photographers from the other four. Photos made by the photographers that a bundle was trained on
flatter it; give the outputs of a network that has not seen them.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
from fit_evidence import Trip, fit, read_trips

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.geo import LatLon
from geotagger.core.paths import cache_dir
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.core.regions import load_regions
from geotagger.evidence.fusion import WIDE_RADIUS_KM, ContextModel
from geotagger.evidence.trips import ContextPhoto
from geotagger.evidence.tuning import Tuning

FOLDS = 5
LOCATED_SHARE = 0.1
LEAST_PHOTOS = 10
AIM = 0.815
"""Coverage that the masses are chosen for: the middle of the goal, 75 to 88 %."""
FIT_STEPS = 5
TARGET = Path("resources/evidence/tuning.json")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One photo with its truth."""

    photo: ContextPhoto
    truth: LatLon
    region: str
    photographer: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One prediction with its truth."""

    photographer: str
    region: str
    error_km: float
    rank: int
    prediction: Prediction

    @property
    def is_located(self) -> bool:
        """True where a photo with a position had a say."""
        return any("GPS" in (e.reason or "") for e in self.prediction.evidence)


def read_cases(folder: Path, outputs: dict[str, ImageOutput]) -> list[Case]:
    """Photos with a clock and a place, of photographers with enough of them."""
    regions = load_regions()
    cases = defaultdict(list)
    with (folder / "photos.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not (row["lat"] and row["taken"]) or row["file"] not in outputs:
                continue
            try:
                clock = datetime.strptime(row["taken"], "%Y:%m:%d %H:%M:%S")
            except ValueError:
                continue
            truth = LatLon(float(row["lat"]), float(row["lon"]))
            photo = ContextPhoto(row["file"], outputs[row["file"]], clock, roll=row["photographer"])
            code = regions.by_postal(row["region"]).code
            cases[row["photographer"]].append(Case(photo, truth, code, row["photographer"]))
    return [case for group in cases.values() if len(group) >= LEAST_PHOTOS for case in group]


def fold_of(photographer: str) -> int:
    """Which fifth a photographer belongs to."""
    return int(hashlib.sha256(photographer.encode()).hexdigest(), 16) % FOLDS


def models(
    trips: Sequence[Trip], grid: CellGrid, calibration: Calibration, tuning: Tuning, prior: np.ndarray
) -> dict[int, ContextModel]:
    """A model for each fifth, which learned its law of motion from the others."""
    return {
        fold: ContextModel(
            grid,
            calibration,
            tuning,
            fit([t for t in trips if fold_of(t.photographer) != fold], seed=fold),
            prior,
        )
        for fold in range(FOLDS)
    }


def judge(
    cases: Sequence[Case],
    by_fold: dict[int, ContextModel],
    located_share: float,
    kinds: frozenset[str],
    seed: int = 0,
) -> Iterator[Judged]:
    """Predict the photos of each photographer together, with a share of them located; those are not judged."""
    rng = np.random.default_rng(seed)
    groups = defaultdict(list)
    for case in cases:
        groups[case.photographer].append(case)
    for photographer, group in sorted(groups.items()):
        count = max(1, round(located_share * len(group))) if located_share else 0
        located = set(rng.choice(len(group), count, replace=False).tolist())
        photos = [replace(c.photo, place=c.truth) if i in located else c.photo for i, c in enumerate(group)]
        predictions = by_fold[fold_of(photographer)].predict(photos, "", "", kinds)
        for i, (case, prediction) in enumerate(zip(group, predictions, strict=True)):
            if i not in located:
                codes = [region.code for region in prediction.regions]
                error_km = prediction.position.distance_km(case.truth)
                yield Judged(photographer, case.region, error_km, codes.index(case.region), prediction)


def row_of(name: str, judged: Sequence[Judged]) -> str:
    """One line of the table."""
    errors = np.array([j.error_km for j in judged])
    hits = np.array([j.rank < 3 for j in judged])
    regions = np.array([j.region for j in judged])
    macro = np.mean([hits[regions == code].mean() for code in np.unique(regions)])
    cells = [
        name,
        f"{len(judged)}",
        f"{100 * hits.mean():.1f} / {100 * macro:.1f}",
        f"{np.median(errors):.0f}",
        f"{100 * (errors < 25).mean():.0f}",
        f"{100 * (errors < 200).mean():.0f}",
        f"{100 * radius_coverage(judged):.0f}",
        f"{100 * set_coverage(judged):.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def radius_coverage(judged: Sequence[Judged]) -> float:
    """Share of photos inside their radius."""
    return float(np.mean([j.error_km <= j.prediction.radius_km for j in judged]))


def set_coverage(judged: Sequence[Judged]) -> float:
    """Share of photos whose region is in the set."""
    return float(np.mean([j.region in j.prediction.region_set for j in judged]))


def balanced(judged: Sequence[Judged], covered: Sequence[bool]) -> float:
    """Coverage, counting each photographer with the square root of the number of his photos."""
    groups = defaultdict(list)
    for j, is_covered in zip(judged, covered, strict=True):
        groups[j.photographer].append(is_covered)
    weights = np.sqrt([len(group) for group in groups.values()])
    return float(np.average([np.mean(group) for group in groups.values()], weights=weights))


def fitted(cases: Sequence[Case], tuning: Tuning, by_fold: dict[int, ContextModel]) -> Tuning:
    """Choose the five masses by bisection; each concerns other photos or another number, so all go at once."""
    bounds = dict.fromkeys(MASSES, (0.3, 0.999))
    for _ in range(FIT_STEPS):
        middle = {name: (low + high) / 2 for name, (low, high) in bounds.items()}
        tuned = replace(tuning, **middle)
        tried = {fold: model.with_tuning(tuned) for fold, model in by_fold.items()}
        found = coverages(cases, tried)
        for name, (low, high) in bounds.items():
            bounds[name] = (middle[name], high) if found[name] < AIM else (low, middle[name])
        print({name: (round(middle[name], 3), round(found[name], 3)) for name in bounds}, flush=True)
    return replace(tuning, **{name: round((low + high) / 2, 3) for name, (low, high) in bounds.items()})


MASSES = ("trip_radius_mass", "trip_set_mass", "located_radius_mass", "located_set_mass", "local_radius_mass")


def coverages(cases: Sequence[Case], by_fold: dict[int, ContextModel]) -> dict[str, float]:
    """What each of the masses leads to."""
    kinds = frozenset({"time-neighbour"})
    apart = [j for j in judge(cases, by_fold, 0.0, kinds) if len(j.prediction.evidence) > 1]
    near = [j for seed in (1,) for j in judge(cases, by_fold, LOCATED_SHARE, kinds, seed) if j.is_located]
    local = [j for j in near if j.prediction.radius_km < WIDE_RADIUS_KM]
    wide = [j for j in near if j.prediction.radius_km >= WIDE_RADIUS_KM]

    def within(judged: Sequence[Judged]) -> float:
        return balanced(judged, [j.error_km <= j.prediction.radius_km for j in judged])

    def in_set(judged: Sequence[Judged]) -> float:
        return balanced(judged, [j.region in j.prediction.region_set for j in judged])

    return dict(
        zip(MASSES, (within(apart), in_set(apart), within(wide), in_set(near), within(local)), strict=True)
    )


GALLERY_PRECISION = 0.8
GALLERY_LEAST = 20
GALLERY_NEVER = 0.999


def gallery_similarity(cases: Sequence[Case], radius_km: float) -> float:
    """The similarity above which the most similar photo of another day was taken at the same place, in 80 %.

    Where too few such pairs show that, only all but identical pictures shall match.
    """
    embeddings = np.stack([case.photo.output.embedding for case in cases])
    days = np.array([case.photo.clock.toordinal() if case.photo.clock else 0 for case in cases])
    owners = np.array([case.photographer for case in cases])
    similarities = embeddings @ embeddings.T
    similarities[(owners[:, None] == owners) & (np.abs(days[:, None] - days) <= 1)] = -1
    best = similarities.argmax(axis=1)
    top = similarities.max(axis=1)
    right = np.array(
        [cases[i].truth.distance_km(cases[j].truth) <= radius_km for i, j in enumerate(best.tolist())]
    )
    order = np.argsort(-top)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero((precision >= GALLERY_PRECISION) & (np.arange(len(order)) >= GALLERY_LEAST - 1))
    print(f"gallery: {right.mean():.1%} of the most similar photos of another day are of the same place")
    return round(min(float(top[order][good[-1]]), GALLERY_NEVER), 3) if len(good) else GALLERY_NEVER


def outputs_of(folder: Path, given: Path | None) -> tuple[dict[str, ImageOutput], CellGrid, Calibration, str]:
    """What the network says of all photos: from a file, from the cache, or from the bundle itself."""
    from geotagger.inference import Predictor, load_bundle

    bundle = load_bundle()
    cache = given or cache_dir() / f"evidence-{bundle.id}.npz"
    if not cache.exists():
        with (folder / "photos.csv").open(encoding="utf-8", newline="") as stream:
            names = [row["file"] for row in csv.DictReader(stream) if row["taken"] and row["lat"]]
        predictor = Predictor(bundle, "cpu")
        found = []
        for first in range(0, len(names), predictor.batch_size):
            part = names[first : first + predictor.batch_size]
            found += predictor.predict([predictor.load(folder / name) for name in part])
        cells = np.stack([output.cell_probabilities for output in found])
        embeddings = np.stack([output.embedding for output in found])
        np.savez(cache, name=names, cells=cells, embedding=embeddings, model=bundle.id)
    kept = np.load(cache)
    outputs = {}
    sums = bundle.grid.region_sums(kept["cells"], len(load_regions())).astype(np.float32)
    for name, regions, cells, embedding in zip(
        kept["name"], sums, kept["cells"], kept["embedding"], strict=True
    ):
        outputs[str(name)] = ImageOutput(regions, cells, embedding.astype(np.float32))
    return outputs, bundle.grid, bundle.calibration, str(kept["model"])


def prior_of(outputs: dict[str, ImageOutput]) -> np.ndarray:
    """(cells,) mean of the network's answers, photographers counting with the square root of their photos."""
    groups = defaultdict(list)
    for name, output in outputs.items():
        groups[name.partition("/")[0]].append(output.cell_probabilities)
    weights = np.sqrt([len(group) for group in groups.values()])
    return np.average([np.mean(group, axis=0) for group in groups.values()], axis=0, weights=weights)


START = Tuning(
    image_weight=1.0,
    stop_growth=0.0,
    stop_window_h=24.0,
    floor=0.02,
    doubt=0.3,
    place_weight=0.25,
    trip_radius_mass=0.9,
    trip_set_mass=0.9,
    located_radius_mass=0.8,
    located_set_mass=0.8,
    local_radius_mass=0.76,
    gallery_similarity=0.97,
    gallery_radius_km=1.0,
    radius_coverage=0.8,
    set_coverage=0.8,
)
"""Where the fit of the shares begins; the first six were picked by hand among settings compared on the same trips."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or fit and write the tuning."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder with photos.csv")
    parser.add_argument("--outputs", type=Path, help="network outputs to use")
    parser.add_argument("--fit", action="store_true", help="choose the masses and write them")
    parser.add_argument(
        "--prior", type=Path, help="with --fit: outputs whose mean is kept as the prior of the cells"
    )
    options = parser.parse_args(arguments)
    outputs, grid, calibration, model = outputs_of(options.photos, options.outputs)
    cases = read_cases(options.photos, outputs)
    prior = prior_of(outputs)
    trips = read_trips(options.photos / "photos.csv")
    tuning = (
        START if options.fit else Tuning.from_json(json.loads(TARGET.read_text(encoding="utf-8"))["tuning"])
    )
    by_fold = models(trips, grid, calibration, tuning, prior)
    photographers = len({case.photographer for case in cases})
    if options.fit:
        facts = {
            "photos": len(cases),
            "photographers": photographers,
            "outputs": model,
            "date": date.today().isoformat(),
            "made_by": "scripts/evaluate_evidence.py --fit",
        }
        similarity = gallery_similarity(cases, tuning.gallery_radius_km)
        tuning = replace(fitted(cases, tuning, by_fold), gallery_similarity=similarity, facts=facts)
        kept = prior if options.prior is None else prior_of(outputs_of(options.photos, options.prior)[0])
        document = {"tuning": tuning.to_json(), "cell_prior": [float(f"{value:.3g}") for value in kept]}
        TARGET.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
        by_fold = {fold: model.with_tuning(tuning) for fold, model in by_fold.items()}
    print(
        f"{len(cases)} photos by {photographers} photographers; outputs of {model}; {date.today().isoformat()}\n"
    )
    print(
        "| located | sources | photos judged | top-3 micro / macro % | median km | < 25 km % | < 200 km % | in radius % | in set % |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for share in (0.0, LOCATED_SHARE):
        for kinds in (frozenset[str](), frozenset({"time-neighbour"})):
            judged = list(judge(cases, by_fold, share, kinds))
            name = f"{share:.0%} | image" + "".join(f" + {kind}" for kind in sorted(kinds))
            print(row_of(name, judged), flush=True)


if __name__ == "__main__":
    main()
