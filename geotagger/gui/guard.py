"""Asks what to do with positions that were not written when the window closes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from geotagger.gui.language import tr, trn
from geotagger.gui.wordy_dialog import WordyDialog

_TITLE_PX = 470
"""Not of the dialog itself, which must grow with the words on its buttons."""


class UnwrittenDialog(WordyDialog):
    """Write now, keep for next time, drop, or stay."""

    write_wanted = Signal()
    keep_wanted = Signal()
    drop_wanted = Signal()

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Close Geotagger"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = QLabel(trn("{n} position is not written yet", "{n} positions are not written yet", count))
        title.setProperty("role", "title")
        title.setMinimumWidth(_TITLE_PX)
        title.setWordWrap(True)
        words = QLabel(tr("They can wait: the next start brings them back as they are."))
        words.setWordWrap(True)
        words.setProperty("role", "muted")
        self.keep_button = self._button(tr("Keep for next time"), self.keep_wanted)
        self.keep_button.setProperty("role", "primary")
        self.keep_button.setDefault(True)
        self.write_button = self._button(tr("Write…"), self.write_wanted)
        self.drop_button = self._button(tr("Close without them"), self.drop_wanted)
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.drop_button)
        row.addStretch(1)
        for button in (cancel, self.write_button, self.keep_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(title)
        layout.addWidget(words)
        layout.addSpacing(8)
        layout.addLayout(row)

    def _button(self, text: str, signal: SignalInstance) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(self.accept)
        button.clicked.connect(signal)
        return button
