"""Measures how much alike photos of one place look to the network, and sets when the gallery believes a match.

    python scripts/fit_gallery.py ../shared/photos --outputs FILE.npz … [--fit]

For each photo the most similar one is sought that another photographer took, or the same one on another day. ``--fit`` writes the
similarity from which on four of five such matches are of the same place into resources/evidence/tuning.json, with what was
counted. To be repeated for another network: embeddings of one say nothing of another's. The outputs come from
``python -m trainer outputs``; those of photographers that a network was trained on flatter it.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
from evidence_cases import read_outputs

from geotagger.evidence.sphere import unit_vectors, vector_distances_km

STEPS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99)
PRECISION = 0.8
NEVER = 0.999
TARGET = Path("resources/evidence/tuning.json")


@dataclass(frozen=True, slots=True)
class Counted:
    """Best matches at least so similar, and how many of them are of the same place."""

    similarity: float
    matches: int
    right: int

    @property
    def belief(self) -> float:
        """How probable the same place is, with one match and one mismatch added for what was not seen."""
        return (self.right + 1) / (self.matches + 2)


def count(
    embeddings: np.ndarray, places: np.ndarray, owners: np.ndarray, days: np.ndarray, radius_km: float
) -> list[Counted]:
    """The curve.

    Args:
        embeddings: (n, dimensions) of unit length.
        places: (n, 3) unit vectors.
        owners: (n,) photographers.
        days: (n,) day numbers, -1 where the day is not known: such photos match only those of others.
    """
    best, top = np.zeros(len(owners), np.intp), np.zeros(len(owners))
    for i in range(len(owners)):
        another_day = (days >= 0) & (days[i] >= 0) & (np.abs(days - days[i]) > 1)
        similarity = np.where((owners != owners[i]) | another_day, embeddings @ embeddings[i], -1.0)
        best[i], top[i] = similarity.argmax(), similarity.max()
    is_right = vector_distances_km(places, places[best]) <= radius_km
    return [Counted(s, int((top >= s).sum()), int(is_right[top >= s].sum())) for s in STEPS]


def threshold(curve: Sequence[Counted]) -> float:
    """The least similarity from which on matches are believed."""
    good = [counted.similarity for counted in curve if counted.belief >= PRECISION]
    return min(good, default=NEVER)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the curve, and write what follows from it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder with photos.csv")
    parser.add_argument("--outputs", type=Path, nargs="+", default=[], help="network outputs to use")
    parser.add_argument("--fit", action="store_true", help="write the threshold")
    options = parser.parse_args(arguments)
    outputs, _, _, model = read_outputs(options.photos, options.outputs)
    document = json.loads(TARGET.read_text(encoding="utf-8"))
    with (options.photos / "photos.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["lat"] and row["file"] in outputs]
    curve = count(
        np.stack([outputs[row["file"]].embedding for row in rows]),
        unit_vectors([float(row["lat"]) for row in rows], [float(row["lon"]) for row in rows]),
        np.array([row["photographer"] for row in rows]),
        np.array([_day(row["taken"]) for row in rows]),
        float(document["tuning"]["gallery_radius_km"]),
    )
    print(f"{len(rows)} located photos; outputs of {model}; {date.today().isoformat()}\n")
    print("| similarity at least | best matches | same place | belief |\n|---|---|---|---|")
    for counted in curve:
        print(f"| {counted.similarity} | {counted.matches} | {counted.right} | {counted.belief:.2f} |")
    print(f"\nMatches are believed from {threshold(curve)} on.")
    if options.fit:
        document["tuning"]["gallery_similarity"] = threshold(curve)
        document["tuning"]["facts"]["gallery"] = {
            "photos": len(rows),
            "outputs": model,
            "date": date.today().isoformat(),
            "made_by": "scripts/fit_gallery.py --fit",
            "similarity_matches_same_place": [[c.similarity, c.matches, c.right] for c in curve],
        }
        TARGET.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def _day(taken: str) -> int:
    try:
        return datetime.strptime(taken, "%Y:%m:%d %H:%M:%S").toordinal()
    except ValueError:
        return -1


if __name__ == "__main__":
    main()
