from dataclasses import replace

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.evidence.hints import HintOrigin, parse_hint
from geotagger.evidence.trips import CellFactor

BANFF = LatLon(51.18, -115.57)
EVERY_DAY = [24.0 * day for day in range(20)]


def told(model, photo, text, origin=HintOrigin.USER):
    hint = parse_hint(text, origin)
    return replace(photo, factors=(CellFactor("hint", hint.words, hint.likelihood(model.grid)),))


def answers(model, photos):
    return list(model.predict(photos, "m", "cpu"))


def chance_of(prediction, code):
    return next(region.probability for region in prediction.regions if region.code == code)


def test_a_long_trip_makes_a_wrong_hint_no_surer(model, simulation):
    """The folder is called “Florida”; all pictures of twenty days show the Rockies."""
    photos = [simulation.photo(BANFF, hours, blur_km=100.0, right=1.0) for hours in EVERY_DAY]
    hinted = [told(model, photo, "Florida", HintOrigin.FOLDER) for photo in photos]
    (alone,) = answers(model, hinted[:1])
    assert chance_of(alone, "US-FL") > 0.5, "one vague picture does not overrule it"
    for prediction in answers(model, hinted):
        assert chance_of(prediction, "US-FL") < chance_of(alone, "US-FL")


def test_a_hint_decides_where_pictures_say_little(model, simulation):
    photos = [simulation.photo(BANFF, hours, blur_km=1500.0, right=1.0) for hours in EVERY_DAY]
    plain = answers(model, photos)
    hinted = answers(model, [told(model, photo, "Alberta") for photo in photos])
    assert all(prediction.best.code == "CA-AB" for prediction in hinted)
    assert all(chance_of(h, "CA-AB") > 2 * chance_of(p, "CA-AB") for h, p in zip(hinted, plain, strict=True))


def test_photos_of_which_nothing_was_said_hear_what_was_said_of_their_neighbours(model, simulation):
    photos = [simulation.photo(BANFF, hours / 2, blur_km=1500.0, right=1.0) for hours in range(5)]
    plain = answers(model, photos)[2]
    photos[1], photos[3] = (told(model, photos[i], "Alberta") for i in (1, 3))
    assert chance_of(answers(model, photos)[2], "CA-AB") > 1.5 * chance_of(plain, "CA-AB")


def test_what_was_said_of_one_photo_of_a_stop_counts_for_all_of_it(model, simulation):
    photos = [simulation.photo(BANFF, minutes / 60, blur_km=1500.0, right=1.0) for minutes in range(4)]
    every = answers(model, [told(model, photo, "Alberta") for photo in photos])
    photos[0] = told(model, photos[0], "Alberta")
    for one, all_of_them in zip(answers(model, photos), every, strict=True):
        assert np.allclose(chance_of(one, "CA-AB"), chance_of(all_of_them, "CA-AB"), atol=1e-6)


@pytest.mark.parametrize("text", ["Canada", "Alberta", "Banff"])
def test_hints_that_agree_with_the_pictures_leave_their_place(model, simulation, text):
    photos = [simulation.photo(BANFF, hours, blur_km=60.0, right=1.0) for hours in EVERY_DAY]
    for prediction in answers(model, [told(model, photo, text) for photo in photos]):
        assert prediction.position.distance_km(BANFF) < 150
