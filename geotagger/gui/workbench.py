"""The session behind the window: every view reads from it, acts through it, and hears of changes from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from geotagger.core.geo import LatLon
from geotagger.core.settings import Settings
from geotagger.gui.jobs import Jobs
from geotagger.gui.language import trn
from geotagger.gui.turns import Turns
from geotagger.session import review
from geotagger.session.history import Change, Decision
from geotagger.session.photo import Photo, PhotoState
from geotagger.session.session import Session

_BACK_AT_ONCE = 250
_CLOSED_AT_ONCE = 1000
_ANNOUNCE_MS = 25
"""Changes of this long go to the views together: more often than that nobody sees, but the window feels it."""


class Workbench(QObject):
    """Owns the session, the undo stack and the selection. Lives on the window's thread."""

    photos_added = Signal(list)
    """Ids of photos that came in."""
    photos_removed = Signal(list)
    """Ids of photos that were closed."""
    photos_put_back = Signal(list)
    """Ids of photos that came in again as they were, after ``photos_added`` told of them."""
    removal_taken_back = Signal(list)
    """Ids of the photos of a removal, which are all open again."""
    photos_changed = Signal(list)
    """Ids of photos with new facts or decisions; many changes within a moment come as one signal."""
    selection_changed = Signal()
    """The selection or the current photo is another one."""
    settings_changed = Signal(object)
    """The user changed the :class:`Settings`."""
    noticed = Signal(str, str)
    """A sentence that concerns everything, and the details that "show" opens (may be empty)."""

    mentioned = Signal(str, str)
    """A sentence that is good to know and goes away by itself, and its details (may be empty)."""

    def __init__(self, jobs: Jobs, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = jobs
        self.settings = settings
        self.session = Session()
        self.undo_stack = QUndoStack(self)
        self.selected_ids: tuple[int, ...] = ()
        self.current_id: int | None = None
        self._decisions = Turns(self)
        self._seen: dict[int, LatLon] = {}
        """Where the guess was that the panel showed last, by the id of the photo."""
        self._changed: dict[int, None] = {}
        self._announcing = QTimer(self)
        self._announcing.setSingleShot(True)
        self._announcing.setInterval(_ANNOUNCE_MS)
        self._announcing.timeout.connect(self._announce)

    # Facts -----------------------------------------------------------------------------------------------

    def note_changed(self, photo_ids: Iterable[int]) -> None:
        """Tell the views soon, once for all changes of this turn."""
        self._changed.update(dict.fromkeys(photo_ids))
        if self._changed and not self._announcing.isActive():
            self._announcing.start()

    def _announce(self) -> None:
        changed, self._changed = self._changed, {}
        present = [photo_id for photo_id in changed if photo_id in self.session]
        if present:
            self._see_current()
            self.photos_changed.emit(present)

    def put(self, photo: Photo) -> None:
        """Store new facts of a photo."""
        if self.session.put(photo):
            self.note_changed([photo.id])

    def change_settings(self, settings: Settings) -> None:
        """Use other settings from now on."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit(settings)

    def close_photos(self, photo_ids: Iterable[int]) -> None:
        """Take photos out of the session; their files stay as they are."""
        removed = self.session.remove(photo_ids)
        if removed:
            gone = set(removed)
            self.select([i for i in self.selected_ids if i not in gone])
            self.photos_removed.emit(removed)

    def remove_photos(self, photo_ids: Sequence[int]) -> None:
        """Close photos as a step that can be taken back, with all that was decided of them."""
        self._decisions.finish()
        photos = self.session.photos(photo_ids)
        if photos:
            self.undo_stack.push(_RemovalCommand(self, [photo.id for photo in photos]))

    def close_in_turns(self, photo_ids: Sequence[int]) -> None:
        """Close photos, of very many some at a time."""
        self._decisions.run(self._closing(photo_ids), at_once=1)

    def _closing(self, photo_ids: Sequence[int]) -> Iterator[None]:
        for first in range(0, len(photo_ids), _CLOSED_AT_ONCE):
            self.close_photos(photo_ids[first : first + _CLOSED_AT_ONCE])
            yield

    def put_back(self, decisions: Sequence[Decision]) -> None:
        """Open closed photos again, decided as they were."""
        self._decisions.run(self._putting_back(decisions))

    def _putting_back(self, decisions: Sequence[Decision]) -> Iterator[None]:
        back: list[int] = []
        for number, decision in enumerate(decisions, 1):
            if self.session.put_back(decision):
                back.append(decision.photo_id)
            self.note_changed((decision.photo_id,))
            if back and (len(back) == _BACK_AT_ONCE or number == len(decisions)):
                self.photos_added.emit(back)
                self.photos_put_back.emit(back)
                back = []
            yield
        self.removal_taken_back.emit([decision.photo_id for decision in decisions])

    # Selection -------------------------------------------------------------------------------------------

    @property
    def current(self) -> Photo | None:
        """The photo that the panel shows."""
        if self.current_id is None or self.current_id not in self.session:
            return None
        return self.session[self.current_id]

    @property
    def selected(self) -> list[Photo]:
        """The selected photos."""
        return self.session.photos(self.selected_ids)

    def select(self, photo_ids: Sequence[int], current_id: int | None = None) -> None:
        """Select photos, in list and map alike.

        Args:
            current_id: the photo that the panel shows; the last of ``photo_ids`` if not given.
        """
        chosen = tuple(photo_ids)
        current = current_id if current_id is not None else (chosen[-1] if chosen else None)
        if (chosen, current) != (self.selected_ids, self.current_id):
            self.selected_ids, self.current_id = chosen, current
            self._see_current()
            self.selection_changed.emit()

    def _see_current(self) -> None:
        if self.current is not None and self.current.prediction is not None:
            self._seen[self.current.id] = self.current.prediction.position

    # Decisions -------------------------------------------------------------------------------------------

    @property
    def is_deciding(self) -> bool:
        """True while a decision about thousands of photos goes on."""
        return self._decisions.busy

    def finish_decisions(self) -> None:
        """Have every photo decided that the user decided about, because what follows needs them all."""
        self._decisions.finish()

    def undo(self) -> None:
        """Take the last step back."""
        self._decisions.finish()  # it may not have found the first photo that changes, and so not be a step yet
        self.undo_stack.undo()

    def redo(self) -> None:
        """Do the step again that was taken back."""
        self._decisions.finish()
        self.undo_stack.redo()

    def accept_selected(self) -> None:
        """Accept the guesses of the selected photos, or say that there are none.

        Where some of several are undecided, what was decided of the others stays.
        """
        if self.selected and not any(photo.prediction for photo in self.selected):
            said = trn(
                "This photo has no guess yet.", "None of these photos has a guess yet.", len(self.selected)
            )
            self.mentioned.emit(said, "")
        self._decisions.finish()  # what is being rejected or placed is decided
        undecided = [photo.id for photo in self.selected if photo.state is PhotoState.PREDICTED]
        photo_ids = undecided or self.selected_ids
        title = trn("Accept {n} photo", "Accept {n} photos", len(photo_ids))
        seen = dict(self._seen)  # what the panel shows while this goes on was not agreed to

        def accept(photo: Photo) -> Photo:
            """Who selects thousands of photos and accepts them has not looked at each, and the files do not say so."""
            guess = photo.prediction
            return review.accept(photo, looked_at=guess is not None and seen.get(photo.id) == guess.position)

        self._decide(title, photo_ids, accept)

    def accept_all(self, min_probability: float) -> None:
        """Accept all undecided guesses that are at least that probable."""
        self._decisions.finish()  # what is being rejected or placed is no guess any more
        photo_ids = self.session.acceptable_ids(min_probability)
        title = trn("Accept {n} guess", "Accept {n} guesses", len(photo_ids))
        self._decide(title, photo_ids, partial(review.accept_sure, min_probability=min_probability))

    def reject_selected(self) -> None:
        """Turn the guesses of the selected photos down."""
        title = trn("Reject {n} photo", "Reject {n} photos", len(self.selected_ids))
        self._decide(title, self.selected_ids, review.reject)

    def revert_selected(self) -> None:
        """Forget the decisions about the selected photos."""
        title = trn("Revert {n} photo", "Revert {n} photos", len(self.selected_ids))
        self._decide(title, self.selected_ids, review.revert)

    def place(self, photo_ids: Sequence[int], position: LatLon) -> None:
        """Put photos at a position that the user gave."""
        title = trn("Place {n} photo", "Place {n} photos", len(photo_ids))
        self._decide(title, photo_ids, partial(review.place, position=position))

    def _decide(self, title: str, photo_ids: Sequence[int], decide: Callable[[Photo], Photo]) -> None:
        self._decisions.finish()  # what is decided now builds on what was decided before
        self._decisions.run(self._deciding(title, photo_ids, decide))

    def _deciding(
        self, title: str, photo_ids: Sequence[int], decide: Callable[[Photo], Photo]
    ) -> Iterator[None]:
        """Decide photo by photo; there is something to undo from the first one that changes."""
        change = Change()
        for changed_id in self.session.decide(photo_ids, decide, change):
            if changed_id is not None:
                if len(change) == 1:
                    self.undo_stack.push(_DecisionCommand(self, title, change))
                self.note_changed((changed_id,))
            yield

    def go_on(self, steps: Iterator[int | None]) -> None:
        """Take the steps of a decision that is done again or taken back."""
        self._decisions.run(self._going_on(steps))

    def _going_on(self, steps: Iterator[int | None]) -> Iterator[None]:
        for changed_id in steps:
            if changed_id is not None:
                self.note_changed((changed_id,))
            yield


class _DecisionCommand(QUndoCommand):
    """One step on the undo stack, which is pushed when its first photo has been decided."""

    def __init__(self, workbench: Workbench, title: str, change: Change) -> None:
        super().__init__(title)
        self._workbench = workbench
        self._change = change
        self._was_pushed = False

    def redo(self) -> None:
        if self._was_pushed:
            self._workbench.go_on(self._workbench.session.redo(self._change))
        self._was_pushed = True  # push() calls redo, too

    def undo(self) -> None:
        self._workbench.go_on(self._workbench.session.undo(self._change))


class _RemovalCommand(QUndoCommand):
    """Photos that were taken out of the list, with what was decided of them, kept for undo."""

    def __init__(self, workbench: Workbench, photo_ids: Sequence[int]) -> None:
        super().__init__(
            trn("Remove {n} photo from the list", "Remove {n} photos from the list", len(photo_ids))
        )
        self._workbench = workbench
        self._photo_ids = photo_ids
        self._decisions: Sequence[Decision] = ()

    def redo(self) -> None:
        self._workbench.finish_decisions()
        self._decisions = [Decision.of(photo) for photo in self._workbench.session.photos(self._photo_ids)]
        self._workbench.close_in_turns(self._photo_ids)

    def undo(self) -> None:
        self._workbench.put_back(self._decisions)
