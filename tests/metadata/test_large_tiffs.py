"""TIFF files of many pages, large layers and more of anything than a photo has: written, or refused, but never at any price."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.metadata import (
    Journal,
    WriteOutcome,
    WritePolicy,
    WriteTarget,
    plan_write,
    read_photo,
    strip_fix,
)
from geotagger.metadata.source import MemorySource
from geotagger.metadata.tiff_dump import dump
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, ExifTool

Write = Callable[..., WriteOutcome]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return tmp_path / "scan.tif"


@pytest.mark.parametrize("pages", [127, 128, 129, 600])
def test_a_scan_of_many_pages_is_written(scan: Path, write: Write, oracle: ExifTool, pages: int) -> None:
    original = samples.many_pages(pages)
    scan.write_bytes(original)
    assert write(scan).target is WriteTarget.FILE
    assert oracle.position(scan) == pytest.approx((46.912345678, -110.4), abs=1e-6)
    written = scan.read_bytes()
    assert written[8 : len(original)] == original[8:]


def test_a_position_on_the_last_of_many_pages_is_taken_out(scan: Path, journal: Journal) -> None:
    scan.write_bytes(samples.many_pages(300, gps=True))
    latitude = struct.pack("<4I", 48, 1, 51, 1)
    assert latitude in scan.read_bytes()
    outcome = strip_fix(scan, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    assert outcome.target is WriteTarget.FILE
    assert not outcome.leaves_position
    assert latitude not in scan.read_bytes()


def test_more_pages_than_can_be_looked_through_get_a_sidecar_and_are_named(
    scan: Path, write: Write, journal: Journal
) -> None:
    original = samples.many_pages(4200, gps=True)
    scan.write_bytes(original)
    outcome = strip_fix(scan, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    assert outcome.leaves_position
    assert outcome.note == "Its EXIF block may hold a position, which cannot be taken out safely."
    assert write(scan).note == ("The position goes into a sidecar: it has more directories than any photo.")
    assert scan.read_bytes() == original


def test_layers_are_not_held_in_memory(scan: Path) -> None:
    size = 64 << 20
    scan.write_bytes(samples.layered(size))
    tracemalloc.start()
    try:
        assert plan_write(scan, ESTIMATE, WritePolicy()).target is WriteTarget.FILE
        assert tracemalloc.get_traced_memory()[1] < size / 4
    finally:
        tracemalloc.stop()


def test_a_changed_layer_would_be_noticed() -> None:
    data = bytearray(samples.layered(100_000))
    before = dump(MemorySource(bytes(data)))
    data[-1] ^= 1
    assert dump(MemorySource(bytes(data))) != before


@pytest.mark.parametrize("size", [60, 2000])
def test_a_change_of_a_value_of_any_length_would_be_noticed(size: int) -> None:
    data = bytearray(samples.layered(size))
    before = dump(MemorySource(bytes(data)))
    data[-1] ^= 1
    assert dump(MemorySource(bytes(data))) != before


def test_entries_that_show_the_same_value_do_not_fill_the_memory() -> None:
    entries, size = 4000, 4096
    data = b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + struct.pack("<H", entries)
    data += struct.pack("<HHII", 0x9000, 7, size, 8) * entries + bytes(4)
    tracemalloc.start()
    try:
        assert len(dump(MemorySource(data))) == entries
        assert tracemalloc.get_traced_memory()[1] < entries * size / 4
    finally:
        tracemalloc.stop()


@pytest.mark.timeout(30)
def test_pages_that_share_a_list_of_a_million_strips_do_not_fill_the_memory(scan: Path) -> None:
    strips, pages = 300_000, 100
    data = bytearray(b"II*\0" + bytes(4) + struct.pack("<I", 8) * strips + struct.pack("<I", 1) * strips)
    struct.pack_into("<I", data, 4, len(data))
    for page in range(pages):
        rows = [(0x100, 3, 1, 4), (0x101, 3, 1, 4), (0x103, 3, 1, 1)]
        rows += [(0x111, 4, strips, 8), (0x117, 4, strips, 8 + 4 * strips)]
        following = len(data) + 2 + 12 * len(rows) + 4 if page < pages - 1 else 0
        data += struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in rows)
        data += struct.pack("<I", following)
    scan.write_bytes(data)
    assert read_photo(scan).width_px == 4
    tracemalloc.start()
    try:
        assert plan_write(scan, ESTIMATE, WritePolicy()).target is WriteTarget.SIDECAR
        assert tracemalloc.get_traced_memory()[1] < 500 << 20
    finally:
        tracemalloc.stop()
