"""How positions are written: what may be replaced, where they go, and whether a copy is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Overwrite(str, Enum):
    """Which positions that a photo already has may be replaced."""

    NEVER = "never"
    ESTIMATES = "estimates"
    ALL = "all"


class SidecarMode(str, Enum):
    """Whether positions go into the photo or into an XMP sidecar beside it."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """How positions are written.

    Attributes:
        backup_dir: a copy of each original is put there before its first change; None for no copies.
    """

    overwrite: Overwrite = Overwrite.ESTIMATES
    sidecar: SidecarMode = SidecarMode.AUTO
    backup_dir: Path | None = None
