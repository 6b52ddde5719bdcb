"""A prediction is drawn as it is: regions and cells by probability, the radius on the globe, numbers in the user's language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.prediction import CellProbability
from geotagger.gui.language import use_language
from geotagger.gui.map import CellShape
from tests.gui.map.map_samples import SHADED, LoadedMap, MakeMap, marker, prediction


def test_the_regions_of_a_prediction_are_shaded_by_probability(loaded: LoadedMap) -> None:
    loaded.view.show_prediction(prediction(LatLon(46.9, -110.4), 310, MT=0.51, WY=0.22, ID=0.09))
    loaded.wait_js("geotagger.view.prediction._shaded.size > 0")
    assert loaded.js(SHADED) == ["US-ID", "US-MT", "US-WY"]
    opacity = {
        code: loaded.js(f"geotagger.view.prediction._shaded.get('{code}').options.fillOpacity")
        for code in ("US-ID", "US-MT", "US-WY")
    }
    assert opacity["US-MT"] > opacity["US-WY"] > opacity["US-ID"] > 0
    legend = loaded.js("document.querySelector('.legend').textContent")
    assert "80 % within 310 km" in legend
    loaded.view.show_prediction(None)
    loaded.wait_js("geotagger.view.prediction._shaded.size === 0")
    assert loaded.js("document.querySelector('.legend').hidden")


def test_the_likeliest_cells_are_shaded_over_the_regions(loaded: LoadedMap) -> None:
    square = ((46.0, -111.0), (46.0, -110.0), (47.0, -110.0), (47.0, -111.0))
    other = tuple((lat + 1, lon) for lat, lon in square)
    loaded.view.show_prediction(prediction(LatLon(46.9, -110.4), 310, MT=0.51))
    loaded.view.show_cells([CellShape((square,), 1.0), CellShape((other,), 0.4)])
    layer = "geotagger.view.prediction._cellLayer.getLayers()"
    loaded.wait_js(f"{layer}.length === 2")
    assert loaded.js(f"{layer}.map((cell) => cell.options.fillOpacity)") == pytest.approx([0.5, 0.2])
    assert loaded.js(f"{layer}[0].getBounds().toBBoxString()") == "-111,46,-110,47"
    assert "likeliest places" in loaded.js("document.querySelector('.legend').textContent")
    loaded.view.show_cells([])
    loaded.wait_js(f"{layer}.length === 0")
    assert "likeliest places" not in loaded.js("document.querySelector('.legend').textContent")


def test_where_located_photos_place_a_photo_the_ring_is_filled_in_place_of_cells(loaded: LoadedMap) -> None:
    filled = "geotagger.view.prediction._marks.getLayers().filter((layer) => layer instanceof L.Polygon)"
    local = prediction(LatLon(46.9, -110.4), 40, MT=0.98)
    loaded.view.show_prediction(local)
    loaded.wait_js(f"{filled}.length === 1")
    width = loaded.js(f"(([d]) => d.getBounds().getNorth() - d.getBounds().getSouth())({filled})")
    assert width == pytest.approx(2 * 40 / 111.195, rel=0.01)
    loaded.view.show_prediction(replace(local, cells=(CellProbability(3, 0.4),)))
    loaded.wait_js(f"{filled}.length === 0")


def test_fitting_a_guess_shows_its_whole_ring(loaded: LoadedMap) -> None:
    where = LatLon(46.9123456789, -110.4123456789)
    loaded.view.set_markers([marker(1, where.lat_deg, where.lon_deg)])
    loaded.view.show_prediction(prediction(where, 310, MT=0.51))
    loaded.view.fit([1])
    loaded.wait_js("geotagger.view.map.getBounds().contains([[44.2, -114.3], [49.6, -106.5]])")
    assert loaded.js("geotagger.view.map.getZoom()") >= 5


def test_the_ring_has_the_radius_on_the_globe(loaded: LoadedMap) -> None:
    centre = LatLon(64.0, -150.0)
    loaded.view.show_prediction(prediction(centre, 500, AK=0.9))
    loaded.wait_js("geotagger.view.prediction._shaded.size === 1")
    points = loaded.js("geotagger.geodesicCircle(L.latLng(64, -150), 500)")
    distances = [centre.distance_km(LatLon(lat, (lon + 180) % 360 - 180)) for lat, lon in points]
    assert distances == pytest.approx([500] * len(points), abs=0.5)


def test_radii_carry_two_digits(loaded: LoadedMap) -> None:
    texts = loaded.js("[0.04, 0.44, 3.14159, 12.4, 312, 3649, 9960].map(geotagger.radiusText)")
    assert texts == ["40 m", "440 m", "3.1 km", "12 km", "310 km", "3\u00a0600 km", "10\u00a0000 km"]


def test_radii_are_written_with_the_decimal_mark_of_the_language(make_map: MakeMap) -> None:
    use_language("fr")
    assert make_map().js("geotagger.radiusText(3.14159)") == "3,1 km"
