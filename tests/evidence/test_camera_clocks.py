"""Two cameras of one traveller, with known clocks."""

from datetime import timedelta

import numpy as np
import pytest

from geotagger.core.geo import LatLon
from geotagger.evidence.camera_clocks import CameraClock, CameraRoll, camera_clock
from geotagger.evidence.motion import load_motion
from geotagger.evidence.sphere import unit_vectors

DIMENSIONS = 32


class Journey:
    """A traveller who photographs now and then with one of two cameras, or with both."""

    def __init__(self, grid, seed: int, days: int = 5, moments_a_day: int = 7) -> None:
        self.grid, self.rng = grid, np.random.default_rng(seed)
        self.moments = []
        lat, lon = 47.0, -112.0
        for day in range(days):
            lat, lon = lat + self.rng.normal(0, 0.8), lon + self.rng.normal(0, 1.2)
            for hour in np.sort(self.rng.uniform(8, 21, moments_a_day)):
                here = LatLon(lat + self.rng.normal(0, 0.1), lon + self.rng.normal(0, 0.1))
                self.moments.append((24 * day + float(hour), here, self.rng.normal(size=DIMENSIONS)))

    def roll(
        self, camera: str, offset_h: float = 0.0, located=False, share: float = 0.6, scenes=True, guesses=True
    ) -> CameraRoll:
        rows = []
        for hour, place, scene in self.moments:
            if self.rng.random() < share:
                for _ in range(int(self.rng.integers(1, 4))):
                    shown = scene if scenes else self.rng.normal(size=DIMENSIONS)
                    embedding = shown + self.rng.normal(0, 0.8, DIMENSIONS)
                    when = hour + float(self.rng.uniform(0, 0.08)) + offset_h
                    rows.append((when, place, embedding / np.linalg.norm(embedding)))
        rows.sort(key=lambda row: row[0])
        places = np.array([unit_vectors(p.lat_deg, p.lon_deg) for _, p, _ in rows])
        cells = self.prior()[None].repeat(len(rows), axis=0)
        if guesses:
            apart = self.grid.distances_km([p.lat_deg for _, p, _ in rows], [p.lon_deg for _, p, _ in rows])
            cells = self.prior() * (np.exp(-apart / 300) + 0.05)
        return CameraRoll(
            camera,
            np.array([row[0] for row in rows]),
            places if located else np.full_like(places, np.nan),
            (cells / cells.sum(axis=1, keepdims=True)).astype(np.float32),
            np.array([row[2] for row in rows], np.float32),
        )

    def prior(self) -> np.ndarray:
        return self.grid.area_km2 / self.grid.area_km2.sum()

    def clock(self, camera: CameraRoll, phone: CameraRoll) -> CameraClock:
        return camera_clock(camera, phone, self.grid, self.prior(), load_motion())


@pytest.mark.parametrize("offset_h", [6.0, -1.0, 25 / 60, 5.5, 0.0, 12.0], ids=str)
def test_the_offset_of_a_camera_is_found(grid, offset_h):
    for seed in range(3):
        journey = Journey(grid, seed)
        found = journey.clock(journey.roll("Camera", offset_h), journey.roll("Phone", located=True))
        assert found.is_sure, (seed, found)
        assert abs(found.offset.total_seconds() / 3600 - offset_h) <= 1 / 6, (seed, found)
        assert found.shift == found.offset


def test_whole_hours_are_found_to_the_minute(grid):
    journey = Journey(grid, 7)
    found = journey.clock(journey.roll("Camera", -1.0), journey.roll("Phone", located=True))
    assert found.offset == timedelta(hours=-1)
    assert "1 h behind that of Phone" in found.sentence


def test_clocks_that_agree_are_left_alone(grid):
    """However little is known: without pictures that are alike, without guesses, with few photos."""
    for seed in range(6):
        journey = Journey(grid, seed, days=1 + seed % 3)
        camera = journey.roll("Camera", scenes=False, guesses=False, share=0.5)
        phone = journey.roll("Phone", located=True, share=0.5)
        assert abs(journey.clock(camera, phone).shift) <= timedelta(minutes=10), seed


def test_two_photos_move_no_clock_and_it_is_said(grid):
    journey = Journey(grid, 3, days=1, moments_a_day=1)
    camera = journey.roll("Camera", 4.0, share=1.0, scenes=False, guesses=False)
    found = journey.clock(camera, journey.roll("Phone", share=1.0))
    assert not found.is_sure
    assert found.shift == timedelta(0)
    assert found.sentence.startswith("Nothing tells whether the clocks of Camera and Phone agree")


def test_travellers_who_have_nothing_in_common_move_no_clock(grid):
    for seed in range(6):
        one, other = Journey(grid, 50 + seed, days=4), Journey(grid, 80 + seed, days=4)
        found = one.clock(one.roll("Camera", guesses=False), other.roll("Phone"))
        assert not found.shift, (seed, found)
