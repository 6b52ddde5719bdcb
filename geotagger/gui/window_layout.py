"""How the window is divided: the shape of the list and the room that it gets, remembered from one time to the next."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QSettings, QTimer
from PySide6.QtWidgets import QMainWindow, QSplitter

from geotagger.core.errors import UserFolderError
from geotagger.core.paths import config_dir
from geotagger.gui.actions import Actions
from geotagger.gui.photo_list import ListShape, PhotoList

_MAP_LEAST_PX = 280


def layout_file() -> QSettings:
    """What is remembered of the window, apart from the settings; only until it closes where there is no folder for it."""
    try:
        name = str(config_dir() / "window.ini")
    except UserFolderError:
        name = ""
    return QSettings(name, QSettings.Format.IniFormat)


class WindowLayout(QObject):
    """Gives a table more room than a list, and puts everything back as it was left."""

    def __init__(
        self,
        window: QMainWindow,
        splitter: QSplitter,
        photo_list: PhotoList,
        actions: Actions,
        kept: QSettings,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._splitter = splitter
        self._list = photo_list
        self._actions = actions
        self._kept = kept
        self._before_table: list[int] = []

    def set_shape(self, shape: ListShape) -> None:
        """Show the photos as a list, a grid or a table."""
        self._list.set_shape(shape)
        sizes = self._splitter.sizes()
        panel = self._splitter.widget(2)
        panel_px = sizes[2] if panel is None else min(sizes[2], panel.minimumWidth())
        table_px = min(self._list.table_px, sum(sizes) - panel_px - _MAP_LEAST_PX)
        if shape is ListShape.TABLE and sizes[0] < table_px:
            # A table needs room for its columns; map and panel give it, and get it back afterwards.
            self._before_table = sizes
            self._splitter.setSizes([table_px, sum(sizes) - table_px - panel_px, panel_px])
        elif shape is not ListShape.TABLE and self._before_table:
            old_list, _, old_panel = self._before_table
            self._splitter.setSizes([old_list, sum(sizes) - old_list - old_panel, old_panel])
            self._before_table = []
        for one in ListShape:
            self._actions[one.value].setChecked(one is shape)

    def make_room(self) -> None:
        """Divide the window for the list's shape once it is divided at all: an empty one shows no parts."""
        QTimer.singleShot(0, self, lambda: self.set_shape(self._list.shape))

    def restore(self) -> None:
        """Divide the window as it was when it was closed."""
        geometry, splitter = self._kept.value("geometry"), self._kept.value("splitter")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        if isinstance(splitter, QByteArray):
            self._splitter.restoreState(splitter)
        shape = self._kept.value("shape", ListShape.LIST.value)
        known = {one.value for one in ListShape}
        self.set_shape(ListShape(shape) if shape in known else ListShape.LIST)

    def keep(self) -> None:
        """Remember how the window is divided."""
        self._kept.setValue("geometry", self._window.saveGeometry())
        self._kept.setValue("splitter", self._splitter.saveState())
        self._kept.setValue("shape", self._list.shape.value)
        self._kept.sync()
