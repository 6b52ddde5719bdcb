"""The short form of ``scripts/fuzz_metadata.py`` and ``scripts/kill_metadata.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import fuzz_metadata


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
