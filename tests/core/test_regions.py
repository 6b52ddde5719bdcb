"""Order, shapes and distances of the 63 regions, against facts known from elsewhere."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from geotagger.core.geo import LatLon, destination
from geotagger.core.regions import NOWHERE, Regions, load_regions


@pytest.fixture(scope="module")
def regions() -> Regions:
    return load_regions()


def index(regions: Regions, postal: str) -> int:
    return regions.by_postal(postal).index


def test_class_order_is_alphabetical_over_both_countries(regions: Regions) -> None:
    assert len(regions) == 63
    assert list(regions.names) == sorted(regions.names)
    assert [region.index for region in regions] == list(range(63))
    known = {7: "Colorado", 50: "Saskatchewan", 52: "South Dakota", 60: "Wisconsin", 62: "Yukon"}
    assert {number: regions[number].name for number in known} == known


def test_codes_are_iso_3166_2_and_postal_codes_are_unique(regions: Regions) -> None:
    assert len(set(regions.codes)) == 63
    assert len({region.postal for region in regions}) == 63
    assert sum(region.country == "US" for region in regions) == 50
    assert sum(region.country == "CA" for region in regions) == 13
    assert regions.by_code("CA-NL").name == "Newfoundland and Labrador"
    assert regions.by_code("CA-YT").postal == "YT"
    assert regions.by_postal("CO") is regions.by_code("US-CO")
    with pytest.raises(KeyError):
        regions.by_code("US-DC")


def test_polygons_are_valid_and_overlap_by_no_more_than_a_sliver(regions: Regions) -> None:
    for region in regions:
        polygon = regions.polygon(region.index)
        assert polygon.is_valid, region.code
        for other in range(region.index):
            overlap = polygon.intersection(regions.polygon(other)).area
            # One quantisation step of the source is 1e-4 square degrees wide: Maryland and Virginia share a sliver.
            assert overlap < 2e-4, (region.code, regions[other].code)


@pytest.mark.parametrize(
    ("postal", "area_km2"),
    [
        ("CO", 269_601),
        ("WY", 253_335),
        ("KS", 213_100),
        ("NV", 286_380),
        ("MT", 380_831),
        ("AZ", 295_234),
        ("VT", 24_906),
        ("WV", 62_756),
        ("TX", 695_662),
        ("AB", 661_848),
        ("SK", 651_036),
        ("YT", 482_443),
        ("NU", 2_038_722),
    ],
)
def test_areas_agree_with_the_official_ones(regions: Regions, postal: str, area_km2: float) -> None:
    """Total areas of the US Census Bureau and Statistics Canada, for regions without great lakes."""
    assert regions.area_km2(index(regions, postal)) == pytest.approx(area_km2, rel=0.02)


def test_colorado_touches_its_seven_neighbours_and_no_others(regions: Regions) -> None:
    colorado = regions.polygon(index(regions, "CO"))
    touching = {
        r.postal for r in regions if r.postal != "CO" and colorado.intersects(regions.polygon(r.index))
    }
    assert touching == {"UT", "WY", "NE", "KS", "OK", "NM", "AZ"}


@pytest.mark.parametrize(
    ("place", "lat", "lon", "postal"),
    [
        ("Denver", 39.74, -104.99, "CO"),
        ("Washington, in the District of Columbia", 38.91, -77.00, "MD"),
        ("Los Angeles", 34.05, -118.24, "CA"),
        ("Anchorage", 61.20, -149.60, "AK"),
        ("Attu, the westernmost of the Aleutians", 52.90, 173.00, "AK"),
        ("Honolulu", 21.36, -157.90, "HI"),
        ("Calgary", 51.05, -114.07, "AB"),
        ("Lloydminster, west of the meridian", 53.28, -110.10, "AB"),
        ("Lloydminster, east of the meridian", 53.28, -109.90, "SK"),
        ("Whitehorse", 60.72, -135.06, "YT"),
        ("Yellowknife", 62.50, -114.50, "NT"),
        ("Iqaluit", 63.78, -68.55, "NU"),
        ("Charlottetown", 46.28, -63.20, "PE"),
        ("Gander", 48.95, -54.60, "NL"),
        ("Quebec City", 46.88, -71.35, "QC"),
        ("Texarkana, Texas", 33.42, -94.15, "TX"),
    ],
)
def test_places_lie_in_their_regions(
    regions: Regions, place: str, lat: float, lon: float, postal: str
) -> None:
    assert regions.region_at(LatLon(lat, lon)) == index(regions, postal), place
    assert regions.nearest(LatLon(lat, lon)) == index(regions, postal), place
    assert regions.distance_km(index(regions, postal), LatLon(lat, lon)) == 0.0


@pytest.mark.parametrize(
    ("lat", "lon"), [(40.0, -50.0), (48.86, 2.35), (19.43, -99.13), (47.6, -87.5), (-90, 0)]
)
def test_sea_lake_and_foreign_places_lie_in_no_region(regions: Regions, lat: float, lon: float) -> None:
    assert regions.region_at(LatLon(lat, lon)) is None
    assert regions.indices_at([lat], [lon])[0] == NOWHERE


def test_a_point_at_sea_belongs_to_the_nearest_coast(regions: Regions) -> None:
    assert regions.nearest(LatLon(24.63, -82.87)) == index(
        regions, "FL"
    )  # the Dry Tortugas, too small to be drawn
    assert regions.nearest(LatLon(47.6, -87.5)) == index(regions, "MI")  # Lake Superior, off Keweenaw


def test_distances_follow_the_sphere(regions: Regions) -> None:
    one_degree_km = 111.195
    kansas = index(regions, "KS")
    assert regions.distance_km(kansas, LatLon(35.0, -99.0)) == pytest.approx(2 * one_degree_km, abs=3)
    # Due west along a parallel, a degree is shorter by the cosine of the latitude.
    wyoming = index(regions, "WY")
    expected = 3.95 * one_degree_km * np.cos(np.radians(43.0))
    assert regions.distance_km(wyoming, LatLon(43.0, -115.0)) == pytest.approx(expected, rel=0.01)


def test_distance_to_a_long_straight_parallel_is_not_measured_to_the_chord(regions: Regions) -> None:
    """The 49th parallel bulges tens of kilometres from the great circle between its ends."""
    montana = index(regions, "MT")
    for lon in (-113.0, -110.5, -107.3):
        assert regions.distance_km(montana, LatLon(50.0, lon)) == pytest.approx(111.2, abs=3)


def test_alaska_has_no_seam_at_the_180th_meridian(regions: Regions) -> None:
    alaska = index(regions, "AK")
    west, east = LatLon(51.6, 179.99), LatLon(51.6, -179.99)
    assert abs(regions.distance_km(alaska, west) - regions.distance_km(alaska, east)) < 2.0
    # Kamchatka is nearer to Attu (173 E) than to anything on the American side.
    assert regions.distance_km(alaska, LatLon(56.0, 162.0)) == pytest.approx(780, rel=0.05)


def test_distance_shrinks_by_no_more_than_one_walks(regions: Regions) -> None:
    """A distance function is 1-Lipschitz; a wrong seam, ring or projection breaks that."""
    random = np.random.default_rng(5)
    for _ in range(40):
        start = LatLon(float(random.uniform(15, 80)), float(random.uniform(-180, 180)))
        step_km = float(random.uniform(1, 300))
        end = destination(start, float(random.uniform(0, 360)), step_km)
        lats, lons = zip((start.lat_deg, start.lon_deg), (end.lat_deg, end.lon_deg), strict=True)
        before, after = regions.distance_matrix_km(lats, lons)
        assert np.all(np.abs(before - after) <= step_km + 0.01)


def test_the_matrix_agrees_with_single_questions(regions: Regions) -> None:
    lats, lons = [39.74, 24.63, 52.0], [-104.99, -82.87, 179.9]
    matrix = regions.distance_matrix_km(lats, lons)
    assert matrix.shape == (3, 63)
    for row, (lat, lon) in enumerate(zip(lats, lons, strict=True)):
        for number in (0, 1, 7, 41, 62):
            assert matrix[row, number] == pytest.approx(regions.distance_km(number, LatLon(lat, lon)))


def test_positions_inside_have_distance_zero_to_one_region_only(regions: Regions) -> None:
    random = np.random.default_rng(1)
    lats, lons = random.uniform(30, 60, 400), random.uniform(-125, -65, 400)
    at = regions.indices_at(lats, lons)
    zeros = regions.distance_matrix_km(lats, lons) == 0
    assert np.array_equal(zeros.any(axis=1), at != NOWHERE)
    inside = at != NOWHERE
    assert np.array_equal(zeros.argmax(axis=1)[inside], at[inside])
    assert inside.sum() > 200


def test_geojson_holds_every_region_by_code(regions: Regions) -> None:
    features = regions.geojson()["features"]
    assert tuple(feature["properties"]["code"] for feature in features) == regions.codes
    assert all(feature["geometry"]["type"] == "MultiPolygon" for feature in features)


def test_loading_is_quick() -> None:
    load_regions.cache_clear()
    start = time.perf_counter()
    load_regions()
    assert time.perf_counter() - start < 0.5  # 12 ms on an idle machine


def test_labels_of_real_photos_agree_with_the_polygons(regions: Regions, shared_photos: Path) -> None:
    with (shared_photos / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lat"]][::4]
    labels = np.array([index(regions, row["region"]) for row in rows])
    distances = regions.distance_matrix_km(
        [float(row["lat"]) for row in rows], [float(row["lon"]) for row in rows]
    )
    assert len(rows) > 1300
    assert np.mean(distances.argmin(axis=1) == labels) > 0.97
    own = distances[np.arange(len(rows)), labels]
    assert np.percentile(own, 99) < 10
