"""``geotagger undo``."""

from __future__ import annotations

import pytest

from tests.metadata import samples


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["thumbnail"]())
    return path


def test_the_last_run_is_taken_back(geotagger, photo):
    original = photo.read_bytes()
    geotagger("set", "1,2", photo)
    done = geotagger("undo")
    assert done.code == 0
    assert str(photo) in done.out
    assert photo.read_bytes() == original


def test_a_named_run_is_taken_back(geotagger, photo, tmp_path):
    other = tmp_path / "b.jpg"
    other.write_bytes(samples.jpeg())
    original = photo.read_bytes()
    geotagger("set", "1,2", photo)
    geotagger("set", "1,2", other)
    first = geotagger("undo", "--list").out.splitlines()[-1].split()[0]
    assert geotagger("undo", "--run", first).code == 0
    assert photo.read_bytes() == original
    assert other.read_bytes() != samples.jpeg()


def test_the_list_tells_what_was_done(geotagger, photo):
    geotagger("set", "1,2", photo)
    geotagger("undo")
    geotagger("strip", photo)
    geotagger("set", "3,4", photo)
    lines = geotagger("undo", "--list").out.splitlines()
    assert ["set" in line for line in lines] == [True, True]
    assert "1 written" in lines[0]
    assert "1 taken back" in lines[1]


def test_nothing_to_undo_is_said(geotagger):
    done = geotagger("undo")
    assert done.code == 2
    assert done.err.strip() == "There is nothing to undo."


@pytest.mark.parametrize("number", ["77", "-1", "9" * 20, "-" + "9" * 20])
def test_a_run_that_never_was_is_said(geotagger, number):
    done = geotagger("undo", f"--run={number}")
    assert done.code == 2
    assert done.err.strip() == f"There is no run {number} in the journal."


def test_a_photo_that_changed_since_is_a_failure(geotagger, photo):
    geotagger("set", "1,2", photo)
    photo.write_bytes(samples.jpeg())
    done = geotagger("undo")
    assert done.code == 1
    assert "changed since" in done.err
    assert photo.read_bytes() == samples.jpeg()


@pytest.mark.parametrize(
    ("reason", "code"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(32, "Broken pipe"), 1)],
    ids=["Ctrl+C", "pipe"],
)
def test_an_interrupted_undo_says_that_something_may_be_left(geotagger, photo, monkeypatch, reason, code):
    def interrupt(*_):
        raise reason

    geotagger("set", "1,2", photo)
    monkeypatch.setattr("geotagger.cli.undo.emit", interrupt)
    done = geotagger("undo")
    assert done.code == code
    assert "Interrupted. “geotagger undo --list” shows what is left to take back." in done.err


def test_a_photo_and_its_sidecar_are_left_together_and_count_once(geotagger, photo):
    sidecar = photo.with_name("a.jpg.xmp")
    sidecar.write_bytes(samples.xmp('exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.6E"'))
    geotagger("set", "1,2", photo, "--overwrite", "all")
    written = photo.read_bytes()
    sidecar.write_bytes(sidecar.read_bytes() + b" ")
    done = geotagger("undo")
    assert done.code == 1
    assert "a.jpg.xmp: The file has changed since" in done.err
    assert "It was left as it is, because a.jpg.xmp cannot be taken back with it" in done.err
    assert "1 photo could not be done." in done.err
    assert photo.read_bytes() == written
