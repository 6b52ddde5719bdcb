"""Judges the photos of a trip together once they are predicted, and again when the user puts one somewhere.

Also when the user closes a photo that others lean on, or lets another source speak.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from geotagger.core.errors import GeotaggerError
from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction
from geotagger.gui.given import Given
from geotagger.gui.jobs import Generation, Lane
from geotagger.gui.language import said, tr, trn
from geotagger.gui.predicting import Predicting
from geotagger.gui.wording import percent
from geotagger.gui.workbench import Workbench
from geotagger.session.guesses import KeptGuess, TripPhoto, place_of_user, trip_photos
from geotagger.session.photo import Photo, PhotoState
from geotagger.session.sources import Sources, kinds_of

if TYPE_CHECKING:
    from geotagger.evidence.camera_clocks import CameraClock
    from geotagger.evidence.tracks import ClockReading
    from geotagger.session.together import Judgement

_PAUSE_MS = 400
"""After the last prediction, or a decision: several of these often follow each other."""
_STREAM_MS = 10_000
_STREAM_SHARE = 10
"""While predictions stream in, the photos so far are judged only this often, and at most a tenth of the time goes
into it: judging 20 000 photos of one folder takes about 15 s on two cores."""
_MOVED_KM = 1.0


@dataclass(frozen=True, slots=True)
class _Facts:
    """What makes it necessary to judge a photo's trip again, when it becomes another one."""

    guess: KeptGuess | None = None
    place: LatLon | None = None
    camera: LatLon | None = None
    open: bool = False


_NO_FACTS = _Facts()


