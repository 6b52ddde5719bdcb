"""The store of open photos and its counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geotagger.session import review
from geotagger.session.photo import PhotoState
from geotagger.session.session import Session
from tests.session.made import make_photo, prediction

A, B = Path("/photos/a.jpg"), Path("/photos/b.jpg")


def test_a_photo_comes_in_once() -> None:
    session = Session()
    assert len(session.add([A, B, A])) == 2
    assert session.add([B]) == []
    assert len(session) == 2
    assert session.id_of(B) == 2
    assert session.id_of(Path("/photos/c.jpg")) is None


def test_counts_follow_every_change() -> None:
    session = Session()
    first, second = session.add([A, B])
    assert session.counts[PhotoState.READING] == 2
    session.put(make_photo(first, "a.jpg", prediction=prediction(probability=0.7)))
    session.put(make_photo(second, "b.jpg"))
    assert session.counts[PhotoState.PREDICTED] == 1
    assert session.counts[PhotoState.UNLOCATED] == 1
    assert session.acceptable_count(0.6) == 1
    assert session.acceptable_ids(0.6) == [first]
    assert session.acceptable_count(0.71) == 0
    assert session.acceptable_ids(0.71) == []
    session.put(review.accept(session[first]))
    assert session.pending_ids == [first]
    assert session.acceptable_count(0.6) == 0
    session.update(first, written=session[first].edited)
    assert session.pending_count == 0
    assert session.counts[PhotoState.WRITTEN] == 1
    session.remove([first])
    assert sum(session.counts.values()) == 1


def test_a_closed_photo_can_be_opened_again_under_a_new_number() -> None:
    session = Session()
    [first] = session.add([A])
    assert session.remove([first]) == [first]
    assert session.remove([first]) == []
    [again] = session.add([A])
    assert again != first


def test_a_closed_photo_comes_back_as_it_was_unless_its_file_was_opened_again() -> None:
    session = Session()
    [first] = session.add([A])
    accepted = review.accept(make_photo(first, "a.jpg", prediction=prediction()))
    session.put(replace(accepted, path=A))
    closed = session[first]
    session.remove([first])
    assert session.put_back(replace(closed, predicting=True))
    assert session[first] == closed, "nobody predicts it any more"
    assert session.pending_ids == [first]
    assert session.counts[PhotoState.ACCEPTED] == 1
    assert sum(session.counts.values()) == 1
    assert not session.put_back(closed)
    session.remove([first])
    session.add([A])
    assert not session.put_back(closed)
    assert len(session) == 1


def test_results_for_a_closed_photo_are_dropped() -> None:
    session = Session()
    [photo_id] = session.add([A])
    session.remove([photo_id])
    assert not session.update(photo_id, error="too late")
    assert len(session) == 0


def test_a_failed_write_stays_pending_so_that_it_can_be_tried_again() -> None:
    session = Session()
    [photo_id] = session.add([A])
    session.put(review.accept(make_photo(photo_id, "a.jpg", prediction=prediction())))
    session.update(photo_id, error="The disk is full.")
    assert session[photo_id].state is PhotoState.FAILED
    assert session.pending_ids == [photo_id]
