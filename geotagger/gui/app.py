"""Starts the program's window and ends it cleanly."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QLocale, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from geotagger.core.errors import GeotaggerError, SettingsError, UserFolderError
from geotagger.core.settings import Language, Settings, read_settings
from geotagger.gui.appearance import Appearance
from geotagger.gui.crash import CrashWatch, log_to_file
from geotagger.gui.icons import app_icon
from geotagger.gui.jobs import Jobs
from geotagger.gui.language import said, system_language, tr, use_language
from geotagger.gui.map import register_scheme
from geotagger.gui.smooth import keep_smooth

log = logging.getLogger(__name__)


def run(paths: Sequence[Path]) -> int:
    """Open the window, with these photos if any are given; returns the exit status when it is closed."""
    if not _has_screen():
        print(
            "There is no screen to open a window on; the commands work without: geotagger --help",
            file=sys.stderr,
        )
        return 2
    problems: list[GeotaggerError] = []
    try:
        log_to_file()
    except UserFolderError as error:
        problems.append(error)
    _allow_running_as_root()
    register_scheme()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Geotagger")
    app.setDesktopFileName("geotagger")
    app.setWindowIcon(app_icon())
    watch = CrashWatch(app)
    watch.watch()
    keep_smooth(app)
    try:
        settings, keeps_settings = read_settings(), True
    except (SettingsError, UserFolderError) as error:
        settings, keeps_settings = Settings(), False
        problems.append(error)
    speak(app, system_language() if settings.language is Language.SYSTEM else settings.language.value)
    appearance = Appearance(app, settings.theme)
    jobs = Jobs(pool_threads(), app)
    from geotagger.gui.window import MainWindow

    try:
        window = MainWindow(jobs, settings, appearance, keeps_settings=keeps_settings)
        window.show()
        if problems:
            window.notices.show_notice(_told(problems, keeps_settings))
        window.writing.recover()
        QTimer.singleShot(0, window.restore_last_session)
        QTimer.singleShot(0, lambda: window.open_paths(list(paths)))
        # The model is loaded once the window can be seen, so that the first guess need not wait for it.
        QTimer.singleShot(300, window.predicting.load_model)
        status = app.exec()
    finally:
        # Threads that wait for work would keep a program that failed from ending.
        jobs.shut_down()
    window.writing.close()
    # The window goes before the application, and with it the map's page before its profile.
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return status


def _told(problems: Sequence[GeotaggerError], keeps_settings: bool) -> str:
    """One notice of all that is amiss at the start; none of it keeps the window from opening."""
    sentences = [said(error) for error in problems]
    if not keeps_settings:
        sentences.append(tr("The default settings are used, and changes last until the program ends."))
    return " ".join(sentences)


def _has_screen() -> bool:
    """False where Qt would only abort: on Linux with neither X11 nor Wayland, nor a platform named by hand."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def pool_threads() -> int:
    """Threads for reading and decoding: one is left for the window, and disks gain nothing from many."""
    return max(2, min(6, (os.cpu_count() or 2) - 1))


def speak(app: QApplication, language: str) -> None:
    """Speak a language, with Qt's own words (in file dialogs and menus) too."""
    use_language(language)
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(QLocale(language), "qtbase", "_", folder):
        app.installTranslator(translator)


def _allow_running_as_root() -> None:
    """Chromium's sandbox cannot run as root; for everybody else it stays on."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
