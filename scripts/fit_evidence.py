"""Learns from located trips how far people travel between photos, and writes resources/evidence/motion.json.

    python scripts/fit_evidence.py ../shared/photos/photos.csv

The table needs the columns ``lat``, ``lon``, ``label`` (``exif`` or ``place``), ``taken`` (``YYYY:MM:DD HH:MM:SS``)
and ``photographer``. Photos are hidden, again and again: all but some at random, and all but one outing, as where a
track or a phone knows one day. The law is the one that gives the hidden places the highest likelihood: the table for
one known place by expectation maximisation, the law of located photos by gradient descent with a pull towards
smoothness. Each photographer counts with the square root of the number of his photos, so that no single traveller
becomes the law.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geotagger.core.geo import FloatArray
from geotagger.evidence.anchoring import (
    BRIDGE_SCALES,
    SCALES_KM,
    SHAPES,
    TRAVELLER_BASES,
    AnchorLaw,
    Surroundings,
    gap_shares,
    nearest_gap_h,
    order_features,
    outings,
    surroundings,
    way_features,
)
from geotagger.evidence.clocks import moves_impossibly
from geotagger.evidence.motion import MotionLaw, density_per_km2, share_within, time_shares
from geotagger.evidence.sphere import between, unit_vectors, vector_distances_km

LOCATED_SHARES = (0.05, 0.1, 0.1, 0.2, 0.4)
OUTINGS = 3
"""So often all but one outing are hidden."""
MOST_HIDDEN = 40
"""Hidden photos of one trip and draw that are looked at."""
PAIR_ROUNDS = 3
"""How often each share is drawn for the table of one known place."""
COPY_GAP_H = 5 / 3600
COPIED_AT_LEAST = 8
"""So many photos so few seconds apart have the clock of their copying."""
ELSEWHERE_PER_KM2 = 1.5e-7
"""Density of photos that lie near no located one: about the area where people photograph."""
STEPS = 120
STEP_SIZE = 0.12
SMOOTHNESS = {"gap": 8e-5, "way_gap": 8e-5, "away_gap": 8e-5, "scale": 2.5e-5, "way_scale": 2.5e-5}
SIZE = 2e-4
SMEARED_KM = 5.0
"""Places that were geocoded are not told apart within this distance."""
FASTEST_KM_PER_H = 1200.0
"""What is faster is a wrong clock or a wrong place, and no law of motion."""
EM_STEPS = 150
PRIOR_WEIGHT = 0.5
"""Pseudo-observations, in photographers, that pull each row of a table towards the mean of all rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """All timed and located photos of one photographer, in order of time."""

    photographer: str
    time_h: FloatArray
    vectors: FloatArray
    exact: np.ndarray


def read_trips(table: Path, at_least: int = 5) -> list[Trip]:
    """The trips of a table of photos; clocks that cannot be right are left out."""
    photos: dict[str, list[tuple[float, float, float, bool]]] = defaultdict(list)
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not (row["lat"] and row["taken"]):
                continue
            try:
                taken = datetime.strptime(row["taken"], "%Y:%m:%d %H:%M:%S").replace(tzinfo=timezone.utc)
            except ValueError:
                continue
            if taken.year > 2000:
                place = (float(row["lat"]), float(row["lon"]), row["label"] == "exif")
                photos[row["photographer"]].append((taken.timestamp() / 3600, *place))
    trips = []
    for photographer, rows in sorted(photos.items()):
        if len(rows) >= at_least:
            rows.sort()
            time_h, lat, lon, exact = (np.array(column) for column in zip(*rows, strict=True))
            vectors = unit_vectors(lat, lon)
            copied = np.diff(time_h) < COPY_GAP_H
            in_one_go = np.convolve(copied, np.ones(COPIED_AT_LEAST - 1), "valid").max(initial=0)
            if in_one_go < COPIED_AT_LEAST - 1 and not moves_impossibly(time_h, vectors):
                trips.append(Trip(photographer, time_h, vectors, exact.astype(bool)))
    return trips


