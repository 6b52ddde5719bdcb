"""The short form of ``scripts/fuzz_metadata.py`` and ``scripts/kill_metadata.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geotagger.core.errors import UnreadablePhotoError, WriteRefusedError
from geotagger.metadata import Journal, Overwrite, SidecarMode, WritePolicy, read_photo, write_fix
from scripts import fuzz_metadata
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_headers_are_refused_or_written_right(seed: int) -> None:
    tally = fuzz_metadata.run(1500, seed, None, None)
    assert sum(tally.outcomes.values()) == 1500
    assert tally.outcomes["FINDING"] == 0
    assert tally.outcomes["changed and changed"] > 100
    assert tally.outcomes["refused and refused"] > 100


def test_damaged_camera_files_are_refused_or_written_right(exif_corpus: Path) -> None:
    tally = fuzz_metadata.run(1000, 3, exif_corpus, None)
    assert tally.outcomes["FINDING"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_killed_writer_leaves_old_or_new_files_and_a_journal_that_knows(tmp_path: Path) -> None:
    from scripts import kill_metadata

    folder = tmp_path / "photos"
    folder.mkdir()
    interrupted = kill_metadata.run(12, 4, folder)
    assert sum(interrupted.values()) == 12


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted({**samples.JPEGS, **samples.REFUSED})),
    at=st.integers(0, 3000),
    junk=st.binary(min_size=1, max_size=12),
    cut=st.one_of(st.none(), st.integers(0, 3000)),
)
def test_on_disk_a_damaged_photo_is_written_right_or_left_byte_for_byte(
    name: str, at: int, junk: bytes, cut: int | None, tmp_path: Path, journal: Journal
) -> None:
    original = bytearray(samples.JPEGS.get(name, samples.REFUSED.get(name))())
    at %= len(original)
    original[at : at + len(junk)] = junk
    data = bytes(original[:cut])
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    policy = WritePolicy(Overwrite.ALL, SidecarMode.NEVER)
    try:
        write_fix(path, ESTIMATE, policy, journal, journal.begin_run("test"))
    except (UnreadablePhotoError, WriteRefusedError):
        assert path.read_bytes() == data
    else:
        found = read_photo(path).fix
        assert found is not None
        assert abs(found.position.lat_deg - ESTIMATE.position.lat_deg) <= 1e-6
        assert [outcome.error for outcome in journal.undo_run()] == [None]
        assert path.read_bytes() == data
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith(".")] == []
