"""``geotagger show``, as other programs read it."""

from __future__ import annotations

import errno

import pytest

from tests.metadata import samples


def test_json_has_the_agreed_shape(geotagger, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.jpeg())
    (line,) = geotagger("show", photo, "--json").lines
    assert line["path"] == str(photo)
    assert (line["position"], line["radius_km"], line["source"], line["sidecar"]) == (None, None, None, None)
    geotagger("set", "46.9,-110.4", photo)
    (line,) = geotagger("show", photo, "--json").lines
    assert line["position"] == pytest.approx({"lat": 46.9, "lon": -110.4}, abs=1e-6)
    assert line["source"] == "manual"


def test_a_camera_position_is_called_one(geotagger, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.JPEGS["camera-gps"]())
    (line,) = geotagger("show", photo, "--json").lines
    assert line["source"] == "camera"
    assert line["position"]["lat"] == pytest.approx(48.858317, abs=1e-5)
    assert "48.858" in geotagger("show", photo).out


def test_the_sidecar_is_named(geotagger, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(samples.jpeg())
    geotagger("set", "1,2", photo, "--sidecar", "always")
    (line,) = geotagger("show", photo, "--json").lines
    assert line["sidecar"] == f"{photo}.xmp"
    assert line["from_sidecar"] is True


def test_a_damaged_sidecar_is_named_and_left_alone(geotagger, tmp_path):
    photo, sidecar = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    photo.write_bytes(samples.JPEGS["camera-gps"]())
    sidecar.write_bytes(b"<x:xmpmeta exif:GPSLatitude='48,51.5N'")
    done = geotagger("show", photo)
    assert done.code == 0
    assert f"{sidecar}: This sidecar is damaged; it is neither read nor changed." in done.err
    done = geotagger("set", "46.9,-110.4", photo, "--overwrite", "all")
    assert done.code == 0
    assert "Its sidecar a.jpg.xmp: This sidecar is damaged" in done.out
    done = geotagger("strip", photo)
    assert done.code == 1
    assert "Its damaged sidecar a.jpg.xmp may hold a position, which cannot be taken out safely." in done.err
    assert sidecar.read_bytes() == b"<x:xmpmeta exif:GPSLatitude='48,51.5N'"


def test_bad_photos_fail_with_a_sentence_each(geotagger, tmp_path):
    for name, data in {"empty.jpg": b"", "text.jpg": b"hello", "cut.jpg": samples.jpeg()[:30]}.items():
        (tmp_path / name).write_bytes(data)
    done = geotagger("show", tmp_path, tmp_path / "missing.jpg", "--json")
    assert done.code == 1
    failed = {line["path"].rsplit("/", 1)[-1]: line["error"] for line in done.lines}
    assert failed == {
        "cut.jpg": "The JPEG file is cut off before its image.",
        "empty.jpg": "The file is empty.",
        "missing.jpg": "There is no such file or folder.",
        "text.jpg": "It is not a photo that this program reads.",
    }


def test_results_that_cannot_be_printed_are_a_sentence(geotagger, tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.jpeg())

    def full(*words, file=None):
        if file is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        print(*words, file=file)

    monkeypatch.setattr("geotagger.cli.output.print", full, raising=False)
    for option in ([], ["--json"]):
        done = geotagger("show", path, *option)
        assert done.code == 2
        assert done.err == (
            "The results cannot be printed (No space left on device); what was done so far stays.\n"
        )