class Judging(QObject):
    """Gives photos that wait for a decision what their neighbours say; decisions are never changed."""

    clocks_found = Signal()
    """:attr:`clocks` or :attr:`cameras` say something else."""

    def __init__(self, workbench: Workbench, predicting: Predicting, given: Given) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._predicting = predicting
        self._given = given
        self._sources = self._wanted_sources()
        self.clocks: Mapping[str, ClockReading] = {}
        self.cameras: Mapping[str, CameraClock] = {}
        self._guesses: dict[int, KeptGuess] = {}
        self._facts: dict[int, _Facts] = {}
        self._changed_ids: set[int] = set()
        self._asked_ids: frozenset[int] = frozenset()
        self._after_decision = False
        self._took_ms = 0
        self._generation = Generation()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._judge)
        predicting.predicted.connect(self._keep)
        predicting.progressed.connect(self._judge_soon)
        predicting.model_changed.connect(self._judge_soon)
        workbench.photos_changed.connect(self._compare)
        workbench.photos_removed.connect(self._forget)
        workbench.settings_changed.connect(self._use_sources)
        given.changed.connect(self._use_sources)

    @property
    def busy(self) -> bool:
        """True while photos are being judged, or are about to be."""
        return self._timer.isActive() or bool(self._asked_ids)

    def guess_of(self, photo_id: int) -> KeptGuess | None:
        """What the network said of a photo that is open; None where it was not asked."""
        return self._guesses.get(photo_id)

    # What changed -----------------------------------------------------------------------------------------

    def _keep(self, guesses: Mapping[int, KeptGuess]) -> None:
        self._guesses.update(guesses)
        self._compare(guesses)

    def _forget(self, photo_ids: Iterable[int]) -> None:
        """Where a photo is closed that said where it was, the others are judged without it."""
        gone = set(photo_ids)
        for photo_id in gone:
            self._guesses.pop(photo_id, None)
        self._changed_ids -= gone
        known = [self._facts.pop(photo_id, _NO_FACTS) for photo_id in gone]
        if any(facts.place is not None or facts.camera is not None for facts in known):
            self._after_decision = True
            self._drop_request()
            self._changed_ids |= self._guesses.keys()
            self._judge_soon()

    def _compare(self, photo_ids: Iterable[int]) -> None:
        for photo in self._workbench.session.photos(photo_ids):
            facts, old = self._facts_of(photo), self._facts.get(photo.id, _NO_FACTS)
            self._facts[photo.id] = facts
            if facts.place != old.place:
                self._after_decision = True
                self._drop_request()
            elif (facts.guess, facts.camera) == (old.guess, old.camera) and (old.open or not facts.open):
                continue
            self._changed_ids.add(photo.id)
        self._judge_soon()

    def _facts_of(self, photo: Photo) -> _Facts:
        fix = photo.on_disk
        camera = fix.position if fix is not None and photo.has_camera_position else None
        is_open = photo.state is PhotoState.PREDICTED
        return _Facts(self._guesses.get(photo.id), place_of_user(photo), camera, is_open)

    def _wanted_sources(self) -> Sources:
        settings, given = self._workbench.settings, self._given
        return Sources(
            kinds_of(settings),
            settings.use_image,
            given.track,
            given.offset_by_hand,
            given.camera_offsets,
            given.hint,
        )

    def _use_sources(self, *_: object) -> None:
        """Judge everything anew when other sources may speak."""
        wanted = self._wanted_sources()
        if wanted == self._sources:
            return
        self._sources = wanted
        self._drop_request()
        self._changed_ids.update(self._guesses)
        if wanted.image_alone:
            self._timer.stop()
            self._put([(photo_id, guess, guess.alone) for photo_id, guess in self._guesses.items()])
        else:
            self._after_decision = True
            self._judge_soon()

    def _drop_request(self) -> None:
        """What is being judged is no longer true; it is asked again, with the newer facts."""
        self._generation.next()
        self._changed_ids |= {i for i in self._asked_ids if i in self._workbench.session}
        self._asked_ids = frozenset()

    # Judging ----------------------------------------------------------------------------------------------

    def _judge_soon(self) -> None:
        can_judge = not self._sources.image_alone and self._guesses and self._predicting.predictor is not None
        if not (can_judge and self._changed_ids):
            return
        streaming = self._predicting.progress.running and not self._after_decision
        wait_ms = max(_STREAM_MS, _STREAM_SHARE * self._took_ms) if streaming else _PAUSE_MS
        if not self._timer.isActive() or self._timer.remainingTime() > wait_ms:
            self._timer.start(wait_ms)

    def _judge(self) -> None:
        if self._asked_ids:
            self._timer.start(_PAUSE_MS)  # what is being judged is still worth having
            return
        predictor = self._predicting.predictor
        if predictor is None or self._sources.image_alone:
            return
        self._asked_ids, self._changed_ids = frozenset(self._changed_ids), set()
        tells, self._after_decision = self._after_decision, False
        photos = trip_photos(self._workbench.session, self._guesses)
        self._workbench.jobs.run(
            partial(_judge, predictor, photos, self._asked_ids, self._sources),
            partial(self._judged, dict(self._guesses), tells),
            self._failed,
            self._generation.next(),
            Lane.MODEL,
        )

    def _judged(self, guesses: Mapping[int, KeptGuess], tells: bool, answer: tuple[Judgement, int]) -> None:
        self._asked_ids = frozenset()
        judgement, self._took_ms = answer
        found = judgement.predictions
        moves = self._put([(i, guesses[i], prediction) for i, prediction in found.items()])
        if (judgement.clocks, judgement.cameras) != (self.clocks, self.cameras):
            self.clocks, self.cameras = judgement.clocks, judgement.cameras
            self.clocks_found.emit()
        if tells and moves:
            sentence = trn("{n} photo of this trip moved.", "{n} photos of this trip moved.", len(moves))
            self._workbench.mentioned.emit(sentence, "\n".join(moves))

    def _failed(self, error: Exception) -> None:
        self._asked_ids = frozenset()
        if not isinstance(error, GeotaggerError):
            raise error
        self._workbench.noticed.emit(said(error), "")

    def _put(self, answers: Sequence[tuple[int, KeptGuess, Prediction]]) -> list[str]:
        """Give photos that are still undecided their predictions; returns a line for each that moved."""
        session = self._workbench.session
        moves, changed = [], []
        for photo_id, guess, prediction in answers:
            photo = session.get(photo_id)
            if photo is None or photo.prediction is None or photo.state is not PhotoState.PREDICTED:
                continue
            if self._guesses.get(photo_id) is not guess:
                continue  # predicted anew meanwhile
            moved_km = photo.prediction.position.distance_km(prediction.position)
            if moved_km > _MOVED_KM:
                moves.append(_move_words(photo, prediction, moved_km))
            if session.update(photo_id, prediction=prediction):
                changed.append(photo_id)
        self._workbench.note_changed(changed)
        return moves


def _move_words(photo: Photo, prediction: Prediction, moved_km: float) -> str:
    return tr("{name}: by {km} km, to {region} ({share})").format(
        name=photo.path.name,
        km=f"{moved_km:.0f}",
        region=tr(prediction.best.name),
        share=percent(prediction.best.probability),
    )


def _judge(
    predictor: Any, photos: Sequence[TripPhoto], changed_ids: frozenset[int], sources: Sources
) -> tuple[Judgement, int]:
    """The new predictions, and how many milliseconds they took."""
    from geotagger.evidence.gallery import Gallery
    from geotagger.session.together import judge_trips

    facts = predictor.grid, predictor.calibration, predictor.model_id, predictor.device
    start = time.monotonic()
    with Gallery() as gallery:
        found = judge_trips(photos, changed_ids, *facts, gallery, sources)
    return found, round(1000 * (time.monotonic() - start))
