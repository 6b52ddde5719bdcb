"""Keeps the session on disk while the user works, and offers to bring it back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer

from geotagger.gui.jobs import Generation, Lane
from geotagger.gui.reading import Reading
from geotagger.gui.workbench import Workbench
from geotagger.session.kept_session import KeptPhoto, forget_session, keep_session, load_session
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
        self._restoring: dict[str, KeptPhoto] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.keep_now)
        for signal in (workbench.photos_added, workbench.photos_removed):
            signal.connect(lambda _: self._keep_in(_AFTER_ARRIVAL_MS))
        workbench.undo_stack.indexChanged.connect(lambda _: self._keep_in(_AFTER_DECISION_MS))
        workbench.photos_changed.connect(self._restore_decisions)

    def _keep_in(self, wait_ms: int) -> None:
        if self._closed:
            return
        if not self._timer.isActive() or self._timer.remainingTime() > wait_ms:
            self._timer.start(wait_ms)

    def keep_now(self) -> None:
        """Keep the session as it is now, in the background."""
        self._timer.stop()
        photos = list(self._workbench.session)
        # On the write lane, so that an older session never overtakes a newer one.
        self._workbench.jobs.run(
            partial(_keep, photos), lambda _: None, self._failed, self._generation.next(), Lane.WRITE
        )

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        log.warning("The session could not be kept: %s", error)

    def close(self, *, keep: bool) -> None:
        """Keep the session for next time, or forget it; nothing is kept after this."""
        self._closed = True
        self._timer.stop()
        self._generation.next()
        try:
            if keep:
                keep_session(self._workbench.session)
            else:
                forget_session()
        except OSError as error:
            log.warning("The session could not be kept: %s", error)

    def kept(self) -> tuple[list[KeptPhoto], list[KeptPhoto]]:
        """What was kept last time: photos that are still there, and those that are gone."""
        kept = [(photo, photo.path.is_file()) for photo in load_session()]
        return [photo for photo, there in kept if there], [photo for photo, there in kept if not there]

    def restore(self, kept: Sequence[KeptPhoto]) -> None:
        """Open the photos again; the decisions follow when each has been read."""
        self._restoring.update((str(photo.path), photo) for photo in kept if photo.edited or photo.skipped)
        self._reading.open([photo.path for photo in kept])

    def _restore_decisions(self, photo_ids: list[int]) -> None:
        if not self._restoring:
            return
        for photo in self._workbench.session.photos(photo_ids):
            if photo.metadata is None:
                continue
            kept = self._restoring.pop(str(photo.path), None)
            if kept is not None and self._workbench.session.update(
                photo.id, edited=kept.edited, skipped=kept.skipped
            ):
                self._workbench.note_changed([photo.id])


def _keep(photos: Sequence[Photo]) -> None:
    if photos:
        keep_session(photos)
    else:
        forget_session()
