"""Before/after snapshots of the user's decisions: what undo and redo put back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
        """The photo with this decision; an error that belonged to another decision goes away.

        Also where it is still to be read; why it could not be read stays true.
        """
        error = photo.error if photo.metadata is None else None
        return replace(photo, edited=self.edited, skipped=self.skipped, error=error)


@dataclass(slots=True)
class Change:
    """One step of the user, which can be taken back. It grows while its photos are decided."""

    before: list[Decision] = field(default_factory=list)
    after: list[Decision] = field(default_factory=list)

    def __len__(self) -> int:
        """How many photos the step changed."""
        return len(self.after)

    def add(self, old: Photo, new: Photo) -> None:
        """Let the step lead from one value of a photo to another, too."""
        self.before.append(Decision.of(old))
        self.after.append(Decision.of(new))
