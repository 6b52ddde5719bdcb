"""What is known of a photo file: the values that readers return and writers take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from geotagger.core.fix import Fix


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Enough to notice that a file changed since it was read.

    Attributes:
        digest: SHA-256 (hex) of the part of the file that was read for its metadata.
    """

    size_bytes: int
    mtime_ns: int
    inode: int
    digest: str


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """Where a photo is said to be from, in the words of the file; a name that is not given is None."""

    city: str | None
    state: str | None
    country: str | None


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """What a photo file (and its sidecar) says of itself.

    Attributes:
        format: ``JPEG``, ``TIFF``, ``PNG``, ``WebP``, ``HEIC``, ``DNG`` or the name of a RAW format.
        width_px, height_px: as stored, before orientation.
        orientation: EXIF Orientation, 1 to 8.
        taken: the camera's clock with sub-seconds; time-zone aware only where the file gives the offset.
        camera: ``Make Model`` without repetition.
        fix: the position that the file holds, or its sidecar where that one wins.
        sidecar: the sidecar that was read, whether or not it holds the position.
        fix_from_sidecar: True where ``fix`` came from ``sidecar``.
        damaged_sidecars: those that are there, but cannot be made sense of.
        place_names: city, state and country that the file or its sidecar names.
    """

    path: Path
    format: str
    width_px: int | None
    height_px: int | None
    orientation: int
    taken: datetime | None
    camera: str | None
    fix: Fix | None
    sidecar: Path | None
    fix_from_sidecar: bool
    identity: FileIdentity
    damaged_sidecars: tuple[Path, ...] = ()
    place_names: PlaceNames | None = None


class WriteTarget(str, Enum):
    """Where a position goes."""

    FILE = "file"
    SIDECAR = "sidecar"
    KEPT = "kept"
    """Nowhere: the photo has a position that the policy does not replace."""


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of one write.

    Attributes:
        written_to: the file that changed, None where nothing was written.
        note: a sentence for the user, such as why a sidecar was used.
        leaves_position: the positions were to be removed, and one stayed that the note names.
    """

    path: Path
    target: WriteTarget
    written_to: Path | None
    note: str | None = None
    leaves_position: bool = False


@dataclass(frozen=True, slots=True)
class TagChange:
    """One row of the table of what a write changes; None stands for a tag that is not there."""

    tag: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What a write would do.

    Attributes:
        written_to: the file that would change, None where nothing would.
        reason: a sentence for the user: why a sidecar is used, or why nothing happens.
        changes: the tags that would change.
        leaves_position: the positions are to be removed, and one would stay that the reason names.
    """

    path: Path
    target: WriteTarget
    written_to: Path | None
    reason: str | None
    changes: tuple[TagChange, ...]
    leaves_position: bool = False
