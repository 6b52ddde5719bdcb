"""What a run of writes would do, and what it did, in numbers and sentences for the user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from geotagger.core.errors import PhotoError
from geotagger.core.fix import Source
from geotagger.core.write_policy import WritePolicy
from geotagger.metadata import WriteTarget, plan_write
from geotagger.session.photo import Photo


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One photo of a run that was not started yet.

    Attributes:
        source: who says where the photo was taken.
        target: None where the write is refused.
        note: why it is refused, kept, or goes into a sidecar.
    """

    photo_id: int
    path: Path
    source: Source
    target: WriteTarget | None
    note: str | None


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """What a run would do."""

    writes: tuple[PlannedWrite, ...]

    @property
    def to_do(self) -> list[PlannedWrite]:
        """The writes that would change something on disk."""
        return [w for w in self.writes if w.target in (WriteTarget.FILE, WriteTarget.SIDECAR)]

    @property
    def estimates(self) -> int:
        """How many guesses would be written."""
        return sum(w.source.is_estimate for w in self.to_do)

    def count_from(self, source: Source) -> int:
        """How many positions of this source would be written."""
        return sum(w.source is source for w in self.to_do)

    def count(self, target: WriteTarget | None) -> int:
        """How many photos have this target; None counts the refused ones."""
        return sum(w.target is target for w in self.writes)

    def notes(self) -> list[tuple[str, list[str]]]:
        """Each note with the names of the photos it belongs to, the commonest first."""
        names: dict[str, list[str]] = {}
        for write in self.writes:
            if write.note:
                names.setdefault(write.note, []).append(write.path.name)
        return sorted(names.items(), key=lambda item: -len(item[1]))


def plan_all(photos: Iterable[Photo], policy: WritePolicy) -> WriteSummary:
    """Work out what a run would do, without touching the disk beyond reading."""
    writes = []
    for photo in photos:
        if photo.edited is None or photo.metadata is None:
            continue
        target: WriteTarget | None
        try:
            plan = plan_write(photo.metadata, photo.edited, policy)
            target, note = plan.target, plan.reason
        except PhotoError as error:
            target, note = None, error.reason
        writes.append(PlannedWrite(photo.id, photo.path, photo.edited.source, target, note))
    return WriteSummary(tuple(writes))


@dataclass(slots=True)
class WriteReport:
    """What a run did, filled in while it goes on.

    Attributes:
        run_id: the run's number in the journal, with which it can be taken back.
        undone: True for the report of taking a run back.
    """

    run_id: int | None = None
    undone: bool = False
    cancelled: bool = False
    counts: Counter[WriteTarget] = field(default_factory=Counter)
    failures: list[tuple[Path, str]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def written(self) -> int:
        """How many files or sidecars changed."""
        return self.counts[WriteTarget.FILE] + self.counts[WriteTarget.SIDECAR]
