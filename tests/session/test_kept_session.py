"""The session that survives a crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from geotagger.core.geo import LatLon
from geotagger.session import kept_session, review
from geotagger.session.kept_session import (
    ABSENT_KEPT_DAYS,
    KeptPhoto,
    forget_session,
    keep_session,
    kept_session_file,
    kept_while_absent,
    load_session,
)
from tests.session.made import make_photo, prediction


def test_what_was_kept_comes_back_as_it_was() -> None:
    accepted = review.accept(make_photo(1, prediction=prediction()))
    placed = review.place(make_photo(2), LatLon(45.5, -73.6))
    rejected = review.reject(make_photo(3, prediction=prediction()))
    untouched = make_photo(4)
    keep_session([accepted, placed, rejected, untouched])
    kept = load_session()
    assert [photo.path for photo in kept] == [p.path for p in (accepted, placed, rejected, untouched)]
    assert [photo.edited for photo in kept] == [accepted.edited, placed.edited, None, None]
    assert [photo.skipped for photo in kept] == [False, False, True, False]


def test_what_was_written_is_not_written_again() -> None:
    photo = review.place(make_photo(1), LatLon(45.5, -73.6))
    session_photo = type(photo)(
        photo.id, photo.path, photo.metadata, edited=photo.edited, written=photo.edited
    )
    keep_session([session_photo])
    assert load_session()[0].edited is None


def test_names_that_are_no_text_are_kept_too() -> None:
    photo = replace(make_photo(1), path=Path("/photos/caf\udce9.jpg"))
    keep_session([photo])
    assert [kept.path for kept in load_session()] == [photo.path]


TODAY = date(2026, 3, 1)


def absent(name: str, since: date | None = None) -> KeptPhoto:
    return KeptPhoto(Path("/drive") / name, skipped=True, absent_since=since)


def test_what_was_decided_of_absent_photos_is_kept_with_the_day_they_went() -> None:
    undecided = KeptPhoto(Path("/drive/c.jpg"))
    kept = kept_while_absent([absent("a.jpg"), absent("b.jpg", date(2026, 2, 1)), undecided], TODAY)
    assert kept == [absent("a.jpg", TODAY), absent("b.jpg", date(2026, 2, 1))]
    keep_session(kept)
    assert load_session() == kept


def test_absent_photos_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    last = TODAY - timedelta(days=ABSENT_KEPT_DAYS)
    old = [absent("a.jpg", last), absent("b.jpg", last - timedelta(days=1)), absent("c.jpg", TODAY)]
    assert kept_while_absent(old, TODAY) == [absent("c.jpg", TODAY), absent("a.jpg", last)]
    monkeypatch.setattr(kept_session, "MOST_ABSENT", 1)
    assert kept_while_absent(old, TODAY) == [absent("c.jpg", TODAY)], "those that went last"


def test_a_forgotten_session_is_gone_and_forgetting_twice_is_fine() -> None:
    keep_session([make_photo(1)])
    forget_session()
    forget_session()
    assert load_session() == []


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"format": 99, "photos": []}', '{"format": 1}'])
def test_a_damaged_file_counts_as_no_session_and_is_not_overwritten(content: str) -> None:
    kept_session_file().write_text(content, encoding="utf-8")
    assert load_session() == []
    keep_session([make_photo(1)])
    assert kept_session_file().with_name("session.json.damaged").read_text(encoding="utf-8") == content
    assert len(load_session()) == 1


def test_keeping_leaves_no_temporary_files(tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    for _ in range(3):
        keep_session([make_photo(1)], file)
    assert list(tmp_path.glob("session*")) == [file]
