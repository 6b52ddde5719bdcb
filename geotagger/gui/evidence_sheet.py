"""The sheet about what speaks for a place: which sources may, the tracks in use, and what the program has learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from geotagger.core.settings import Settings
from geotagger.gui.given import TRACK_SUFFIXES, Given
from geotagger.gui.judging import Judging
from geotagger.gui.language import said, tr, trn
from geotagger.gui.learning import Learning
from geotagger.gui.names import shown_name, tool_tip
from geotagger.gui.workbench import Workbench
from geotagger.session.sources import OffsetError, offset_text, parse_offset

_WIDTH_PX = 500
_MARGINS_PX = 48
_MOST_CAMERAS_PX = 150
"""Where cameras of more folders are told of, their list scrolls: the sheet has to fit on the screen."""


def _switches() -> dict[str, str]:
    return {
        "use_image": tr("What the picture shows"),
        "judge_together": tr("Photos close in time, or in one folder without times"),
        "use_tracks": tr("Recorded tracks"),
        "use_gallery": tr("Photos that the program has learned"),
        "use_place_names": tr("City, state and country that the files name"),
        "use_time_zones": tr("Time zones that the cameras note"),
    }


class EvidenceSheet(QDialog):
    """Everything is used at once: the guesses behind the sheet follow."""

    settings_wanted = Signal(object)
    """The user let another source speak; these :class:`Settings` say which."""

    def __init__(
        self,
        workbench: Workbench,
        given: Given,
        judging: Judging,
        learning: Learning,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._given = given
        self._judging = judging
        self._learning = learning
        self._learned = 0
        self.setWindowTitle(tr("Evidence"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        self.switches = {name: self._switch(name, text) for name, text in _switches().items()}
        self.track_list = QListWidget()
        self.track_list.setAccessibleName(tr("Tracks in use"))
        self.track_list.setFixedHeight(64)
        self.track_list.itemSelectionChanged.connect(self._refresh_buttons)
        self.add_button = _button(tr("Add track…"), self._choose_tracks)
        self.remove_button = _button(tr("Remove"), self._remove_track)
        self.hint = QLineEdit()
        self.hint.setPlaceholderText(tr("Where these photos are from, such as: Banff, July 2019"))
        self.hint.setAccessibleName(tr("Hint"))
        self.hint.setText("" if given.hint is None else given.hint.text)
        self.hint.editingFinished.connect(lambda: given.set_hint(self.hint.text()))
        self._hint_problem = _words("error")
        given.hint_refused.connect(self._show_hint_problem)
        self._clock = _words()
        self.offset = QLineEdit()
        self.offset.setPlaceholderText(tr("found by itself"))
        self.offset.setAccessibleName(tr("Camera clocks show"))
        self.offset.setFixedWidth(140)
        self.offset.editingFinished.connect(self._take_offset)
        cameras = QWidget()
        self._cameras = QVBoxLayout(cameras)
        self._cameras.setContentsMargins(0, 0, 0, 0)
        self._camera_list = QScrollArea()
        self._camera_list.setWidgetResizable(True)
        self._camera_list.setFrameShape(QFrame.Shape.NoFrame)
        self._camera_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._camera_list.setWidget(cameras)
        self._problem = _words("error")
        self._known = _words()
        self.learn_button = _button(tr("Learn from these photos"), learning.learn)
        self.forget_button = _button(tr("Forget these photos"), learning.forget)
        self.corrections = self._switch("learn_corrections", tr("Learn at once what I correct by hand"))
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.timeout.connect(self._fit)
        self._lay_out()
        given.changed.connect(self._refresh)
        judging.clocks_found.connect(self._show_clocks)
        learning.changed.connect(self._count)
        learning.progressed.connect(self._refresh_buttons)
        workbench.settings_changed.connect(self._follow_settings)
        self._refresh()
        self._count()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(6)
        layout.addWidget(_heading(tr("What may speak for a place")))
        for box in self.switches.values():
            layout.addWidget(box)
        layout.addWidget(self.hint)
        layout.addWidget(self._hint_problem)
        layout.addSpacing(12)
        layout.addWidget(_heading(tr("Tracks")))
        layout.addWidget(_words(text=tr("Drop GPX, KML or GeoJSON files on the window to use them.")))
        layout.addWidget(self.track_list)
        layout.addLayout(_row(self.add_button, self.remove_button))
        layout.addLayout(_row(QLabel(tr("Camera clocks show")), self.offset))
        layout.addWidget(self._clock)
        layout.addWidget(self._camera_list)
        layout.addWidget(self._problem)
        layout.addSpacing(12)
        layout.addWidget(_heading(tr("Your own photos")))
        layout.addWidget(self._known)
        layout.addLayout(_row(self.learn_button, self.forget_button))
        layout.addWidget(self.corrections)
        layout.addSpacing(12)
        close = _button(tr("Close"), self.accept)
        close.setDefault(True)
        end = QHBoxLayout()
        end.addStretch(1)
        end.addWidget(close)
        layout.addLayout(end)

    def _fit_soon(self) -> None:
        """Be as high as the words need, once they are laid out."""
        self._fitting.start()

    def _fit(self) -> None:
        layout = self.layout()
        wanted = self._cameras.totalHeightForWidth(_WIDTH_PX - _MARGINS_PX)
        self._camera_list.setFixedHeight(min(wanted, _MOST_CAMERAS_PX))
        if layout is not None:
            layout.activate()
            self.setFixedHeight(layout.totalHeightForWidth(_WIDTH_PX))

    # Sources ----------------------------------------------------------------------------------------------

    def _switch(self, name: str, text: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(getattr(self._workbench.settings, name))
        box.toggled.connect(
            lambda on: self.settings_wanted.emit(replace(self._workbench.settings, **{name: on}))
        )
        return box

    def _follow_settings(self, settings: Settings) -> None:
        for name, box in {**self.switches, "learn_corrections": self.corrections}.items():
            box.setChecked(getattr(settings, name))

    def _show_hint_problem(self, sentence: str) -> None:
        _say(self._hint_problem, sentence)
        self._fit_soon()

    # Tracks -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        self.track_list.clear()
        for path in self._given.paths:
            self.track_list.addItem(shown_name(path))
            self.track_list.item(self.track_list.count() - 1).setToolTip(tool_tip(str(path)))
        by_hand = self._given.offset_by_hand
        self.offset.setText("" if by_hand is None else offset_text(by_hand))
        self._show_clocks()
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        self.remove_button.setEnabled(bool(self.track_list.selectedItems()))
        self.offset.setEnabled(bool(self._given.paths))
        ready = not self._learning.progress.running
        self.learn_button.setEnabled(ready and bool(self._learning.learnable))
        self.forget_button.setEnabled(ready and self._learned > 0 and len(self._workbench.session) > 0)

    def _show_clocks(self) -> None:
        """Say how the clocks were found, for the user to confirm."""
        readings = [] if self._given.offset_by_hand is not None else self._judging.clocks.values()
        lines = dict.fromkeys(
            tr("{name}: {reason}").format(name=offset_text(one.offset), reason=said(one.reason))
            for one in readings
        )
        _say(self._clock, "\n".join(lines if self._given.paths else ()))
        while (item := self._cameras.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        cameras = self._judging.cameras
        rolls = {roll for roll, _ in cameras}
        for (roll, camera), clock in cameras.items():
            folder = Path(roll).name if len(rolls) > 1 else ""
            sentence = said(clock.sentence)
            if folder:
                sentence = tr("{name}: {reason}").format(name=folder, reason=sentence)
            words = _words(text=sentence)
            words.setToolTip(roll)
            field = QLineEdit()
            field.setPlaceholderText(offset_text(clock.shift))
            field.setAccessibleName(
                f"{' · '.join(filter(None, (folder, camera)))}: {tr('its clock is ahead by')}"
            )
            field.setFixedWidth(140)
            by_hand = self._given.camera_offsets.get((roll, camera))
            field.setText("" if by_hand is None else offset_text(by_hand))
            field.editingFinished.connect(partial(self._take_camera_offset, roll, camera, field))
            holder = QWidget()
            row = _row(QLabel(tr("its clock is ahead by")), field)
            row.setContentsMargins(0, 0, 0, 0)
            holder.setLayout(row)
            self._cameras.addWidget(words)
            self._cameras.addWidget(holder)
        self._camera_list.setVisible(bool(cameras))
        self._fit_soon()

    def _choose_tracks(self) -> None:
        patterns = " ".join(sorted(f"*{suffix}" for suffix in TRACK_SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(self, tr("Add track"), "", f"{tr('Tracks')} ({patterns})")
        self._given.add([Path(name) for name in names])

    def _remove_track(self) -> None:
        self._given.remove(self._given.paths[self.track_list.currentRow()])

    def _take_offset(self) -> None:
        self._take(self.offset, self._given.set_offset)

    def _take_camera_offset(self, roll: str, camera: str, field: QLineEdit) -> None:
        self._take(field, partial(self._given.set_camera_offset, roll, camera))

    def _take(self, field: QLineEdit, use: Callable[[timedelta | None], None]) -> None:
        text = field.text().strip()
        try:
            offset = parse_offset(text) if text else None
        except OffsetError as error:
            _say(self._problem, said(error))
            self._fit_soon()
            return
        _say(self._problem, "")
        self._fit_soon()
        use(offset)

    # Your own photos --------------------------------------------------------------------------------------

    def _count(self) -> None:
        self._learning.count(self._show_count)
        self._refresh_buttons()

    def _show_count(self, known: int) -> None:
        if not isValid(self):
            return  # closed before the gallery answered
        self._learned = known
        self._refresh_buttons()
        words = trn("The program knows {n} photo.", "The program knows {n} photos.", known)
        here = trn(
            "{n} of the photos in the list has a position of its own.",
            "{n} of the photos in the list have a position of their own.",
            len(self._learning.learnable),
        )
        self._known.setText(f"{words} {here} {tr('Nothing leaves this computer.')}")
        self._fit_soon()


def _say(label: QLabel, sentence: str) -> None:
    label.setText(sentence)
    label.setVisible(bool(sentence))


def _button(text: str, act: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: act())
    return button


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "strong")
    return label


def _words(role: str = "muted", text: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setVisible(role != "error")
    return label


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
