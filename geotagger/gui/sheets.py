"""Two sheets that explain: all keys, and what the program is made of."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from geotagger import __version__
from geotagger.gui.actions import Declared
from geotagger.gui.icons import app_icon
from geotagger.gui.language import tr
from geotagger.gui.wordy_dialog import WordyDialog

_COLUMNS = 2
_KEYS_PX = 940
"""The sheet of keys fits on a small screen in every language."""


class KeySheet(WordyDialog):
    """All keys of the window, by group."""

    def __init__(self, actions: Iterable[Declared], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_KEYS_PX)
        groups: dict[str, list[Declared]] = {}
        for action in actions:
            if action.keys:
                groups.setdefault(action.group, []).append(action)
        columns = [QVBoxLayout() for _ in range(_COLUMNS)]
        heights = [0] * _COLUMNS
        for name, members in groups.items():
            shortest = heights.index(min(heights))
            columns[shortest].addWidget(_group(name, members))
            columns[shortest].addSpacing(16)
            heights[shortest] += len(members) + 2
        body = QHBoxLayout()
        body.setSpacing(40)
        for column in columns:
            column.addStretch(1)
            body.addLayout(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.addLayout(body)
        for words in (
            tr(
                "On the map, Shift and drag selects all markers in a box; the arrows go from marker to marker, Enter selects."
            ),
            tr("On the preview, + and - zoom, the arrows move, and 0 shows all."),
        ):
            hint = QLabel(words)
            hint.setProperty("role", "muted")
            hint.setWordWrap(True)
            layout.addWidget(hint)
        layout.addLayout(_close_row(self))


def _group(name: str, members: list[Declared]) -> QWidget:
    widget = QWidget()
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    title = QLabel(name)
    title.setProperty("role", "heading")
    grid.addWidget(title, 0, 0, 1, 2)
    for row, action in enumerate(members, start=1):
        key = QLabel(QKeySequence(action.keys[0]).toString(QKeySequence.SequenceFormat.NativeText))
        key.setProperty("role", "strong")
        words = QLabel(action.tip)
        words.setWordWrap(True)
        grid.addWidget(words, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(key, row, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    return widget


class AboutDialog(WordyDialog):
    """Version, model, and the licences of what the program stands on."""

    def __init__(self, model: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About Geotagger"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(64, 64))
        title = QLabel(f"Geotagger {__version__}")
        title.setProperty("role", "title")
        words = QLabel(tr("Puts un-located photos on the map. Nothing leaves this computer."))
        words.setWordWrap(True)
        facts = QLabel(
            "\n".join(
                [
                    tr("Model: {model}").format(model=model or tr("not loaded")),
                    f"Qt {qVersion()}",
                    "",
                    tr("Geotagger is under the MIT licence."),
                    tr(
                        "It stands on PySide6 (LGPL), PyTorch (BSD), folium (MIT), Leaflet (BSD), "
                        "Pillow (MIT-CMU), pillow-heif (BSD), shapely (BSD), h3 (Apache), numpy (BSD) and others."
                    ),
                    tr("Map data: Natural Earth, public domain. Place names: GeoNames, CC BY 4.0."),
                ]
            )
        )
        facts.setWordWrap(True)
        facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        facts.setProperty("role", "muted")
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture)
        head.addWidget(title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(words)
        layout.addWidget(facts)
        layout.addLayout(_close_row(self))


def _close_row(dialog: QDialog) -> QHBoxLayout:
    close = QPushButton(tr("Close"))
    close.setDefault(True)
    close.clicked.connect(dialog.accept)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(close)
    return row
