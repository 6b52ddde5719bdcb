"""Writes the positions of the session into files for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from geotagger.core.errors import GeotaggerError
from geotagger.gui.language import said, tr, trn
from geotagger.gui.thumbnails import jpeg_thumbnail
from geotagger.gui.wording import page_words
from geotagger.gui.workbench import Workbench
from geotagger.session.arrangement import taken
from geotagger.session.exports import ExportRow, write_export
from geotagger.session.photo import Photo

_PICTURE_PX = 120
_MOST_PICTURES = 500
"""Each adds about 6 KB to a page that has 1 MB without."""


class Exporting(QObject):
    """Asks for a file and writes it in the background."""

    def __init__(self, workbench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._workbench = workbench
        self._window = window

    def ask(self) -> None:
        """Ask where to export to; the selected photos if there are several, else all."""
        kinds = (
            f"{tr('Map page')} (*.html)",
            f"{tr('Table')} (*.csv)",
            "GPX (*.gpx)",
            "KML (*.kml)",
            "GeoJSON (*.geojson)",
        )
        dialog = QFileDialog(self._window, tr("Export positions"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(kinds)
        # The dialog completes the name itself, and so asks before it replaces the file that is really written.
        dialog.setDefaultSuffix(_ending(kinds[0]))
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(_ending(kind)))
        dialog.selectFile(_proposed_name(self._exported_photos()))
        dialog.fileSelected.connect(lambda name: self.export(Path(name)))
        dialog.open()

    def export(self, file: Path) -> None:
        """Export to a file whose ending tells the format."""
        self._workbench.finish_decisions()
        photos = self._exported_photos()
        self._workbench.jobs.run(partial(_write, photos, file), partial(self._exported, file), self._failed)

    def _exported_photos(self) -> list[Photo]:
        several = len(self._workbench.selected_ids) > 1
        return self._workbench.selected if several else list(self._workbench.session)

    def _exported(self, file: Path, count: int) -> None:
        if not count:
            self._workbench.noticed.emit(tr("Nothing was exported: no photo has a position."), "")
            return
        words = trn(
            "{n} position was exported to {file}.",
            "{n} positions were exported to {file}.",
            count,
            file=file.name,
        )
        self._workbench.noticed.emit(words, str(file))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, GeotaggerError):
            raise error
        self._workbench.noticed.emit(said(error), "")


def _write(photos: Sequence[Photo], file: Path) -> int:
    """In the background: export the photos that have a position; returns how many these are.

    A map page gets pictures, unless they are so many that nobody could mail it.
    """
    rows = [row for photo in photos if (row := export_row_of(photo)) is not None]
    if not rows:
        return 0
    if file.suffix.lower() == ".html" and len(rows) <= _MOST_PICTURES:
        rows = [replace(row, picture=jpeg_thumbnail(row.path, _PICTURE_PX)) for row in rows]
    write_export(rows, file, page_words())
    return len(rows)


def _proposed_name(photos: Sequence[Photo]) -> str:
    """The name of the folder that the photos share, without an ending; the program's where they share none."""
    folders = {photo.path.parent for photo in photos}
    # What follows a dot would be taken for an ending.
    return folders.pop().name.replace(".", "-") if len(folders) == 1 else "Geotagger"


def _ending(kind: str) -> str:
    """The ending in the words of a kind of file: ``html`` of ``Map page (*.html)``."""
    return kind.rpartition(".")[2].rstrip(")")


def export_row_of(photo: Photo) -> ExportRow | None:
    """The photo with the position that the window shows; None if it has none."""
    fix = photo.shown_fix
    if fix is None:
        return None
    region = fix.candidates[0][0] if fix.candidates else None
    return ExportRow(
        photo.path, fix.position, fix.source, fix.radius_km, region, fix.probability, taken(photo)
    )
