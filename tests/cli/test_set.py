"""``geotagger set``, as other programs call it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from geotagger.core.fix import Source
from geotagger.metadata import read_photo
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
