"""The store of open photos and its counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geotagger.session import review
from geotagger.session.history import Change, Decision
from geotagger.session.photo import Photo, PhotoState
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


def test_a_closed_photo_can_be_opened_again_and_nothing_is_decided_of_it_then() -> None:
    session = Session()
    [first] = session.add([A])
    session.put(replace(review.accept(make_photo(first, "a.jpg", prediction=prediction())), path=A))
    assert session.remove([first]) == [first]
    assert session.remove([first]) == []
    assert session.id_of(A) is None
    assert session.id_of(A, also_closed=True) == first
    assert session.add([A, B, A]) == [first, first + 1]
    assert session[first] == Photo(first, A)
    assert sum(session.counts.values()) == 2


def test_a_closed_photo_comes_back_as_it_was() -> None:
    session = Session()
    [first] = session.add([A])
    accepted = review.accept(make_photo(first, "a.jpg", prediction=prediction()))
    session.put(replace(accepted, path=A, predicting=True))
    closed = session[first]
    session.remove([first])
    assert session.put_back(Decision.of(closed))
    assert session[first] == replace(closed, predicting=False), "nobody predicts it any more"
    assert session.pending_ids == [first]
    assert session.counts[PhotoState.ACCEPTED] == 1
    assert sum(session.counts.values()) == 1


def test_what_was_decided_comes_back_to_a_photo_that_was_opened_again_meanwhile() -> None:
    session = Session()
    [first] = session.add([A])
    session.put(replace(review.accept(make_photo(first, "a.jpg", prediction=prediction())), path=A))
    closed = session[first]
    session.remove([first])
    session.add([A])
    assert not session.put_back(Decision.of(closed))
    assert session[first].state is PhotoState.READING, "it is still being read"
    assert session.pending_count == 0
    session.update(first, metadata=closed.metadata)
    assert session[first].edited == closed.edited
    assert session.pending_ids == [first]
    assert len(session) == 1


def test_what_was_decided_is_taken_back_also_while_the_photo_is_read_anew() -> None:
    session = Session()
    [first] = session.add([A])
    unplaced = replace(make_photo(first, "a.jpg", prediction=prediction()), path=A)
    session.put(unplaced)
    change = Change()
    assert list(session.decide([first], review.accept, change)) == [first]
    session.remove([first])
    session.add([A])
    session.put_back(change.after[0])
    assert list(session.undo(change)) == [first], "it came in again a moment ago, and is still being read"
    session.update(first, metadata=unplaced.metadata)
    assert session[first].edited is None
    assert session.pending_count == 0


def test_what_happens_to_the_file_of_a_closed_photo_is_known_when_it_comes_back() -> None:
    session = Session()
    [photo_id] = session.add([A])
    session.put(replace(review.accept(make_photo(photo_id, "a.jpg", prediction=prediction())), path=A))
    session.update(photo_id, written=session[photo_id].edited)
    decision = Decision.of(session[photo_id])
    session.remove([photo_id])
    assert not session.update(photo_id, written=None), "no open photo changed"
    assert len(session) == 0
    session.put_back(decision)
    assert session[photo_id].state is PhotoState.ACCEPTED


def test_a_failed_write_stays_pending_so_that_it_can_be_tried_again() -> None:
    session = Session()
    [photo_id] = session.add([A])
    session.put(review.accept(make_photo(photo_id, "a.jpg", prediction=prediction())))
    session.update(photo_id, error="The disk is full.")
    assert session[photo_id].state is PhotoState.FAILED
    assert session.pending_ids == [photo_id]
