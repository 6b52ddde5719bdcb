"""What the tests of the metadata room share: a journal, an ExifTool that stays open, and a way to write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from geotagger.core.fix import Fix
from geotagger.metadata import Journal, Overwrite, SidecarMode, WriteOutcome, WritePolicy, write_fix

pytest.register_assert_rewrite("tests.metadata.judging")

from tests.metadata import samples  # noqa: E402
from tests.metadata.judging import ESTIMATE, ExifTool  # noqa: E402


@pytest.fixture(scope="session")
def oracle(exiftool: str) -> Iterator[ExifTool]:
    """ExifTool, open for the session."""
    tool = ExifTool(exiftool)
    yield tool
    tool.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo without position, alone in its folder."""
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(samples.JPEGS["exif-little-endian"]())
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of its own for each test."""
    with Journal(tmp_path / "journal" / "geotagger.sqlite3") as opened:
        yield opened


@pytest.fixture
def write(journal: Journal) -> Callable[..., WriteOutcome]:
    """Write a fix, replacing whatever is there."""

    def write(path: Path, fix: Fix = ESTIMATE, **policy: Any) -> WriteOutcome:
        chosen = WritePolicy(**{"overwrite": Overwrite.ALL, "sidecar": SidecarMode.AUTO, **policy})
        return write_fix(path, fix, chosen, journal, journal.begin_run("test"))

    return write


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("small disks cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
