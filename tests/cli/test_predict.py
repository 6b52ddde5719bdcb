import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from geotagger.cli.predict import as_json, as_text
from geotagger.core.geo import LatLon
from geotagger.core.paths import data_dir
from geotagger.core.regions import load_regions
from geotagger.evidence import gallery
from geotagger.evidence.gallery import DATABASE_NAME
from geotagger.session.pipeline import PhotoResult
from tests.images import bad_photos, save_photo
from tests.session.made import prediction


def test_a_real_photo_has_probabilities_that_sum_to_one_and_a_position_on_the_continent(
    geotagger, shared_photos
):
    photos = sorted(shared_photos.glob("p01[45]/*.jpg"))[:6]
    done = geotagger("predict", *photos, "--json", "--top", "63", "--device", "cpu")
    assert done.code == 0
    assert [line["path"] for line in done.lines] == [str(photo) for photo in photos]
    regions = load_regions()
    for line in done.lines:
        probabilities = [region["probability"] for region in line["regions"]]
        assert len(probabilities) == 63
        assert sum(probabilities) == pytest.approx(1, abs=1e-6)
        assert probabilities == sorted(probabilities, reverse=True)
        assert {region["code"] for region in line["regions"]} == set(regions.codes)
        position = LatLon(line["position"]["lat"], line["position"]["lon"])
        assert 15 < position.lat_deg < 85
        assert regions.region_at(position) is not None
        assert line["radius_km"] > 0
        assert 0 < line["radius_coverage"] < 1
        assert line["region_set"][0] == line["regions"][0]["code"]
        assert line["state"] == "predicted"
        assert line["existing"] is None
        assert line["device"] == "cpu"
        assert line["evidence"][0]["kind"] == "image"


def test_the_same_photo_gives_the_same_answer_twice_and_in_any_batch(geotagger, tmp_path):
    photos = [
        save_photo(tmp_path / f"{number}.jpg", seed=number, taken=f"2019:07:03 12:{number:02}:00")
        for number in range(9)
    ]

    def predicted(*paths):
        done = geotagger("predict", *paths, "--no-context", "--json", "--device", "cpu")
        return {line["path"]: line for line in done.lines}

    together = predicted(tmp_path)
    assert predicted(*reversed(photos)) == together
    assert predicted(photos[4]) == {str(photos[4]): together[str(photos[4])]}
    assert len({json.dumps(line["regions"]) for line in together.values()}) > 1


def test_photos_without_clocks_hear_the_rest_of_their_folder_but_for_no_context(geotagger, tmp_path):
    photos = [save_photo(tmp_path / f"{number}.jpg", seed=number) for number in range(3)]
    together = geotagger("predict", tmp_path, "--json", "--device", "cpu").lines
    assert [evidence["kind"] for evidence in together[1]["evidence"]] == ["image", "folder"]
    assert together[1]["evidence"][1]["reason"] == "the 2 other photos of this folder"
    alone = geotagger("predict", photos[1], "--json", "--device", "cpu").lines
    without = geotagger("predict", tmp_path, "--no-context", "--json", "--device", "cpu").lines
    assert without[1] == alone[0]
    assert [evidence["kind"] for evidence in alone[0]["evidence"]] == ["image"]


def test_a_located_neighbour_in_time_speaks_and_is_named(geotagger, tmp_path):
    save_photo(tmp_path / "a.jpg", seed=1, taken="2019:07:03 12:00:00")
    photo = save_photo(tmp_path / "b.jpg", seed=2, taken="2019:07:03 12:09:00")
    assert geotagger("set", "51.18,-115.57", tmp_path / "a.jpg").code == 0
    line = next(line for line in geotagger("predict", tmp_path, "--json").lines if line["path"] == str(photo))
    position = LatLon(line["position"]["lat"], line["position"]["lon"])
    assert position.distance_km(LatLon(51.18, -115.57)) < 50
    assert line["regions"][0]["code"] == "CA-AB"
    neighbours = [evidence for evidence in line["evidence"] if evidence["kind"] == "time-neighbour"]
    assert neighbours[0]["photo"].endswith("a.jpg")
    assert "9 min" in neighbours[0]["reason"]
    alone = geotagger("predict", photo, "--no-context", "--json").lines[0]
    assert alone["position"] != line["position"]


def test_a_point_outside_the_region_that_is_named_first_is_explained():
    near = prediction("Montana", 0.45)
    far = replace(near, position=LatLon(36.6, -121.7), radius_km=2800.0)
    note = "The marked point lies in California, not in Montana: it is the best single guess in kilometres."
    for guess, expected in ((near, None), (far, note)):
        result = PhotoResult(Path("a.jpg"), prediction=guess)
        assert as_json(result, 5)["position_note"] == expected
        assert as_text(result, 5).endswith(note) == (expected is not None)


