"""Challenge mode: the user and the model guess where a located photo was taken; the nearer one wins."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from geotagger.core.geo import LatLon, distance_score
from geotagger.session.photo import Photo

ROUNDS = 5


@dataclass(slots=True)
class Round:
    """One photo: where it was taken, and where both say it was.

    Attributes:
        model: None until the model has answered, and for good if it cannot.
    """

    path: Path
    truth: LatLon
    user: LatLon | None = None
    model: LatLon | None = None


@dataclass(slots=True)
class Challenge:
    """A game of a few rounds."""

    rounds: list[Round]
    current: int = field(default=0)

    @property
    def round(self) -> Round:
        """The round that is being played."""
        return self.rounds[self.current]

    @property
    def is_last_round(self) -> bool:
        """True in the last round."""
        return self.current == len(self.rounds) - 1

    @property
    def user_points(self) -> int:
        """Sum of the user's points."""
        return sum(points(r.truth, r.user) for r in self.rounds)

    @property
    def model_points(self) -> int:
        """Sum of the model's points."""
        return sum(points(r.truth, r.model) for r in self.rounds)


def points(truth: LatLon, guess: LatLon | None) -> int:
    """From 0 to 100 by ``exp(-distance / 1160 km)``, the class project's score; 0 without a guess."""
    if guess is None:
        return 0
    return round(100 * float(distance_score(truth.distance_km(guess))))


def new_challenge(photos: Iterable[Photo], chooser: random.Random | None = None) -> Challenge | None:
    """A game with photos whose files hold a camera's position; None if there are none."""
    located = [
        Round(photo.path, photo.on_disk.position)
        for photo in photos
        if photo.has_camera_position and photo.on_disk is not None and photo.error is None
    ]
    if not located:
        return None
    return Challenge((chooser or random.Random()).sample(located, min(ROUNDS, len(located))))
