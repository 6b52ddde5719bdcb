"""Before/after snapshots of the user's decisions: what undo and redo put back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from geotagger.core.fix import Fix
from geotagger.session.photo import Photo


@dataclass(frozen=True, slots=True)
class Decision:
    """The part of a photo that the user decides; facts such as the file's content never travel back in time."""

    photo_id: int
    edited: Fix | None
    skipped: bool

    @classmethod
    def of(cls, photo: Photo) -> Decision:
        """The decision that a photo stands at."""
        return cls(photo.id, photo.edited, photo.skipped)

    def applied_to(self, photo: Photo) -> Photo:
        """The photo with this decision; an error that belonged to another decision goes away."""
        if photo.metadata is None:
            return photo
        return replace(photo, edited=self.edited, skipped=self.skipped, error=None)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the user, which can be taken back."""

    before: tuple[Decision, ...]
    after: tuple[Decision, ...]

    def __len__(self) -> int:
        """How many photos the step changed."""
        return len(self.after)


def change_between(before: Iterable[Photo], after: Iterable[Photo]) -> Change:
    """The step that leads from some photos to the same photos decided anew; unchanged ones are left out."""
    pairs = [
        (Decision.of(old), Decision.of(new)) for old, new in zip(before, after, strict=True) if old != new
    ]
    return Change(tuple(old for old, _ in pairs), tuple(new for _, new in pairs))
