"""Keeps the session on disk while the user works, and offers to bring it back."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from geotagger.gui.jobs import Generation, Lane
from geotagger.gui.reading import Reading
from geotagger.gui.workbench import Workbench
from geotagger.session.kept_session import (
    KeptPhoto,
    forget_session,
    keep_session,
    kept_while_absent,
    load_session,
)
from geotagger.session.photo import Photo

log = logging.getLogger(__name__)

_AFTER_DECISION_MS = 2_000
_AFTER_ARRIVAL_MS = 10_000
"""Arriving photos can be brought in again; keeping thousands of them every other second would only cost time."""


class Keeping(QObject):
    """Writes the session a moment after each decision. Facts are not kept: they are read and predicted anew."""

    def __init__(self, workbench: Workbench, reading: Reading) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._reading = reading
        self._generation = Generation()
        self._closed = False
        self._not_open_yet: list[KeptPhoto] = []
        self._restoring: dict[str, KeptPhoto] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.keep_now)
        for signal in (workbench.photos_added, workbench.photos_removed):
            signal.connect(lambda _: self._keep_in(_AFTER_ARRIVAL_MS))
        workbench.photos_added.connect(lambda _: self._wait_for(self._not_open_yet))
        reading.given_up.connect(self._given_up)
        workbench.undo_stack.indexChanged.connect(lambda _: self._keep_in(_AFTER_DECISION_MS))
        workbench.photos_changed.connect(self._restore_decisions)

    def _keep_in(self, wait_ms: int) -> None:
        if self._closed:
            return
        if not self._timer.isActive() or self._timer.remainingTime() > wait_ms:
            self._timer.start(wait_ms)

    def keep_soon(self, *_: object) -> None:
        """Keep the session a moment later, because what is in the files and what is wanted there has changed."""
        self._keep_in(_AFTER_DECISION_MS)

    def keep_now(self) -> None:
        """Keep the session as it is now, in the background."""
        self._timer.stop()
        if self._workbench.is_deciding:
            self._keep_in(_AFTER_DECISION_MS)
            return
        photos = self._to_keep()
        # On the write lane, so that an older session never overtakes a newer one.
        self._workbench.jobs.run(
            partial(_keep, photos), lambda _: None, self._failed, self._generation.next(), Lane.WRITE
        )

    def _to_keep(self) -> list[Photo | KeptPhoto]:
        """The open photos, with what was decided last time of those not read yet, and those not open yet."""
        return [
            *(self._decided_before(photo) or photo for photo in self._workbench.session),
            *self._not_open_yet,
        ]

    def _decided_before(self, photo: Photo) -> KeptPhoto | None:
        """What was decided last time of a photo, until it has been read and takes that on."""
        is_new = photo.metadata is None and photo.edited is None and not photo.skipped
        return self._restoring.get(str(photo.path)) if is_new else None

    def _wait_for(self, kept: Sequence[KeptPhoto]) -> None:
        """Let these be kept as they were until they are open; what the user closes afterwards is not.

        Those whose drive is not there wait, too: for the user to open them, or for the start that finds them again.
        """
        self._not_open_yet = [one for one in kept if self._workbench.session.id_of(one.path) is None]

    def _given_up(self, paths: Sequence[Path]) -> None:
        """Who stops the reading does not want to lose what was decided of photos that were still to come."""
        decided = [kept for path in paths if (kept := self._restoring.get(str(path))) is not None]
        self._wait_for([*self._not_open_yet, *decided])

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        log.warning("The session could not be kept: %s", error)

    def close(self, *, keep: bool) -> None:
        """Keep the session for next time, or forget it; nothing is kept after this.

        Photos of last time that the disk has not brought back yet, and what was decided of those that it is reading, are
        kept in any case: nobody has seen them.
        """
        self._closed = True
        self._timer.stop()
        self._generation.next()
        try:
            unseen = [
                one for photo in self._workbench.session if (one := self._decided_before(photo)) is not None
            ]
            _keep(self._to_keep() if keep else [*unseen, *self._not_open_yet])
        except OSError as error:
            log.warning("The session could not be kept: %s", error)

    def look(self, on_found: Callable[[list[KeptPhoto], list[KeptPhoto]], None]) -> None:
        """Find out which of the photos that were kept last time are still there, and which are gone since then.

        The disk is asked in the background: a network drive that is gone may take minutes to say so, or never answer.
        """
        looked_for = load_session()
        if not looked_for:
            return
        self._wait_for(looked_for)
        # One that the user opens meanwhile is decided as it was, too.
        self._restoring = {str(one.path): one for one in looked_for if one.is_decided}

        def looked(is_there: Sequence[bool]) -> None:
            found = list(zip(looked_for, is_there, strict=True))
            there = [replace(one, absent_since=None) for one, is_one in found if is_one]
            gone = [one for one, is_one in found if not is_one]
            self._wait_for([*there, *kept_while_absent(gone, date.today())])
            self._keep_in(_AFTER_DECISION_MS)
            on_found(there, [one for one in gone if one.absent_since is None])

        work = partial(_are_there, [photo.path for photo in looked_for])
        self._workbench.jobs.run(work, looked, _raise, lane=Lane.ASIDE)

    def restore(self, kept: Sequence[KeptPhoto]) -> None:
        """Open the photos again; the decisions follow when each has been read."""
        self._reading.open([photo.path for photo in kept])

    def _restore_decisions(self, photo_ids: list[int]) -> None:
        if not self._restoring:
            return
        for photo in self._workbench.session.photos(photo_ids):
            if photo.metadata is None:
                continue
            kept = self._restoring.pop(str(photo.path), None)
            if kept is None or photo.edited is not None or photo.skipped:
                continue  # what was decided meanwhile is newer
            if self._workbench.session.update(photo.id, edited=kept.edited, skipped=kept.skipped):
                self._workbench.note_changed([photo.id])


def _keep(photos: Sequence[Photo | KeptPhoto]) -> None:
    if photos:
        keep_session(photos)
    else:
        forget_session()


def _are_there(paths: Sequence[Path]) -> list[bool]:
    return [os.path.isfile(path) for path in paths]  # noqa: PTH113 - False, too, where the disk answers with an error


def _raise(error: Exception) -> None:
    raise error
