"""Lists of photos: read as spreadsheets write them, and mistakes told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from geotagger.core.regions import load_regions
from tests.trainer.small import save_list
from trainer.prepare import read_photo_list
from trainer.shards import DataError


def test_region_is_found_from_the_position(tmp_path: Path) -> None:
    rows = [{"file": "a/1.jpg", "region": "", "lat": 39.7, "lon": -105.0, "photographer": ""}]
    listed = read_photo_list(save_list(tmp_path, rows))[0]
    assert listed.region == load_regions().by_postal("CO").index
    assert listed.group == "a"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"file": "a.jpg", "region": "XX"}, "no region XX"),
        ({"file": "a.jpg", "region": ""}, "neither"),
        ({"file": "a.jpg", "region": "CO", "lat": "north", "lon": "1"}, "Line 2"),
        ({"file": "a.jpg", "region": "CO", "lat": "99", "lon": "1"}, "Latitude"),
        ({"file": "a.jpg", "region": "CO", "lat": "39.5"}, "Line 2 of photos.csv has half a position"),
        ({"file": "a.jpg", "region": "CO", "lat": "nan", "lon": "nan"}, "finite"),
        ({"file": "a.jpg", "region": "NY", "lat": "-75", "lon": "44"}, "more than 300 km from New York"),
        ({"file": "a.jpg", "region": "", "lat": "48.8", "lon": "2.3"}, "more than 300 km from"),
    ],
)
def test_senseless_rows_are_told(tmp_path: Path, row: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_photo_list(save_list(tmp_path, [row]))


def test_lists_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_photo_list(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("picture\n1.jpg\n")
    with pytest.raises(DataError, match="no column"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("file,lat,photographer\n1.jpg,45,a\n")
    with pytest.raises(DataError, match="neither a column “region” nor the columns “lat” and “lon”"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes("file,region\nfoto-é.jpg,CO\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("region,file\nCO\n")
    with pytest.raises(DataError, match=r"Line 2 of a\.csv names no file"):
        read_photo_list(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "text",
    [
        "\n\nfile;region;lat;lon\na.jpg;co;39,5;-105,25\n",
        "file\tregion\tlat\tlon\r\na.jpg\tCO\t39.5\t-105.25\r\n",
        "\n File , Region, LAT,lon\n a.jpg , CO , 39.5 ,-105.25,\n\n",
        'lon,note,lat,file\n-105.25,"two\nlines",39.5,a.jpg\n',
    ],
)
def test_lists_as_spreadsheets_write_them_are_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode())
    (photo,) = read_photo_list(tmp_path / "a.csv")
    assert (photo.key, photo.region) == ("a.jpg", load_regions().by_postal("CO").index)
    assert (photo.lat_deg, photo.lon_deg) == (39.5, -105.25)


def test_mistakes_are_told_with_their_line_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('file,region,note\n\na.jpg,CO,"two\nlines"\nb,c.jpg,CO,\n')
    with pytest.raises(DataError, match=r"Line 5 of a\.csv: there is no region c\.jpg"):
        read_photo_list(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("file,region\na.jpg,CO,QC\n")
    with pytest.raises(DataError, match=r"Line 2 of a\.csv has more columns than the first line names"):
        read_photo_list(tmp_path / "a.csv")


def test_a_list_from_a_spreadsheet_with_a_signature_at_its_start_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,region\n1.jpg,CO\n", encoding="utf-8-sig")
    assert [photo.key for photo in read_photo_list(tmp_path / "a.csv")] == ["1.jpg"]


def test_another_spelling_of_a_name_makes_no_second_photographer(tmp_path: Path) -> None:
    names = ("Jane Doe", " Jane  Doe ", "jane DOE\t")
    rows = [{"file": f"{i}.jpg", "region": "CO", "photographer": name} for i, name in enumerate(names)]
    rows.append({"file": "d/3.jpg", "region": "CO", "photographer": " "})
    groups = [photo.group for photo in read_photo_list(save_list(tmp_path, rows))]
    assert groups == ["jane doe"] * 3 + ["d"]
    rows = [{"file": "a.jpg", "region": "CO", "photographer": name} for name in ("Jos\u00e9", "Jose\u0301")]
    assert len({photo.group for photo in read_photo_list(save_list(tmp_path, rows))}) == 1


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,region\na\0.jpg,CO\n")
    with pytest.raises(DataError, match=r"a\.csv"):
        read_photo_list(tmp_path / "a.csv")
