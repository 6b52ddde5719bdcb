"""Small predictions say the same as large ones."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from geotagger.core.prediction import CellProbability, Evidence, Prediction, RegionProbability
from geotagger.core.regions import load_regions
from geotagger.core.sentence import Sentence
from geotagger.session.compact import LARGEST_BYTES, Pile, compact, frame_of, from_bytes, to_bytes
from geotagger.session.kept_evidence import heads
from tests.session.made import prediction

REASON = Sentence(
    "{when}, which has GPS",
    when=Sentence("{span} after {photo}", span=Sentence("{n} min", n=9), photo="IMG_1"),
)


def spread_out() -> Prediction:
    """A guess over all regions and as many cells as are told, with neighbours."""
    regions = [RegionProbability(r.code, r.name, (63 - r.index) / 2016) for r in load_regions()]
    return replace(
        prediction(),
        regions=tuple(regions),
        region_set=tuple(r.code for r in regions[:40]),
        evidence=(Evidence("image", 1.0), Evidence("time-neighbour", 2.5, "/photos/IMG_1.jpg", REASON)),
        cells=tuple(CellProbability(2000 - n, (20 - n) / 210) for n in range(20)),
    )


def test_nothing_that_is_shown_changes() -> None:
    whole = prediction("Montana", 0.41237)
    small = compact(whole)
    assert [region.code for region in small.regions] == [region.code for region in whole.regions]
    assert small.best.probability == pytest.approx(0.41237, abs=5e-5)
    assert small.best.name == "Montana"
    assert small.regions[:2] == tuple(small.regions)[:2]
    assert sum(region.probability for region in small.regions) == pytest.approx(1.0, abs=0.004)
    assert (small.position, small.radius_km, small.region_set) == (
        whole.position,
        whole.radius_km,
        whole.region_set,
    )


def test_cells_keep_their_order() -> None:
    cells = (CellProbability(7, 0.41237), CellProbability(3, 0.2))
    small = compact(replace(prediction(), cells=cells))
    assert [(cell.cell, cell.probability) for cell in small.cells] == [(7, 0.4124), (3, 0.2)]


def test_evidence_keeps_its_words_and_what_they_are_made_of() -> None:
    whole = spread_out()
    small = compact(whole)
    assert tuple(small.evidence) == tuple(whole.evidence)
    reason = small.evidence[1].reason
    assert isinstance(reason, Sentence)
    assert reason == "9 min after IMG_1, which has GPS"
    assert (reason.template, reason.values) == (REASON.template, REASON.values)
    assert reason.values["when"].values == REASON.values["when"].values
    assert [(one.kind, one.weight) for one in heads(small.evidence)] == [
        ("image", 1.0),
        ("time-neighbour", 2.5),
    ]


def test_equal_predictions_are_equal_when_small_and_others_are_not() -> None:
    one, same, other = compact(spread_out()), compact(spread_out()), compact(prediction())
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    less_sure = replace(spread_out(), cells=(CellProbability(5, 0.5),))
    assert one != compact(less_sure)
    assert compact(one) is one


def test_what_photos_have_in_common_is_there_once() -> None:
    one, other = compact(prediction("Montana")), compact(prediction("Alberta"))
    assert one.evidence is other.evidence
    assert frame_of(one) is frame_of(other)


def test_a_prediction_comes_back_from_its_bytes() -> None:
    small = compact(spread_out())
    row = to_bytes(small)
    assert len(row) < LARGEST_BYTES
    assert from_bytes(row + b"what follows", frame_of(small)) == small


def test_a_prediction_of_all_regions_takes_less_than_a_kilobyte() -> None:
    small = compact(spread_out())
    lists = (small.regions, small.cells, small.evidence)
    parts = [getattr(value, name) for value in lists for name in _slots(value)]
    assert sum(map(sys.getsizeof, (*lists, *parts))) < 1024


def _slots(value: object) -> list[str]:
    return [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]


def test_a_pile_gives_back_what_was_put_on_it_in_its_order() -> None:
    put = [compact(spread_out()), compact(prediction()), compact(replace(spread_out(), radius_km=7.25))]
    pile = Pile()
    for one in put:
        pile.add(one)
    assert list(pile) == put
    assert [tuple(one.evidence) for one in pile] == [tuple(one.evidence) for one in put]


def test_what_a_pile_gives_shares_no_number_with_what_was_put_on_it() -> None:
    one = compact(spread_out())
    pile = Pile()
    pile.add(one)
    (again,) = pile
    assert again.position is not one.position
    assert again.position.lat_deg is not one.position.lat_deg
    assert again.radius_km is not one.radius_km
    assert again.region_set is not one.region_set


def test_photos_at_one_place_share_all_but_their_evidence() -> None:
    first = compact(spread_out())
    second = compact(
        replace(spread_out(), evidence=(Evidence("time-neighbour", 1.5, "/photos/IMG_7.jpg", REASON),))
    )
    pile = Pile()
    pile.add(first)
    pile.add(second)
    one, other = pile
    assert (one, other) == (first, second)
    assert one.regions is other.regions
    assert one.evidence[1].photo is first.evidence[1].photo
