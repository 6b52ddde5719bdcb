"""Measures what each source adds on real trips, and fits the weights of the sources.

    python scripts/evaluate_evidence.py ../shared/photos                    the table of docs/evidence.md
    python scripts/evaluate_evidence.py ../shared/photos --fit              writes resources/evidence/tuning.json
    … --outputs FILE.npz …     network outputs to use, made by ``python -m trainer outputs`` (else those of the bundle)
    … --only FILE.npz          then judge the photos of this file, with what was fitted on all; --only-draws for
                               more draws of them

The position of all photos is hidden, but for a random tenth, or those of one outing, where the table says so, in
several draws. All that is fitted (the law of motion, the weights, the shares for radii and region sets) is fitted anew
for each fifth of the photographers on the other four, so every row is out of fold. Photos made by the photographers
that a network was trained on flatter it; give the outputs of networks that have not seen them.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from evidence_cases import (
    FOLDS,
    HEADER,
    Case,
    Folders,
    Hinted,
    Judged,
    Located,
    draws,
    fold_of,
    in_folders,
    judged_by,
    judged_by_rule,
    judged_with_scores,
    prior_of,
    read_cases,
    read_outputs,
    row_of,
    with_gallery,
    with_hints,
    with_tracks,
)
from fit_evidence import fit, read_trips

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.evidence.fusion import FACTORS, ContextModel
from geotagger.evidence.motion import MotionLaw
from geotagger.evidence.tuning import Tuning
from geotagger.evidence.words import point_words

AIM = 0.815
"""Coverage that the shares are chosen for: the middle of the goal, 75 to 88 %."""
LEAST_SHARE = 0.5
"""Where the first region is nearly always the true one, any share would do; a set holds what is more likely than not."""
TARGET = Path("resources/evidence/tuning.json")
TOGETHER = frozenset({"time-neighbour"})
START = Tuning(
    image_weight=1.0,
    stop_growth=0.0,
    stop_window_h=24.0,
    floor=0.02,
    doubt=0.3,
    trip_radius_mass=0.8,
    trip_set_mass=0.8,
    located_radius_mass=0.8,
    local_radius_mass=0.8,
    local_set_mass=0.8,
    located_set_mass=0.8,
    far_set_mass=0.8,
    folder_share=0.5,
    folder_radius_mass=0.8,
    folder_set_mass=0.8,
    gallery_similarity=0.95,
    gallery_radius_km=1.0,
    radius_coverage=0.8,
    set_coverage=0.8,
)
TRIED: tuple[Mapping[str, Any], ...] = (
    {},
    {"doubt": 0.5},
    {"doubt": 0.5, "image_weight": 0.6},
    {"doubt": 0.5, "image_weight": 1.5},
    {"doubt": 0.5, "floor": 0.1},
    {"doubt": 0.5, "stop_window_h": 96.0},
    {"doubt": 0.4, "stop_window_h": 400.0},
    {"stop_growth": 0.3, "stop_window_h": 400.0},
)
"""Changes of ``START`` that are compared; the best on the other photographers is taken."""
FITTED_FOLDERS = (Folders.PHOTOGRAPHER, Folders.TRIP)
LOSS_WEIGHT = 0.1
"""What one nat of the true region's probability is worth, in shares of photos with the region among the first three."""


class Bench:
    """The trips with models that were learned without the photographers that they judge."""

    def __init__(
        self,
        cases: Sequence[Case],
        grid: CellGrid,
        calibration: Calibration,
        laws: Mapping[int, MotionLaw],
        prior: np.ndarray,
    ) -> None:
        self.cases = cases
        first = ContextModel(grid, calibration, START, laws[0], prior)
        self.models = {fold: first.with_law(law) for fold, law in laws.items()}
        self.tuning = dict.fromkeys(laws, START)

    def judge(self, which: Located, kinds: frozenset[str], seeds: Iterable[int]) -> list[Judged]:
        """The program's answers, photographer by photographer."""
        found: list[Judged] = []
        for seed in seeds:
            for draw in draws(self.cases, which, seed):
                fold = fold_of(draw.cases[0].photographer)
                model = self.models[fold].with_tuning(self.tuning[fold])
                found += judged_by(model, draw, kinds)
        return found

    def choose_weights(self) -> Tuning:
        """Set the weights of pictures for each fold by the others; gives what is best on all photographers."""
        table = []
        for change in TRIED:
            self.tuning = dict.fromkeys(self.models, replace(START, **change))
            losses = defaultdict(list)
            for judged in self.judge(Located.NONE, TOGETHER, (0,)):
                losses[judged.case.photographer].append(_region_loss(judged))
            table.append({who: (float(np.mean(of)), np.sqrt(len(of))) for who, of in losses.items()})
            print(f"{dict(change) or 'start'}: loss {_balanced(table[-1], _everybody):.3f}", flush=True)

        def best(uses: Callable[[str], bool]) -> Tuning:
            return replace(START, **TRIED[int(np.argmin([_balanced(row, uses) for row in table]))])

        self.tuning = {fold: best(_not_of(fold)) for fold in self.models}
        return best(_everybody)

    def choose_masses(self, overall: Tuning, seeds: Iterable[int]) -> Tuning:
        """Set the shares for radii and region sets for each fold by the others; gives those of all photographers."""
        scores: list[tuple[str, str, float]] = []
        located = (Located.TENTH, Located.OUTING)
        every = [(self.cases, which, seed) for seed in seeds for which in (Located if seed == 0 else located)]
        folders = [in_folders(self.cases, kind) for kind in FITTED_FOLDERS]
        # Where located photos speak for a folder, its radii and sets hold more than they have to.
        every += [(cases, Located.NONE, 0) for cases in folders]
        for cases, which, seed in every:
            for draw in draws(cases, which, 100 + seed):
                who = draw.cases[0].photographer
                model = self.models[fold_of(who)].with_tuning(self.tuning[fold_of(who)])
                for judged, score in judged_with_scores(model, draw):
                    scores.append((who, score.radius_share, score.radius_mass))
                    scores.append((who, score.set_share, judged.before))
        self.tuning = {
            fold: replace(tuning, **_masses(scores, _not_of(fold))) for fold, tuning in self.tuning.items()
        }
        return replace(overall, **_masses(scores, _everybody))


