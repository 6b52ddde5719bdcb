"""The game against the model."""

from __future__ import annotations

import math
import random

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon, destination
from geotagger.session.challenge import ROUNDS, Challenge, Round, new_challenge, points
from tests.session.made import make_photo

CALGARY = LatLon(51.05, -114.07)


@pytest.mark.parametrize("distance_km", [0, 10, 580, 1160, 5000])
def test_points_fall_with_the_distance(distance_km: float) -> None:
    guess = destination(CALGARY, 77, distance_km)
    assert points(CALGARY, guess) == round(100 * math.exp(-distance_km / 1160))


def test_no_guess_gives_no_points() -> None:
    assert points(CALGARY, None) == 0


def test_only_photos_located_by_their_camera_are_played() -> None:
    camera = [make_photo(n, fix=Fix(CALGARY, Source.CAMERA)) for n in range(1, 9)]
    others = [make_photo(20), make_photo(21, fix=Fix(CALGARY, Source.MODEL))]
    challenge = new_challenge([*others, *camera], random.Random(1))
    assert challenge is not None
    assert len(challenge.rounds) == ROUNDS
    assert {r.path for r in challenge.rounds} <= {photo.path for photo in camera}
    assert len({r.path for r in challenge.rounds}) == ROUNDS
    assert new_challenge(others) is None


def test_points_add_up() -> None:
    first = Round(make_photo(1).path, CALGARY, user=CALGARY, model=None)
    second = Round(make_photo(2).path, CALGARY, user=None, model=CALGARY)
    challenge = Challenge([first, second])
    assert (challenge.user_points, challenge.model_points) == (100, 100)
    assert not challenge.is_last_round
    challenge.current = 1
    assert challenge.is_last_round
