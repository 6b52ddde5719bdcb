"""Challenge mode: a photo, a map to click on, and the model as opponent."""

from __future__ import annotations

import logging
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction
from geotagger.gui.appearance import Appearance
from geotagger.gui.jobs import Generation, Jobs, Urgency
from geotagger.gui.language import tr, trn
from geotagger.gui.map import MapView, Marker
from geotagger.gui.predicting import Predicting
from geotagger.gui.thumbnails import load_image
from geotagger.session.challenge import Challenge, Round, points
from geotagger.session.photo import PhotoState

log = logging.getLogger(__name__)

_PICTURE_PX = 900
_TRUTH, _USER, _MODEL = 1, 2, 3


class ChallengeDialog(QDialog):
    """Plays one challenge. The model guesses while the user looks, and shows its guess only afterwards."""

    def __init__(
        self,
        challenge: Challenge,
        predicting: Predicting,
        jobs: Jobs,
        appearance: Appearance,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.challenge = challenge
        self._predicting = predicting
        self._jobs = jobs
        self._generation = Generation()
        self._thinking: list[Round] = []
        """Rounds for which the model has not answered yet."""
        self._revealed = False
        self._summed_up = False
        self._ended = False
        self.setWindowTitle(tr("Challenge"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1200, 720)
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setMinimumHeight(40)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setMinimumSize(420, 420)
        self._picture.setAccessibleName(tr("The photo to be placed"))
        self.map_view = MapView(
            appearance.palette,
            {"written": tr("Taken here"), "corrected": tr("You"), "predicted": tr("Model")},
        )
        self.map_view.setMinimumWidth(520)
        self.map_view.map_clicked.connect(self._on_click)
        self.map_view.marker_moved.connect(lambda _id, lat, lon: self._on_click(lat, lon))
        appearance.changed.connect(self.map_view.set_palette_colors)
        self.button = QPushButton()
        self.button.setProperty("role", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._on_button)
        halves = QHBoxLayout()
        halves.setSpacing(16)
        halves.addWidget(self._picture, 2)
        halves.addWidget(self.map_view, 3)
        foot = QHBoxLayout()
        foot.addWidget(self._words, 1)
        foot.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(self._title)
        layout.addLayout(halves, 1)
        layout.addLayout(foot)
        self.finished.connect(self._end)
        self._begin_round()

    def _end(self) -> None:
        """Nothing that still comes is shown: the parts of a closed dialog are gone."""
        self._generation.next()
        self._ended = True

    @property
    def text(self) -> str:
        """What is said under the picture."""
        return self._words.text()

    def _begin_round(self) -> None:
        self._revealed = False
        number, count = self.challenge.current + 1, len(self.challenge.rounds)
        self._title.setText(tr("Round {number} of {count}").format(number=number, count=count))
        self._words.setText(tr("Where was this photo taken? Click on the map."))
        self.button.setText(tr("Guess"))
        self.button.setEnabled(False)
        self._picture.clear()
        self.map_view.set_markers([])
        self.map_view.fit(None)  # where the last photo was taken says nothing about the next one
        token = self._generation.next()
        path = self.challenge.round.path
        self._jobs.run(
            partial(load_image, path, _PICTURE_PX),
            self._show_picture,
            lambda error: log.info("No picture for the challenge: %s", error),
            token,
            urgency=Urgency.VISIBLE,
        )
        played = self.challenge.round
        self._thinking.append(played)
        self._predicting.guess_aside(
            path, partial(self._model_guessed, played), partial(self._model_failed, played)
        )

    def _show_picture(self, image: QImage | None) -> None:
        if image is not None:
            size = self._picture.size()
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._picture.setPixmap(QPixmap.fromImage(image).scaled(size, keep, smooth))

    def _model_guessed(self, played: Round, prediction: Prediction) -> None:
        played.model = prediction.position
        self._model_answered(played)

    def _model_failed(self, played: Round, error: Exception) -> None:
        log.warning("The model has no guess in the challenge: %s", error)
        self._model_answered(played)

    def _model_answered(self, played: Round) -> None:
        self._thinking.remove(played)
        if self._ended:
            return
        if self._summed_up:
            self._sum_up()  # the model was slow; its points count all the same
        elif self._revealed and played is self.challenge.round:
            self._reveal()

    def _on_click(self, lat_deg: float, lon_deg: float) -> None:
        if self._revealed:
            return
        self.challenge.round.user = LatLon(lat_deg, lon_deg)
        self.map_view.set_markers(
            [_marker(_USER, self.challenge.round.user, PhotoState.CORRECTED, tr("You"), True)]
        )
        self.button.setEnabled(True)

    def _on_button(self) -> None:
        if self._summed_up:
            self.accept()
        elif not self._revealed:
            self._revealed = True
            self._reveal()
        elif self.challenge.is_last_round:
            self._sum_up()
        else:
            self.challenge.current += 1
            self._begin_round()

    def _reveal(self) -> None:
        played = self.challenge.round
        self.map_view.set_markers(_markers_of(played, 0))
        self.map_view.fit(None)
        is_thinking = played in self._thinking
        model = (
            tr("The model is still looking.") if is_thinking else _result(tr("Model"), played, played.model)
        )
        self._words.setText(f"{_result(tr('You'), played, played.user)}\n{model}")
        self.button.setText(tr("Result") if self.challenge.is_last_round else tr("Next photo"))

    def _sum_up(self) -> None:
        self._summed_up = True
        user, model = self.challenge.user_points, self.challenge.model_points
        if user > model:
            title = tr("You won")
        else:
            title = tr("A draw") if user == model else tr("The model won")
        self._title.setText(title)
        self._picture.clear()
        words = tr("You {user}, model {model} of {most} points.")
        self._words.setText(words.format(user=user, model=model, most=100 * len(self.challenge.rounds)))
        self.map_view.set_markers(
            [m for number, one in enumerate(self.challenge.rounds) for m in _markers_of(one, 10 * number)]
        )
        self.map_view.fit(None)
        lines = [
            tr("Round {number}: you {user}, model {model}").format(
                number=number, user=points(one.truth, one.user), model=points(one.truth, one.model)
            )
            for number, one in enumerate(self.challenge.rounds, start=1)
        ]
        self._picture.setText("\n\n".join(lines))
        self.button.setText(tr("Close"))


def _result(who: str, played: Round, guess: LatLon | None) -> str:
    if guess is None:
        return tr("{who}: no guess").format(who=who)
    distance = f"{played.truth.distance_km(guess):,.0f}".replace(",", " ")
    return trn(
        "{who}: {distance} km away, {n} point",
        "{who}: {distance} km away, {n} points",
        points(played.truth, guess),
        who=who,
        distance=distance,
    )


def _markers_of(played: Round, first_id: int) -> list[Marker]:
    marks = [_marker(first_id + _TRUTH, played.truth, PhotoState.WRITTEN, tr("Taken here"))]
    if played.user is not None:
        marks.append(_marker(first_id + _USER, played.user, PhotoState.CORRECTED, tr("You")))
    if played.model is not None:
        marks.append(_marker(first_id + _MODEL, played.model, PhotoState.PREDICTED, tr("Model")))
    return marks


def _marker(marker_id: int, at: LatLon, state: PhotoState, label: str, draggable: bool = False) -> Marker:
    return Marker(marker_id, at, state, label, draggable)
