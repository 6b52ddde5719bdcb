"""Judging what was written: ExifTool as a second opinion, and a look at what lies in the folder."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon

ESTIMATE = Fix(
    LatLon(46.912345678, -110.4),
    Source.MODEL,
    310.0,
    "geotagger-test-1a2b3c4d",
    0.41,
    (("US-MT", 0.41), ("US-WY", 0.22)),
)
MANUAL = Fix(LatLon(-33.8568, 151.2153), Source.MANUAL)


class Tags(list[tuple[str, Any]]):
    """Tags by group and name, such as ``IFD0:Model``, in file order."""

    def __getitem__(self, name: Any) -> Any:
        """The first value of a tag."""
        return next(value for key, value in self if key == name)

    def foreign(self) -> Counter[tuple[str, str]]:
        """The tags that a write must leave alone, without warnings."""
        return Counter((name, str(value)) for name, value in self if not name.startswith(_NEVER_THE_SAME))

    def warnings(self) -> set[str]:
        """The warnings that ExifTool gives, whatever their number."""
        return {str(value) for name, value in self if name == "ExifTool:Warning"}

    def names(self) -> set[str]:
        """The names of all tags."""
        return {name for name, _ in self}


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

    def tags(self, path: Path) -> Tags:
        """All tags with their values, duplicates and warnings included."""
        output = self.run("-j", "-a", "-b", "-n", "-G1:4", "-validate", "-warning", "-all", str(path))
        (found,) = json.loads(output)
        rows = []
        for key, value in found.items():
            group, _, name = key.rpartition(":")
            rows.append((f"{group.split(':')[0]}:{name}", value))
        return Tags(rows)

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
    ":SourceFile",
    "System:",
    "ExifTool:",
    "Composite:GPS",
    "GPS:",
    "XMP-geotagger:",
    "XMP-exif:GPS",
)


MADE_WITH_A_NEW_BLOCK = {
    "File:ExifByteOrder", "IFD0:XResolution", "IFD0:YResolution", "IFD0:ResolutionUnit", "IFD0:YCbCrPositioning",
}  # fmt: skip
"""Tags that an EXIF block must have where there was none."""
PLACES_IN_THE_FILE = {"MPImage2:MPImageStart", "MPImage3:MPImageStart"}
"""Shown as places in the file, stored relative to something that moves with them."""
FORMAT_OF_WEBP = {"File:FileType", "RIFF:WebP_Flags", "RIFF:ImageWidth", "RIFF:ImageHeight"}
"""A simple WebP becomes an extended one, whose flags announce EXIF and XMP."""


def alike(before: Tags, after: Tags) -> None:
    """Assert that no tag was lost or changed, and none added but those that must be."""
    old, new = before.foreign(), after.foreign()
    moved = PLACES_IN_THE_FILE | FORMAT_OF_WEBP
    assert {row for row in old - new if row[0] not in moved | {"File:ExifByteOrder"}} == set()
    assert {row for row in new - old if row[0] not in moved | MADE_WITH_A_NEW_BLOCK} == set()
    assert after.warnings() <= before.warnings()


def others(photo: Path) -> list[str]:
    """What else lies in the photo's folder."""
    return sorted(f.name for f in photo.parent.iterdir() if f != photo)


def strays(folder: Path) -> list[str]:
    """The temporary files in a folder."""
    return sorted(f.name for f in folder.iterdir() if f.name.startswith("."))
