"""The list on the left: filter, order, and the photos as a list, a grid or a table."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListView,
    QMenu,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from geotagger.gui.appearance import Appearance
from geotagger.gui.column_words import COLUMN_SORT, Column
from geotagger.gui.icons import icon
from geotagger.gui.kept_selection import KeptSelection
from geotagger.gui.language import tr, trn
from geotagger.gui.list_menus import FilterMenu, OrderMenu
from geotagger.gui.photo_delegate import GRID_CELL, STATE_MARK_PX, PhotoDelegate, StateDelegate
from geotagger.gui.photo_model import PhotoModel
from geotagger.gui.wording import state_name
from geotagger.gui.workbench import Workbench
from geotagger.session.arrangement import Grouping
from geotagger.session.photo import PhotoState

_TYPICAL = {
    Column.NAME: "IMG_1234.jpg",
    Column.TAKEN: "2024-06-16 12:34",
    Column.REGION: "British Columbia",
    Column.PROBABILITY: "100 %",
    Column.RADIUS: "± 1 200 km",
    Column.POSITION: "46.90000, -110.40000",
}
_CELL_MARGINS_PX = 20


class ListShape(str, Enum):
    """How the photos are laid out."""

    LIST = "list"
    GRID = "grid"
    TABLE = "table"


class PhotoList(QWidget):
    """Shows the photos of the workbench; its selection is the workbench's."""

    menu_wanted = Signal(QPoint)
    """The user asked for the context menu at this global position."""

    def __init__(
        self, workbench: Workbench, model: PhotoModel, appearance: Appearance, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.model = model
        self._appearance = appearance
        self._following = False
        self.setObjectName("side")
        self._delegate = PhotoDelegate(model.thumbnails, appearance, self)
        self.list_view = self._make_list()
        self.table_view = self._make_table()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list_view)
        self._stack.addWidget(self.table_view)
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        self._none_shown = QLabel(tr("No photo matches the filter."))
        self._none_shown.setObjectName("side")
        self._none_shown.setProperty("role", "muted")
        self._none_shown.setMargin(16)
        self._none_shown.setWordWrap(True)
        self._order_menu = OrderMenu(model, self.group_by, self)
        self.filter_menu = FilterMenu(workbench, model, self)
        self._order = self._menu_button(tr("Sort and group the photos"), self._order_menu)
        self._order.setText(tr("Sort"))
        self._show = self._menu_button(tr("Show only some photos"), self.filter_menu)
        self._show.setText(tr("Show"))
        head = QFrame()
        head.setObjectName("bar")
        row = QHBoxLayout(head)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(2)
        row.addWidget(self._count, 1)
        row.addWidget(self._show)
        row.addWidget(self._order)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self._none_shown)
        layout.addWidget(self._stack, 1)
        self.shape = ListShape.LIST
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(50)
        self._counting.timeout.connect(self._show_count)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset, model.layoutChanged):
            signal.connect(self._count_soon)
        workbench.selection_changed.connect(self._follow_selection)
        workbench.photos_changed.connect(self._count_soon)
        self._kept_selection = KeptSelection(workbench, model, self)
        model.rearranged.connect(self._follow_selection)
        model.order_changed.connect(self._show_order)
        model.rearranged.connect(self._lay_out_headings)
        model.modelReset.connect(self._lay_out_headings)
        appearance.changed.connect(self._dress)
        self._dress()
        self._show_count()

    # Views ------------------------------------------------------------------------------------------------

    def _make_list(self) -> QListView:
        view = QListView()
        view.setItemDelegate(self._delegate)
        view.setUniformItemSizes(True)
        view.setLayoutMode(QListView.LayoutMode.Batched)
        view.setBatchSize(500)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setMovement(QListView.Movement.Static)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._set_up(view)
        return view

    def _make_table(self) -> QTableView:
        view = QTableView()
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSortingEnabled(True)
        view.setShowGrid(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(28)
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        view.horizontalHeader().setHighlightSections(False)
        view.horizontalHeader().setStretchLastSection(True)
        view.setWordWrap(False)
        view.setItemDelegateForColumn(Column.STATE, StateDelegate(self._appearance, self))
        self._set_up(view)
        for column in range(Column.POSITION):
            view.setColumnWidth(column, self._column_px(view, Column(column)))
        return view

    def _column_px(self, view: QTableView, column: Column) -> int:
        """The width that shows the header and a typical text, in whatever font and language."""
        view.ensurePolished()  # the font of the style sheet, not the one that the view was made with
        metrics = view.fontMetrics()
        header = str(self.model.headerData(column, Qt.Orientation.Horizontal))
        texts = (header, _TYPICAL.get(column, state_name(PhotoState.LOCATED)))
        mark_px = STATE_MARK_PX + 4 if column is Column.STATE else 0
        return max(metrics.horizontalAdvance(text) for text in texts) + mark_px + _CELL_MARGINS_PX

    @property
    def table_px(self) -> int:
        """The width that shows every column of the table."""
        columns = sum(self.table_view.columnWidth(column) for column in range(Column.POSITION))
        last = self._column_px(self.table_view, Column.POSITION)
        return columns + last + self.table_view.verticalScrollBar().sizeHint().width()

    def _set_up(self, view: QAbstractItemView) -> None:
        view.setModel(self.model)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setTabKeyNavigation(False)
        view.setDragEnabled(True)
        view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setMouseTracking(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setAccessibleName(tr("Photos"))
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(
            lambda point, view=view: self.menu_wanted.emit(view.viewport().mapToGlobal(point))
        )
        if isinstance(view, QTableView):
            view.setSelectionModel(self.list_view.selectionModel())
        else:
            view.selectionModel().selectionChanged.connect(self._on_user_selected)
            view.selectionModel().currentChanged.connect(self._on_user_selected)

    def _show_order(self) -> None:
        """Mark in the table's header what the rows are sorted by, wherever that was chosen."""
        columns = (column for column, key in COLUMN_SORT.items() if key is self.model.sort_key)
        order = Qt.SortOrder.DescendingOrder if self.model.descending else Qt.SortOrder.AscendingOrder
        header = self.table_view.horizontalHeader()
        with QSignalBlocker(header):  # which would sort once more
            header.setSortIndicator(next(columns, -1), order)
        header.viewport().update()

    @property
    def view(self) -> QAbstractItemView:
        """The view that is shown."""
        return self.table_view if self.shape is ListShape.TABLE else self.list_view

    @property
    def tab_stops(self) -> list[QWidget]:
        """What the Tab key visits, from above."""
        return [self._show, self._order, self.list_view, self.table_view]

    def set_shape(self, shape: ListShape) -> None:
        """Show the photos as a list, a grid or a table."""
        self.shape = shape
        grid = shape is ListShape.GRID
        self._delegate.grid = grid
        view = self.list_view
        view.setViewMode(QListView.ViewMode.IconMode if grid else QListView.ViewMode.ListMode)
        view.setMovement(QListView.Movement.Static)
        view.setWrapping(grid)
        self._stack.setCurrentWidget(self.view)
        self._lay_out_headings()
        self._follow_selection()

    def _lay_out_headings(self) -> None:
        """A heading takes a whole row: in the grid it is as wide as the view, in the table it spans all columns."""
        grouped_grid = self.shape is ListShape.GRID and self.model.grouping is not Grouping.NONE
        self.list_view.setUniformItemSizes(not grouped_grid)
        self.list_view.setGridSize(
            GRID_CELL if self.shape is ListShape.GRID and not grouped_grid else QSize()
        )
        self.table_view.clearSpans()
        if self.shape is ListShape.TABLE:
            for row in self.model.heading_rows:
                self.table_view.setSpan(row, 0, 1, len(Column))

    def _on_scrolled(self) -> None:
        """Thumbnails of rows that were scrolled away are no longer wanted."""
        viewport = self.list_view.viewport().rect()
        first = self.list_view.indexAt(QPoint(8, 8)).row()
        last_index = self.list_view.indexAt(QPoint(viewport.width() - 24, viewport.height() - 2))
        last = last_index.row() if last_index.isValid() else first + 60
        if first < 0:
            return
        rows = range(max(0, first - 10), min(self.model.rowCount(), last + 10))
        visible = {photo_id for row in rows if (photo_id := self.model.id_at(row)) is not None}
        self.model.thumbnails.keep_only(visible)

    # Selection --------------------------------------------------------------------------------------------

    def _on_user_selected(self, *_: object) -> None:
        if self._following:
            return
        ids = [photo_id for row in self._selected_rows() if (photo_id := self.model.id_at(row)) is not None]
        current = self.list_view.selectionModel().currentIndex()
        current_id = self.model.id_at(current.row()) if current.isValid() else None
        self._workbench.select(ids, current_id if current_id in ids else None)

    def _selected_rows(self) -> list[int]:
        """Selected rows from above; a list selects the first column, a table all of them."""
        selection = self.list_view.selectionModel().selection()
        parts = [selection.at(number) for number in range(selection.count())]
        return sorted(
            row for part in parts if part.left() == 0 for row in range(part.top(), part.bottom() + 1)
        )

    def _follow_selection(self) -> None:
        """Show the workbench's selection, wherever it was made."""
        selection = self.list_view.selectionModel()
        rows = [row for i in self._workbench.selected_ids if (row := self.model.row_of(i)) is not None]
        self._following = True
        try:
            if sorted(rows) != self._selected_rows():
                selection.select(self._selection_of(rows), QItemSelectionModel.SelectionFlag.ClearAndSelect)
            current_id = self._workbench.current_id
            row = None if current_id is None else self.model.row_of(current_id)
            if row is not None and row != selection.currentIndex().row():
                index = self.model.index(row, 0)
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
                self.view.scrollTo(index)
        finally:
            self._following = False
        self._count_soon()

    def _selection_of(self, rows: Iterable[int]) -> QItemSelection:
        made = QItemSelection()
        start = previous = None
        for row in sorted(rows):
            if previous is None or row != previous + 1:
                if start is not None and previous is not None:
                    self._add_run(made, start, previous)
                start = row
            previous = row
        if start is not None and previous is not None:
            self._add_run(made, start, previous)
        return made

    def _add_run(self, selection: QItemSelection, first: int, last: int) -> None:
        selection.select(self.model.index(first, 0), self.model.index(last, len(Column) - 1))

    def select_next(self, wanted: Iterable[PhotoState] | None = None) -> bool:
        """Make the next photo current (of one of these states, if given); False if there is none.

        The search starts below the current photo and goes on from the top.
        """
        ids = self.model.visible_ids
        if not ids:
            return False
        states = None if wanted is None else frozenset(wanted)
        current = self._workbench.current_id
        start = 0
        if current is not None and self.model.row_of(current) is not None:
            start = ids.index(current) + 1
        for photo_id in ids[start:] + ids[: max(0, start - 1)]:
            if states is None or self._workbench.session[photo_id].state in states:
                self._workbench.select([photo_id])
                return True
        return False

    def beside(self, photo_ids: Iterable[int]) -> int | None:
        """The photo that is shown next below the last one of these, or else above it."""
        shown, gone = self.model.visible_ids, set(photo_ids)
        last = max((at for at, photo_id in enumerate(shown) if photo_id in gone), default=-1)
        order = [*shown[last + 1 :], *reversed(shown[: last + 1])]
        return next((photo_id for photo_id in order if photo_id not in gone), None)

    # Head -------------------------------------------------------------------------------------------------

    def _menu_button(self, tip: str, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        return button

    def group_by(self, grouping: Grouping) -> None:
        """Group the photos by folder, day or trip, or not."""
        self._order_menu.show_grouping(grouping)
        self.model.set_arrangement(grouping=grouping)
        self._lay_out_headings()

    def _count_soon(self, *_: object) -> None:
        if not self._counting.isActive():  # it would never come to it while photos stream in
            self._counting.start()

    def _show_count(self) -> None:
        shown, total = self.model.photo_count, len(self._workbench.session)
        selected = len(self._workbench.selected_ids)
        text = trn("{n} photo", "{n} photos", total)
        if shown != total:
            text = tr("{shown} of {all}").format(
                shown=f"{shown:,}".replace(",", " "), all=f"{total:,}".replace(",", " ")
            )
        self._count.setToolTip(text)
        self._none_shown.setVisible(total > 0 and shown == 0)
        if selected > 1:  # there is no room for both
            text = trn("{n} selected", "{n} selected", selected)
        self._count.setText(text)

    def _dress(self) -> None:
        self._order.setIcon(icon("expand", self._appearance.palette))
        self._show.setIcon(icon("expand", self._appearance.palette))
        self.list_view.viewport().update()
