"""Judges the photos of a trip together once they are predicted, and again when the user puts one somewhere.

Also when the user closes a photo that others lean on, or lets another source speak.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from geotagger.core.errors import GeotaggerError
from geotagger.core.geo import LatLon, haversine_km
from geotagger.core.prediction import Prediction
from geotagger.gui.given import Given
from geotagger.gui.jobs import Generation, Lane, Token
from geotagger.gui.language import said, tr, trn
from geotagger.gui.names import shown_name
from geotagger.gui.predicting import Predicting
from geotagger.gui.turns import Turns
from geotagger.gui.wording import percent
from geotagger.gui.workbench import Workbench
from geotagger.session.guesses import KeptGuess, place_of_user, trip_photos
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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of judging, a line for each photo that moved by it, how long it took, and why the gallery had no say."""

    judgement: Judgement
    moves: Sequence[str]
    took_ms: int
    problem: GeotaggerError | None


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
        self.cameras: Mapping[tuple[str, str], CameraClock] = {}
        self._guesses: dict[int, KeptGuess] = {}
        self._of_closed: dict[int, KeptGuess] = {}
        self._facts: dict[int, _Facts] = {}
        self._changed_ids: set[int] = set()
        self._asked_ids: frozenset[int] = frozenset()
        self._after_decision = False
        self._took_ms = 0
        self._told = ""
        self._generation = Generation()
        self._turns = Turns(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._judge)
        predicting.predicted.connect(self._keep)
        predicting.progressed.connect(self._judge_soon)
        predicting.model_changed.connect(self._judge_soon)
        workbench.photos_changed.connect(self._compare)
        workbench.photos_removed.connect(self._forget)
        workbench.photos_put_back.connect(self._remember)
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
            if (guess := self._guesses.pop(photo_id, None)) is not None:
                self._of_closed[photo_id] = guess  # a few bytes, should the photo come back
        self._changed_ids -= gone
        known = [self._facts.pop(photo_id, _NO_FACTS) for photo_id in gone]
        if any(facts.place is not None or facts.camera is not None for facts in known):
            self._after_decision = True
            self._drop_request()
            self._changed_ids |= self._guesses.keys()
            self._judge_soon()

    def _remember(self, photo_ids: Sequence[int]) -> None:
        known = {i: self._of_closed.pop(i) for i in photo_ids if i in self._of_closed}
        self._keep(known)

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
        if not wanted.image_alone:
            self._after_decision = True
            self._judge_soon()
            return
        self._timer.stop()
        self._asked_ids, self._changed_ids = frozenset(self._guesses), set()
        answers = ((photo_id, guess, guess.alone()) for photo_id, guess in list(self._guesses.items()))
        self._turns.run(self._put(answers, self._generation.next(), self._stop_asking))

    def _drop_request(self) -> None:
        """What is being judged is no longer true; it is asked again, with the newer facts."""
        if self._sources.image_alone:
            return  # what each picture says by itself stays true
        self._generation.next()
        self._changed_ids |= {i for i in self._asked_ids if i in self._workbench.session}
        self._stop_asking()

    def _stop_asking(self) -> None:
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
        photos, guesses, token = list(self._workbench.session), dict(self._guesses), self._generation.next()
        self._workbench.jobs.run(
            partial(_judge, predictor, photos, guesses, self._asked_ids, self._sources),
            partial(self._judged, guesses, tells, token),
            self._failed,
            token,
            Lane.MODEL,
        )

    def _judged(self, guesses: Mapping[int, KeptGuess], tells: bool, token: Token, answer: _Answer) -> None:
        self._took_ms = answer.took_ms
        found = answer.judgement.predictions
        answers = ((photo_id, guesses[photo_id], prediction) for photo_id, prediction in found.items())
        self._turns.run(self._put(answers, token, partial(self._all_put, answer, tells)))

    def _all_put(self, answer: _Answer, tells: bool) -> None:
        self._stop_asking()
        judgement, moves = answer.judgement, answer.moves
        problem = "" if answer.problem is None else said(answer.problem)
        if problem and problem != self._told:
            self._workbench.noticed.emit(f"{problem} {tr('The photos are judged without it.')}", "")
        self._told = problem
        if (judgement.clocks, judgement.cameras) != (self.clocks, self.cameras):
            self.clocks, self.cameras = judgement.clocks, judgement.cameras
            self.clocks_found.emit()
        if tells and moves:
            sentence = trn("{n} photo of this trip moved.", "{n} photos of this trip moved.", len(moves))
            self._workbench.mentioned.emit(sentence, "\n".join(moves))

    def _failed(self, error: Exception) -> None:
        self._stop_asking()
        if not isinstance(error, GeotaggerError):
            raise error
        self._workbench.noticed.emit(said(error), "")

    def _put(
        self,
        answers: Iterator[tuple[int, KeptGuess, Prediction]],
        token: Token,
        ended: Callable[[], None],
    ) -> Iterator[None]:
        """Give photos that are still undecided their predictions, one with each step."""
        session = self._workbench.session
        for photo_id, guess, prediction in answers:
            if token.cancelled:
                return
            # Not one that was closed, decided or predicted anew meanwhile.
            photo = session.get(photo_id)
            is_open = photo is not None and photo.state is PhotoState.PREDICTED
            is_same = self._guesses.get(photo_id) is guess
            if is_open and is_same and session.update(photo_id, prediction=prediction):
                self._workbench.note_changed((photo_id,))
            yield
        if not token.cancelled:
            ended()


def _judge(
    predictor: Any,
    photos: Sequence[Photo],
    guesses: Mapping[int, KeptGuess],
    changed_ids: frozenset[int],
    sources: Sources,
) -> _Answer:
    from geotagger.evidence.gallery import Gallery, GalleryError
    from geotagger.session.together import judge_trips

    facts = predictor.grid, predictor.calibration, predictor.model_id, predictor.device
    start, problem = time.monotonic(), None
    judge = partial(judge_trips, trip_photos(photos, guesses), changed_ids, *facts, sources=sources)
    try:
        with Gallery() as gallery:
            found = judge(gallery=gallery)
    except GalleryError as error:
        problem, found = error, judge()
    moves = _moves({photo.id: photo for photo in photos}, found.predictions)
    return _Answer(found, moves, round(1000 * (time.monotonic() - start)), problem)


def _moves(photos: Mapping[int, Photo], predictions: Mapping[int, Prediction]) -> list[str]:
    """A line for each photo that waits for a decision and is somewhere else now."""
    pairs = [
        (photo, old, prediction)
        for photo_id, prediction in predictions.items()
        if (photo := photos[photo_id]).state is PhotoState.PREDICTED and (old := photo.prediction) is not None
    ]
    before = np.array([(old.position.lat_deg, old.position.lon_deg) for _, old, _ in pairs]).reshape(-1, 2)
    after = np.array([(new.position.lat_deg, new.position.lon_deg) for _, _, new in pairs]).reshape(-1, 2)
    moved_km = haversine_km(before[:, 0], before[:, 1], after[:, 0], after[:, 1])
    return [
        _move_words(photo, prediction, km)
        for (photo, _, prediction), km in zip(pairs, moved_km.tolist(), strict=True)
        if km > _MOVED_KM
    ]


def _move_words(photo: Photo, prediction: Prediction, moved_km: float) -> str:
    return tr("{name}: by {km} km, to {region} ({share})").format(
        name=shown_name(photo.path),
        km=f"{moved_km:.0f}",
        region=tr(prediction.best.name),
        share=percent(prediction.best.probability),
    )
