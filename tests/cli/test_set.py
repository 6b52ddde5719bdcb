"""``geotagger set``, as other programs call it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from geotagger.core.fix import Source
from geotagger.metadata import Journal, KeptCopy, read_photo
from tests.metadata import samples


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(samples.JPEGS["exif-little-endian"]())
    return path


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("46.9,-110.4", 46.9, -110.4),
        ("-33.8568, 151.2153", -33.8568, 151.2153),
        ("-33.8568,-70.6693", -33.8568, -70.6693),
        ("46°54'00\"N 110°24'00\"W", 46.9, -110.4),
    ],
    ids=["decimal", "southern", "south-western", "degrees"],
)
def test_any_notation_is_written(geotagger, photo, text, lat, lon):
    done = geotagger("set", text, photo)
    assert done.code == 0
    assert str(photo) in done.out
    fix = read_photo(photo).fix
    assert (fix.position.lat_deg, fix.position.lon_deg) == pytest.approx((lat, lon), abs=1e-6)
    assert fix.source is Source.MANUAL


def test_folders_are_read_recursively(geotagger, photo):
    below = photo.parent / "below" / "b.png"
    below.parent.mkdir()
    below.write_bytes(samples.png())
    assert geotagger("set", "1,2", photo.parent).code == 0
    assert all(read_photo(path).fix for path in (photo, below))


def test_the_source_can_be_a_track(geotagger, photo):
    geotagger("set", "1,2", photo, "--source", "track")
    assert read_photo(photo).fix.source is Source.TRACK


def test_a_position_of_the_camera_is_kept_unless_told(geotagger, photo):
    photo.write_bytes(samples.JPEGS["camera-gps"]())
    before = photo.read_bytes()
    done = geotagger("set", "1,2", photo)
    assert done.code == 0
    assert "--overwrite all" in done.err
    assert photo.read_bytes() == before
    assert geotagger("set", "1,2", photo, "--overwrite", "all").code == 0
    assert read_photo(photo).fix.position.lat_deg == pytest.approx(1)


def test_sidecar_always_leaves_the_photo_alone(geotagger, photo):
    before = photo.read_bytes()
    assert geotagger("set", "1,2", photo, "--sidecar", "always").code == 0
    assert photo.read_bytes() == before
    assert photo.with_name("a.jpg.xmp").is_file()


def test_sidecar_never_refuses_what_cannot_be_written(geotagger, photo):
    photo.write_bytes(samples.REFUSED["afcp-trailer"]())
    done = geotagger("set", "1,2", photo, "--sidecar", "never")
    assert done.code == 1
    assert "AFCP" in done.err


def test_one_bad_photo_does_not_stop_the_rest(geotagger, photo):
    bad = photo.with_name("bad.jpg")
    bad.write_bytes(b"this is text")
    empty = photo.with_name("empty.jpg")
    empty.write_bytes(b"")
    done = geotagger("set", "1,2", bad, empty, photo.with_name("missing.jpg"), photo)
    assert done.code == 1
    assert len([line for line in done.err.splitlines() if ".jpg" in line]) == 3
    assert "Traceback" not in done.err
    assert read_photo(photo).fix is not None


@pytest.mark.parametrize("text", ["nowhere", "91,0", "0,181", ""])
def test_nonsense_is_wrong_usage(geotagger, photo, text):
    before = photo.read_bytes()
    done = geotagger("set", text, photo)
    assert done.code == 2
    assert done.err
    assert photo.read_bytes() == before


def test_zero_zero_is_refused_with_the_reason(geotagger, photo):
    before = photo.read_bytes()
    done = geotagger("set", "0,0", photo)
    assert done.code == 1
    assert "cameras write" in done.err
    assert photo.read_bytes() == before


def test_neither_qt_nor_torch_is_loaded_for_it(photo):
    script = (
        "import sys; sys.argv = ['geotagger', 'set', '1,2', sys.argv[1]]\n"
        "from geotagger.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'PySide6', 'folium') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, photo], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [["--overwrit", "all"], ["-x"], ["--sidecar=bogus"]])
def test_a_misspelt_option_is_wrong_usage_and_nothing_is_written(geotagger, photo, words):
    before = photo.read_bytes()
    for order in ([*words, "1,2", photo], ["1,2", photo, *words], ["-1,2", *words, photo]):
        assert geotagger("set", *order).code == 2
    assert photo.read_bytes() == before


def test_photos_whose_names_begin_with_a_dash_follow_two_dashes(geotagger, photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    photo.rename("-5.jpg")
    assert geotagger("set", "-1,2", "--", "-5.jpg").code == 0
    assert read_photo(photo.with_name("-5.jpg")).fix.position.lat_deg == pytest.approx(-1)


def test_a_photo_that_may_not_be_read_does_not_keep_the_others_from_being_written(
    geotagger, photo, monkeypatch
):
    closed = photo.with_name("closed.jpg")
    closed.write_bytes(photo.read_bytes())
    access, opened = os.access, os.open
    # Root may read any file, so the refusal of the system is played.
    monkeypatch.setattr(os, "access", lambda path, *rest: str(path) != str(closed) and access(path, *rest))

    def refuse(path, *rest):
        if str(path) == str(closed):
            raise PermissionError(errno.EACCES, "closed")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", refuse)
    done = geotagger("set", "1,2", closed, photo)
    assert done.code == 1
    assert f"{closed}: You have no permission to read this file." in done.err
    assert read_photo(photo).fix is not None


def test_options_may_follow_a_southern_position(geotagger, photo):
    assert geotagger("set", "-1,2", "--source", "track", photo, "--sidecar", "always").code == 0
    assert photo.with_name("a.jpg.xmp").exists()


def test_a_folder_without_photos_is_said_to_have_none(geotagger, tmp_path):
    done = geotagger("set", "1,2", tmp_path)
    assert (done.code, done.out) == (0, "")
    assert "No photos were found." in done.err


@pytest.mark.parametrize(
    ("reason", "code"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(32, "Broken pipe"), 1)],
    ids=["Ctrl+C", "pipe"],
)
def test_an_interrupted_run_says_how_it_is_taken_back(geotagger, photo, monkeypatch, reason, code):
    def interrupt(*_):
        raise reason

    with monkeypatch.context() as patch:
        patch.setattr("geotagger.cli.set_position.emit", interrupt)
        done = geotagger("set", "1,2", photo)
    assert done.code == code
    assert "Interrupted. “geotagger undo --run 1” takes back what was written." in done.err
    assert read_photo(photo).fix is not None
    assert geotagger("undo", "--run", "1").code == 0
    assert read_photo(photo).fix is None


def test_a_copy_that_was_kept_is_named_until_it_is_gone(geotagger, photo, monkeypatch):
    copy = photo.with_name("kept.tmp")
    copy.write_bytes(b"whole")
    kept = KeptCopy(photo, copy)
    monkeypatch.setattr(Journal, "kept_copies", lambda _: [kept] if copy.exists() else [])
    for words in (["set", "1,2", photo], ["show", photo], ["undo"]):
        done = geotagger(*words)
        assert done.code == 0
        assert str(copy) in done.err
    assert geotagger("doctor").code == 1
    copy.unlink()
    assert str(copy) not in geotagger("show", photo).err


@pytest.mark.parametrize("command", [["set", "46.9,-110.4"], ["strip"], ["tag", "--write"], ["show"]])
def test_an_empty_name_is_not_the_folder_that_the_program_runs_in(geotagger, tmp_path, monkeypatch, command):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.JPEGS["camera-gps"]())
    monkeypatch.chdir(tmp_path)
    done = geotagger(*command, "")
    assert done.code == 2
    assert "An empty name is no photo and no folder." in done.err
    assert photo.read_bytes() == samples.JPEGS["camera-gps"]()


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("90,180", 90, 180),
        ("-90,-180", -90, -180),
        ("-0.0,-180", 0, -180),
        ("0.0000001,0", 0, 0),
        ("-89.99999999,179.99999999", -90, 180),
    ],
)
def test_positions_at_the_limits_are_written(geotagger, tmp_path, exiftool, text, lat, lon):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.JPEGS["exif-little-endian"]())
    done = geotagger("set", text, photo)
    assert done.code == 0
    fix = read_photo(photo).fix
    assert (fix.position.lat_deg, fix.position.lon_deg) == pytest.approx((lat, lon), abs=1e-6)
    seen = json.loads(
        subprocess.run(
            [exiftool, "-n", "-j", "-Composite:all", photo], capture_output=True, check=True
        ).stdout
    )[0]
    assert (seen["GPSLatitude"], seen["GPSLongitude"]) == pytest.approx((lat, lon), abs=1e-6)
