"""Random points: inside their region, uniform by area, the same for the same seed."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
import shapely

from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from trainer.collect.sampling import SpacedPositions, points_in_region


def points(postal: str, count: int, seed: int = 0) -> list[LatLon]:
    regions = load_regions()
    return list(islice(points_in_region(regions, regions.by_postal(postal).index, seed), count))


@pytest.mark.parametrize("postal", ["CO", "HI", "AK", "NU", "RI", "MI", "MD"])
def test_points_lie_inside_their_region(postal: str) -> None:
    regions = load_regions()
    found = points(postal, 300)
    polygon = regions.polygon(regions.by_postal(postal).index)
    assert all(shapely.contains_xy(polygon, p.lon_deg, p.lat_deg) for p in found)
    assert len(set(found)) == 300


def test_every_region_gives_points() -> None:
    regions = load_regions()
    for region in regions:
        point = next(points_in_region(regions, region.index, 1))
        assert regions.region_at(point) == region.index


def test_the_same_seed_gives_the_same_points_and_another_seed_others() -> None:
    assert points("QC", 50, seed=3) == points("QC", 50, seed=3)
    assert points("QC", 50, seed=3) != points("QC", 50, seed=4)
    assert points("QC", 50, seed=3) != points("ON", 50, seed=3)


def test_points_are_uniform_by_area_on_the_sphere_not_in_degrees() -> None:
    # Nunavut spans 30 degrees of latitude: uniform in degrees would put far too many points in the north.
    regions = load_regions()
    polygon = shapely.segmentize(regions.polygon(regions.by_postal("NU").index), 0.1)
    flat = shapely.transform(polygon, lambda xy: np.column_stack((xy[:, 0], np.sin(np.radians(xy[:, 1])))))
    flat = shapely.make_valid(flat)
    west, low, east, high = flat.bounds
    edges = np.linspace(low, high, 7)
    shares = np.array(
        [
            shapely.intersection(flat, shapely.box(west, bottom, east, top)).area
            for bottom, top in pairwise(edges)
        ]
    )
    shares /= shares.sum()
    count = 4000
    sines = np.sin(np.radians([p.lat_deg for p in points("NU", count)]))
    seen = np.histogram(sines, edges)[0]
    chi_square = float(np.sum((seen - count * shares) ** 2 / (count * shares)))
    assert chi_square < 20.5  # 99.9 % quantile with 5 degrees of freedom


def test_islands_get_their_share() -> None:
    found = points("HI", 4000)
    # The island of Hawaii is 10 433 of the state's 16 636 km² of land (U.S. Census): 63 %.
    big_island = np.mean([p.lat_deg < 20.4 and p.lon_deg > -156.2 for p in found])
    assert 0.58 < big_island < 0.68


def test_spacing_is_kept_in_kilometres_also_far_north() -> None:
    spaced = SpacedPositions(10.0)
    spaced.add(LatLon(80.0, -90.0))
    # One degree of longitude is 19 km at 80° north, so 0.6° are 11.6 km and 0.4° are 7.7 km.
    assert spaced.is_free(LatLon(80.0, -89.4))
    assert not spaced.is_free(LatLon(80.0, -89.6))
    assert not spaced.is_free(LatLon(80.0, -90.0))
    assert SpacedPositions(10.0).is_free(LatLon(80.0, -90.0))


def test_many_positions_can_be_taken() -> None:
    spaced = SpacedPositions(1.0)
    for point in points("TX", 1500):
        spaced.add(point)
    assert not spaced.is_free(points("TX", 1500)[-1])
