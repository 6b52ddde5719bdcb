"""City, state and country are read as ExifTool wrote them, from XMP, sidecars and IPTC records."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from PIL import Image

from geotagger.metadata.model import PlaceNames
from geotagger.metadata.place_names import place_names
from geotagger.metadata.reading import read_photo

BANFF = PlaceNames("Banff", "Alberta", "Canada")


def photo(path: Path, exiftool: str, *tags: str) -> Path:
    Image.new("RGB", (32, 24), "green").save(path)
    if tags:
        command = [exiftool, "-q", "-overwrite_original", *tags, str(path)]
        subprocess.run(command, check=True, capture_output=True)
    return path


XMP = ("-XMP-photoshop:City=Banff", "-XMP-photoshop:State=Alberta", "-XMP-photoshop:Country=Canada")
IPTC = ("-IPTC:City=Banff", "-IPTC:Province-State=Alberta", "-IPTC:Country-PrimaryLocationName=Canada")


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.png", "a.webp"])
def test_names_in_xmp_are_read(name, tmp_path, exiftool):
    assert read_photo(photo(tmp_path / name, exiftool, *XMP)).place_names == BANFF


def test_names_in_iptc_records_of_a_jpeg_file_are_read(tmp_path, exiftool):
    tags = ("-IPTC:CodedCharacterSet=UTF8", "-IPTC:City=Québec", "-IPTC:Keywords=snow")
    assert read_photo(photo(tmp_path / "a.jpg", exiftool, *IPTC)).place_names == BANFF
    assert read_photo(photo(tmp_path / "b.jpg", exiftool, *tags)).place_names == PlaceNames(
        "Québec", None, None
    )


def test_a_code_stands_for_a_country_that_is_not_named(tmp_path, exiftool):
    path = photo(tmp_path / "a.jpg", exiftool, "-XMP-iptcCore:CountryCode=CAN")
    assert read_photo(path).place_names == PlaceNames(None, None, "CAN")


def test_a_sidecar_wins_over_the_file(tmp_path, exiftool):
    path = photo(tmp_path / "a.jpg", exiftool, *IPTC)
    sidecar = path.with_suffix(".xmp")
    subprocess.run([exiftool, "-q", "-XMP-photoshop:State=Montana", str(sidecar)], check=True)
    assert read_photo(path).place_names == PlaceNames(None, "Montana", None)


def test_a_file_that_names_nothing_has_none(tmp_path, exiftool):
    assert read_photo(photo(tmp_path / "a.jpg", exiftool)).place_names is None
    assert read_photo(photo(tmp_path / "b.jpg", exiftool, "-IPTC:Keywords=snow")).place_names is None
    assert read_photo(photo(tmp_path / "c.jpg", exiftool, "-XMP-photoshop:City=  ")).place_names is None


@pytest.mark.parametrize(
    ("city", "read"),
    [
        ("Québec".encode(), "Québec"),
        ("Québec".encode("latin-1"), "Québec"),
        ("L’Anse-aux-Meadows".encode("cp1252"), "L’Anse-aux-Meadows"),
        ("L’Anse-aux-Meadows".encode(), "L’Anse-aux-Meadows"),
        ("Montré".encode("latin-1"), "Montré"),
        ("Ivujivik ᐃᕗᔨᕕᒃ".encode(), "Ivujivik ᐃᕗᔨᕕᒃ"),
        (b"Banff \x81", None),
    ],
    ids=[
        "UTF-8",
        "Latin-1",
        "Windows",
        "UTF-8 of Windows",
        "cut like UTF-8",
        "syllabics",
        "no character at all",
    ],
)
def test_names_are_read_where_the_records_do_not_say_in_which_characters_they_are(city, read):
    found = place_names([], resources_of(city))
    assert found == PlaceNames(read, None, "Canada")


def test_names_are_read_as_exiftool_reads_them_with_and_without_a_character_set(tmp_path, exiftool):
    for name, said in (
        ("said.jpg", ["-IPTC:CodedCharacterSet=UTF8"]),
        ("unsaid.jpg", ["-charset", "iptc=UTF8"]),
        ("western.jpg", ["-charset", "iptc=Latin"]),
    ):
        path = photo(tmp_path / name, exiftool, *said, "-IPTC:City=Trois-Rivières")
        assert read_photo(path).place_names == PlaceNames("Trois-Rivières", None, None)


def resources_of(city: bytes) -> bytes:
    """Photoshop image resources with IPTC records."""
    records = b"".join(
        b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text
        for number, text in ((90, city), (101, b"Canada"))
    )
    return b"8BIM\x04\x04\0\0" + len(records).to_bytes(4, "big") + records


@pytest.mark.parametrize(
    ("city", "read"),
    [
        (b"Banff\0\0\0", "Banff"),
        (b"\x1b[2J\x07Banff", None),
        (b"<rdf:Alt><rdf:li>Banff</rdf:li></rdf:Alt>", None),
        (b"Banff " * 40, None),
    ],
    ids=["padded", "steers a terminal", "marked up", "a whole text"],
)
def test_what_is_no_name_is_not_taken_for_one(city, read):
    assert place_names([], resources_of(city)) == PlaceNames(read, None, "Canada")


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_damaged_records_are_no_reason_to_fail(cut):
    city = b"\x1c\x02\x5a" + (5).to_bytes(2, "big") + b"Banff"
    whole = b"8BIM\x04\x04\0\0" + len(city).to_bytes(4, "big") + city
    found = place_names([], (b"8BIM\x03\xed\0\0\0\0\0\x04abcd" + whole)[:cut])
    assert found is None or "Banff".startswith(found.city or "?")
    assert place_names([], whole) == PlaceNames("Banff", None, None)
