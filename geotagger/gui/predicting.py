"""Streams photos through the network: decoding in the pool, the network on its own thread, results as they come."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from geotagger.core.errors import GeotaggerError, PhotoError
from geotagger.core.prediction import Prediction
from geotagger.core.sentence import Sentence
from geotagger.core.settings import model_folder
from geotagger.gui.jobs import Generation, Lane
from geotagger.gui.language import said, tr
from geotagger.gui.workbench import Workbench
from geotagger.metadata import read_photo
from geotagger.session.compact import compact
from geotagger.session.guesses import KeptGuess
from geotagger.session.progress import Progress

log = logging.getLogger(__name__)

_MAX_PER_BATCH = 8
"""Photos per call of the network: small enough that results trickle in and cancelling is quick."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the status bar says of the model."""

    model_id: str
    device_label: str


class Predicting(QObject):
    """Predicts photos in the order asked for, the one the user looks at first."""

    progressed = Signal()
    predicted = Signal(object)
    """What is kept of the photos that have just been predicted: a :class:`KeptGuess` by id."""
    model_changed = Signal()
    """:attr:`facts` or :attr:`problem` is another one."""
    _notice_of_model = Signal(object)

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._generation = Generation()
        self._token = self._generation.next()
        self._waiting: deque[int] = deque()
        self._loading: set[int] = set()
        self._loaded: deque[tuple[int, Any]] = deque()
        self._predicting = False
        self._predictor: Any = None
        # For the whole run: guesses of two models know different cells and cannot be judged together.
        self._folder = model_folder(workbench.settings)
        self._asked_device = ""
        self._starting = False
        self.facts: ModelFacts | None = None
        self.problem: str | None = None
        self.progress = Progress()
        workbench.photos_removed.connect(self._forget)
        # The model speaks from its own thread; a queued signal brings its words over here.
        self._notice_of_model.connect(self._on_notice_of_model, Qt.ConnectionType.QueuedConnection)

    @property
    def predictor(self) -> Any:
        """The model in use; None while there is none."""
        return self._predictor

    @property
    def model_is_loading(self) -> bool:
        """True until the model can predict, or its problem is known."""
        return self._starting

    def load_model(self) -> None:
        """Load the model in the background, so that the first prediction need not wait."""
        if self._predictor is not None or self._starting:
            return
        self._starting = True
        self.problem = None
        self.model_changed.emit()
        device = self._asked_device = self._workbench.settings.device.value
        self._workbench.jobs.run(
            partial(_make_predictor, self._folder, device, self._notice_of_model.emit),
            self._model_ready,
            self._model_failed,
            lane=Lane.MODEL,
        )

    def predict(self, photo_ids: Sequence[int]) -> None:
        """Predict photos; those that already wait are not taken twice."""
        session = self._workbench.session
        photos = session.photos(photo_ids)
        wanted = [photo.id for photo in photos if photo.metadata is not None and not photo.predicting]
        if not wanted:
            return
        for photo_id in wanted:
            session.update(photo_id, predicting=True)
        self._workbench.note_changed(wanted)
        self._waiting.extend(wanted)
        self.progress.expect(len(wanted))
        self.load_model()
        self._go_on()
        self.progressed.emit()

    def guess_aside(
        self, path: Path, on_done: Callable[[Prediction], None], on_error: Callable[[Exception], None]
    ) -> None:
        """Predict one file without touching the session; the model must be ready."""

        def run_network(pixels: Any) -> None:
            work = partial(_predict, self._predictor, [pixels])
            self._workbench.jobs.run(work, lambda found: on_done(found[0][0]), on_error, lane=Lane.MODEL)

        self._workbench.jobs.run(partial(_load_pixels, self._predictor, path), run_network, on_error)

    def cancel(self) -> None:
        """Stop; photos that have no prediction yet stay without."""
        self._token = self._generation.next()
        self._waiting.clear()
        self._loading.clear()
        self._loaded.clear()
        self._predicting = False
        self.progress.give_up()
        session = self._workbench.session
        stopped = [p.id for p in session if p.predicting and session.update(p.id, predicting=False)]
        self._workbench.note_changed(stopped)
        self.progressed.emit()

    def use_device_of_settings(self) -> None:
        """Load the model anew after the user chose another device."""
        self._predictor = None
        self.facts = None
        self.load_model()

    # The stream -------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Keep the pool decoding at most two batches ahead, and the network busy."""
        if self._predictor is None:
            return
        while self._waiting and len(self._loading) + len(self._loaded) < 2 * self._batch_size:
            self._load(self._next_waiting())
        if (
            not self._predicting
            and self._loaded
            and (len(self._loaded) >= self._batch_size or not self._loading)
        ):
            self._run_network()

    @property
    def _batch_size(self) -> int:
        return max(1, min(int(self._predictor.batch_size), _MAX_PER_BATCH))

    def _next_waiting(self) -> int:
        current = self._workbench.current_id
        if current is not None and current in self._waiting:
            self._waiting.remove(current)
            return current
        return self._waiting.popleft()

    def _load(self, photo_id: int) -> None:
        if photo_id not in self._workbench.session:
            self.progress.advance()
            return
        path = self._workbench.session[photo_id].path
        self._loading.add(photo_id)
        self._workbench.jobs.run(
            partial(_load_pixels, self._predictor, path),
            partial(self._load_done, photo_id),
            partial(self._load_failed, photo_id, path),
            self._token,
        )

    def _load_done(self, photo_id: int, pixels: Any) -> None:
        self._loading.discard(photo_id)
        self._loaded.append((photo_id, pixels))
        self._go_on()

    def _load_failed(self, photo_id: int, path: Path, error: Exception) -> None:
        self._loading.discard(photo_id)
        self._fail(photo_id, error)
        self._go_on()

    def _run_network(self) -> None:
        batch = [self._loaded.popleft() for _ in range(min(self._batch_size, len(self._loaded)))]
        ids = [photo_id for photo_id, _ in batch]
        self._predicting = True
        self._workbench.jobs.run(
            partial(_predict, self._predictor, [pixels for _, pixels in batch]),
            partial(self._network_done, ids),
            partial(self._network_failed, ids),
            self._token,
            Lane.MODEL,
        )

    def _network_done(self, ids: list[int], found: list[tuple[Prediction, KeptGuess]]) -> None:
        self._predicting = False
        session = self._workbench.session
        for photo_id, (alone, _) in zip(ids, found, strict=True):
            session.update(photo_id, prediction=alone, predicting=False)
        self._workbench.note_changed(ids)
        self.predicted.emit({photo_id: guess for photo_id, (_, guess) in zip(ids, found, strict=True)})
        self.progress.advance(len(ids))
        self._go_on()
        self.progressed.emit()

    def _network_failed(self, ids: list[int], error: Exception) -> None:
        self._predicting = False
        for photo_id in ids:
            self._fail(photo_id, error)
        self._go_on()

    def _fail(self, photo_id: int, error: Exception) -> None:
        """Give the photo its sentence; the batch goes on."""
        if isinstance(error, PhotoError):
            sentence = error.reason
        elif isinstance(error, GeotaggerError):
            sentence = error.sentence
        else:
            log.error("Photo %s could not be predicted.", photo_id, exc_info=error)
            sentence = Sentence("The prediction failed: {problem}", problem=error)
        if self._workbench.session.update(photo_id, error=sentence, predicting=False):
            self._workbench.note_changed([photo_id])
        self.progress.advance()
        self.progressed.emit()

    def _forget(self, photo_ids: list[int]) -> None:
        gone = set(photo_ids)
        dropped = [photo_id for photo_id in self._waiting if photo_id in gone]
        if dropped:
            self._waiting = deque(photo_id for photo_id in self._waiting if photo_id not in gone)
            self.progress.advance(len(dropped))
            self.progressed.emit()

    # The model --------------------------------------------------------------------------------------------

    def _model_ready(self, predictor: Any) -> None:
        self._starting = False
        if self._asked_device != self._workbench.settings.device.value:
            self.load_model()  # the user chose another device while this one was being set up
            return
        self._predictor = predictor
        self.facts = ModelFacts(predictor.model_id, predictor.device_label)
        self.model_changed.emit()
        self._go_on()

    def _on_notice_of_model(self, sentence: Sentence) -> None:
        log.warning("%s", sentence)
        if self._predictor is not None:
            self.facts = ModelFacts(self._predictor.model_id, self._predictor.device_label)
            self.model_changed.emit()
        self._workbench.noticed.emit(said(sentence), "")

    def _model_failed(self, error: Exception) -> None:
        self._starting = False
        if isinstance(error, GeotaggerError):
            self.problem = said(error)
        else:
            log.error("The model could not be loaded.", exc_info=error)
            self.problem = tr("The model could not be loaded: {problem}").format(problem=error)
        self.model_changed.emit()
        self._workbench.noticed.emit(self.problem, "")
        self.cancel()


def _make_predictor(folder: Path | None, device: str, on_notice: Callable[[Sentence], None]) -> Any:
    """Load torch and the model. The import stands here because it takes seconds: the window opens before."""
    from geotagger.inference import Predictor, load_bundle

    return Predictor(load_bundle(folder), device, on_notice)


def _load_pixels(predictor: Any, path: Path) -> Any:
    """Decode a photo, or the preview inside a RAW file; read anew, since it may have changed or gone meanwhile."""
    from geotagger.session.pipeline import load_pixels

    return load_pixels(read_photo(path), predictor)


def _predict(predictor: Any, pixels: Sequence[Any]) -> list[tuple[Prediction, KeptGuess]]:
    """What the network says of one batch, each photo judged alone: its prediction, and what is kept for later."""
    from geotagger.evidence import predict_from_image

    facts = predictor.grid, predictor.calibration, predictor.model_id, predictor.device
    outputs = predictor.predict(pixels)
    alone = [compact(predict_from_image(output, *facts)) for output in outputs]
    return [(one, KeptGuess.of(output, one)) for one, output in zip(alone, outputs, strict=True)]
