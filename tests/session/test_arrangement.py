"""Filter, order and groups of the list."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.session.arrangement import Filter, Grouping, Heading, SortKey, arrange
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


def test_grouping_by_folder_puts_a_heading_over_each(photos: list[Photo]) -> None:
    rows = arrange(photos, Filter(), grouping=Grouping.FOLDER)
    assert rows == [Heading(Path("/photos/beach"), 1), 1, Heading(Path("/photos/hike"), 3), 2, 3, 4]


def test_grouping_by_day_puts_photos_without_a_time_last(photos: list[Photo]) -> None:
    rows = arrange(photos, Filter(), grouping=Grouping.DAY)
    june, july = JUNE.replace(hour=0, minute=0), JULY.replace(hour=0)
    assert rows == [Heading(june, 2), 2, 4, Heading(july, 1), 1, Heading(None, 1), 3]
