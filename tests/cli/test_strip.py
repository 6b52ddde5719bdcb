"""``geotagger strip``: all positions, or exactly those that the program estimated."""

from __future__ import annotations

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import Overwrite, WritePolicy, open_journal, read_photo, write_fix
from tests.metadata import samples


@pytest.fixture
def album(tmp_path):
    """One photo for each source of a position, one of a camera, one without any."""
    photos = {}
    with open_journal() as journal:
        run = journal.begin_run("test")
        for source in Source:
            path = tmp_path / f"{source.value}.jpg"
            path.write_bytes(samples.JPEGS["camera-gps"]())
            if source is not Source.CAMERA:
                fix = Fix(LatLon(46.9, -110.4), source, 10.0)
                write_fix(path, fix, WritePolicy(Overwrite.ALL), journal, run)
            photos[source.value] = path
    photos["none"] = tmp_path / "none.jpg"
    photos["none"].write_bytes(samples.jpeg())
    return photos


def test_estimates_only_takes_exactly_what_was_estimated(geotagger, album, tmp_path):
    before = {name: path.read_bytes() for name, path in album.items()}
    assert geotagger("strip", tmp_path, "--estimates-only").code == 0
    changed = {name for name, path in album.items() if path.read_bytes() != before[name]}
    assert changed == {"model", "model-confirmed", "neighbour"}
    for name in changed:
        assert read_photo(album[name]).fix is None


def test_an_estimate_that_another_program_moved_is_no_longer_ours(geotagger, album, exiftool):
    import subprocess

    path = album["model"]
    subprocess.run([exiftool, "-q", "-overwrite_original", "-GPSLatitude=45", path], check=True)
    before = path.read_bytes()
    done = geotagger("strip", path, "--estimates-only")
    assert done.code == 0
    assert "no position that this program estimated" in done.err
    assert path.read_bytes() == before


def test_without_the_flag_all_positions_go(geotagger, album, tmp_path):
    assert geotagger("strip", tmp_path).code == 0
    assert [name for name, path in album.items() if read_photo(path).fix] == []


def test_it_can_be_undone(geotagger, album, tmp_path):
    before = {name: path.read_bytes() for name, path in album.items()}
    geotagger("strip", tmp_path)
    assert geotagger("undo").code == 0
    assert {name: path.read_bytes() for name, path in album.items()} == before


def test_a_position_that_cannot_be_removed_is_a_failure(geotagger, tmp_path):
    photo = tmp_path / "a.jpg"
    exif = samples.app1(samples.block(gps=samples.camera_gps()))
    photo.write_bytes(samples.after_soi(exif) + b"AXS!\1\0\0\1\0\0\0\0AXS!\0\0\0\x10\0\0\0\0")
    done = geotagger("strip", photo)
    assert done.code == 1
    assert "AFCP" in done.err


def test_a_position_that_stays_is_named_and_told_by_the_exit_code(geotagger, tmp_path):
    path = tmp_path / "a.jpg"
    film = samples.box(b"moov", samples.box(b"\xa9xyz", b"\0\x12\x15\xc7+48.8583+002.2945/"))
    path.write_bytes(samples.JPEGS["camera-gps"]() + film)
    done = geotagger("strip", path)
    assert done.code == 1
    assert done.out == f"{path}: position removed\n"
    assert f"{path}: The film within the file holds a position" in done.err
    assert "1 photo still holds a position." in done.err
    assert geotagger("strip", path, "--estimates-only").code == 0
