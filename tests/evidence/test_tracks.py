import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from geotagger.core.geo import LatLon
from geotagger.evidence.tracks import TrackError, load_tracks, offset_from_located
from tests.images import save_photo

START = datetime(2019, 7, 12, 15, 0, 0, tzinfo=timezone.utc)

# Seconds after START, latitude, longitude: two segments, a pause of 40 minutes and one of 3 hours, the date line.
POINTS = [
    (0, 51.1784, -115.5708),
    (7, 51.1786, -115.5713),
    (95, 51.1801, -115.5790),
    (1795, 51.2002, -115.6501),
    (1795 + 2400, 51.2500, -115.7000),
    (1795 + 2460, 51.2510, -115.7031),
    (1795 + 2460 + 10800, 51.9000, 179.9990),
    (1795 + 2460 + 10860, 51.9010, -179.9980),
    (1795 + 2460 + 10960, 51.9030, -179.9920),
]


def gpx(path: Path, points=POINTS, split: int = 4) -> Path:
    def segment(part):
        rows = "".join(
            f'<trkpt lat="{lat}" lon="{lon}"><time>{(START + timedelta(seconds=s)):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>'
            for s, lat, lon in part
        )
        return f"<trkseg>{rows}</trkseg>"

    body = segment(points[:split]) + segment(points[split:])
    path.write_text(
        '<?xml version="1.0"?>\n<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk>{body}</trk></gpx>"
    )
    return path


def exiftool_says(
    command: str, folder: Path, track: Path, zone: str
) -> dict[str, tuple[float, float] | None]:
    """What ExifTool writes into the photos of a folder."""
    subprocess.run(
        [
            command,
            "-q",
            "-q",
            "-m",
            "-overwrite_original",
            "-geotag",
            str(track),
            f"-geotime<${{DateTimeOriginal}}{zone}",
            str(folder),
        ],
        capture_output=True,
        check=False,
    )
    done = subprocess.run(
        [command, "-j", "-n", "-GPSLatitude", "-GPSLongitude", str(folder)], capture_output=True, check=True
    )
    return {
        Path(row["SourceFile"]).name: (row["GPSLatitude"], row["GPSLongitude"])
        if "GPSLatitude" in row
        else None
        for row in json.loads(done.stdout)
    }


@pytest.mark.parametrize(
    ("zone", "hours"), [("+00:00", 0), ("-06:00", -6), ("-07:00", -7)], ids=["utc", "dst", "winter"]
)
def test_positions_are_those_of_exiftool_within_a_metre(exiftool, tmp_path, zone, hours):
    """Gaps, segments, both ends, the date line, and a clock with and without daylight saving time."""
    track_file = gpx(tmp_path / "walk.gpx")
    folder = tmp_path / "photos"
    seconds = [
        -1900,
        -1790,
        -3,
        0,
        3,
        50,
        900,
        1795,
        1900,
        3000,
        3500,
        4195,
        4200,
        4255,
        5000,
        6100,
        9000,
        13000,
        13300,
    ]
    seconds += [15055, 15070, 15085, 15099, 15115, 15200, 15215, 16900, 17100]
    names = {}
    for second in seconds:
        wall = START + timedelta(seconds=second, hours=hours)
        photo = save_photo(folder / f"s{second}.jpg", taken=f"{wall:%Y:%m:%d %H:%M:%S}")
        names[photo.name] = wall.replace(tzinfo=timezone(timedelta(hours=hours)))
    track = load_tracks([track_file])
    expected = exiftool_says(exiftool, folder, track_file, zone)
    assert len(expected) == len(seconds)
    assert sum(place is None for place in expected.values()) >= 3, "some photos must be out of reach"
    for name, moment in names.items():
        fix, place = track.at(moment), expected[name]
        if place is None:
            assert fix is None, name
        else:
            assert fix is not None, name
            assert fix.position.distance_km(LatLon(*place)) < 0.001, name


def test_kml_and_geojson_hold_the_same_track(tmp_path):
    whens = "".join(f"<when>{(START + timedelta(seconds=s)).isoformat()}</when>" for s, _, _ in POINTS)
    coords = "".join(f"<gx:coord>{lon} {lat} 0</gx:coord>" for _, lat, lon in POINTS)
    kml = tmp_path / "walk.kml"
    kml.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">'
        f"<Document><Placemark><gx:Track>{whens}{coords}</gx:Track></Placemark></Document></kml>"
    )
    geojson = tmp_path / "walk.geojson"
    times = [(START + timedelta(seconds=s)).isoformat() for s, _, _ in POINTS]
    line = {"type": "LineString", "coordinates": [[lon, lat] for _, lat, lon in POINTS]}
    geojson.write_text(json.dumps({"type": "Feature", "properties": {"coordTimes": times}, "geometry": line}))
    tracks = [load_tracks([file]) for file in (gpx(tmp_path / "walk.gpx"), kml, geojson)]
    moment = START + timedelta(seconds=60)
    places = [track.at(moment).position for track in tracks]
    assert max(places[0].distance_km(place) for place in places[1:]) < 1e-6
    assert [len(track.time_s) for track in tracks] == [len(POINTS)] * 3


def test_kml_placemarks_with_a_time_are_points(tmp_path):
    file = tmp_path / "points.kml"
    file.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><TimeStamp><when>2019-07-12T15:00:00Z</when>'
        "</TimeStamp><Point><coordinates>-115.5,51.2,0</coordinates></Point></Placemark></Document></kml>"
    )
    fix = load_tracks([file]).at(START)
    assert (fix.position.lat_deg, fix.position.lon_deg) == (51.2, -115.5)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("a.gpx", "<gpx><trk>", "damaged"),
        ("a.gpx", '<?xml version="1.0"?><gpx version="1.1"></gpx>', "no track points"),
        ("a.kml", '<!DOCTYPE kml [<!ENTITY a "b">]><kml/>', "entities"),
        ("a.geojson", "[1, 2", "damaged"),
        ("a.txt", "hello", "use GPX, KML or GeoJSON"),
    ],
)
def test_what_is_no_track_gets_a_sentence(tmp_path, name, text, part):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(TrackError, match=part):
        load_tracks([file])


def test_a_missing_file_gets_a_sentence(tmp_path):
    with pytest.raises(TrackError, match=r"gone\.gpx cannot be read"):
        load_tracks([tmp_path / "gone.gpx"])


def test_the_clock_is_found_by_laying_located_photos_on_the_track(tmp_path):
    track = load_tracks([gpx(tmp_path / "walk.gpx")])
    zone = timedelta(hours=-6)
    located = [
        ((START + timedelta(seconds=s) + zone).replace(tzinfo=None), LatLon(lat, lon))
        for s, lat, lon in (POINTS[1], POINTS[3], POINTS[4], POINTS[8])
    ]
    reading = offset_from_located(track, located)
    assert reading is not None
    assert reading.offset == zone
    assert "UTC−06:00" in reading.reason


def test_photos_far_from_the_track_find_no_clock(tmp_path):
    track = load_tracks([gpx(tmp_path / "walk.gpx")])
    located = [(START.replace(tzinfo=None) + timedelta(minutes=m), LatLon(30.0, -90.0)) for m in (0, 5, 9)]
    assert offset_from_located(track, located) is None
