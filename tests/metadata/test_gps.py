"""Positions to tags and back, on the edges where rounding goes wrong."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import gps, provenance
from geotagger.metadata.container import Contents
from geotagger.metadata.reading import fix_in
from geotagger.metadata.source import MemorySource
from geotagger.metadata.tiff_edit import new_block
from geotagger.metadata.xmp import EXIF, Packet, new_packet
from tests.metadata import samples

EDGES = (
    0.0,
    -0.0,
    1e-9,
    -1e-9,
    59.99999 / 3600,
    -59.99999 / 3600,
    59 / 60 + 59.99999 / 3600,
    89.99999999,
    45.5,
)
LATITUDES = st.one_of(st.sampled_from((*EDGES, 90.0, -90.0)), st.floats(-90, 90))
LONGITUDES = st.one_of(st.sampled_from((*EDGES, 180.0, -180.0, 179.99999999)), st.floats(-180, 180))
ONE_CENTIMETRE_DEG = 1e-7


def from_exif(fix: Fix) -> Fix | None:
    block = MemorySource(new_block(gps.fields_of(fix, ">"), (72, 72, 2)))
    return fix_in(Contents("JPEG", 1, 1, (block,)), None)


@given(LATITUDES, LONGITUDES)
def test_exif_gives_back_the_position(lat: float, lon: float) -> None:
    found = from_exif(Fix(LatLon(lat, lon), Source.MANUAL))
    if found is None:
        assert abs(lat) < ONE_CENTIMETRE_DEG
        assert abs(lon) < ONE_CENTIMETRE_DEG
    else:
        assert abs(found.position.lat_deg - lat) <= ONE_CENTIMETRE_DEG
        assert abs(found.position.lon_deg - lon) <= ONE_CENTIMETRE_DEG


@given(LATITUDES, LONGITUDES)
def test_xmp_gives_back_the_position(lat: float, lon: float) -> None:
    packet = Packet(new_packet(provenance.position_properties(Fix(LatLon(lat, lon), Source.MANUAL))))
    found = provenance.position_in(packet)
    if found is None:
        assert max(abs(lat), abs(lon)) < ONE_CENTIMETRE_DEG
    else:
        assert abs(found.lat_deg - lat) <= ONE_CENTIMETRE_DEG
        assert abs(found.lon_deg - lon) <= ONE_CENTIMETRE_DEG
    assert "60." not in (packet.get(EXIF, "GPSLatitude") or "").split(",")[1]


@given(st.floats(-180, 180))
def test_minutes_and_seconds_stay_below_sixty(deg: float) -> None:
    degrees, minutes, seconds = gps.arc_parts(deg)
    assert 0 <= minutes < 60
    assert 0 <= seconds < 600_000
    assert degrees + minutes / 60 + seconds / 36_000_000 == pytest.approx(abs(deg), abs=2e-8)
    assert max(degrees, minutes, seconds) < 2**31


def test_seconds_just_below_sixty_carry() -> None:
    assert gps.arc_parts(10 + 59 / 60 + 59.999999 / 3600) == (11, 0, 0)
    assert gps.arc_parts(59.99999 / 3600) == (0, 1, 0)
    assert gps.arc_parts(59.9999 / 3600) == (0, 0, 599_999)


@pytest.mark.parametrize(
    ("deg", "letter"), [(-0.0, b"N"), (0.0, b"N"), (-1e-12, b"N"), (-0.1, b"S"), (0.1, b"N")]
)
def test_nothing_rounds_to_minus_zero(deg: float, letter: bytes) -> None:
    (ref,) = (f for f in gps.fields_of(Fix(LatLon(deg, 5.0), Source.MANUAL), "<") if f.tag == gps.LAT_REF)
    assert ref.data == letter + b"\0"


def read_rows(rows: list[samples.Row], tmp_path: Path) -> LatLon | None:
    block = MemorySource(samples.block(gps=rows))
    found = fix_in(Contents("JPEG", 1, 1, (block,)), None)
    return found.position if found else None


def rows_without(tag: int) -> list[samples.Row]:
    return [row for row in samples.camera_gps() if row[0] != tag]


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_position_needs_both_values_and_both_hemispheres(missing: int, tmp_path: Path) -> None:
    assert read_rows(samples.camera_gps(), tmp_path) is not None
    assert read_rows(rows_without(missing), tmp_path) is None


@pytest.mark.parametrize(
    "lat",
    [(91, 1, 0, 1, 0, 1), (48, 0, 51, 1, 0, 1), (4_000_000_000, 1, 0, 1, 0, 1)],
    ids=["out-of-range", "no-denominator", "huge"],
)
def test_impossible_values_are_no_position(lat: tuple[int, ...], tmp_path: Path) -> None:
    assert read_rows(samples.camera_gps(lat=lat), tmp_path) is None


def test_zero_zero_is_no_position_but_the_prime_meridian_is(tmp_path: Path) -> None:
    zero = (0, 1, 0, 1, 0, 1)
    meridian = [r for r in samples.camera_gps() if r[0] != 4] + [
        (4, samples.RATIONAL, 3, struct.pack("<6I", *zero))
    ]
    found = read_rows(meridian, tmp_path)
    assert found is not None
    assert found.lon_deg == 0
    both = [(t, k, n, struct.pack("<6I", *zero)) if t in (2, 4) else (t, k, n, d) for t, k, n, d in meridian]
    assert read_rows(both, tmp_path) is None


def test_undefined_seconds_count_as_nothing(tmp_path: Path) -> None:
    found = read_rows(samples.camera_gps(lat=(48, 1, 30, 1, 0, 0)), tmp_path)
    assert found is not None
    assert found.lat_deg == pytest.approx(48.5)


@pytest.mark.parametrize("radius_km", [0.0, 1e-9, 0.005, 310.0, 1e9, math.inf])
def test_any_radius_can_be_written(radius_km: float) -> None:
    found = from_exif(Fix(LatLon(1, 1), Source.MODEL, radius_km))
    assert found is not None
    if math.isinf(radius_km):
        assert found.radius_km is None
    else:
        assert found.radius_km == pytest.approx(
            min(radius_km, 429_496.7), abs=0.1 if radius_km > 1e6 else 1e-4
        )


def test_only_track_positions_claim_to_be_measured() -> None:
    assert {source: gps.method_of(source) for source in Source} == {
        Source.CAMERA: None,
        Source.MODEL: "MANUAL",
        Source.MODEL_CONFIRMED: "MANUAL",
        Source.MANUAL: "MANUAL",
        Source.NEIGHBOUR: "MANUAL",
        Source.TRACK: "GPS",
    }
