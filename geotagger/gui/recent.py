"""Folders that were opened lately: remembered with the window's layout, offered in the menu and the empty window."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QMenu

from geotagger.gui.jobs import Jobs, Lane
from geotagger.gui.language import tr
from geotagger.gui.names import shown, tool_tip

_KEPT = 10
_KEY = "recent_folders"
_LOOKED_AT = 50
"""So many of the opened paths are looked at: of thousands of photos the first tell their folder."""


class RecentFolders(QObject):
    """The newest first."""

    changed = Signal()
    chosen = Signal(object)
    """The user wants this folder (a ``Path``) opened again."""

    def __init__(self, kept: QSettings, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept = kept
        self._jobs = jobs
        self._gone: frozenset[Path] = frozenset()
        stored = kept.value(_KEY, [])
        # A list of one comes back from the file as a plain text.
        names = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        self._folders = [Path(str(name)) for name in names if name]

        self._look()

    @property
    def folders(self) -> list[Path]:
        """Those that are not known to be gone."""
        return [folder for folder in self._folders if folder not in self._gone]

    def _look(self) -> None:
        """See which are still there; aside, since a network drive may take minutes to say so."""
        if self._folders:
            self._jobs.run(partial(_gone_of, self._folders), self._looked, _raise, lane=Lane.ASIDE)

    def _looked(self, gone: frozenset[Path]) -> None:
        if gone != self._gone:
            self._gone = gone
            self.changed.emit()

    def remember(self, paths: Iterable[Path]) -> None:
        """Note what was opened: folders themselves, and the folders of single photos."""
        some = list(paths)[:_LOOKED_AT]
        self._jobs.run(partial(_folders_of, some), self._opened, _raise, lane=Lane.ASIDE)

    def _opened(self, opened: Sequence[Path]) -> None:
        if opened:
            self._gone -= frozenset(opened)
            self._keep([*opened, *(folder for folder in self._folders if folder not in opened)])

    def clear(self) -> None:
        """Forget all."""
        self._keep([])

    def _keep(self, folders: list[Path]) -> None:
        self._folders = folders[:_KEPT]
        self._kept.setValue(_KEY, [str(folder) for folder in self._folders])
        self._kept.sync()
        self.changed.emit()

    def fill(self, menu: QMenu) -> None:
        """List the folders in a menu whenever it opens."""
        menu.aboutToShow.connect(lambda: self._fill(menu))
        menu.aboutToShow.connect(self._look)

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        folders = self.folders
        for folder in folders:
            action = menu.addAction(folder_words(folder).replace("&", "&&"))
            action.setToolTip(tool_tip(str(folder)))
            action.triggered.connect(lambda _=False, folder=folder: self.chosen.emit(folder))
        if not folders:
            menu.addAction(tr("No recent folders")).setEnabled(False)
        menu.addSeparator()
        clear = menu.addAction(tr("Clear this list"))
        clear.setEnabled(bool(self._folders))
        clear.triggered.connect(self.clear)


def folder_words(folder: Path) -> str:
    """A folder's name with the one that it lies in, which tells ``2024/Trip`` from ``2025/Trip``."""
    parent = folder.parent.name
    return shown(f"{folder.name} — {parent}" if parent and folder.name else str(folder))


def _folders_of(paths: Sequence[Path]) -> list[Path]:
    folders = (path if path.is_dir() else path.parent for path in paths)
    return list(dict.fromkeys(Path(os.path.normpath(folder.absolute())) for folder in folders))


def _gone_of(folders: Sequence[Path]) -> frozenset[Path]:
    return frozenset(folder for folder in folders if not folder.is_dir())


def _raise(error: Exception) -> None:
    raise error
