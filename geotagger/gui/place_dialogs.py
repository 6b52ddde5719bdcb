"""Names a place, and manages the places that have a name."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from geotagger.core.coordinates import Notation, format_position
from geotagger.core.errors import KnownPlaceError
from geotagger.core.geo import LatLon
from geotagger.gui.language import said, tr
from geotagger.gui.placing import Placing
from geotagger.session.known_places import HERE_KM, KnownPlace


class PinDialog(QDialog):
    """Asks for the name of a position."""

    def __init__(
        self, placing: Placing, position: LatLon, suggested: str, words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._placing = placing
        self._position = position
        self.setWindowTitle(tr("Pin as known place"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(400)
        where = QLabel(words)
        where.setTextFormat(Qt.TextFormat.PlainText)
        where.setWordWrap(True)
        where.setProperty("role", "muted")
        self.name = QLineEdit(suggested)
        self.name.setPlaceholderText(tr("Name, such as Cabin"))
        self.name.setAccessibleName(tr("Name"))
        self.name.selectAll()
        self._problem = _problem_label()
        self._may_move: KnownPlace | None = None
        self.name.textChanged.connect(self._problem.hide)
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.pin_button = QPushButton(tr("Pin"))
        self.pin_button.setProperty("role", "primary")
        self.pin_button.setDefault(True)
        self.pin_button.clicked.connect(self._pin)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.pin_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(self.name)
        layout.addWidget(where)
        layout.addWidget(self._problem)
        layout.addSpacing(8)
        layout.addLayout(row)

    def _pin(self) -> None:
        known = self._placing.known.named(self.name.text())
        is_elsewhere = known is not None and known.position.distance_km(self._position) > HERE_KM
        if known is not None and is_elsewhere and known is not self._may_move:
            self._may_move = known
            words = tr("{name} is another place already. Pin once more to move it here.")
            self._problem.setText(words.format(name=known.name))
            self._problem.show()
            return
        try:
            self._placing.pin(self.name.text(), self._position)
        except KnownPlaceError as error:
            self._problem.setText(said(error))
            self._problem.show()
            return
        self.accept()


class PlacesSheet(QDialog):
    """All known places; a double click renames one."""

    show_wanted = Signal(object)
    """The user wants to see this :class:`LatLon` on the map."""

    def __init__(self, placing: Placing, notation: Notation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._placing = placing
        self._notation = notation
        self.setWindowTitle(tr("Known places"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 400)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([tr("Name"), tr("Position")])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.setAccessibleName(tr("Known places"))
        self.table.itemChanged.connect(self._on_edited)
        self.table.itemSelectionChanged.connect(self._refresh_buttons)
        self.hint = QLabel()
        self.hint.setProperty("role", "muted")
        self.hint.setWordWrap(True)
        self._problem = _problem_label()
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.clicked.connect(self._remove)
        self.show_button = QPushButton(tr("Show on map"))
        self.show_button.clicked.connect(self._show)
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(self.remove_button)
        row.addWidget(self.show_button)
        row.addStretch(1)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.hint)
        layout.addWidget(self._problem)
        layout.addLayout(row)
        self._fill()

    def _fill(self) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(len(self._placing.known))
        for row, place in enumerate(self._placing.known.all):
            name = QTableWidgetItem(place.name)
            name.setData(Qt.ItemDataRole.UserRole, place)
            where = QTableWidgetItem(format_position(place.position, self._notation))
            where.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.table.setItem(row, 0, name)
            self.table.setItem(row, 1, where)
        self.table.blockSignals(False)
        self.hint.setText(
            tr("A double click renames a place. Photos that were put there stay where they are.")
            if self.table.rowCount()
            else tr("There are none yet. “Pin as known place…” gives the position of a photo a name.")
        )
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        some = self.table.currentRow() >= 0 and bool(self.table.selectedItems())
        self.remove_button.setEnabled(some)
        self.show_button.setEnabled(some)

    def _on_edited(self, item: QTableWidgetItem) -> None:
        place = item.data(Qt.ItemDataRole.UserRole)
        self._problem.hide()
        try:
            self._placing.rename(place.name, item.text())
        except KnownPlaceError as error:
            self._problem.setText(said(error))
            self._problem.show()
        self._fill()

    def _remove(self) -> None:
        item = self.table.item(self.table.currentRow(), 0)
        if item is not None:
            self._placing.forget(item.data(Qt.ItemDataRole.UserRole).name)
            self._fill()

    def _show(self) -> None:
        item = self.table.item(self.table.currentRow(), 0)
        if item is not None:
            self.show_wanted.emit(item.data(Qt.ItemDataRole.UserRole).position)
            self.accept()


def _problem_label() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", "error")
    label.setWordWrap(True)
    label.hide()
    return label
