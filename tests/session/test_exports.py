import csv
import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pytest

from geotagger.core.errors import GeotaggerError
from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.session.exports import (
    ExportRow,
    check_export_name,
    to_csv,
    to_geojson,
    to_gpx,
    to_kml,
    write_export,
)

ALBERTA_TIME = timezone(timedelta(hours=-6))
ROWS = [
    ExportRow(
        Path("trip/<b>a<i> & ü.jpg"),
        LatLon(51.178001, -115.570999),
        Source.MODEL,
        42.5,
        "CA-AB",
        0.731,
        datetime(2019, 7, 3, 12, 0, tzinfo=ALBERTA_TIME),
    ),
    ExportRow(Path("b.jpg"), LatLon(-0.5, 180), Source.MANUAL, taken=datetime(2019, 7, 3, 12, 0)),
]


def test_csv_is_read_back_by_a_csv_reader():
    rows = list(csv.DictReader(io.StringIO(to_csv(ROWS))))
    assert rows[0]["path"] == str(ROWS[0].path)
    assert float(rows[0]["lat_deg"]) == pytest.approx(51.178001)
    assert rows[0]["region"] == "CA-AB"
    assert rows[1]["radius_km"] == ""
    assert rows[1]["source"] == "manual"


def test_geojson_has_longitude_first():
    collection = json.loads(to_geojson(ROWS))
    assert collection["type"] == "FeatureCollection"
    assert collection["features"][0]["geometry"]["coordinates"] == [-115.570999, 51.178001]
    assert collection["features"][1]["properties"]["radius_km"] is None


def test_kml_holds_file_names_as_text_and_never_as_markup():
    root = ElementTree.fromstring(to_kml(ROWS))
    ns = {"k": "http://www.opengis.net/kml/2.2"}
    assert root.find(".//k:name", ns).text == "<b>a<i> & ü.jpg"
    assert root.find(".//k:coordinates", ns).text == "-115.570999,51.178001"


def test_gpx_gives_a_time_only_where_the_zone_is_known():
    root = ElementTree.fromstring(to_gpx(ROWS))
    ns = {"g": "http://www.topografix.com/GPX/1/1"}
    waypoints = root.findall("g:wpt", ns)
    assert [float(waypoint.get("lat")) for waypoint in waypoints] == [51.178001, -0.5]
    assert waypoints[0].find("g:time", ns).text == "2019-07-03T12:00:00-06:00"
    assert waypoints[1].find("g:time", ns) is None


def test_names_that_xml_cannot_hold_do_not_stop_the_export(tmp_path):
    row = ExportRow(Path("bad\x01\udcff.jpg"), LatLon(1, 2), Source.MANUAL)
    for ending in ("csv", "geojson", "kml", "gpx"):
        write_export([row], tmp_path / f"out.{ending}")
        assert (tmp_path / f"out.{ending}").stat().st_size > 0
    assert ElementTree.parse(tmp_path / "out.kml") is not None


def test_an_empty_export_is_a_valid_file():
    assert json.loads(to_geojson([]))["features"] == []
    assert ElementTree.fromstring(to_gpx([])).tag.endswith("gpx")


def test_unknown_endings_are_refused_before_work_is_done():
    with pytest.raises(GeotaggerError, match="must end in one of"):
        check_export_name(Path("out.xlsx"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(GeotaggerError, match="could not be written"):
        write_export(ROWS, tmp_path / "missing" / "out.csv")