def fit(trips: Iterable[Trip], seed: int = 0) -> MotionLaw:
    """Learn both parts of the law."""
    rng = np.random.default_rng(seed)
    pairs: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    hidden: list[Hidden] = []
    photographers = photos = 0
    for trip in trips:
        count = len(trip.time_h)
        photographers, photos = photographers + 1, photos + count
        located = [_draw(count, share, rng) for share in LOCATED_SHARES]
        located += [one_outing(trip.time_h, rng) for _ in range(OUTINGS)]
        drawn = [Hidden.of(trip, mask, rng) for mask in located]
        hidden += [part.weighted(np.sqrt(count)) for part in drawn]
        knots, likelihoods = _pair_terms(trip, rng)
        pairs.append((knots, likelihoods, np.full(len(knots), np.sqrt(count) / max(len(knots), 1))))
    facts = {"photos": photos, "photographers": photographers, "made_by": "scripts/fit_evidence.py"}
    return MotionLaw(_mixture(*_joined(pairs)), _anchor_law(hidden), facts)


def _draw(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    located = np.zeros(count, np.bool_)
    located[rng.choice(count, max(1, round(share * count)), replace=False)] = True
    return located


def one_outing(time_h: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """(n,) True for the outing of a random photo; for a third of the photos, in a row, where that is most of them all."""
    count, outing = len(time_h), outings(time_h)
    located: npt.NDArray[np.bool_] = outing == outing[rng.integers(count)]
    if 2 * np.count_nonzero(located) > count:
        some = max(1, count // 3)
        first = rng.integers(count - some + 1)
        located = (np.arange(count) >= first) & (np.arange(count) < first + some)
    return located


def _joined(rows: Sequence[tuple[FloatArray, ...]]) -> tuple[FloatArray, ...]:
    return tuple(np.concatenate(column) for column in zip(*rows, strict=True))


def _pair_terms(trip: Trip, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Photos and the located ones nearest to them in time, for many gaps."""
    count = len(trip.time_h)
    photo, other = [np.arange(1, count)], [np.arange(count - 1)]
    for share in LOCATED_SHARES * PAIR_ROUNDS:
        known = np.flatnonzero(_draw(count, share, rng))
        rest = np.setdiff1d(np.arange(count), known)
        gaps = np.abs(trip.time_h[rest][:, None] - trip.time_h[known][None])
        photo.append(rest)
        other.append(known[gaps.argmin(axis=1)])
    one, two = np.concatenate(photo), np.concatenate(other)
    gap = np.abs(trip.time_h[one] - trip.time_h[two])
    distance = vector_distances_km(trip.vectors[one], trip.vectors[two])
    possible = distance <= FASTEST_KM_PER_H * (gap + 0.1)
    likelihoods = _likelihoods(distance[:, None], SCALES_KM, trip.exact[one] & trip.exact[two])
    return time_shares(gap)[possible], likelihoods[possible]


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """Hidden photos of one trip, what lies around them, and how probable their place is from each of that.

    Attributes:
        near: (n, NEIGHBOURS, scales) densities of the true place around each located photo.
        way: (n, bridge scales) densities around the point on the way.
        weight: (n,) how much each counts.
    """

    around: Surroundings
    near: FloatArray
    way: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, trip: Trip, located: np.ndarray, rng: np.random.Generator) -> Hidden:
        """What is to be found where only some photos have a position."""
        every = surroundings(trip.time_h, located, trip.vectors, np.zeros(len(located)))
        rows = rng.permutation(np.flatnonzero(~located))[:MOST_HIDDEN]
        around, here, spots = every.of(rows), trip.vectors[rows], trip.vectors[located]
        exact, known_exact = trip.exact[rows], trip.exact[located]
        to_near = vector_distances_km(here[:, None], spots[around.index])
        near = _likelihoods(to_near[..., None], SCALES_KM, exact[:, None] & known_exact[around.index])
        middle = between(spots[around.before], spots[around.after], around.share)
        scales = np.maximum(BRIDGE_SCALES * around.span_km[:, None], SCALES_KM[0])
        way = _likelihoods(vector_distances_km(here, middle)[:, None], scales, exact)
        return cls(around, near, way, np.full(len(rows), 1 / max(len(rows), 1)))

    def weighted(self, weight: float) -> Hidden:
        """The same, counting ``weight`` in all."""
        return replace(self, weight=self.weight * weight)


def _anchor_law(hidden: Sequence[Hidden]) -> AnchorLaw:
    around = Surroundings(
        *(np.concatenate([getattr(h.around, name) for h in hidden]) for name in Surroundings.__slots__)
    )
    known = {
        "knots": gap_shares(around.gap_h),
        "order": order_features(around),
        "is_there": around.is_there,
        "traveller": around.traveller,
        "total": gap_shares(around.total_h),
        "way": way_features(around),
        "has_two": around.has_two,
        "nearest": gap_shares(nearest_gap_h(around)),
        "near_log": np.log(np.concatenate([h.near for h in hidden])),
        "way_log": np.log(np.concatenate([h.way for h in hidden])),
    }
    tensors = {name: torch.tensor(value) for name, value in known.items()}
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    weight = torch.tensor(np.concatenate([h.weight for h in hidden])).float()
    parameters = {name: torch.zeros(shape) for name, shape in SHAPES.items()}
    parameters["gap"] = torch.linspace(0.0, -6.0, len(parameters["gap"]))
    parameters["away_gap"] -= 3.0
    for value in parameters.values():
        value.requires_grad_(True)
    optimizer = torch.optim.Adam(list(parameters.values()), lr=STEP_SIZE)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = STEP_SIZE * (1.02 - step / STEPS)
        optimizer.zero_grad()
        likelihood = (_log_likelihood(parameters, tensors) * weight).sum() / weight.sum()
        (_roughness(parameters) - likelihood).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    print(f"law of located photos: mean log-likelihood {float(likelihood.detach()):.3f}", flush=True)
    return AnchorLaw({name: value.detach().numpy().astype(np.float64) for name, value in parameters.items()})


def _log_likelihood(p: Mapping[str, Tensor], t: Mapping[str, Tensor]) -> Tensor:
    """(n,) the law of ``AnchorLaw.shares``, at the true places."""
    near = (t["knots"] @ p["gap"] + t["order"] @ p["order"]).masked_fill(~t["is_there"], -1e4)
    scales = t["knots"] @ p["scale"] + t["order"][..., :2] @ p["scale_order"]
    bases = torch.tensor(TRAVELLER_BASES).float()
    scales = scales + ((t["traveller"] @ p["scale_traveller"]) @ bases)[:, None]
    way = (t["total"] @ p["way_gap"] + t["way"] @ p["way"]).masked_fill(~t["has_two"], -1e4)
    away = t["nearest"] @ p["away_gap"] + t["traveller"] @ p["away_traveller"]
    shares = torch.log_softmax(torch.cat([near, way[:, None], away[:, None]], 1), 1)
    near_log = torch.logsumexp(torch.log_softmax(scales, -1) + t["near_log"], -1)
    way_log = torch.logsumexp(torch.log_softmax(t["total"] @ p["way_scale"], -1) + t["way_log"], -1)
    away_log = torch.full_like(way_log, float(np.log(ELSEWHERE_PER_KM2)))
    places = torch.cat([near_log, way_log[:, None], away_log[:, None]], 1)
    return torch.logsumexp(shares + places, 1)


def _roughness(p: Mapping[str, Tensor]) -> Tensor:
    steps = [factor * (p[name][1:] - p[name][:-1]).square().sum() for name, factor in SMOOTHNESS.items()]
    sizes = [SIZE * value.square().sum() for name, value in p.items() if name not in SMOOTHNESS]
    return torch.stack(steps + sizes).sum()


def _likelihoods(distances_km: FloatArray, scales_km: FloatArray, exact: np.ndarray) -> FloatArray:
    smeared = share_within(SMEARED_KM, scales_km) / (np.pi * SMEARED_KM**2)
    is_smeared = ~exact[..., None] & (distances_km < SMEARED_KM)
    return np.where(is_smeared, smeared, density_per_km2(distances_km, scales_km)) + 1e-300


def _mixture(knots: FloatArray, likelihoods: FloatArray, weights: FloatArray) -> FloatArray:
    """(knots, components) weights with the highest likelihood, rows pulled towards their mean."""
    table = np.full((knots.shape[1], likelihoods.shape[1]), 1 / likelihoods.shape[1])
    common = table.mean(axis=0)
    for _ in range(EM_STEPS):
        total = ((knots @ table) * likelihoods).sum(axis=1)
        counts = table * (knots.T @ (likelihoods * (weights / total)[:, None]))
        common = counts.sum(axis=0) / counts.sum()
        table = counts + PRIOR_WEIGHT * common
        table /= table.sum(axis=1, keepdims=True)
    return table


def write(law: MotionLaw, target: Path) -> None:
    """Put the law where the program reads it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(law.to_json(), separators=(",", ":")) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path, help="photos.csv with places, times and photographers")
    parser.add_argument("--out", type=Path, default=Path("resources/evidence/motion.json"))
    options = parser.parse_args(arguments)
    law = fit(read_trips(options.table))
    write(law, options.out)
    facts: Mapping[str, object] = law.facts
    print(f"Learned from {facts['photos']} photos by {facts['photographers']} photographers: {options.out}")


if __name__ == "__main__":
    main()
