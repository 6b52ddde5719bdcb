"""The panel on the right: the current photo large, where it may be, and what would be written."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from geotagger.core.coordinates import format_radius
from geotagger.core.fix import Source
from geotagger.gui.actions import Actions
from geotagger.gui.appearance import Appearance
from geotagger.gui.explaining import Explaining
from geotagger.gui.fields import PositionField
from geotagger.gui.language import localized, said, tr
from geotagger.gui.names import breakable, shown, shown_name, tool_tip
from geotagger.gui.photo_model import PhotoModel
from geotagger.gui.placing import Placing
from geotagger.gui.preview import Preview
from geotagger.gui.region_bars import RegionBars
from geotagger.gui.what_is_written import WhatIsWritten
from geotagger.gui.wording import (
    accepted_words,
    evidence_heading,
    evidence_lines,
    near_words,
    percent,
    place_summary,
    point_text,
    region_set_text,
    row_words,
    source_name,
    state_name,
)
from geotagger.gui.workbench import Workbench
from geotagger.session.arrangement import taken
from geotagger.session.photo import Photo, PhotoState

_TELLING_RADIUS_KM = 100.0
"""With a larger radius the name of a town would pretend to know what nobody knows."""


class Panel(QScrollArea):
    """Everything about the current photo."""

    position_entered = Signal(object)
    """The user typed this :class:`LatLon` for the selected photos."""
    predict_wanted = Signal()

    def __init__(
        self,
        workbench: Workbench,
        model: PhotoModel,
        explaining: Explaining,
        placing: Placing,
        actions: Actions,
        appearance: Appearance,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._model = model
        self._explaining = explaining
        self._placing = placing
        self._why = actions["why"]
        self.setObjectName("side")
        self.setAccessibleName(tr("Details of the photo"))
        # Not by a click, after which the arrows would no longer go through the list.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.preview = Preview(workbench.jobs, appearance)
        self._why_button = _overlay_button(self._why, self.preview)
        self._name = _label("strong")
        # Also a name that is read from right to left stands below the photo's left edge, like the lines after it.
        self._name.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
        self._facts = _label("muted")
        self._error = _label("error")
        self._summary = _label("heading")
        self._certainty = _label("muted")
        self._bars = RegionBars(appearance)
        self._bars.chosen_changed.connect(self._show_why)
        self._why.toggled.connect(self._bars.mark_chosen)
        explaining.explained.connect(self._show_why)
        self._evidence = _label("muted")
        self._predict = QPushButton(tr("Predict where it was taken"))
        self._predict.clicked.connect(self.predict_wanted)
        self.position = PositionField(placing.known)
        self.position.setPlaceholderText(tr("Position, town or known place"))
        self.position.setAccessibleName(tr("Position"))
        self.position.setToolTip(
            tr(
                "Decimal degrees, degrees and minutes, geo:, a map link, or the name of a town or of a known place; "
                "Enter sets it"
            )
        )
        self.position.entered.connect(self.position_entered)
        self._pin_action = actions["pin"]
        self._pin = QToolButton()
        self._pin.setDefaultAction(self._pin_action)
        self._pin.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._pin.setIconSize(QSize(18, 18))
        self._pin.setObjectName("fold")
        self._pin.setAccessibleName(self._pin_action.text())
        placing.known_changed.connect(self._refresh)
        self._problem = _label("error")
        self.position.refused.connect(self._show_problem)
        self._near = _label("muted")
        self._written = WhatIsWritten(workbench, appearance)
        self._placing_part = QWidget()
        self._body = QWidget()
        self._body.setObjectName("side")
        self._nothing = _label("muted")
        self._nothing.setText(tr("Select a photo to see where it may have been taken."))
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMargin(16)
        self._lay_out()
        self.setWidget(self._body)
        self._why.toggled.connect(explaining.set_on)
        workbench.selection_changed.connect(self._refresh)
        workbench.photos_changed.connect(self._on_changed)
        workbench.settings_changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        self._details = QWidget()
        inner = QVBoxLayout(self._details)
        inner.setContentsMargins(16, 12, 16, 16)
        inner.setSpacing(4)
        inner.addWidget(self._name)
        inner.addWidget(self._facts)
        inner.addWidget(self._error)
        inner.addSpacing(4)
        inner.addWidget(_rule())
        self._guess_rule = _rule()
        inner.addSpacing(4)
        inner.addWidget(self._summary)
        inner.addWidget(self._certainty)
        inner.addSpacing(4)
        inner.addWidget(self._bars)
        inner.addWidget(self._evidence)
        inner.addWidget(self._predict)
        inner.addSpacing(4)
        inner.addWidget(self._guess_rule)
        inner.addSpacing(4)
        inner.addWidget(self._placing_part)
        inner.addStretch(1)
        self._lay_out_placing()
        layout = QVBoxLayout(self._body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.preview)
        layout.addWidget(self._details, 1)
        layout.addWidget(self._nothing, 1)

    def _lay_out_placing(self) -> None:
        """What is of no use for a file that cannot be read: its position, and what would be written."""
        inner = QVBoxLayout(self._placing_part)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.position, 1)
        row.addWidget(self._pin)
        inner.addLayout(row)
        inner.addWidget(self._problem)
        inner.addWidget(self._near)
        inner.addSpacing(4)
        inner.addWidget(_rule())
        inner.addWidget(self._written)

    def _on_changed(self, photo_ids: list[int]) -> None:
        if self._workbench.current_id in photo_ids:
            self._refresh()

    def _show_problem(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))

    def _refresh(self, *_: object) -> None:
        photo = self._workbench.current
        self.preview.setVisible(photo is not None)
        self._details.setVisible(photo is not None)
        self._nothing.setVisible(photo is None)
        quick = None if photo is None else self._model.thumbnails.get(photo.id, photo.path)
        self.preview.show_photo(photo, quick)
        self._why.setEnabled(photo is not None and photo.prediction is not None)
        self._pin_action.setEnabled(photo is not None and photo.shown_position is not None)
        if photo is None:
            return
        self._name.setText(breakable(shown_name(photo.path)))
        self._name.setToolTip(tool_tip(str(photo.path)))
        _set(self._facts, _facts(photo))
        _set(self._error, said(photo.error) if photo.error else "")
        self._show_guess(photo)
        fix = photo.shown_fix
        radius_km = None if fix is None else fix.radius_km
        self.position.show_position(photo.shown_position, self._workbench.settings.notation, radius_km)
        self._placing_part.setVisible(photo.metadata is not None or photo.error is None)
        self.position.setEnabled(photo.metadata is not None)
        _set(self._near, self._position_note(photo))
        self._written.show_photo(photo)

    def _show_guess(self, photo: Photo) -> None:
        prediction = photo.prediction
        self._guess_rule.setVisible(prediction is not None or photo.error is None)
        self._bars.show_prediction(prediction, photo.id)
        self._bars.setVisible(prediction is not None)
        self._show_why()
        can_ask = prediction is None and photo.state in (PhotoState.LOCATED, PhotoState.UNLOCATED)
        self._predict.setVisible(can_ask)
        is_placed = photo.edited is not None and photo.edited.source is Source.MANUAL
        lines = [] if prediction is None or is_placed or photo.skipped else evidence_lines(prediction)
        head = [] if prediction is None or not lines else [evidence_heading(prediction)]
        _set(self._evidence, "\n".join([*head, *map(shown, lines)]))
        if prediction is None:
            _set(self._summary, "" if photo.error else _headline(photo))
            _set(self._certainty, "")
            return
        guess = place_summary(prediction)
        if is_placed or photo.skipped:
            _set(self._summary, tr("Placed by you") if is_placed else tr("Guess rejected"))
            best = prediction.best
            words = tr("The guess was {region}, {share}")
            _set(self._certainty, words.format(region=tr(best.name), share=percent(best.probability)))
            return
        accepted = accepted_words(photo, prediction)
        if accepted is not None:
            _set(self._summary, accepted)
            words = tr("The guess is now {region}, {share}")
            _set(
                self._certainty,
                words.format(region=tr(prediction.best.name), share=percent(prediction.best.probability)),
            )
            return
        radius = f"{localized(format_radius(prediction.radius_km))} ({percent(prediction.radius_coverage)})"
        _set(self._summary, guess)
        certainty = " · ".join(part for part in (region_set_text(prediction), radius) if part)
        _set(self._certainty, "\n".join(part for part in (certainty, point_text(prediction)) if part))
        self._certainty.setToolTip(
            tr(
                "In {sets} of such cases the true region is one of these; in {radii} the place lies within the radius."
            ).format(sets=percent(prediction.region_set_coverage), radii=percent(prediction.radius_coverage))
        )

    def _show_why(self) -> None:
        """Veil the preview but for what speaks for the chosen region, and say on the button which that is."""
        region = self._bars.chosen
        heat = None if region is None else self._explaining.heat(region.code)
        self.preview.show_heat(heat)
        words = tr("Why")
        if self._why.isChecked() and region is not None:
            cold = heat is not None and heat.is_cold
            text = tr("Nothing here speaks for {region}") if cold else tr("Why {region}")
            words = text.format(region=tr(region.name))
        self._why_button.setText(words)
        self._why_button.setVisible(region is not None)

    def _position_note(self, photo: Photo) -> str:
        fix = photo.shown_fix
        if fix is None:
            return ""
        certain = fix.radius_km is None or fix.radius_km <= _TELLING_RADIUS_KM
        known = self._placing.known.at(fix.position)
        if known is not None:
            where = tr("at {place}").format(place=known.name)
        else:
            where = near_words(fix.position) if certain else ""
        parts = [where, source_name(fix.source)]
        if fix.radius_km is not None:
            parts.append(localized(format_radius(fix.radius_km)).replace(" ", "\N{NO-BREAK SPACE}"))
        return " ·\N{NO-BREAK SPACE}".join(part for part in parts if part)


def _headline(photo: Photo) -> str:
    if photo.state in (PhotoState.READING, PhotoState.PREDICTING):
        return row_words(photo).place
    name = state_name(photo.state)
    return name[:1].upper() + name[1:]


def _facts(photo: Photo) -> str:
    if photo.metadata is None:
        return ""
    parts = []
    time = taken(photo)
    if time is not None:
        parts.append(f"{time:%Y-%m-%d %H:%M}")
    if photo.metadata.camera:
        parts.append(photo.metadata.camera)
    if photo.metadata.width_px and photo.metadata.height_px:
        parts.append(
            f"{photo.metadata.width_px}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{photo.metadata.height_px}"
        )
    return " · ".join(parts)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setMinimumWidth(1)
    if role:
        label.setProperty("role", role)
    return label


def _overlay_button(action: QAction, picture: QWidget) -> QToolButton:
    """A button for an action in the corner of a picture; its text is its own."""
    button = QToolButton()
    button.setObjectName("overlay")
    button.setCheckable(True)
    button.setToolTip(action.toolTip())
    button.setAccessibleName(action.text())
    button.clicked.connect(action.trigger)
    action.toggled.connect(button.setChecked)
    layout = QVBoxLayout(picture)
    layout.setContentsMargins(8, 8, 8, 8)
    layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
    return button


def _rule() -> QFrame:
    rule = QFrame()
    rule.setObjectName("rule")
    return rule


def _set(label: QLabel, text: str) -> None:
    label.setText(breakable(text))
    label.setVisible(bool(text))
