"""What the user gave besides photos: recorded tracks, a hint in words, and how camera clocks stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from geotagger.core.errors import GeotaggerError
from geotagger.core.sentence import Sentence
from geotagger.gui.jobs import Generation
from geotagger.gui.language import said, tr
from geotagger.gui.names import shown_name
from geotagger.gui.workbench import Workbench

if TYPE_CHECKING:
    from geotagger.evidence.hints import Hint
    from geotagger.evidence.tracks import Track

TRACK_SUFFIXES = frozenset({".gpx", ".kml", ".geojson", ".json"})
"""As in ``evidence.tracks``, which takes too long to import for the window's start."""


class Given(QObject):
    """What speaks for the photos of this session because the user said so; files and words are read in the background."""

    changed = Signal()
    """Something else is given now."""
    hint_refused = Signal(str)
    """A sentence that says why a hint was not understood."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._reads = Generation()
        self._hints = Generation()
        self._wanted: tuple[Path, ...] = ()
        self.paths: tuple[Path, ...] = ()
        self.track: Track | None = None
        self.offset_by_hand: timedelta | None = None
        self.camera_offsets: dict[tuple[str, str], timedelta] = {}
        self.hint: Hint | None = None

    def add(self, paths: Sequence[Path]) -> None:
        """Use these files, too; one that cannot be read is named and left out."""
        self._read(tuple(dict.fromkeys((*self._wanted, *paths))))

    def remove(self, path: Path) -> None:
        """Use a file no longer."""
        self._read(tuple(one for one in self._wanted if one != path))

    def set_offset(self, offset: timedelta | None) -> None:
        """Take camera clocks without a time zone to be this far ahead of UTC; None finds it again."""
        if offset != self.offset_by_hand:
            self.offset_by_hand = offset
            self.changed.emit()

    def set_camera_offset(self, roll: str, camera: str, offset: timedelta | None) -> None:
        """Take the clock of one camera of one roll to be this far ahead of the others; None finds it again."""
        offsets = {key: one for key, one in self.camera_offsets.items() if key != (roll, camera)}
        if offset is not None:
            offsets[roll, camera] = offset
        if offsets != self.camera_offsets:
            self.camera_offsets = offsets
            self.changed.emit()

    def set_hint(self, text: str) -> None:
        """Say in words where the photos are from; an empty text takes the hint back."""
        self._workbench.jobs.run(
            partial(_understand, text.strip()), self._understood, self._hint_failed, self._hints.next()
        )

    def _understood(self, hint: Hint | None) -> None:
        self.hint_refused.emit("")
        if hint != self.hint:
            self.hint = hint
            self.changed.emit()

    def _hint_failed(self, error: Exception) -> None:
        if not isinstance(error, GeotaggerError):
            raise error
        self.hint_refused.emit(said(error))

    def _read(self, paths: tuple[Path, ...]) -> None:
        self._wanted = paths
        self._workbench.jobs.run(partial(_load, paths), self._loaded, self._failed, self._reads.next())

    def _loaded(self, answer: tuple[tuple[Path, ...], Track | None, list[Sentence]]) -> None:
        self.paths, self.track, problems = answer
        self._wanted = self.paths
        if problems:
            self._workbench.noticed.emit(" ".join(said(problem) for problem in problems), "")
        elif self.paths:
            names = ", ".join(shown_name(path) for path in self.paths)
            self._workbench.mentioned.emit(tr("Tracks in use: {names}").format(names=names), "")
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._wanted = self.paths
        raise error


def is_track(path: Path) -> bool:
    """True for a file whose name says that it may hold a track."""
    return path.suffix.lower() in TRACK_SUFFIXES


def _load(paths: tuple[Path, ...]) -> tuple[tuple[Path, ...], Track | None, list[Sentence]]:
    """The files that could be read, their points together, and a sentence for each other file."""
    from geotagger.evidence.tracks import joined, load_track

    good, tracks, problems = [], [], []
    for path in paths:
        try:
            tracks.append(load_track(path))
        except GeotaggerError as error:
            problems.append(error.sentence)
        else:
            good.append(path)
    return tuple(good), joined(tracks) if tracks else None, problems


def _understand(text: str) -> Hint | None:
    from geotagger.evidence.hints import parse_hint

    return parse_hint(text) if text else None
