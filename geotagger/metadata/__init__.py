"""Photo files in, photo files out: reading and safely writing positions. No Qt, no torch."""

from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy
from geotagger.metadata.formats import PHOTO_SUFFIXES
from geotagger.metadata.journal import Journal, JournalError, KeptCopy, Run, UndoOutcome, open_journal
from geotagger.metadata.model import (
    FileIdentity,
    PhotoMetadata,
    TagChange,
    WriteOutcome,
    WritePlan,
    WriteTarget,
)
from geotagger.metadata.reading import embedded_preview, read_photo
from geotagger.metadata.sidecar import DAMAGED_SIDECAR
from geotagger.metadata.writing import (
    WriteRequest,
    plan_write,
    strip_fix,
    strip_fixes,
    write_fix,
    write_fixes,
)

__all__ = [
    "DAMAGED_SIDECAR",
    "PHOTO_SUFFIXES",
    "FileIdentity",
    "Journal",
    "JournalError",
    "KeptCopy",
    "Overwrite",
    "PhotoMetadata",
    "Run",
    "SidecarMode",
    "TagChange",
    "UndoOutcome",
    "WriteOutcome",
    "WritePlan",
    "WritePolicy",
    "WriteRequest",
    "WriteTarget",
    "embedded_preview",
    "open_journal",
    "plan_write",
    "read_photo",
    "strip_fix",
    "strip_fixes",
    "write_fix",
    "write_fixes",
]
