"""What evidence and the marked point are in words."""

from dataclasses import replace

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction, RegionProbability
from geotagger.evidence.words import duration, folder_words, neighbour_words, point_words

MONTEREY = LatLon(36.6, -121.7)
AUSTIN = LatLon(30.3, -97.7)
FAR = Prediction(
    regions=(RegionProbability("US-TX", "Texas", 0.45), RegionProbability("US-CA", "California", 0.3)),
    position=MONTEREY,
    radius_km=2800.0,
    radius_coverage=0.8,
    region_set=("US-TX", "US-CA"),
    region_set_coverage=0.8,
    evidence=(),
    model="m",
    device="cpu",
)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0.001, "1 min"),
        (0.7, "42 min"),
        (1.4, "84 min"),
        (1.496, "90 min"),
        (1.7, "2 h"),
        (7.6, "8 h"),
        (40.0, "2 days"),
        (24.0 * 59, "59 days"),
        (24.0 * 152, "5 months"),
        (24.0 * 729, "24 months"),
        (24.0 * 1150, "3 years"),
    ],
)
def test_time_spans_are_told_as_people_say_them(hours, words):
    assert duration(hours) == words


def test_nobody_claims_that_a_neighbour_without_position_shows_the_same_area():
    words = neighbour_words("/p/IMG_2.jpg", 24.0 * 80, has_position=False)
    assert words == "3 months after IMG_2; their pictures are judged together"


def test_clocks_of_the_copying_tell_no_time():
    words = neighbour_words("/p/IMG_2.jpg", 0.0, has_position=True, copied=True)
    assert words == "copied together with IMG_2, which has GPS"


def test_a_point_outside_the_region_that_is_named_first_says_so():
    assert point_words(FAR) == (
        "The marked point lies in California, not in Texas: it is the best single guess in kilometres."
    )


@pytest.mark.parametrize("radius_km", [2.0, 500.0])
def test_a_point_abroad_says_that_no_region_is_right(radius_km):
    abroad = replace(FAR, position=LatLon(48.86, 2.35), radius_km=radius_km)
    words = "The marked point lies far from all regions that the program knows; none of them is right."
    assert point_words(abroad) == words


@pytest.mark.parametrize(
    ("others", "located", "words"),
    [
        (1, 0, "the other photo of this folder"),
        (1, 1, "the other photo of this folder, which has GPS"),
        (7, 0, "the 7 other photos of this folder"),
        (7, 1, "the 7 other photos of this folder, 1 of them with GPS"),
    ],
)
def test_the_rest_of_a_folder_is_counted(others, located, words):
    assert folder_words(others, located) == words


@pytest.mark.parametrize(
    "prediction",
    [
        replace(FAR, position=AUSTIN),
        replace(FAR, radius_km=250.0),
        replace(FAR, regions=(RegionProbability("US-TX", "Texas", 0.2), *FAR.regions[1:])),
        replace(FAR, position=LatLon(36.6, -123.0)),
    ],
    ids=["in the first region", "near it", "one of many", "at sea"],
)
def test_a_point_that_contradicts_nothing_needs_no_words(prediction):
    assert point_words(prediction) is None
