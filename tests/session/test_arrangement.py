"""Filter, order and groups of the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.session import review
from geotagger.session.arrangement import Filter, Grouping, Heading, SortKey, Trip, arrange, best_region
from geotagger.session.photo import Photo, PhotoState
from tests.session.made import make_photo, prediction

JUNE, JULY = datetime(2024, 6, 1, 9, 30), datetime(2024, 7, 1, 18, 0)


@pytest.fixture
def photos() -> list[Photo]:
    return [
        make_photo(1, "beach/Zebra.jpg", taken=JULY, prediction=prediction("Alberta", 0.73)),
        make_photo(2, "hike/apple.jpg", taken=JUNE, prediction=prediction("Montana", 0.41)),
        make_photo(3, "hike/mango.jpg", fix=Fix(LatLon(1, 2), Source.CAMERA)),
        make_photo(4, "hike/kiwi.jpg", taken=JUNE.replace(hour=20), prediction=prediction("Montana", 0.55)),
    ]


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        (SortKey.ADDED, False, [1, 2, 3, 4]),
        (SortKey.NAME, False, [2, 4, 3, 1]),
        (SortKey.TAKEN, False, [2, 4, 1, 3]),
        (SortKey.TAKEN, True, [1, 4, 2, 3]),
        (SortKey.PROBABILITY, True, [1, 4, 2, 3]),
        (SortKey.REGION, False, [1, 2, 4, 3]),
        (SortKey.STATE, False, [3, 1, 2, 4]),
        (SortKey.RADIUS, False, [1, 2, 4, 3]),
        (SortKey.POSITION, False, [3, 1, 2, 4]),
    ],
)
def test_sorting_puts_missing_values_last(
    photos: list[Photo], sort: SortKey, descending: bool, expected: list[int]
) -> None:
    assert arrange(photos, Filter(), sort, descending) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (Filter(), [1, 2, 3, 4]),
        (Filter(text="APPLE"), [2]),
        (Filter(text="hike"), [2, 3, 4]),
        (Filter(text="alber"), [1]),
        (Filter(states=frozenset({PhotoState.LOCATED})), [3]),
        (Filter(region="US-MT"), [2, 4]),
        (Filter(min_probability=0.5), [1, 4]),
        (Filter(without_position=True), [1, 2, 4]),
        (Filter(region="US-MT", min_probability=0.5), [4]),
        (Filter(text="nothing like it"), []),
    ],
)
def test_filter_shows_what_meets_every_condition(
    photos: list[Photo], shown: Filter, expected: list[int]
) -> None:
    assert arrange(photos, shown) == expected


def test_a_guess_that_was_turned_down_or_replaced_counts_no_more(photos: list[Photo]) -> None:
    photos[1] = review.reject(photos[1])
    photos[3] = review.place(photos[3], LatLon(10, 20))
    assert [best_region(photo) for photo in photos] == [("CA-AB", 0.73), None, None, None]
    assert arrange(photos, Filter(region="US-MT")) == []
    assert arrange(photos, Filter(), SortKey.PROBABILITY) == [1, 2, 3, 4]


def test_an_accepted_region_stays_when_the_guess_becomes_another_one(photos: list[Photo]) -> None:
    accepted = replace(review.accept(photos[0]), prediction=prediction("Wyoming", 0.9))
    assert best_region(accepted) == ("CA-AB", 0.73)


def test_a_region_is_found_by_its_name_in_the_users_language(photos: list[Photo]) -> None:
    assert arrange(photos, Filter(text="colombie")) == []
    assert arrange(photos, Filter(text="colombie", text_regions=frozenset({"CA-AB"}))) == [1]


def test_grouping_by_folder_puts_a_heading_over_each(photos: list[Photo]) -> None:
    rows = arrange(photos, Filter(), grouping=Grouping.FOLDER)
    assert rows == [Heading(Path("/photos/beach"), 1), 1, Heading(Path("/photos/hike"), 3), 2, 3, 4]


def test_grouping_by_day_puts_photos_without_a_time_last(photos: list[Photo]) -> None:
    rows = arrange(photos, Filter(), grouping=Grouping.DAY)
    june, july = JUNE.replace(hour=0, minute=0), JULY.replace(hour=0)
    assert rows == [Heading(june, 2), 2, 4, Heading(july, 1), 1, Heading(None, 1), 3]


def test_grouping_by_trip_tells_its_days_and_where_it_probably_led(photos: list[Photo]) -> None:
    evening = JUNE.replace(hour=20)
    photos.append(make_photo(5, "hike/next.jpg", taken=evening.replace(day=3, hour=9)))
    rows = arrange(photos, Filter(), grouping=Grouping.TRIP)
    hike = Trip("hike", JUNE, evening.replace(day=3, hour=9), (("US-MT", 0.48), ("US-ID", 0.26)))
    beach = Trip("beach", JULY, JULY, (("CA-AB", 0.73),))
    assert rows == [Heading(hike, 3), 2, 4, 5, Heading(beach, 1), 1, Heading(None, 1), 3]


def test_a_pause_of_more_than_two_days_ends_a_trip() -> None:
    days = [JUNE, JUNE.replace(day=2), JUNE.replace(day=5)]
    rows = arrange([make_photo(i, taken=day) for i, day in enumerate(days)], Filter(), grouping=Grouping.TRIP)
    assert [row.count for row in rows if isinstance(row, Heading)] == [2, 1]


def test_a_filter_hides_photos_of_a_trip_and_leaves_the_trip_as_it_is() -> None:
    days = [JUNE, JUNE.replace(day=2, hour=23), JUNE.replace(day=4, hour=12)]
    photos = [make_photo(i, f"hike/{i}.jpg", taken=day) for i, day in enumerate(days)]
    rows = arrange(photos, Filter(text="0.jpg"), grouping=Grouping.TRIP)
    assert rows == [Heading(Trip("hike", days[0], days[2], ()), 1), 0]


def test_a_known_place_counts_more_for_a_trip_than_a_guess() -> None:
    photos = [
        make_photo(1, taken=JUNE, fix=Fix(LatLon(51.05, -114.07), Source.CAMERA)),
        make_photo(2, taken=JUNE, prediction=prediction("Montana", 0.5)),
    ]
    heading = arrange(photos, Filter(), grouping=Grouping.TRIP)[0]
    assert isinstance(heading, Heading)
    assert isinstance(heading.value, Trip)
    assert heading.value.regions == (("CA-AB", 0.5), ("US-MT", 0.25))
