"""Learns from located trips how far people travel between photos, and writes resources/evidence/motion.json.

    python scripts/fit_evidence.py ../shared/photos/photos.csv

The table needs the columns ``lat``, ``lon``, ``label`` (``exif`` or ``place``), ``taken`` (``YYYY:MM:DD HH:MM:SS``)
and ``photographer``. Photos are hidden at random, again and again; the law is the mixture that gives the hidden
places the highest likelihood (expectation maximisation, a convex problem). Each photographer counts with the square
root of the number of his photos, so that no single traveller becomes the law.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from geotagger.core.geo import FloatArray
from geotagger.evidence.clocks import moves_impossibly
from geotagger.evidence.motion import (
    BRIDGE_SCALES,
    SCALES_KM,
    MotionLaw,
    density_per_km2,
    share_within,
    time_shares,
    way_shares,
)
from geotagger.evidence.sphere import between, unit_vectors, vector_distances_km

LOCATED_SHARES = (0.05, 0.1, 0.1, 0.2, 0.4)
ROUNDS = 6
"""How often each share of photos is drawn as located."""
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
            if not moves_impossibly(time_h, vectors):
                trips.append(Trip(photographer, time_h, vectors, exact.astype(bool)))
    return trips


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """Hidden photos of one trip with the located ones next to them in time; index -1 where there is none."""

    photo: np.ndarray
    near: np.ndarray
    far: np.ndarray

    @classmethod
    def of(cls, trip: Trip, located: np.ndarray) -> Hidden:
        """What is to be found where only the photos with the sorted indices ``located`` have a position."""
        hidden = np.setdiff1d(np.arange(len(trip.time_h)), located)
        right = np.searchsorted(located, hidden)
        before = np.where(right > 0, located[np.maximum(right - 1, 0)], -1)
        after = np.where(right < len(located), located[np.minimum(right, len(located) - 1)], -1)
        gap_before = np.where(before < 0, np.inf, trip.time_h[hidden] - trip.time_h[before])
        gap_after = np.where(after < 0, np.inf, trip.time_h[after] - trip.time_h[hidden])
        swap = gap_after < gap_before
        return cls(hidden, np.where(swap, after, before), np.where(swap, before, after))


def fit(trips: Iterable[Trip], seed: int = 0) -> MotionLaw:
    """Learn both tables."""
    rng = np.random.default_rng(seed)
    near_rows: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    bridge_rows: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    photographers = photos = 0
    for trip in trips:
        count = len(trip.time_h)
        photographers, photos = photographers + 1, photos + count
        pairs, bridges = [], []
        for share in LOCATED_SHARES * ROUNDS:
            located = np.sort(rng.choice(count, max(1, round(share * count)), replace=False))
            hidden = Hidden.of(trip, located)
            pairs.append(_near_terms(trip, hidden))
            bridges.append(_bridge_terms(trip, hidden))
        step = np.arange(1, count)
        pairs.append(_near_terms(trip, Hidden(step, step - 1, np.full(count - 1, -1))))
        for rows, parts in ((near_rows, pairs), (bridge_rows, bridges)):
            knots, likelihoods = (np.concatenate(column) for column in zip(*parts, strict=True))
            if len(knots):
                rows.append((knots, likelihoods, np.full(len(knots), np.sqrt(count) / len(knots))))
    facts = {
        "photos": photos,
        "photographers": photographers,
        "made_by": "scripts/fit_evidence.py",
    }
    near = _mixture(*_joined(near_rows))
    bridge = _mixture(*_joined(bridge_rows))
    return MotionLaw(near, bridge.reshape(len(near), -1, bridge.shape[-1]), facts)


def _joined(rows: Sequence[tuple[FloatArray, ...]]) -> tuple[FloatArray, ...]:
    return tuple(np.concatenate(column) for column in zip(*rows, strict=True))


def _near_terms(trip: Trip, hidden: Hidden) -> tuple[FloatArray, FloatArray]:
    gaps = np.abs(trip.time_h[hidden.photo] - trip.time_h[hidden.near])
    distances = vector_distances_km(trip.vectors[hidden.photo], trip.vectors[hidden.near])
    exact = trip.exact[hidden.photo] & trip.exact[hidden.near]
    possible = distances <= FASTEST_KM_PER_H * (gaps + 0.1)
    likelihoods = _likelihoods(distances[:, None], SCALES_KM, exact)
    return time_shares(gaps)[possible], likelihoods[possible]


def _bridge_terms(trip: Trip, hidden: Hidden) -> tuple[FloatArray, FloatArray]:
    two = hidden.far >= 0
    photo, near, far = hidden.photo[two], hidden.near[two], hidden.far[two]
    near_gap = np.abs(trip.time_h[photo] - trip.time_h[near])
    far_gap = np.abs(trip.time_h[photo] - trip.time_h[far])
    share = near_gap / np.maximum(near_gap + far_gap, 1e-9)
    middle = between(trip.vectors[near], trip.vectors[far], share)
    span = vector_distances_km(trip.vectors[near], trip.vectors[far])
    here = trip.vectors[photo]
    exact = trip.exact[photo] & trip.exact[near] & trip.exact[far]
    middle_scales = np.maximum(BRIDGE_SCALES * span[:, None], SCALES_KM[0])
    likelihoods = [
        _likelihoods(vector_distances_km(here, trip.vectors[near])[:, None], SCALES_KM, exact),
        _likelihoods(vector_distances_km(here, trip.vectors[far])[:, None], SCALES_KM, exact),
        _likelihoods(vector_distances_km(here, middle)[:, None], middle_scales, exact),
    ]
    knots = np.einsum("nt,ns->nts", time_shares(near_gap), way_shares(near_gap, far_gap))
    possible = vector_distances_km(here, trip.vectors[near]) <= FASTEST_KM_PER_H * (near_gap + 0.1)
    flat = knots.reshape(len(knots), knots.shape[1] * knots.shape[2])
    return flat[possible], np.concatenate(likelihoods, axis=1)[possible]


def _likelihoods(distances_km: FloatArray, scales_km: FloatArray, exact: np.ndarray) -> FloatArray:
    smeared = share_within(SMEARED_KM, scales_km) / (np.pi * SMEARED_KM**2)
    is_smeared = ~exact[:, None] & (distances_km < SMEARED_KM)
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
