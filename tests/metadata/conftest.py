"""What the tests of the metadata room share: a journal, an ExifTool that stays open, and ways to write."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import Journal, Overwrite, SidecarMode, WriteOutcome, WritePolicy, write_fix

ESTIMATE = Fix(
    LatLon(46.912345678, -110.4),
    Source.MODEL,
    310.0,
    "geotagger-test-1a2b3c4d",
    0.41,
    (("US-MT", 0.41), ("US-WY", 0.22)),
)
MANUAL = Fix(LatLon(-33.8568, 151.2153), Source.MANUAL)


class ExifTool:
    """ExifTool as a second opinion, kept running between questions."""

    def __init__(self, command: str) -> None:
        self._process = subprocess.Popen(
            [command, "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *arguments: str) -> bytes:
        """Standard output of one call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n".join([*arguments, "-execute\n"]).encode())
        self._process.stdin.flush()
        output = bytearray()
        while not output.endswith(b"{ready}\n"):
            chunk = self._process.stdout.read1(65536)
            assert chunk, "ExifTool has ended"
            output += chunk
        return bytes(output[: -len(b"{ready}\n")])

    def tags(self, path: Path) -> dict[str, Any]:
        """All tags with their values, duplicates and warnings included."""
        output = self.run("-j", "-a", "-b", "-n", "-G1:4", "-validate", "-warning", "-all", str(path))
        (found,) = json.loads(output)
        return found

    def position(self, path: Path) -> tuple[float, float] | None:
        """The position as other programs would see it."""
        (found,) = json.loads(
            self.run("-j", "-n", "-Composite:GPSLatitude", "-Composite:GPSLongitude", str(path))
        )
        if "GPSLatitude" not in found:
            return None
        return found["GPSLatitude"], found["GPSLongitude"]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"-stay_open\nFalse\n")
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


_NEVER_THE_SAME = (
    "SourceFile",
    "System:",
    "ExifTool:ExifToolVersion",
    "ExifTool:Validate",
    "Composite:GPS",
    "GPS:",
    "XMP-geotagger:",
)
_OF_POSITIONS = ("XMP-exif:GPS",)


def foreign_tags(tags: dict[str, Any]) -> dict[str, Any]:
    """The tags that a write must leave alone, without warnings."""
    return {
        key: value
        for key, value in tags.items()
        if not key.startswith(_NEVER_THE_SAME) and not key.startswith(_OF_POSITIONS) and "Warning" not in key
    }


def warnings_in(tags: dict[str, Any]) -> set[str]:
    """The warnings that ExifTool gives, whatever their number."""
    return {str(value) for key, value in tags.items() if "Warning" in key}


@pytest.fixture(scope="session")
def oracle(exiftool: str) -> Iterator[ExifTool]:
    """ExifTool, open for the session."""
    tool = ExifTool(exiftool)
    yield tool
    tool.close()


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