def test_a_track_places_a_photo(geotagger, tmp_path):
    photo = save_photo(tmp_path / "a.jpg", taken="2019:07:03 12:00:00")
    track = tmp_path / "walk.gpx"
    track.write_text(
        '<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
        '<trkpt lat="51.170" lon="-115.570"><time>2019-07-03T17:55:00Z</time></trkpt>'
        '<trkpt lat="51.190" lon="-115.570"><time>2019-07-03T18:05:00Z</time></trkpt>'
        "</trkseg></trk></gpx>"
    )
    line = geotagger("predict", photo, "--gpx", track, "--json").lines[0]
    assert line["position"]["lat"] == pytest.approx(51.18, abs=0.002)
    assert line["position"]["lon"] == pytest.approx(-115.57, abs=0.002)
    assert "track" in [evidence["kind"] for evidence in line["evidence"]]
    assert geotagger("predict", photo, "--gpx", track, "--no-context").code == 2
    assert geotagger("predict", photo, "--gpx", tmp_path / "missing.gpx").code == 2


def test_a_hint_places_photos_of_its_month(geotagger, tmp_path):
    photo = save_photo(tmp_path / "a.jpg", taken="2019:07:03 12:00:00")
    other = save_photo(tmp_path / "b" / "b.jpg", taken="2016:01:03 12:00:00")
    lines = {
        line["path"]: line for line in geotagger("predict", tmp_path, "--hint", "Yukon, 2019", "--json").lines
    }
    assert lines[str(photo)]["regions"][0]["code"] == "CA-YT"
    hints = [evidence for evidence in lines[str(photo)]["evidence"] if evidence["kind"] == "hint"]
    assert [hint["reason"] for hint in hints] == ["you said “Yukon, 2019”"]
    assert "hint" not in [evidence["kind"] for evidence in lines[str(other)]["evidence"]]
    nowhere = geotagger("predict", tmp_path, "--hint", "xyzzy")
    assert nowhere.code == 2
    assert "xyzzy" in nowhere.err
    assert geotagger("predict", tmp_path, "--hint", "Yukon", "--no-context").code == 2


def test_names_of_folders_are_hints_only_where_asked(geotagger, tmp_path):
    photo = save_photo(tmp_path / "2019-07 Yukon" / "a.jpg", taken="2019:07:03 12:00:00")
    plain = geotagger("predict", photo, "--json").lines[0]
    assert "hint" not in [evidence["kind"] for evidence in plain["evidence"]]
    line = geotagger("predict", photo, "--folder-hints", "--json").lines[0]
    assert line["evidence"][1]["reason"] == "its folder is called “2019-07 Yukon”"


def test_the_clock_of_a_second_camera_is_told_and_can_be_set(geotagger, tmp_path):
    save_photo(tmp_path / "phone.jpg", seed=1, taken="2019:07:03 12:00:00")
    photo = save_photo(tmp_path / "camera.jpg", seed=2, taken="2019:07:03 18:00:00", camera="Othermake Two")
    assert geotagger("set", "51.18,-115.57", tmp_path / "phone.jpg").code == 0
    told = geotagger("predict", tmp_path, "--json")
    assert "Nothing tells whether the clocks of Othermake Two and Testmake One agree" in told.err
    line = next(line for line in told.lines if line["path"] == str(photo))
    assert "6 h after" in line["evidence"][1]["reason"]
    moved = geotagger("predict", tmp_path, "--clock-offset", "Othermake Two=+6:00", "--json")
    line = next(line for line in moved.lines if line["path"] == str(photo))
    assert "at the same time as" in line["evidence"][1]["reason"]
    assert "Othermake" not in moved.err
    expected = {"folder": str(tmp_path), "camera": "Othermake Two", "reference": "Testmake One"}
    assert {name: line["clock"][name] for name in expected} == expected
    assert (line["clock"]["used_ahead_s"], line["clock"]["reason"]) == (6 * 3600, "it was set as you said")
    assert [line["clock"] for line in told.lines if line["path"].endswith("phone.jpg")] == [None]
    here = geotagger("predict", tmp_path, "--clock-offset", f"{tmp_path}:Othermake Two=+6:00", "--json")
    assert here.lines == moved.lines
    elsewhere = geotagger("predict", tmp_path, "--clock-offset", "/b:Othermake Two=+6:00", "--json")
    assert elsewhere.lines == told.lines
    assert geotagger("predict", tmp_path, "--clock-offset", "6 hours").code == 2


@pytest.mark.parametrize("state", ["locked", "damaged"])
def test_photos_are_judged_without_a_gallery_that_cannot_be_used(geotagger, tmp_path, state, monkeypatch):
    photos = [save_photo(tmp_path / "in" / f"{n}.jpg", seed=n) for n in range(2)]
    expected = geotagger("predict", *photos, "--json").lines
    with closing(sqlite3.connect(data_dir() / DATABASE_NAME)) as database:
        if state == "locked":
            monkeypatch.setattr(gallery, "_WAIT_S", 0.05)
            database.execute("BEGIN EXCLUSIVE")
        else:
            (data_dir() / DATABASE_NAME).write_bytes(b"this is no database" * 100)
        done = geotagger("predict", *photos, "--json")
    assert (done.code, done.lines) == (0, expected)
    assert "The gallery of your photos cannot be used" in done.err
    assert "The photos are judged without it." in done.err


