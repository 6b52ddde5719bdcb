"""Decisions about photos, their states, and taking decisions back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.session import review
from geotagger.session.history import Change, Decision
from geotagger.session.photo import Photo, PhotoState
from geotagger.session.session import Session
from tests.session.made import make_photo, prediction

BOZEMAN = LatLon(45.68, -111.04)
CAMERA_FIX = Fix(BOZEMAN, Source.CAMERA)


def test_state_follows_from_the_facts() -> None:
    unread = Photo(1, Path("a.jpg"))
    assert unread.state is PhotoState.READING
    assert make_photo().state is PhotoState.UNLOCATED
    assert make_photo(fix=CAMERA_FIX).state is PhotoState.LOCATED
    assert make_photo(predicting=True).state is PhotoState.PREDICTING
    guessed = make_photo(prediction=prediction())
    assert guessed.state is PhotoState.PREDICTED
    accepted = review.accept(guessed)
    assert accepted.state is PhotoState.ACCEPTED
    assert replace(accepted, written=accepted.edited).state is PhotoState.WRITTEN
    assert review.place(guessed, BOZEMAN).state is PhotoState.CORRECTED
    assert review.reject(guessed).state is PhotoState.SKIPPED
    assert replace(guessed, error="It broke.").state is PhotoState.FAILED


def test_accepting_takes_over_what_the_model_said() -> None:
    edited = review.accept(make_photo(prediction=prediction())).edited
    assert edited == Fix(
        position=LatLon(46.9, -110.4),
        source=Source.MODEL_CONFIRMED,
        radius_km=310.0,
        model="geotagger-test",
        probability=0.41,
        candidates=(("US-MT", 0.41), ("US-ID", pytest.approx(0.295)), ("US-UT", pytest.approx(0.295))),
    )


def test_accepting_many_at_once_is_told_apart_from_looking_at_one() -> None:
    edited = review.accept(make_photo(prediction=prediction()), looked_at=False).edited
    assert edited is not None
    assert edited.source is Source.MODEL


def test_accepting_without_a_guess_changes_nothing() -> None:
    photo = make_photo()
    assert review.accept(photo) is photo


def test_a_photo_that_cannot_be_read_takes_no_decision() -> None:
    broken = Photo(1, Path("a.jpg"), error="The file is empty.")
    assert review.place(broken, BOZEMAN) is broken
    assert review.reject(broken) is broken
    assert not broken.is_pending


def test_rejecting_an_accepted_guess_leaves_nothing_to_write() -> None:
    photo = review.reject(review.accept(make_photo(prediction=prediction())))
    assert not photo.is_pending
    assert photo.shown_position is None


def test_a_rejected_guess_shows_the_position_of_the_file_again() -> None:
    photo = make_photo(fix=CAMERA_FIX, prediction=prediction())
    assert photo.shown_position == prediction().position
    assert review.reject(photo).shown_position == BOZEMAN


def test_undo_and_redo_travel_through_every_decision() -> None:
    session = Session()
    [photo_id] = session.add([Path("/photos/IMG_0001.jpg")])
    session.put(make_photo(photo_id, prediction=prediction()))
    steps = []
    for decide in (review.accept, lambda p: review.place(p, BOZEMAN), review.reject, review.revert):
        before, change = session[photo_id], Change()
        assert list(session.decide([photo_id], decide, change)) == [photo_id]
        steps.append((before, change))
    for before, change in reversed(steps):
        assert list(session.undo(change)) == [photo_id]
        assert session[photo_id] == before
    for _, change in steps:
        assert list(session.redo(change)) == [photo_id]
    assert session[photo_id].state is PhotoState.PREDICTED


def test_undo_keeps_facts_that_came_later() -> None:
    session = Session()
    [photo_id] = session.add([Path("/photos/IMG_0001.jpg")])
    session.put(make_photo(photo_id))
    change = Change()
    assert list(session.decide([photo_id], lambda photo: review.place(photo, BOZEMAN), change)) == [photo_id]
    session.update(photo_id, prediction=prediction())
    assert list(session.undo(change)) == [photo_id]
    assert session[photo_id].prediction == prediction()
    assert session[photo_id].edited is None


def test_a_step_that_changes_nothing_is_empty() -> None:
    session, change = Session(), Change()
    [photo_id] = session.add([Path("/photos/IMG_0001.jpg")])
    session.put(photo := make_photo(photo_id))
    assert list(session.decide([photo_id], review.revert, change)) == [None]
    assert not change
    assert Decision.of(photo).applied_to(photo) == photo


def test_undo_skips_photos_that_were_closed() -> None:
    session = Session()
    [photo_id] = session.add([Path("/photos/IMG_0001.jpg")])
    session.put(make_photo(photo_id))
    change = Change()
    assert list(session.decide([photo_id], lambda photo: review.place(photo, BOZEMAN), change)) == [photo_id]
    session.remove([photo_id])
    assert list(session.undo(change)) == [None]
