"""Works out where in the current photo the network looked, when the user asks why."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from geotagger.core.errors import GeotaggerError
from geotagger.gui.heat import Heat, heat_from
from geotagger.gui.jobs import Generation, Lane, Urgency
from geotagger.gui.language import said
from geotagger.gui.predicting import Predicting
from geotagger.gui.workbench import Workbench
from geotagger.metadata import read_photo
from geotagger.session.photo import Photo

log = logging.getLogger(__name__)


class Explaining(QObject):
    """Keeps the network's account of the current photo, for as long as it is asked for."""

    explained = Signal()
    """:meth:`heat` has another answer."""

    def __init__(self, workbench: Workbench, predicting: Predicting) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._predicting = predicting
        self._generation = Generation()
        self._on = False
        self._asked: tuple[int, str, str] | None = None
        self._account: Any = None
        workbench.selection_changed.connect(self._refresh)
        workbench.photos_changed.connect(self._on_changed)
        predicting.model_changed.connect(self._refresh)

    def set_on(self, on: bool) -> None:
        """Explain the current photo and those that follow, or stop."""
        self._on = on
        self._refresh()
        self.explained.emit()

    def heat(self, region_code: str) -> Heat | None:
        """Where the network saw what speaks for a region; None where that is not asked for or not known yet."""
        if not self._on or self._account is None:
            return None
        aspect = self._account.width_px / self._account.height_px
        return heat_from(self._account.heat(region_code), aspect)

    def _on_changed(self, photo_ids: list[int]) -> None:
        if self._workbench.current_id in photo_ids:
            self._refresh()

    def _refresh(self) -> None:
        photo, predictor = self._workbench.current, self._predicting.predictor
        if not self._on or photo is None or photo.prediction is None or predictor is None:
            self._forget()
            return
        key = _key(photo, predictor.model_id)
        if key == self._asked:
            return
        self._forget()
        self._asked = key
        self._workbench.jobs.run(
            partial(_account_of, predictor, photo.path),
            self._arrived,
            self._failed,
            self._generation.next(),
            Lane.MODEL,
            Urgency.VISIBLE,
        )

    def _forget(self) -> None:
        self._generation.next()
        self._asked = None
        if self._account is not None:
            self._account = None
            self.explained.emit()

    def _arrived(self, account: Any) -> None:
        self._account = account
        self.explained.emit()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, GeotaggerError):
            raise error
        log.info("Nothing explains the guess: %s", error)
        self._workbench.mentioned.emit(said(error), "")


def _key(photo: Photo, model_id: str) -> tuple[int, str, str]:
    """What makes another account necessary: another photo, another file behind it, another model."""
    return photo.id, photo.metadata.identity.digest if photo.metadata else "", model_id


def _account_of(predictor: Any, path: Path) -> Any:
    """The network's account of a photo; decoded here, since a single photo takes no longer than the network."""
    from geotagger.session.pipeline import load_pixels

    return predictor.attention(load_pixels(read_photo(path), predictor))
