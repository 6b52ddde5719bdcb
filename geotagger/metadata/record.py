"""What a write tells the journal before and after it happens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from geotagger.metadata.edit import Edit


class Operation(str, Enum):
    """What happens to a file."""

    EDIT = "edit"
    CREATE = "create"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Plan:
    """A write that is about to happen, as the journal needs to know it.

    Attributes:
        helper: the temporary file beside the target; for writes in place the backup.
        in_place: the file's bytes are overwritten, because a new file could not take its place unnoticed.
    """

    target: Path
    operation: Operation
    edit: Edit
    helper: Path
    in_place: bool


class Record(Protocol):
    """Where a write is noted down before and after it happens."""

    def begun(self, plan: Plan) -> None:
        """The write is about to start; nothing has happened to the file."""

    def prepared(self, after_sha256: str, before_sha256: str | None = None) -> None:
        """All is ready and checked; after this returns, the note survives a power cut.

        Args:
            after_sha256: of the file as it will be.
            before_sha256: of the file as it is, where it may be needed to tell a copy of it.
        """

    def done(self) -> None:
        """The file is the new one."""

    def failed(self, reason: str) -> None:
        """The file is still the old one."""

    def made_by(self, target: Path, sha256: str) -> Edit | None:
        """The change by which an earlier write made the file what it is, or made it at all; None where none did."""
