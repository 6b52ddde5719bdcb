"""One quiet bar at the top for what concerns everything; what concerns one photo stands in its row."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from geotagger.gui.appearance import Appearance
from geotagger.gui.icons import icon
from geotagger.gui.language import tr

_MENTION_MS = 8000


class NoticeBar(QFrame):
    """Shows the newest notice until it is closed, or what is only mentioned for some seconds."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.setObjectName("notice")
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._details = ""
        self._going = QTimer(self)
        self._going.setSingleShot(True)
        self._going.setInterval(_MENTION_MS)
        self._going.timeout.connect(self._go)
        self._show = QToolButton()
        self._show.setText(tr("Show"))
        self._show.clicked.connect(self._open_details)
        self._close = QToolButton()
        self._close.setToolTip(tr("Close"))
        self._close.setAccessibleName(tr("Close"))
        self._close.setIconSize(QSize(16, 16))
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 2, 8, 2)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._show)
        layout.addWidget(self._close)
        appearance.changed.connect(self._dress)
        self._dress()
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown."""
        return self._text.text()

    def show_notice(self, sentence: str, details: str = "") -> None:
        """Show a sentence; ``details`` is what "Show" opens."""
        self._going.stop()
        self._text.setText(sentence)
        self._details = details
        self._show.setVisible(bool(details))
        self.show()

    def mention(self, sentence: str, details: str = "") -> None:
        """Show a sentence for a while; it never takes the place of a notice that the user has not closed."""
        if self.isVisible() and not self._going.isActive():
            return
        self.show_notice(sentence, details)
        self._going.start()

    def _go(self) -> None:
        """Leave, unless the pointer rests on the bar: somebody is reading."""
        if self.underMouse():
            self._going.start()
        else:
            self.hide()

    def _open_details(self) -> None:
        dialog = QDialog(self.window())
        dialog.setWindowTitle(self._text.text())
        dialog.resize(640, 360)
        listing = QPlainTextEdit(self._details)
        listing.setReadOnly(True)
        listing.setAccessibleName(self._text.text())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(dialog.reject)
        layout = QVBoxLayout(dialog)
        layout.addWidget(listing)
        layout.addWidget(buttons)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _dress(self) -> None:
        self._close.setIcon(icon("close", self._appearance.palette))
