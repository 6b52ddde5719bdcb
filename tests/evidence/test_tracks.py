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


def kml_point(when: str) -> str:
    stamp = f"<TimeStamp><when>{when}</when></TimeStamp>"
    return f"<kml><Placemark>{stamp}<Point><coordinates>-115,51</coordinates></Point></Placemark></kml>"


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("a.gpx", "<gpx><trk>", "damaged"),
        ("a.gpx", '<?xml version="1.0"?><gpx version="1.1"></gpx>', "no track points"),
        ("a.kml", '<!DOCTYPE kml [<!ENTITY a "b">]><kml/>', "entities"),
        ("a.geojson", "[1, 2", "damaged"),
        ("a.txt", "hello", "use GPX, KML or GeoJSON"),
        ("deep.geojson", "[" * 200_000, "damaged"),
        ("null.geojson", '{"type": "FeatureCollection", "features": [null]}', "damaged"),
        ("list.geojson", '{"type": "Feature", "properties": [1], "geometry": {"type": "Point"}}', "damaged"),
        ("encoding.gpx", '<?xml version="1.0" encoding="punycode"?><gpx/>', "not a text file"),
        ("month.kml", kml_point("2019-07"), "no track points"),
    ],
)
def test_what_is_no_track_gets_a_sentence(tmp_path, name, text, part):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(TrackError, match=part):
        load_tracks([file])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_old_programs_write_other_encodings_than_utf_8(tmp_path, encoding):
    file = tmp_path / "a.gpx"
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    file.write_bytes(
        f'<?xml version="1.0" encoding="{named}"?>\n<gpx version="1.1" creator="Été"><trk><trkseg>'
        '<trkpt lat="46" lon="-71"><time>2019-07-12T15:00:00Z</time></trkpt></trkseg></trk></gpx>'.encode(
            encoding
        )
    )
    assert len(load_tracks([file]).time_s) == 1


def test_entities_are_refused_in_any_encoding(tmp_path):
    file = tmp_path / "bomb.gpx"
    file.write_bytes(
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><gpx/>'.encode("utf-16")
    )
    with pytest.raises(TrackError, match="entities"):
        load_tracks([file])


def test_what_a_receiver_writes_that_does_not_know_yet_is_left_out(tmp_path):
    """0, 0, no place, the year 1 and the 1970s: each point alone would draw photos across the world."""
    rows = [
        ("2019-07-12T15:00:00Z", "0", "0"),
        ("2019-07-12T15:01:00Z", "51", "-115"),
        ("2019-07-12T15:02:00Z", "NaN", "-115"),
        ("0001-01-01T00:00:00Z", "51", "-115"),
        ("1970-01-01T00:00:00Z", "51", "-115"),
        ("yesterday", "51", "-115"),
    ]
    body = "".join(f'<trkpt lat="{la}" lon="{lo}"><time>{t}</time></trkpt>' for t, la, lo in rows)
    file = tmp_path / "a.gpx"
    file.write_text(f'<gpx version="1.1" creator="t"><trk><trkseg>{body}</trkseg></trk></gpx>')
    track = load_tracks([file])
    assert track.time_s.tolist() == [datetime(2019, 7, 12, 15, 1, tzinfo=timezone.utc).timestamp()]


def test_places_and_times_that_are_missing_in_kml_cost_only_their_point(tmp_path):
    whens = "".join(f"<when>{t}</when>" for t in ("2019-07-12T15:00:00Z", "", "2019-07-12T15:02:00Z"))
    coords = "<gx:coord/><gx:coord>-115 51 0</gx:coord><gx:coord>-115.2 51 0</gx:coord>"
    file = tmp_path / "a.kml"
    file.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>'
        f"<Placemark><gx:Track>{whens}{coords}</gx:Track></Placemark>"
        "<Placemark><TimeStamp><when>2019</when></TimeStamp><Point><coordinates>-1,2</coordinates></Point></Placemark>"
        "</Document></kml>"
    )
    assert load_tracks([file]).lon_deg.tolist() == [-115.2]


@pytest.mark.parametrize(
    "times",
    [
        ["1562943600", "1562943660"],
        [1562943600000, "1562943660000"],
        ["2019-07-12T15:00:00Z", "2019-07-12T09:01:00-0600"],
        ["2019-07-12T15:00:00.000Z", "2019-07-12 15:01:00"],
    ],
    ids=["seconds as text", "milliseconds", "offset without a colon", "without a time zone"],
)
def test_times_in_geojson_come_as_text_and_numbers(tmp_path, times):
    document = {
        "type": "Feature",
        "properties": {"coordTimes": [None, *times, 1e30, True]},
        "geometry": {"type": "LineString", "coordinates": [[-115.0, 51.0 + i / 100] for i in range(5)]},
    }
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps(document))
    track = load_tracks([file])
    assert track.time_s.tolist() == [1562943600.0, 1562943660.0]
    assert track.lat_deg.tolist() == [51.01, 51.02]


def test_thousands_of_located_photos_tell_the_clock_as_some_do(tmp_path):
    track = load_tracks([gpx(tmp_path / "walk.gpx")])
    moments = [START + timedelta(seconds=i / 3) for i in range(5000)]
    located = [(moment.replace(tzinfo=None), track.at(moment).position) for moment in moments]
    some = offset_from_located(track, located[::50])
    assert offset_from_located(track, located) == some
    assert some is not None
    assert some.offset == timedelta(0)


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
