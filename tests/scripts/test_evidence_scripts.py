"""The scripts that measure and fit the evidence, on made-up trips."""

from __future__ import annotations

import importlib
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.core.prediction import ImageOutput
from geotagger.evidence.sphere import unit_vectors
from geotagger.evidence.trips import ContextPhoto

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAMES = ("evidence_cases", "fit_gallery")


@pytest.fixture(scope="module")
def scripts():
    sys.path.insert(0, str(SCRIPTS))
    yield [importlib.import_module(name) for name in NAMES]
    sys.path.remove(str(SCRIPTS))
    for name in NAMES:
        del sys.modules[name]


def journey(cases, who: str = "p1", count: int = 20):
    """One photo an hour, a tenth of a degree further north each."""
    output = ImageOutput(np.zeros(63, np.float32), np.zeros(3, np.float32), np.ones(1, np.float32))
    return [
        cases.Case(
            ContextPhoto(f"{who}/{i}.jpg", output, datetime(2019, 7, 1) + timedelta(hours=i), roll=who),
            LatLon(45 + i / 10, -110.0),
            "US-MT",
        )
        for i in range(count)
    ]


def test_the_simple_rules_say_what_they_should(scripts):
    cases, _ = scripts
    draw = cases.Draw(tuple(journey(cases, count=5)), frozenset({0, 4}))
    nearest = [round(judged.error_km, 1) for judged in cases.judged_by_rule(draw, on_the_way=False)]
    assert nearest == pytest.approx([11.1, 22.2, 11.1], abs=0.1)
    assert max(judged.error_km for judged in cases.judged_by_rule(draw, on_the_way=True)) < 0.1
    nobody = cases.Draw(draw.cases, frozenset())
    assert all(np.isinf(judged.error_km) for judged in cases.judged_by_rule(nobody, on_the_way=True))


def test_draws_of_a_photographer_do_not_depend_on_the_others(scripts):
    cases, _ = scripts
    one, other = journey(cases), journey(cases, "p2")
    alone = list(cases.draws(one, cases.Located.TENTH, 3))
    together = list(cases.draws([*other, *one], cases.Located.TENTH, 3))
    assert [d.located for d in alone] == [d.located for d in together if d.cases[0].photographer == "p1"]
    assert len(alone[0].located) == 2


def test_a_made_up_track_places_every_second_photo(scripts):
    cases, _ = scripts
    every = journey(cases)
    close = [
        cases.replace(case, photo=cases.replace(case.photo, clock=datetime(2019, 7, 1, 8, i)))
        for i, case in enumerate(every)
    ]
    tracked = cases.with_tracks(close)
    assert [case.photo.track is not None for case in tracked] == [i % 2 == 1 for i in range(20)]
    assert tracked[3].photo.track.position.distance_km(tracked[3].truth) < 0.1


def test_the_gallery_believes_only_what_was_seen_to_be_right(scripts):
    """Ten places that two photographers took, and twenty pairs that look a little less alike and are far apart."""
    _, gallery = scripts
    rng = np.random.default_rng(0)
    scenes, others = (rng.normal(size=(n, 32)) for n in (10, 20))
    vectors = np.concatenate((scenes, scenes, others, others))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[10:20] += 0.03 * rng.normal(size=(10, 32))
    vectors[40:] += 0.08 * rng.normal(size=(20, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    lats = 40 + np.r_[np.arange(10), np.arange(10), np.arange(40) / 4]
    places = unit_vectors(lats, np.r_[np.full(20, -100.0), np.full(40, -93.0)])
    owners = np.array(["a"] * 10 + ["b"] * 10 + ["c"] * 20 + ["d"] * 20)
    curve = gallery.count(vectors, places, owners, np.full(60, -1), 1.0)
    assert 0.925 <= gallery.threshold(curve) <= 0.975
    assert curve[0].matches >= curve[-1].matches
    nothing = gallery.count(vectors[20:], places[20:], owners[20:], np.full(40, -1), 1.0)
    assert gallery.threshold(nothing) == gallery.NEVER
