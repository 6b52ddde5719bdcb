"""What the window shows before there are photos: a drop target and the three steps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from geotagger.gui.appearance import Appearance
from geotagger.gui.icons import icon
from geotagger.gui.language import tr
from geotagger.gui.names import tool_tip
from geotagger.gui.recent import RecentFolders, folder_words

_ICON_PX = 40
_RECENT_SHOWN = 3
_RECENT_PX = 180


class EmptyState(QWidget):
    """Explains drop, check, write; buttons open photos and folders, also those of last time."""

    open_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, recent: RecentFolders, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recent = recent
        self._appearance = appearance
        self._target = QFrame()
        self._target.setObjectName("drop")
        self._target.setMinimumSize(680, 400)
        self._target.setMaximumSize(860, 520)
        title = QLabel(tr("Drop photos or folders here"))
        title.setProperty("role", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        steps = QHBoxLayout()
        steps.setSpacing(32)
        self._icons: list[tuple[QLabel, str]] = []
        for name, heading, words in (
            ("drop", tr("1  Drop"), tr("Photos without a position are looked at by the built-in model.")),
            (
                "check-step",
                tr("2  Check"),
                tr("See each guess on the map. Agree, or drag it to the right place."),
            ),
            (
                "write",
                tr("3  Write"),
                tr("The positions go into your photos. No pixel changes, and you can undo."),
            ),
        ):
            steps.addLayout(self._step(name, heading, words), 1)
        folder = QPushButton(tr("Choose a folder…"))
        folder.setProperty("role", "primary")
        folder.clicked.connect(self.folder_wanted)
        self.setFocusProxy(folder)
        photos = QPushButton(tr("Choose photos…"))
        photos.clicked.connect(self.open_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(folder)
        buttons.addWidget(photos)
        buttons.addStretch(1)
        self._recent_words = QLabel(tr("Recent:"))
        self._recent_words.setProperty("role", "muted")
        # Made once: a button that is pressed must not be deleted by what it does.
        self._recent_buttons = [self._recent_button(number) for number in range(_RECENT_SHOWN)]
        self._recent_folders: list[Path] = []
        recent_row = QHBoxLayout()
        recent_row.setSpacing(4)
        recent_row.addStretch(1)
        for part in (self._recent_words, *self._recent_buttons):
            recent_row.addWidget(part)
        recent_row.addStretch(1)
        recent.changed.connect(self._list_recent)
        quiet = QLabel(tr("Nothing leaves this computer."))
        quiet.setProperty("role", "muted")
        quiet.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner = QVBoxLayout(self._target)
        inner.setContentsMargins(40, 40, 40, 32)
        inner.setSpacing(24)
        inner.addWidget(title)
        inner.addLayout(steps)
        inner.addStretch(1)
        inner.addLayout(buttons)
        inner.addLayout(recent_row)
        inner.addWidget(quiet)
        layout = QVBoxLayout(self)
        layout.addWidget(self._target, 0, Qt.AlignmentFlag.AlignCenter)
        appearance.changed.connect(self._dress)
        self._dress()
        self._list_recent()

    def _recent_button(self, number: int) -> QToolButton:
        button = QToolButton()
        button.clicked.connect(lambda: self._recent.chosen.emit(self._recent_folders[number]))
        return button

    def _list_recent(self) -> None:
        """A button for each of the newest folders; none, nothing."""
        folders = self._recent_folders = self._recent.folders[:_RECENT_SHOWN]
        self._recent_words.setVisible(bool(folders))
        for number, button in enumerate(self._recent_buttons):
            button.setVisible(number < len(folders))
            if number < len(folders):
                name = folder_words(folders[number])
                shown = button.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _RECENT_PX)
                button.setText(shown.replace("&", "&&"))  # one alone would underline the letter behind it
                button.setToolTip(tool_tip(str(folders[number])))
                button.setAccessibleName(name)

    def show_hovering(self, over: bool) -> None:
        """Light the target up while something is dragged over the window."""
        self._target.setProperty("over", over)
        self._target.style().unpolish(self._target)
        self._target.style().polish(self._target)

    def _step(self, name: str, heading: str, words: str) -> QVBoxLayout:
        picture = QLabel()
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._icons.append((picture, name))
        title = QLabel(heading)
        title.setProperty("role", "heading")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = QLabel(words)
        text.setProperty("role", "muted")
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout()
        layout.setSpacing(8)
        layout.addWidget(picture)
        layout.addWidget(title)
        layout.addWidget(text, 1)
        return layout

    def _dress(self) -> None:
        palette = self._appearance.palette
        for label, name in self._icons:
            label.setPixmap(icon(name, palette, palette.accent).pixmap(_ICON_PX, _ICON_PX))
