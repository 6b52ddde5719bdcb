"""The bar at the bottom: what is going on, how long it will take, and what the network runs on."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from geotagger.gui.appearance import Appearance
from geotagger.gui.icons import icon
from geotagger.gui.language import tr
from geotagger.gui.wording import time_left
from geotagger.session.progress import Progress


class BottomBar(QFrame):
    """One running piece of work at a time, with cancel; the device and model at the right."""

    cancel_wanted = Signal()
    pause_wanted = Signal(bool)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.setObjectName("foot")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        self._text = QLabel()
        self._pause = QToolButton()
        self._pause.setCheckable(True)
        self._pause.setToolTip(tr("Pause"))
        self._pause.setAccessibleName(tr("Pause"))
        self._pause.toggled.connect(self._on_pause)
        self._cancel = QToolButton()
        self._cancel.setToolTip(tr("Cancel"))
        self._cancel.setAccessibleName(tr("Cancel"))
        self._cancel.clicked.connect(self.cancel_wanted)
        for button in (self._pause, self._cancel):
            button.setIconSize(QSize(16, 16))
            button.setFixedSize(28, 28)
            button.setStyleSheet("padding: 0")
        self._model = QLabel()
        self._model.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 16, 4)
        layout.setSpacing(12)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        layout.addWidget(self._pause)
        layout.addWidget(self._cancel)
        layout.addStretch(1)
        layout.addWidget(self._model)
        self.setFixedHeight(38)
        # Streams report often; the eye needs four updates a second.
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(120)
        self._calm.timeout.connect(self._show)
        self._work: tuple[str, Progress, bool] | None = None
        self._ready_text = ""
        appearance.changed.connect(self._dress)
        self._dress()
        self._show()

    def show_work(self, verb: str, progress: Progress, *, can_pause: bool = False) -> None:
        """Show a piece of work that is going on."""
        self._work = (verb, progress, can_pause)
        if not self._calm.isActive():
            self._calm.start()

    def show_ready(self, text: str) -> None:
        """Show that nothing is going on, with a word about what is open."""
        self._work = None
        self._ready_text = text
        if not self._calm.isActive():
            self._calm.start()

    def show_model(self, text: str) -> None:
        """Say what the network runs on, and that nothing leaves the computer."""
        self._model.setText(text)

    def _show(self) -> None:
        busy = self._work is not None
        for widget in (self._bar, self._cancel):
            widget.setVisible(busy)
        self._pause.setVisible(self._work is not None and self._work[2])
        if self._work is None:
            self._text.setText(self._ready_text)
            self._pause.setChecked(False)
            return
        verb, progress, _ = self._work
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        parts = [verb]
        if progress.total:
            parts[0] += f" {progress.done:,} / {progress.total:,}".replace(",", " ")
        if progress.running and not self._pause.isChecked() and (left := time_left(progress.seconds_left)):
            parts.append(left)
        self._text.setText(" · ".join(parts))

    def _on_pause(self, paused: bool) -> None:
        self._dress()
        self._pause.setToolTip(tr("Go on") if paused else tr("Pause"))
        self.pause_wanted.emit(paused)

    def _dress(self) -> None:
        palette = self._appearance.palette
        self._pause.setIcon(icon("play" if self._pause.isChecked() else "pause", palette))
        self._cancel.setIcon(icon("close", palette))
