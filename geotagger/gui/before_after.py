"""The tags that a write changes: before and after, in a table that reuses its labels and so never flickers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from geotagger.gui.language import tr
from geotagger.metadata import TagChange

_BREAK = "\N{ZERO WIDTH SPACE}"
_LONG_PART = re.compile(r"(,|T(?=\d))")
"""Where a long value may go on in the next line: within a position and between date and time."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a long name may."""
_LONGEST_NAME = "GPSHPositioning"
"""What is longer takes two lines, so that a narrow panel shows the values whole."""


class BeforeAfter(QWidget):
    """One row per tag: its name, and under it what it is now and what it will be."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setProperty("role", "muted")
        self._labels: list[tuple[QLabel, QLabel]] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._words)
        layout.addLayout(self._grid)

    @property
    def text(self) -> str:
        """All that is shown, for tests and screen readers."""
        rows = [
            f"{name.text()}: {value.text()}".replace(_BREAK, "")
            for name, value in self._labels
            if not name.isHidden()
        ]
        return "\n".join([self._words.text(), *rows])

    def show_changes(self, changes: Sequence[TagChange], words: str) -> None:
        """Show where the position goes, in words, and the tags that change."""
        self._words.setText(words)
        while len(self._labels) < len(changes):
            self._add_row()
        for number, (name, value) in enumerate(self._labels):
            shown = number < len(changes)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown:
                change = changes[number]
                name.setText(_HUMP.sub(_BREAK, change.tag.rpartition(":")[2]))
                name.setToolTip(change.tag)
                value.setText(_LONG_PART.sub(rf"\1{_BREAK}", _as_text(change)))

    def _add_row(self) -> None:
        name, value = QLabel(), QLabel()
        name.setProperty("role", "muted")
        for label in (name, value):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(1)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        name.ensurePolished()  # the font of the style sheet
        name.setFixedWidth(name.fontMetrics().horizontalAdvance(_LONGEST_NAME) + 8)
        row = len(self._labels)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        self._labels.append((name, value))


def _as_text(change: TagChange) -> str:
    after = tr("removed") if change.after is None else change.after
    return after if change.before is None else f"{change.before} → {after}"
