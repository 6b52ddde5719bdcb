"""Says in the bottom bar what is going on: writing before reading before predicting."""

from __future__ import annotations

from PySide6.QtCore import QObject

from geotagger.gui.bottom_bar import BottomBar
from geotagger.gui.language import tr, trn
from geotagger.gui.learning import Learning
from geotagger.gui.predicting import Predicting
from geotagger.gui.reading import Reading
from geotagger.gui.workbench import Workbench
from geotagger.gui.writing import Writing
from geotagger.session.photo import PhotoState


class GoingOn(QObject):
    """Listens to everything that takes time and tells the bar the one thing that matters."""

    def __init__(
        self,
        workbench: Workbench,
        reading: Reading,
        predicting: Predicting,
        writing: Writing,
        learning: Learning,
        bar: BottomBar,
    ) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._reading = reading
        self._predicting = predicting
        self._writing = writing
        self._learning = learning
        self._bar = bar
        for flow in (reading, predicting, writing, learning):
            flow.progressed.connect(self._show_progress)
        for signal in (workbench.photos_added, workbench.photos_removed, workbench.photos_changed):
            signal.connect(self._show_progress)
        predicting.model_changed.connect(self._show_model)
        workbench.settings_changed.connect(self._show_model)
        self._show_model()

    def _show_progress(self, *_: object) -> None:
        if self._writing.progress.running:
            self._bar.show_work(tr("Writing"), self._writing.progress, can_pause=True)
        elif self._reading.progress.running or self._reading.scanning:
            self._bar.show_work(tr("Reading"), self._reading.progress)
        elif self._predicting.progress.running:
            loading = self._predicting.model_is_loading
            verb = tr("Loading model…") if loading else tr("Predicting")
            self._bar.show_work(verb, self._predicting.progress)
        elif self._learning.progress.running:
            self._bar.show_work(tr("Learning"), self._learning.progress)
        else:
            self._bar.show_ready(self._ready_text())

    def _ready_text(self) -> str:
        counts = self._workbench.session.counts
        if not len(self._workbench.session):
            return tr("Ready")
        parts = [
            (counts[PhotoState.PREDICTED], trn("{n} to check", "{n} to check", counts[PhotoState.PREDICTED])),
            (counts[PhotoState.ACCEPTED], trn("{n} accepted", "{n} accepted", counts[PhotoState.ACCEPTED])),
            (
                counts[PhotoState.CORRECTED],
                trn("{n} placed by you", "{n} placed by you", counts[PhotoState.CORRECTED]),
            ),
            (counts[PhotoState.WRITTEN], trn("{n} written", "{n} written", counts[PhotoState.WRITTEN])),
            (counts[PhotoState.FAILED], trn("{n} failed", "{n} failed", counts[PhotoState.FAILED])),
        ]
        return " · ".join(words for count, words in parts if count) or trn(
            "{n} photo", "{n} photos", len(self._workbench.session)
        )

    def _show_model(self, *_: object) -> None:
        predicting = self._predicting
        if predicting.problem is not None:
            text = tr("No model")
        elif predicting.facts is not None:
            model = predicting.facts.model_id.rpartition("-")[2]
            text = tr("{device} · model {model}").format(device=predicting.facts.device_label, model=model)
        elif predicting.model_is_loading:
            text = tr("Loading model…")
        else:
            text = tr("Model not loaded")
        online = bool(self._workbench.settings.tile_url)
        self._bar.show_model(f"{text} · {tr('online map') if online else tr('offline')}")
        self._show_progress()
