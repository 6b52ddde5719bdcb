"""Teaches the user's gallery from the window: located photos on request, corrections at once where the user wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from geotagger.core.errors import GeotaggerError
from geotagger.core.geo import LatLon
from geotagger.gui.jobs import Lane, Token
from geotagger.gui.judging import Judging
from geotagger.gui.language import said, tr, trn
from geotagger.gui.names import shown_name
from geotagger.gui.predicting import Predicting
from geotagger.gui.workbench import Workbench
from geotagger.metadata import PhotoMetadata
from geotagger.session.guesses import KeptGuess, place_of_user
from geotagger.session.photo import Photo
from geotagger.session.progress import Progress

_AT_ONCE = 8
"""Photos per job: few enough that cancelling is quick."""


class Learning(QObject):
    """Puts photos into the gallery and takes them out; the photos themselves are only read."""

    progressed = Signal()
    changed = Signal()
    """The gallery knows other photos than before."""

    def __init__(self, workbench: Workbench, predicting: Predicting, judging: Judging) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._predicting = predicting
        self._judging = judging
        self._token = Token()
        self._waiting: list[Path] = []
        self._learned = 0
        self._problems: list[str] = []
        self._taught: dict[int, LatLon] = {}
        self.progress = Progress()
        workbench.photos_changed.connect(self._follow_corrections)
        workbench.photos_removed.connect(lambda ids: [self._taught.pop(i, None) for i in ids])

    @property
    def learnable(self) -> list[Photo]:
        """The open photos that hold a position of their own."""
        return [photo for photo in self._workbench.session if photo.has_camera_position]

    def learn(self) -> None:
        """Learn the located photos that are open."""
        if self.progress.running:
            return
        if self._predicting.predictor is None:
            words = tr("The model is still loading; try again in a moment.")
            self._workbench.mentioned.emit(words, "")
            return
        self._waiting = [photo.path for photo in self.learnable]
        self._learned, self._problems = 0, []
        self._token = Token()
        self.progress.expect(len(self._waiting))
        self._go_on()

    def cancel(self) -> None:
        """Stop; what was learned so far stays learned."""
        if not self.progress.running:
            return
        self._token.cancel()
        self._waiting = []
        self.progress.give_up()
        self.progressed.emit()
        self.changed.emit()

    def forget(self) -> None:
        """Take the open photos out of the gallery."""
        paths = [photo.path for photo in self._workbench.session]
        self._run(partial(_forget, paths), self._forgotten)

    def count(self, on_done: Callable[[int], None]) -> None:
        """Tell how many photos the gallery knows."""
        self._run(_count, on_done)

    def _run(self, work: Callable[[], int], on_done: Callable[[int], None]) -> None:
        self._workbench.jobs.run(work, on_done, self._failed, lane=Lane.MODEL)

    def _go_on(self) -> None:
        batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        if batch:
            work = partial(_learn, batch, self._predicting.predictor)
            self._workbench.jobs.run(work, self._learned_some, self._failed, self._token, Lane.MODEL)
        else:
            words = trn(
                "The gallery knows {n} of these photos.",
                "The gallery knows {n} of these photos.",
                self._learned,
            )
            self._workbench.noticed.emit(words, "\n".join(self._problems))
            self.changed.emit()
        self.progressed.emit()

    def _learned_some(self, answer: tuple[int, int, list[str]]) -> None:
        looked_at, learned, problems = answer
        self._learned += learned
        self._problems += problems
        self.progress.advance(looked_at)
        self._go_on()

    def _forgotten(self, count: int) -> None:
        self._taught.clear()
        words = trn("{n} photo was forgotten.", "{n} photos were forgotten.", count)
        self._workbench.mentioned.emit(words, "")
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._waiting = []
        self.progress.give_up()
        self.progressed.emit()
        if not isinstance(error, GeotaggerError):
            raise error
        self._workbench.noticed.emit(said(error), "")

    # Corrections ------------------------------------------------------------------------------------------

    def _follow_corrections(self, photo_ids: Sequence[int]) -> None:
        """Learn what the user put somewhere, and forget it when that is taken back."""
        predictor = self._predicting.predictor
        if predictor is None or not (self._workbench.settings.learn_corrections or self._taught):
            return
        for photo in self._workbench.session.photos(photo_ids):
            place, guess = place_of_user(photo), self._judging.guess_of(photo.id)
            known = self._taught.get(photo.id)
            if place == known or photo.metadata is None:
                continue
            if place is None:
                del self._taught[photo.id]
                self._run(partial(_forget, [photo.path]), lambda _: self.changed.emit())
            elif guess is not None and self._workbench.settings.learn_corrections:
                self._taught[photo.id] = place
                work = partial(_teach, photo.metadata, place, guess, predictor.model_id)
                self._run(work, lambda _: self.changed.emit())


def _learn(paths: Sequence[Path], predictor: Any) -> tuple[int, int, list[str]]:
    """How many photos were looked at and are known now, and a line for each that could not be read."""
    from geotagger.evidence.gallery import Gallery
    from geotagger.session.learning import learn_photos

    with Gallery() as gallery:
        outcomes = list(learn_photos(paths, predictor, gallery))
    problems = [f"{shown_name(outcome.path)}: {said(outcome.error)}" for outcome in outcomes if outcome.error]
    return len(paths), sum(outcome.learned for outcome in outcomes), problems


def _teach(metadata: PhotoMetadata, place: LatLon, guess: KeptGuess, model_id: str) -> int:
    from geotagger.evidence.gallery import Gallery, GalleryEntry

    entry = GalleryEntry(
        metadata.path, place, guess.output().embedding, metadata.identity.digest, metadata.taken
    )
    with Gallery() as gallery:
        return gallery.learn([entry], model_id)


def _forget(paths: Sequence[Path]) -> int:
    from geotagger.evidence.gallery import Gallery

    with Gallery() as gallery:
        return gallery.forget(paths)


def _count() -> int:
    from geotagger.evidence.gallery import Gallery

    with Gallery() as gallery:
        return gallery.count()
