import pytest
from hypothesis import given
from hypothesis import strategies as st

from geotagger.core.coordinates import Notation, format_position, format_radius, parse_coordinates
from geotagger.core.errors import CoordinateError
from geotagger.core.geo import LatLon

JUDITH_GAP = LatLon(46.9, -110.4)


@pytest.mark.parametrize(
    "text",
    [
        "46.9, -110.4",
        "46.9,-110.4",
        "46.9 -110.4",
        "  (46.9, -110.4) ",
        "[46.9, -110.4]",
        "46.9°, −110.4°",
        "lat: 46.9, lon: -110.4",
        "46,9; -110,4",
        "46,9 -110,4",
        "46.9N 110.4W",
        "N 46.9 W 110.4",
        "46°54'N 110°24'W",
        "46°54′00.0″N 110°24′00.0″W",
        "46° 54' 0\" N, 110° 24' 0\" W",
        "46 54 00 N 110 24 00 W",
        "N46 54.000 W110 24.000",
        "46:54:00N 110:24:00W",
        "46°54'N 110°24'O",
        "46°54'0\", -110°24'0\"",
        "geo:46.9,-110.4",
        "geo:46.9,-110.4;u=35",
        "GEO:46.9,-110.4?z=12",
        "https://www.google.com/maps/@46.9,-110.4,12z",
        "https://www.google.com/maps/place/Judith+Gap/@46.8,-110.1,12z/data=!3d46.9!4d-110.4",
        "https://maps.google.com/?q=46.9,-110.4",
        "https://www.google.com/maps/search/?api=1&query=46.9%2C-110.4",
        "https://maps.apple.com/?ll=46.9,-110.4&z=10",
        "https://www.openstreetmap.org/#map=12/46.9/-110.4",
        "https://www.openstreetmap.org/?mlat=46.9&mlon=-110.4#map=5/40.0/-100.0",
        "https://www.bing.com/maps?cp=46.9~-110.4&lvl=11",
    ],
)
def test_every_usual_notation_is_read(text):
    position = parse_coordinates(text)
    assert position.lat_deg == pytest.approx(46.9, abs=1e-9)
    assert position.lon_deg == pytest.approx(-110.4, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("0, 0", 0, 0),
        ("-0.0, 180", 0, 180),
        ("90, -180", 90, -180),
        ("-33.5, 151.25", -33.5, 151.25),
        ("33°30'S 151°15'E", -33.5, 151.25),
        ("51, 12", 51, 12),
    ],
)
def test_signs_and_edges(text, lat, lon):
    assert parse_coordinates(text) == LatLon(lat, lon)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Banff",
        "46.9",
        "91, 0",
        "0, 181",
        "nan, 1",
        "46°75'N 110°24'W",
        "https://example.org/",
        "46.9, -110.4, 12",
        "1" * 5000,
    ],
)
def test_what_is_not_a_position_is_refused_with_a_sentence(text):
    with pytest.raises(CoordinateError) as caught:
        parse_coordinates(text)
    assert str(caught.value).endswith(".")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "1" * 1990,
        "N" + "1" * 1900 + "x",
        "1" * 900 + "N" + "1" * 900,
        "1" + " " * 1900 + "x",
        "N 1" + " 1" * 900,
    ],
)
def test_long_texts_are_refused_at_once(text):
    with pytest.raises(CoordinateError):
        parse_coordinates(text)


@given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from(Notation))
def test_what_is_shown_is_read_back(lat, lon, notation):
    position = LatLon(lat, lon)
    text = format_position(position, notation)
    assert "′60" not in text
    assert "°60" not in text
    read = parse_coordinates(text)
    assert read.distance_km(position) < 0.01


@pytest.mark.parametrize(
    ("radius_km", "notation", "text"),
    [
        (None, Notation.DECIMAL, "46.93217, -110.47654"),
        (9.9, Notation.DECIMAL, "46.93217, -110.47654"),
        (10.0, Notation.DECIMAL, "46.93, -110.48"),
        (310.0, Notation.DECIMAL, "46.9, -110.5"),
        (10.0, Notation.DEGREES_MINUTES, "46°56′N 110°29′W"),
        (10.0, Notation.DEGREES_MINUTES_SECONDS, "46°56′N 110°29′W"),
        (310.0, Notation.DEGREES_MINUTES_SECONDS, "47°00′N 110°30′W"),
    ],
)
def test_a_guess_is_shown_no_finer_than_its_radius(radius_km, notation, text):
    position = LatLon(46.93217, -110.47654)
    assert format_position(position, notation, radius_km) == text
    assert parse_coordinates(text).distance_km(position) < 0.1 * (radius_km or 1)


@pytest.mark.parametrize("notation", list(Notation))
def test_seconds_carry_instead_of_reaching_sixty(notation):
    text = format_position(LatLon(59.99999999, -119.99999999), notation)
    assert text.startswith("60")
    assert "120" in text


@pytest.mark.parametrize(
    ("radius_km", "text"),
    [
        (314.2, "± 310 km"),
        (4.18, "± 4.2 km"),
        (0.853, "± 850 m"),
        (1234, "± 1 200 km"),
        (9.96, "± 10 km"),
        (0.9999, "± 1000 m"),
    ],
)
def test_a_radius_shows_two_digits(radius_km, text):
    assert format_radius(radius_km) == text