def test_bad_input_gets_a_sentence_each_and_the_batch_goes_on(geotagger, tmp_path):
    bad = bad_photos(tmp_path / "bad")
    good = save_photo(tmp_path / "good.jpg")
    done = geotagger("predict", *bad.values(), good, "--json", "--device", "cpu")
    assert done.code == 1
    lines = {Path(line["path"]).name: line for line in done.lines}
    assert lines["good.jpg"]["state"] == "predicted"
    for name in bad:
        assert lines[name]["state"] == "failed", name
        assert lines[name]["error"].endswith("."), name
    assert "megapixel" in lines["huge.png"]["error"]
    assert f"{len(bad)} photos" in done.err


def test_a_folder_without_rights_is_named(geotagger, tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    save_photo(closed / "a.jpg")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    # Root may read any folder, so the refusal of the system is played.
    monkeypatch.setattr(os, "scandir", refuse)
    done = geotagger("predict", closed, "--json")
    assert done.code == 1
    assert done.lines[0]["path"] == str(closed)
    assert "no right" in done.lines[0]["error"]


def test_other_files_in_a_folder_are_counted_but_a_named_one_is_a_failure(geotagger, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    done = geotagger("predict", tmp_path, "--json")
    assert (done.code, done.out) == (0, "")
    assert "1 other file" in done.err
    assert geotagger("predict", tmp_path / "notes.txt", "--json").lines[0]["state"] == "failed"


def test_top_limits_the_regions(geotagger, tmp_path):
    photo = save_photo(tmp_path / "a.jpg")
    assert len(geotagger("predict", photo, "--json", "--top", "3").lines[0]["regions"]) == 3
    assert geotagger("predict", photo, "--top", "64").code == 2


def test_predicting_writes_nothing_into_photos(geotagger, tmp_path):
    photo = save_photo(tmp_path / "a.jpg")
    before = photo.read_bytes()
    done = geotagger("predict", photo)
    assert done.code == 0
    assert "%" in done.out
    assert photo.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.jpg"]


@pytest.mark.parametrize("ending", ["csv", "geojson", "kml", "gpx", "html"])
def test_out_writes_every_export(geotagger, tmp_path, ending):
    photo = save_photo(tmp_path / "photos" / "a.jpg")
    out = tmp_path / f"map.{ending}"
    done = geotagger("predict", photo, "--out", out)
    assert done.code == 0
    assert "a.jpg" in out.read_text(encoding="utf-8")


def test_an_unknown_export_is_refused_before_any_work(geotagger, tmp_path):
    done = geotagger("predict", save_photo(tmp_path / "a.jpg"), "--out", tmp_path / "map.xlsx")
    assert done.code == 2
    assert "must end in one of" in done.err
    assert done.out == ""


def test_the_recorded_track_is_not_overwritten_by_the_results(geotagger, tmp_path):
    photo, track = save_photo(tmp_path / "a.jpg"), tmp_path / "walk.gpx"
    track.write_bytes(b"hours of walking")
    done = geotagger("predict", photo, "--gpx", track, "--out", tmp_path / "x" / ".." / "walk.gpx")
    assert done.code == 2
    assert track.read_bytes() == b"hours of walking"
    done = geotagger("predict", photo, "--gpx", track, "--out", track)
    assert (done.code, "recorded track" in done.err) == (2, True)
    assert track.read_bytes() == b"hours of walking"


def test_an_export_into_a_folder_that_is_not_there_is_refused_before_any_work(geotagger, tmp_path):
    done = geotagger("predict", save_photo(tmp_path / "a.jpg"), "--out", tmp_path / "missing" / "map.csv")
    assert (done.code, done.out) == (2, "")
    assert "There is no folder" in done.err


@pytest.mark.parametrize("words", [["predict"], ["tag"]])
def test_what_failed_is_said_on_standard_error(geotagger, tmp_path, words):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"")
    done = geotagger(*words, broken)
    assert (done.code, done.out) == (1, "")
    assert f"{broken}: The file is empty." in done.err


def test_a_device_that_is_not_there_is_a_sentence(geotagger, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    done = geotagger("predict", save_photo(tmp_path / "a.jpg"), "--device", "cuda")
    assert done.code == 2
    assert done.err.strip().endswith(".")


def test_a_file_name_cannot_steer_the_terminal(geotagger, tmp_path):
    photo = save_photo(tmp_path / "a\x1b[31m.jpg")
    done = geotagger("predict", photo)
    assert "\x1b" not in done.out


def test_starting_a_command_does_not_load_torch_or_qt():
    code = "import sys, geotagger.cli.app; print([m for m in ('torch', 'PySide6', 'folium') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