def _everybody(_: str) -> bool:
    return True


def _not_of(fold: int) -> Callable[[str], bool]:
    """Whether a photographer is of another fold."""
    return lambda who: fold_of(who) != fold


def _region_loss(judged: Judged) -> float:
    """What is to be small: the true region not among the first three, or improbable."""
    assert judged.prediction is not None
    nats = -float(np.log(max(judged.prediction.regions[judged.rank].probability, 1e-4)))
    return float(judged.rank >= 3) + LOSS_WEIGHT * nats


def _balanced(row: Mapping[str, tuple[float, float]], uses: Callable[[str], bool]) -> float:
    values = [value for who, value in row.items() if uses(who)]
    return float(np.average([v for v, _ in values], weights=[w for _, w in values]))


def _mass(scores: Sequence[tuple[str, str, float]], name: str, uses: Callable[[str], bool]) -> float:
    """The share that covers ``AIM`` of the photos, photographers counting with the square root of theirs."""
    chosen = [(who, mass) for who, of, mass in scores if of == name and uses(who)]
    counts: dict[str, int] = defaultdict(int)
    for who, _ in chosen:
        counts[who] += 1
    masses = np.array([mass for _, mass in chosen])
    weights = np.array([counts[who] ** -0.5 for who, _ in chosen])
    order = np.argsort(masses)
    held = np.cumsum(weights[order]) / weights.sum()
    return round(float(np.clip(masses[order][np.searchsorted(held, AIM)], LEAST_SHARE, 0.998)), 3)


def _masses(scores: Sequence[tuple[str, str, float]], uses: Callable[[str], bool]) -> dict[str, Any]:
    """Each share by its name, as ``_mass`` sets it."""
    return {name: _mass(scores, name, uses) for name in sorted({name for _, name, _ in scores})}


def learned_laws(photos: Path, kept: Path | None) -> dict[int, MotionLaw]:
    """The law of motion for each fold, learned from the others; from and into a file where one is given."""
    if kept is not None and kept.exists():
        document = json.loads(kept.read_text(encoding="utf-8"))
        return {int(fold): MotionLaw.from_json(law) for fold, law in document.items()}
    trips = read_trips(photos / "photos.csv")
    laws = {f: fit([t for t in trips if fold_of(t.photographer) != f], seed=f) for f in range(FOLDS)}
    if kept is not None:
        document = {str(fold): law.to_json() for fold, law in laws.items()}
        kept.write_text(json.dumps(document), encoding="utf-8")
    return laws


def print_table(bench: Bench, cases: Sequence[Case], seeds: Sequence[int], grid: CellGrid) -> None:
    """The rows for some of the photos, and one for each photographer."""
    similarity = bench.tuning[0].gallery_similarity
    print(HEADER)

    def row(which: Located, name: str, known: Sequence[Case], kinds: frozenset[str]) -> list[Judged]:
        bench.cases = known
        drawn = seeds[:1] if which is Located.NONE else seeds
        judged = bench.judge(which, kinds, drawn)
        print(row_of(f"{which.value} | {name}", judged, len(drawn)), flush=True)
        return judged

    row(Located.NONE, "image", cases, frozenset())
    elsewhere = {Located.NONE: _elsewhere(row(Located.NONE, "+ neighbours", cases, TOGETHER))}
    hinted = TOGETHER | FACTORS
    for said in Hinted:
        row(Located.NONE, f"+ neighbours + {said.value}", with_hints(cases, grid, said), hinted)
    groups: dict[str, list[Judged]] = defaultdict(list)
    for which in (Located.TENTH, Located.OUTING):
        for rule, name in (
            (False, "*nearest located photo in time*"),
            (True, "*line between located photos*"),
        ):
            by_rule = [j for s in seeds for d in draws(cases, which, s) for j in judged_by_rule(d, rule)]
            print(row_of(f"{which.value} | {name}", by_rule, len(seeds)), flush=True)
        together = row(which, "+ neighbours, some located", cases, TOGETHER)
        elsewhere[which] = _elsewhere(together)
        for j in together if which is Located.TENTH else ():
            groups[j.case.photographer].append(j)
    matched = with_gallery(cases, similarity)
    row(Located.TENTH, "+ neighbours + gallery of other days", matched, TOGETHER | {"gallery"})
    tracked = with_tracks(cases)
    row(Located.TENTH, "+ neighbours + track (made up)", tracked, TOGETHER | {"track"})
    shares = ", ".join(f"{which.value} located: {100 * share:.0f} %" for which, share in elsewhere.items())
    print(f"\nPoint outside the region named first, which has 30 %, and radius above 300 km: {shares}.")
    print("\nBy photographer, with a tenth located:\n")
    for who, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(row_of(f"{Located.TENTH.value} | {who}", group, len(seeds)))


