import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geotagger.core.errors import CoordinateError, GeotaggerError
from geotagger.core.geo import EARTH_RADIUS_KM, LatLon, destination, distance_score, haversine_km

positions = st.builds(LatLon, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("lat", "lon"), [(91, 0), (-90.1, 0), (0, 181), (0, -180.5), (math.nan, 0), (0, math.inf)]
)
def test_what_is_not_on_earth_is_refused(lat, lon):
    with pytest.raises(CoordinateError) as caught:
        LatLon(lat, lon)
    assert isinstance(caught.value, GeotaggerError)


@pytest.mark.parametrize(("lat", "lon"), [(90.0000001, 0), (0, -180.00000000001)])
def test_a_value_just_out_of_range_is_said_in_full(lat, lon):
    with pytest.raises(CoordinateError, match=f" {lat or lon} is not between"):
        LatLon(lat, lon)


def test_a_quarter_of_a_meridian():
    assert LatLon(0, 0).distance_km(LatLon(90, 0)) == pytest.approx(EARTH_RADIUS_KM * math.pi / 2)


def test_known_distance_between_cities():
    # Ottawa to Washington, D.C.: about 733 km on the sphere.
    assert LatLon(45.4215, -75.6972).distance_km(LatLon(38.9072, -77.0369)) == pytest.approx(733, abs=3)


def test_across_the_date_line_is_near():
    assert LatLon(52, 179.9).distance_km(LatLon(52, -179.9)) < 15


def test_antipodes_do_not_leave_the_domain_of_arcsin():
    assert LatLon(0, 0).distance_km(LatLon(0, 180)) == pytest.approx(EARTH_RADIUS_KM * math.pi)


def test_arrays_broadcast():
    distances = haversine_km(np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(4), np.arange(4))
    assert distances.shape == (3, 4)
    assert distances[0, 0] == 0


@given(positions, positions)
def test_distance_is_symmetric_and_bounded(a, b):
    assert a.distance_km(b) == pytest.approx(b.distance_km(a), abs=1e-6)
    assert 0 <= a.distance_km(b) <= EARTH_RADIUS_KM * math.pi + 1e-6


@given(st.builds(LatLon, st.floats(-80, 80), st.floats(-180, 180)), st.floats(0, 360), st.floats(0, 5000))
def test_destination_lies_at_the_distance_asked_for(start, bearing, distance):
    assert start.distance_km(destination(start, bearing, distance)) == pytest.approx(distance, abs=1e-3)


def test_score_falls_to_one_over_e_at_its_scale():
    assert distance_score(0) == 1
    assert distance_score(1160) == pytest.approx(math.exp(-1))
