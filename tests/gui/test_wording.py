"""Words without fake precision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.prediction import Evidence, Prediction, RegionProbability
from geotagger.gui.wording import (
    accepted_words,
    evidence_lines,
    percent,
    place_summary,
    point_text,
    region_set_text,
    row_words,
    shown_probability,
    some_names,
    state_name,
    time_left,
)
from geotagger.session import review
from geotagger.session.map_page import WORDS
from geotagger.session.photo import PhotoState
from tests.session.made import make_photo, prediction


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.0, "0 %"), (0.001, "1 %"), (0.414, "41 %"), (0.996, "99 %"), (0.9999, "99 %"), (1.0, "100 %")],
)
def test_only_the_impossible_and_the_sure_are_0_and_100(probability: float, words: str) -> None:
    assert percent(probability) == words


@pytest.mark.parametrize("state", list(PhotoState))
def test_list_and_map_call_a_state_the_same(state: PhotoState) -> None:
    assert WORDS[state.value] == state_name(state)


def spread(*regions: tuple[str, str, float]) -> Prediction:
    return replace(prediction(), regions=tuple(RegionProbability(*region) for region in regions))


def test_a_clear_region_is_named() -> None:
    assert place_summary(prediction("Montana", 0.41)) == "Probably Montana"


def test_a_spread_over_neighbours_becomes_a_wider_area() -> None:
    guess = spread(
        ("US-MT", "Montana", 0.25),
        ("US-WY", "Wyoming", 0.22),
        ("US-ID", "Idaho", 0.2),
        ("US-FL", "Florida", 0.1),
    )
    assert place_summary(guess) == "Somewhere in the northern Rockies"


def test_a_spread_over_the_continent_is_admitted() -> None:
    guess = spread(
        ("US-MT", "Montana", 0.2),
        ("US-FL", "Florida", 0.2),
        ("CA-NS", "Nova Scotia", 0.2),
        ("US-HI", "Hawaii", 0.2),
    )
    assert place_summary(guess) == "Hard to say: perhaps Montana, Florida or Nova Scotia"


def test_region_set_says_how_many_and_how_sure() -> None:
    assert region_set_text(prediction()) == "one of 2 (80 %)"
    assert region_set_text(replace(prediction(), region_set=("US-MT",))) == "", "its share stands in the bar"


def test_rows_say_what_is_known() -> None:
    photo = make_photo(1, prediction=prediction())
    assert (row_words(photo).place, row_words(photo).share, row_words(photo).detail) == (
        "Montana",
        "41 %",
        "± 310 km",
    )
    assert row_words(make_photo(1)).place == "No position"
    assert row_words(review.place(photo, LatLon(1, 2))).place == "Placed by you"
    assert row_words(review.reject(photo)).place == "Guess rejected"
    assert row_words(replace(photo, error="The file is empty.")).place == "The file is empty."
    restored = replace(review.accept(photo), prediction=None)
    assert (row_words(restored).place, row_words(restored).share) == ("Montana", "41 %")


@pytest.mark.parametrize(
    ("kind", "detail"),
    [("track", "± 310 km · from a track"), ("time-neighbour", "± 310 km · from neighbours")],
)
def test_rows_say_who_told_the_place_if_not_the_picture(kind: str, detail: str) -> None:
    guess = replace(prediction(), evidence=(Evidence("image", 1.0), Evidence(kind, 2.0)))
    photo = make_photo(1, prediction=guess)
    assert row_words(photo).detail == detail
    accepted = row_words(review.accept(photo))
    assert (accepted.place, accepted.share) == ("Montana", "41 %"), "no guess is placed by hand"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "1 s left"), (59, "59 s left"), (150, "2 min left"), (7200, "2.0 h left")],
)
def test_remaining_time_is_coarse(seconds: float | None, words: str) -> None:
    assert time_left(seconds) == words


def test_long_lists_of_names_are_cut() -> None:
    assert some_names(["a", "b"]) == "a, b"
    assert some_names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_further_evidence_lists_itself_by_weight() -> None:
    assert evidence_lines(prediction()) == []
    guess = replace(
        prediction(),
        evidence=(
            Evidence("image", 1.0),
            Evidence("gallery", 0.4),
            Evidence("time-neighbour", 2.3, "/photos/b.jpg"),
            Evidence("time-neighbour", 3.1, "/photos/c.jpg", "9 min after c, which has GPS"),
        ),
    )
    assert evidence_lines(guess) == [
        "9 min after c, which has GPS",
        "taken close in time to a located photo: b.jpg",
        "looks like one of your located photos",
    ]


def test_the_point_is_explained_where_it_lies_outside_the_first_region() -> None:
    assert point_text(prediction()) == ""
    far = replace(prediction("Wyoming", 0.45), position=LatLon(36.6, -121.7), radius_km=2800.0)
    assert point_text(far).startswith("The marked point lies in California, not in Wyoming: ")


def test_what_was_accepted_is_told_where_the_guess_is_another_one_since() -> None:
    accepted = review.accept(make_photo(prediction=prediction("Montana", 0.76)))
    assert accepted.prediction is not None
    assert accepted_words(accepted, accepted.prediction) is None
    now = replace(prediction("Wyoming", 0.19), position=LatLon(43.5, -109.8))
    assert accepted_words(accepted, now) == "Accepted: Montana, 76 %"
    assert shown_probability(accepted, now) == 0.76, "the bar is that of the region in the row"