def _elsewhere(judged: Sequence[Judged]) -> float:
    """Share of the photos whose marked point is explained, since it lies outside the region named first."""
    return float(
        np.mean([j.prediction is not None and point_words(j.prediction) is not None for j in judged])
    )


def print_folders(bench: Bench, timed: Sequence[Case], untimed: Sequence[Case], seeds: Sequence[int]) -> None:
    """The rows for folders without clocks, alone and together."""
    print(
        "\nFolders of photos without clocks:\n\n"
        + HEADER.replace("located |", "located | folder |", 1)
        + "---|"
    )
    for kind in Folders:
        bench.cases = in_folders(timed if kind is Folders.TRIP else untimed, kind)
        for which in (Located.NONE, Located.TENTH):
            drawn = seeds[:1] if which is Located.NONE else seeds
            for name, kinds in (("image", frozenset[str]()), ("+ the rest of the folder", TOGETHER)):
                judged = bench.judge(which, kinds, drawn)
                print(row_of(f"{which.value} | {kind.value} | {name}", judged, len(drawn)), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or fit and write the tuning."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder with photos.csv")
    parser.add_argument("--outputs", type=Path, nargs="+", default=[], help="network outputs to use")
    parser.add_argument(
        "--only", type=Path, nargs="+", default=[], help="outputs of the only photos to judge"
    )
    parser.add_argument("--laws", type=Path, help="file that keeps the laws of motion of the folds")
    parser.add_argument("--draws", type=int, default=3, help="draws of located photos (default 3)")
    parser.add_argument(
        "--only-draws", type=int, help="draws for the photos of --only (those of --draws if left out)"
    )
    parser.add_argument(
        "--fit", action="store_true", help="write the weights and shares fitted on all photos"
    )
    parser.add_argument(
        "--prior", type=Path, nargs="+", help="with --fit: outputs whose mean is kept as prior"
    )
    options = parser.parse_args(arguments)
    outputs, grid, calibration, model = read_outputs(options.photos, options.outputs)
    cases = read_cases(options.photos, outputs)
    laws = learned_laws(options.photos, options.laws)
    bench = Bench(cases, grid, calibration, laws, prior_of(outputs))
    seeds = range(options.draws)
    tuning = bench.choose_masses(bench.choose_weights(), seeds)
    photographers = len({case.photographer for case in cases})
    if options.fit:
        # What is known of the gallery stays; scripts/fit_gallery.py fits that.
        before = Tuning.from_json(json.loads(TARGET.read_text(encoding="utf-8"))["tuning"])
        facts = {
            "photos": len(cases),
            "photographers": photographers,
            "outputs": model,
            "date": date.today().isoformat(),
            "made_by": "scripts/evaluate_evidence.py --fit",
        }
        facts |= {"gallery": before.facts["gallery"]} if "gallery" in before.facts else {}
        tuning = replace(tuning, gallery_similarity=before.gallery_similarity, facts=facts)
        kept = prior_of(read_outputs(options.photos, options.prior)[0] if options.prior else outputs)
        document = {"tuning": tuning.to_json(), "cell_prior": [float(f"{value:.3g}") for value in kept]}
        TARGET.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
        print(tuning)
    print(
        f"\n{len(cases)} photos by {photographers} photographers; outputs of {model}; {date.today().isoformat()}\n"
    )
    print_table(bench, cases, seeds, grid)
    print_folders(bench, cases, read_cases(options.photos, outputs, timed=False), seeds)
    if options.only:
        others, _, _, model = read_outputs(options.photos, options.only)
        cases = read_cases(options.photos, others)
        photographers = len({case.photographer for case in cases})
        print(f"\n{len(cases)} photos by {photographers} photographers; outputs of {model}\n")
        seeds = range(options.only_draws or options.draws)
        print_table(bench, cases, seeds, grid)
        print_folders(bench, cases, read_cases(options.photos, others, timed=False), seeds)


if __name__ == "__main__":
    main()
