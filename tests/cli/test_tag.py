import json
import subprocess

import pytest

from geotagger.core.fix import Source
from geotagger.metadata import read_photo
from tests.images import save_photo
from tests.metadata import samples


@pytest.fixture
def photos(tmp_path):
    return [save_photo(tmp_path / f"{number}.jpg", seed=number) for number in range(3)]


def test_without_write_it_only_says_what_it_would_do(geotagger, photos):
    before = [photo.read_bytes() for photo in photos]
    done = geotagger("tag", *photos, "--min-probability", "0", "--json")
    assert done.code == 0
    assert {line["state"] for line in done.lines} == {"would-write"}
    assert [photo.read_bytes() for photo in photos] == before


def test_what_is_written_is_read_back_as_an_estimate(geotagger, photos):
    done = geotagger("tag", *photos, "--write", "--min-probability", "0", "--json")
    assert done.code == 0
    for line, photo in zip(done.lines, photos, strict=True):
        assert line["state"] == "written"
        fix = read_photo(photo).fix
        assert fix.source is Source.MODEL
        assert fix.position.lat_deg == pytest.approx(line["position"]["lat"], abs=1e-5)
        assert fix.radius_km == pytest.approx(line["radius_km"], rel=0.01)


def test_exiftool_sees_the_position_the_method_and_the_radius(geotagger, photos, exiftool):
    line = geotagger("tag", photos[0], "--write", "--min-probability", "0", "--json").lines[0]
    seen = json.loads(
        subprocess.run([exiftool, "-n", "-j", "-G1", photos[0]], capture_output=True, check=True).stdout
    )[0]
    assert seen["Composite:GPSLatitude"] == pytest.approx(line["position"]["lat"], abs=1e-5)
    assert seen["GPS:GPSProcessingMethod"] == "MANUAL"
    assert seen["GPS:GPSHPositioningError"] == pytest.approx(line["radius_km"] * 1000, rel=0.01)
    assert seen["IFD0:Model"] == "Testmake One"


def test_what_is_under_the_threshold_is_left_alone(geotagger, photos):
    before = [photo.read_bytes() for photo in photos]
    done = geotagger("tag", *photos, "--write", "--min-probability", "1", "--json")
    assert {line["state"] for line in done.lines} == {"unsure"}
    narrow = geotagger(
        "tag", *photos, "--write", "--min-probability", "0", "--max-radius-km", "0.001", "--json"
    )
    assert {line["state"] for line in narrow.lines} == {"unsure"}
    assert [photo.read_bytes() for photo in photos] == before


def test_a_position_that_a_photo_has_is_kept_unless_the_user_says_otherwise(geotagger, photos):
    assert geotagger("set", "46.9,-110.4", photos[0]).code == 0
    kept = geotagger("tag", photos[0], "--write", "--min-probability", "0", "--json").lines[0]
    assert kept["state"] == "kept"
    assert read_photo(photos[0]).fix.position.lat_deg == pytest.approx(46.9, abs=1e-6)
    replaced = geotagger(
        "tag", photos[0], "--write", "--min-probability", "0", "--overwrite", "all", "--json"
    )
    assert replaced.lines[0]["state"] == "written"


def test_a_run_can_be_undone(geotagger, photos):
    before = [photo.read_bytes() for photo in photos]
    geotagger("tag", *photos, "--write", "--min-probability", "0")
    assert [photo.read_bytes() for photo in photos] != before
    assert geotagger("undo").code == 0
    assert [photo.read_bytes() for photo in photos] == before


def test_a_backup_is_the_original(geotagger, photos, tmp_path):
    before = photos[0].read_bytes()
    geotagger("tag", photos[0], "--write", "--min-probability", "0", "--backup", tmp_path / "originals")
    copies = [path for path in (tmp_path / "originals").rglob("*") if path.is_file()]
    assert [copy.read_bytes() for copy in copies] == [before]


def test_a_file_is_no_folder_for_backups(geotagger, photos):
    original = photos[0].read_bytes()
    done = geotagger("tag", photos[0], "--write", "--min-probability", "0", "--backup", photos[0])
    assert done.code == 2
    assert "--backup" in done.err
    assert photos[0].read_bytes() == original


def test_copies_do_not_go_among_the_photos(geotagger, photos):
    original = photos[0].read_bytes()
    folder = photos[0].parent
    done = geotagger("tag", folder, "--write", "--min-probability", "0", "--backup", folder / "originals")
    assert done.code == 2
    assert "--backup" in done.err
    assert photos[0].read_bytes() == original
    assert not (folder / "originals").exists()


@pytest.mark.parametrize("option", [[], ["--write"]], ids=["dry", "write"])
def test_photos_within_the_folder_for_copies_are_refused_at_once(geotagger, photos, option):
    before = [photo.read_bytes() for photo in photos]
    done = geotagger("tag", *photos, "--min-probability", "0", "--backup", photos[0].parent, *option)
    assert done.code == 2
    assert "--backup" in done.err
    assert [photo.read_bytes() for photo in photos] == before


@pytest.mark.parametrize("option", ["--min-probability", "--max-radius-km"])
def test_a_limit_that_is_no_number_lets_nothing_through(geotagger, photos, option):
    before = photos[0].read_bytes()
    done = geotagger("tag", photos[0], "--write", "--min-probability", "0", option, "nan")
    assert done.code == 2
    assert option in done.err
    assert photos[0].read_bytes() == before


def test_why_a_position_goes_into_a_sidecar_is_said_before_and_after(geotagger, photos):
    signed = photos[0].read_bytes()
    signed = signed[:2] + samples.segment(0xEB, b"JP\0\0\0\1\0\0\0\x20jumbjumdc2pa") + signed[2:]
    photos[0].write_bytes(signed)
    why = "(The position goes into a sidecar: it carries content credentials, which any change would invalidate.)"
    for option in ([], ["--write"]):
        done = geotagger("tag", photos[0], "--min-probability", "0", *option)
        assert done.code == 0
        assert why in done.out
    assert photos[0].read_bytes() == signed
