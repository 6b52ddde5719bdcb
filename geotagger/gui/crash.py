"""When something unexpected happens: a log entry, and a report that the user can copy."""

from __future__ import annotations

import logging
import os
import platform
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from geotagger import __version__
from geotagger.core.errors import UserFolderError
from geotagger.core.os_reason import os_reason
from geotagger.core.paths import log_dir
from geotagger.gui.language import tr

log = logging.getLogger(__name__)


def log_to_file() -> None:
    """Keep the last megabytes of log messages; a windowed program has no console.

    Raises:
        UserFolderError: the folder of the log cannot be made, or the file in it cannot be written.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    file = log_dir() / "geotagger.log"
    try:
        handler = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    except OSError as error:
        raise UserFolderError(
            "The log file {file} cannot be written: {problem}.",
            file=str(file),
            problem=os_reason(error),
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)


def report_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """All that is needed to find the cause; the user reads it before anybody else does.

    The user's folder, which often holds a person's name, stands in it as ``~``.
    """
    lines = [
        f"Geotagger {__version__}",
        f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}",
        "",
        "".join(traceback.format_exception(kind, error, trace)),
    ]
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where nobody knows it
    report = "\n".join(lines)
    return report.replace(home, "~") if home not in ("~", Path(home).anchor) else report


class CrashWatch(QObject):
    """Catches what nobody caught, on any thread, and shows it once."""

    _caught = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown = False
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def watch(self) -> None:
        """Begin to watch."""
        sys.excepthook = self._on_error
        threading.excepthook = lambda args: self._on_error(args.exc_type, args.exc_value, args.exc_traceback)

    def _on_error(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        log.critical("Unexpected error", exc_info=(kind, error, trace))
        sys.__excepthook__(kind, error, trace)  # for who started the program in a terminal
        self._caught.emit(report_of(kind, error, trace))

    def _show(self, report: str) -> None:
        if self._shown:
            return
        self._shown = True
        dialog = CrashDialog(report)
        dialog.finished.connect(self._closed)
        dialog.open()
        self._dialog = dialog

    def _closed(self) -> None:
        self._shown = False


class CrashDialog(QDialog):
    """The report, and a button that copies it."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Something went wrong"))
        self.resize(720, 480)
        words = QLabel(
            tr(
                "An unexpected problem occurred. Your photos are safe: a file is only replaced by a checked one. "
                "You can go on, and this report helps to mend it. It may name files of yours; it is sent nowhere."
            )
        )
        words.setWordWrap(True)
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Report"))
        copy = QPushButton(tr("Copy report"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        close = QPushButton(tr("Go on"))
        close.setProperty("role", "primary")
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(words)
        layout.addWidget(self.text, 1)
        layout.addLayout(buttons)
