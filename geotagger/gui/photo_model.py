"""The list's rows for Qt's views: filtered, sorted and grouped photos with targeted updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFont, QGuiApplication, QStandardItemModel

from geotagger.core.regions import load_regions
from geotagger.gui.column_words import (
    COLUMN_SORT,
    NUMBERS,
    Column,
    column_text,
    column_title,
    heading_detail,
    heading_text,
)
from geotagger.gui.jobs import Generation, Urgency
from geotagger.gui.language import said, tr, trn
from geotagger.gui.map import photo_mime_data
from geotagger.gui.names import shown_name, tool_tip
from geotagger.gui.thumbnails import Thumbnails
from geotagger.gui.wording import row_words, state_name
from geotagger.gui.workbench import Workbench
from geotagger.session.arrangement import (
    Filter,
    Grouping,
    Heading,
    Row,
    SortKey,
    Trip,
    arrange,
    find_trips,
)

Index = QModelIndex | QPersistentModelIndex

PHOTO_ROLE = Qt.ItemDataRole.UserRole + 1
"""The :class:`Photo` of a row, None for headings."""
HEADING_ROLE = Qt.ItemDataRole.UserRole + 2
"""The :class:`Heading` of a row, None for photos."""

_REARRANGE_MS = 250
_MANY_RUNS = 50
"""From this many separate runs of rows on, one reset is faster than removing run by run."""


class PhotoModel(QStandardItemModel):
    """Rows of photos and headings. Row order changes only when asked for or when photos come and go.

    Qt's own model counts the rows, without any items in them: laying a list out asks for the number of rows thousands
    of times, and each answer from Python would wait for Python's lock while photos are read. What a row says comes
    from here.
    """

    rearranged = Signal()
    order_changed = Signal()
    """Rows are sorted by something else, or the other way round."""

    def __init__(self, workbench: Workbench, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(0, len(Column), parent)
        self._workbench = workbench
        self.thumbnails = thumbnails
        self._rows: list[Row] = []
        self._row_of: dict[int, int] = {}
        self.filter = Filter()
        self.sort_key = SortKey.ADDED
        self.descending = False
        self.grouping = Grouping.NONE
        self._trips_wanted = Generation()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REARRANGE_MS)
        self._later.timeout.connect(self.rearrange)
        workbench.photos_added.connect(self._on_added)
        workbench.photos_removed.connect(self._on_removed)
        workbench.photos_changed.connect(self._on_changed)
        thumbnails.arrived.connect(self._on_thumbnail)
        # Before any view hears of it, because a view may ask for the rows that are left at once.
        self.rowsRemoved.connect(self._drop_rows)

    # What the views ask -----------------------------------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if isinstance(row, Heading):
            return self._heading_data(row, index.column(), role)
        if row not in self._workbench.session:
            return None  # closed a moment ago; the row goes with the same signal
        photo = self._workbench.session[row]
        if role == PHOTO_ROLE:
            return photo
        if role == Qt.ItemDataRole.DisplayRole:
            return column_text(photo, Column(index.column()), self._workbench.settings.notation)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(said(photo.error) if photo.error else str(photo.path))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = row_words(photo)
            parts = (
                shown_name(photo.path),
                state_name(photo.state),
                f"{words.place} {words.share}".strip(),
                words.detail,
            )
            return ", ".join(part for part in parts if part)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation is Qt.Orientation.Horizontal:
            side = Qt.AlignmentFlag.AlignRight if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return column_title(Column(section))

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if isinstance(self._rows[index.row()], Heading):
            return Qt.ItemFlag.ItemIsEnabled
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDragEnabled | flag.ItemNeverHasChildren

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Dragged photos, which the map takes."""
        ids = [self.id_at(row) for row in sorted({index.row() for index in indexes})]
        return photo_mime_data([photo_id for photo_id in ids if photo_id is not None])

    def _heading_data(self, heading: Heading, column: int, role: int) -> Any:
        if role == HEADING_ROLE:
            return heading
        if role == Qt.ItemDataRole.FontRole:
            return _heading_font()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) and column == 0:
            parts = (
                heading_text(heading),
                trn("{n} photo", "{n} photos", heading.count),
                heading_detail(heading),
            )
            return " · ".join(part for part in parts if part)
        return None

    # What the window asks ---------------------------------------------------------------------------------

    @property
    def visible_ids(self) -> list[int]:
        """Ids of the photos that pass the filter, in the order shown."""
        return [row for row in self._rows if not isinstance(row, Heading)]

    @property
    def photo_count(self) -> int:
        """How many photos pass the filter."""
        return len(self._row_of)

    def id_at(self, row: int) -> int | None:
        """Id of the photo in a row; None for a heading."""
        found = self._rows[row]
        return None if isinstance(found, Heading) else found

    @property
    def heading_rows(self) -> list[int]:
        """Rows that are headings."""
        if self.grouping is Grouping.NONE:
            return []
        return [number for number, row in enumerate(self._rows) if isinstance(row, Heading)]

    def row_of(self, photo_id: int) -> int | None:
        """Row of a photo; None if the filter hides it."""
        return self._row_of.get(photo_id)

    def set_arrangement(self, **changes: Any) -> None:
        """Change ``filter``, ``sort_key``, ``descending`` or ``grouping``."""
        before = self.sort_key, self.descending
        for name, value in changes.items():
            setattr(self, name, value)
        self.rearrange()
        if (self.sort_key, self.descending) != before:
            self.order_changed.emit()

    def set_filter(self, **conditions: Any) -> None:
        """Change single conditions of the filter."""
        if "text" in conditions:
            conditions["text_regions"] = _regions_called(conditions["text"])
        self.set_arrangement(filter=replace(self.filter, **conditions))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort as the table's header asks for."""
        key = COLUMN_SORT[Column(column)] if 0 <= column < len(Column) else SortKey.ADDED
        self.set_arrangement(sort_key=key, descending=order is Qt.SortOrder.DescendingOrder)

    def _rearrange_soon(self) -> None:
        if not self._later.isActive():  # it would never come to it while photos stream in
            self._later.start()

    def arrange_if_due(self) -> None:
        """Work out the rows anew now where that waits for what else may come."""
        if self._later.isActive():
            self.rearrange()

    def rearrange(self) -> None:
        """Work out the rows anew; views keep their current and selected photos."""
        self._later.stop()
        token = self._trips_wanted.next()
        if self.grouping is not Grouping.TRIP:
            self._arrange({})
            return
        # Finding the trips of thousands of photos takes longer than the window may stand still.
        self._workbench.jobs.run(
            partial(find_trips, list(self._workbench.session)),
            self._arrange,
            _raise,
            token,
            urgency=Urgency.VISIBLE,
        )

    def _arrange(self, trips: Mapping[int, Trip]) -> None:
        order = (self.sort_key, self.descending, self.grouping)
        rows = arrange(self._workbench.session, self.filter, *order, trips)
        if rows == self._rows:
            return
        self.layoutAboutToBeChanged.emit()
        old_indexes = self.persistentIndexList()
        old_ids = [self._rows[index.row()] for index in old_indexes]
        self._take(rows)
        self._count_rows(max(len(rows), self.rowCount()))
        new_indexes = []
        for index, old in zip(old_indexes, old_ids, strict=True):
            row = None if isinstance(old, Heading) else self._row_of.get(old)
            new_indexes.append(QModelIndex() if row is None else self.index(row, index.column()))
        self.changePersistentIndexList(old_indexes, new_indexes)
        self._count_rows(len(rows))
        self.layoutChanged.emit()
        self.rearranged.emit()

    def _count_rows(self, count: int) -> None:
        """Have another number of rows; the views hear of it by the signal that follows."""
        with QSignalBlocker(self):
            self.setRowCount(count)

    def _drop_rows(self, _parent: Index, first: int, last: int) -> None:
        self._take([*self._rows[:first], *self._rows[last + 1 :]])

    def _take(self, rows: list[Row]) -> None:
        self._rows = rows
        self._row_of = {row: number for number, row in enumerate(rows) if not isinstance(row, Heading)}

    # What the workbench tells -----------------------------------------------------------------------------

    @property
    def _keeps_arrival_order(self) -> bool:
        return self.filter.is_open and self.grouping is Grouping.NONE and self.sort_key is SortKey.ADDED

    def _on_added(self, photo_ids: list[int]) -> None:
        order = [next(reversed(self._row_of), 0), *photo_ids]
        come_back = order != sorted(order)
        if not self._keeps_arrival_order or self.descending or come_back:
            self._rearrange_soon()
            return
        first = len(self._rows)
        self._rows.extend(photo_ids)
        self._row_of.update((photo_id, first + offset) for offset, photo_id in enumerate(photo_ids))
        self.insertRows(first, len(photo_ids))

    def _on_removed(self, photo_ids: list[int]) -> None:
        gone = sorted((self._row_of[i] for i in photo_ids if i in self._row_of), reverse=True)
        runs = _runs(gone)
        if len(runs) > _MANY_RUNS or len(gone) == len(self._row_of):
            self.beginResetModel()
            closed = set(photo_ids)
            self._take([row for row in self._rows if isinstance(row, Heading) or row not in closed])
            self._count_rows(len(self._rows))
            self.endResetModel()
        else:
            for last, first in runs:
                self.removeRows(first, last - first + 1)
        self.thumbnails.forget(photo_ids)
        if self.grouping is not Grouping.NONE:
            self._rearrange_soon()

    def _on_changed(self, photo_ids: list[int]) -> None:
        rows = sorted((self._row_of[i] for i in photo_ids if i in self._row_of), reverse=True)
        for last, first in _runs(rows):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))
        if not self.filter.is_open or self.grouping in (Grouping.DAY, Grouping.TRIP):
            self._rearrange_soon()

    def _on_thumbnail(self, photo_id: int) -> None:
        row = self._row_of.get(photo_id)
        if row is not None:
            index = self.index(row, 0)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])


def _raise(error: Exception) -> None:
    raise error


def _heading_font() -> QFont:
    font = QFont(QGuiApplication.font())
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _regions_called(text: str) -> frozenset[str]:
    """Codes of the regions whose name, in the user's language, holds the text."""
    wanted = text.casefold()
    return frozenset(r.code for r in load_regions() if wanted and wanted in tr(r.name).casefold())


def _runs(descending: list[int]) -> list[tuple[int, int]]:
    """Descending numbers as (last, first) runs of neighbours."""
    runs: list[tuple[int, int]] = []
    for number in descending:
        if runs and runs[-1][1] == number + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


ROW_SIZE = QSize(240, 72)
"""Size of a row in the list view; one size for all, which keeps 20 000 rows fast."""
