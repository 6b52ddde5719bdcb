"""Getting photos in: dialogs, drops, recent folders, and what was open last time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from geotagger.gui.given import Given, is_track
from geotagger.gui.keeping import Keeping
from geotagger.gui.language import tr, trn
from geotagger.gui.predicting import Predicting
from geotagger.gui.reading import Reading
from geotagger.gui.recent import RecentFolders
from geotagger.gui.workbench import Workbench
from geotagger.metadata import PHOTO_SUFFIXES
from geotagger.session.kept_session import KeptPhoto


class Opening(QObject):
    """Every way by which photos come into the window ends in :meth:`open_paths`."""

    hovering = Signal(bool)
    """Something that can be dropped is over the window, or no longer is."""

    def __init__(
        self,
        workbench: Workbench,
        reading: Reading,
        predicting: Predicting,
        given: Given,
        kept: QSettings,
        owner: QWidget,
    ) -> None:
        super().__init__(owner)
        self._workbench = workbench
        self._reading = reading
        self._predicting = predicting
        self._given = given
        self._owner = owner
        self.recent = RecentFolders(kept, workbench.jobs, self)
        self.recent.chosen.connect(lambda folder: self.open_paths([folder]))

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Bring in files and folders, and use recorded tracks."""
        tracks = [path for path in paths if is_track(path)]
        photos = [path for path in paths if not is_track(path)]
        if tracks:
            self._given.add(tracks)
        if photos:
            self.recent.remember(photos)
            self._reading.open(photos)
            self._predicting.load_model()

    def choose_photos(self) -> None:
        """Ask for photos."""
        patterns = " ".join(sorted(f"*{suffix}" for suffix in PHOTO_SUFFIXES))
        title, start = tr("Add photos"), self._start_folder()
        names, _ = QFileDialog.getOpenFileNames(self._owner, title, start, f"{tr('Photos')} ({patterns})")
        self.open_paths([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Ask for a folder."""
        name = QFileDialog.getExistingDirectory(self._owner, tr("Add a folder"), self._start_folder())
        if name:
            self.open_paths([Path(name)])

    def _start_folder(self) -> str:
        """Dialogs begin beside the folder that was opened last."""
        folders = self.recent.folders
        return str(folders[0].parent) if folders else ""

    def restore_last_session(self, keeping: Keeping) -> None:
        """Bring back what was open and decided when the program ended without being done."""
        keeping.look(partial(self._bring_back, keeping))

    def _bring_back(self, keeping: Keeping, kept: list[KeptPhoto], gone: list[KeptPhoto]) -> None:
        if gone:
            sentence = trn(
                "{n} photo of last time is no longer there.",
                "{n} photos of last time are no longer there.",
                len(gone),
            )
            if any(photo.is_decided for photo in gone):
                words = trn(
                    "What you decided is kept for a year and comes back with the photo.",
                    "What you decided is kept for a year and comes back with the photos.",
                    len(gone),
                )
                sentence = f"{sentence} {words}"
            self._workbench.noticed.emit(sentence, "\n".join(str(photo.path) for photo in gone))
        if kept:
            keeping.restore(kept)
            self._predicting.load_model()
            sentence = trn(
                "{n} photo of last time was brought back.",
                "{n} photos of last time were brought back.",
                len(kept),
            )
            self._workbench.mentioned.emit(sentence, "")

    def welcome(self, event: QDropEvent) -> None:
        """Answer a drag over the window."""
        if _local_paths(event):
            _take_as_copy(event)
            self.hovering.emit(True)

    def take_drop(self, event: QDropEvent) -> None:
        """Bring in what was dropped."""
        self.hovering.emit(False)
        _take_as_copy(event)
        self.open_paths(_local_paths(event))


def _take_as_copy(event: QDropEvent) -> None:
    # Always a copy: a move would let the file manager delete the photos after the drop.
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def _local_paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
