"""The main window: puts the views around the workbench and carries out what the user asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from geotagger.core.settings import Settings
from geotagger.gui.actions import Actions
from geotagger.gui.appearance import Appearance
from geotagger.gui.bottom_bar import BottomBar
from geotagger.gui.dialogs import Dialogs
from geotagger.gui.empty_state import EmptyState
from geotagger.gui.explaining import Explaining
from geotagger.gui.exporting import Exporting
from geotagger.gui.given import Given
from geotagger.gui.going_on import GoingOn
from geotagger.gui.guard import UnwrittenDialog
from geotagger.gui.jobs import Jobs, Urgency
from geotagger.gui.judging import Judging
from geotagger.gui.keeping import Keeping
from geotagger.gui.language import tr
from geotagger.gui.learning import Learning
from geotagger.gui.map import MapView
from geotagger.gui.map_link import MapLink
from geotagger.gui.notice_bar import NoticeBar
from geotagger.gui.opening import Opening
from geotagger.gui.panel import Panel
from geotagger.gui.photo_list import ListShape, PhotoList
from geotagger.gui.photo_model import PhotoModel
from geotagger.gui.placing import Placing
from geotagger.gui.predicting import Predicting
from geotagger.gui.preferences import Preferences
from geotagger.gui.reading import Reading
from geotagger.gui.thumbnails import Thumbnails
from geotagger.gui.toolbar import Toolbar
from geotagger.gui.window_layout import WindowLayout, layout_file
from geotagger.gui.workbench import Workbench
from geotagger.gui.writing import Writing
from geotagger.session.map_page import load_builder
from geotagger.session.photo import PhotoState

_MAP_WAITS_MS = 100
"""The map is hidden in the empty window, so it loads when that has been painted."""
_UNDECIDED = (PhotoState.PREDICTED, PhotoState.UNLOCATED, PhotoState.PREDICTING)


class MainWindow(QMainWindow):
    """One window: list, map, panel.

    Args:
        keeps_settings: False where the settings could not be read, and so must not be overwritten.
    """

    def __init__(
        self, jobs: Jobs, settings: Settings, appearance: Appearance, *, keeps_settings: bool = True
    ) -> None:
        super().__init__()
        self.setWindowTitle("Geotagger")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.jobs = jobs
        self.appearance = appearance
        self.workbench = Workbench(jobs, settings, self)
        self.reading = Reading(self.workbench)
        self.predicting = Predicting(self.workbench)
        kept = layout_file()
        self.given = Given(self.workbench)
        self.opening = Opening(self.workbench, self.reading, self.predicting, self.given, kept, self)
        self.placing = Placing(self.workbench)
        self.judging = Judging(self.workbench, self.predicting, self.given)
        self.learning = Learning(self.workbench, self.predicting, self.judging)
        self.writing = Writing(self.workbench)
        self.actions_ = Actions(self, appearance)
        self.thumbnails = Thumbnails(jobs, self)
        self.model = PhotoModel(self.workbench, self.thumbnails, self)
        self.toolbar = Toolbar(self.workbench, self.actions_, self.opening.recent, appearance)
        self.preferences = Preferences(
            self.workbench, appearance, self.toolbar, self.predicting, are_kept=keeps_settings
        )
        self.notices = NoticeBar(appearance)
        self.photo_list = PhotoList(self.workbench, self.model, appearance)
        self.map_view = MapView(appearance.palette)
        self.map_link = MapLink(self.workbench, self.model, self.map_view, self.predicting, appearance)
        self.explaining = Explaining(self.workbench, self.predicting)
        self.panel = Panel(
            self.workbench, self.model, self.explaining, self.placing, self.actions_, appearance
        )
        self.bottom_bar = BottomBar(appearance)
        self.empty_state = EmptyState(self.opening.recent, appearance)
        self.keeping = Keeping(self.workbench, self.reading)
        self.exporting = Exporting(self.workbench, self)
        self._closing_agreed = False
        self.dialogs = Dialogs(self)
        self.going_on = GoingOn(
            self.workbench, self.reading, self.predicting, self.writing, self.learning, self.bottom_bar
        )
        self._lay_out()
        self.window_layout = WindowLayout(self, self.splitter, self.photo_list, self.actions_, kept)
        self._connect()
        self._order_tab_stops()
        self._fill_menu()
        self.window_layout.restore()
        self._refresh_actions()
        self.empty_state.setFocus()

    # Building ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        for widget, least in ((self.photo_list, 260), (self.map_view, 280), (self.panel, 280)):
            widget.setMinimumWidth(least)
            self.splitter.addWidget(widget)
        for index, stretch in enumerate((0, 1, 0)):
            self.splitter.setStretchFactor(index, stretch)
        self.splitter.setSizes([320, 800, 320])
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty_state)
        self._pages.addWidget(self.splitter)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.toolbar, self.notices):
            layout.addWidget(part)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.bottom_bar)
        self.setCentralWidget(centre)
        self.resize(1440, 900)

    def _connect(self) -> None:
        workbench, stack = self.workbench, self.workbench.undo_stack
        workbench.noticed.connect(self.notices.show_notice)
        workbench.mentioned.connect(self.notices.mention)
        workbench.photos_added.connect(self._on_photos_came_or_went)
        workbench.photos_added.connect(self._select_something)
        workbench.photos_removed.connect(self._on_photos_came_or_went)
        workbench.selection_changed.connect(self._refresh_actions)
        self.reading.unlocated_found.connect(self.predicting.predict)
        self.writing.planned.connect(self.dialogs.ask_to_write)
        self.writing.ended.connect(self.dialogs.report_writing)
        self.writing.ended.connect(self.keeping.keep_soon)
        self.writing.progressed.connect(self._refresh_actions)
        stack.indexChanged.connect(self._refresh_actions)
        self.bottom_bar.cancel_wanted.connect(self.cancel_work)
        self.bottom_bar.pause_wanted.connect(self.writing.pause)
        self.toolbar.filter_changed.connect(lambda text: self.model.set_filter(text=text))
        self.toolbar.filter.left.connect(self._leave_filter)
        self.toolbar.filter.returnPressed.connect(lambda: self.photo_list.view.setFocus())
        self.empty_state.open_wanted.connect(self.opening.choose_photos)
        self.empty_state.folder_wanted.connect(self.opening.choose_folder)
        self.opening.hovering.connect(self.empty_state.show_hovering)
        self.panel.position_entered.connect(self.placing.place_selected)
        self.panel.predict_wanted.connect(self.predict_selected)
        self.photo_list.menu_wanted.connect(self._open_context_menu)
        self.map_view.ready.connect(self._order_tab_stops)  # only then it has what takes the keys
        self.map_view.paths_dropped.connect(self.opening.open_paths)
        self.map_view.map_clicked.connect(self.placing.place_homeless)
        self.map_view.failed.connect(lambda sentence: self.notices.show_notice(sentence))
        self.map_view.tiles_missing.connect(lambda sentence: self.notices.mention(sentence))
        for name, slot in {
            "open": self.opening.choose_photos,
            "folder": self.opening.choose_folder,
            "close": self._close_selected,
            "close_all": lambda: workbench.remove_photos(workbench.session.ids),
            "select_all": lambda: workbench.select(self.model.visible_ids),
            "filter": self._enter_filter,
            "accept": workbench.accept_selected,
            "accept_next": self._accept_and_go_on,
            "accept_all": lambda: workbench.accept_all(self.toolbar.threshold),
            "reject": workbench.reject_selected,
            "revert": workbench.revert_selected,
            "next_open": lambda: self.photo_list.select_next(_UNDECIDED),
            "predict": self.predict_selected,
            "undo": workbench.undo,
            "redo": workbench.redo,
            "copy": self.placing.copy_position,
            "paste": self.placing.paste_position,
            "pin": self.dialogs.pin_place,
            "places": self.dialogs.show_places,
            "evidence": self.dialogs.show_evidence,
            "fit": self.map_link.fit_selection,
            "fit_all": self.map_link.fit_all,
            "write": self.writing.plan,
            "list": lambda: self.window_layout.set_shape(ListShape.LIST),
            "grid": lambda: self.window_layout.set_shape(ListShape.GRID),
            "table": lambda: self.window_layout.set_shape(ListShape.TABLE),
            "challenge": self.dialogs.play_challenge,
            "export": self.exporting.ask,
            "history": self.dialogs.show_history,
            "settings": self.dialogs.show_settings,
            "shortcuts": self.dialogs.show_keys,
            "about": self.dialogs.show_about,
            "appearance": self.preferences.switch_appearance,
            "quit": self.close,
        }.items():
            self.actions_[name].triggered.connect(slot)

    def _order_tab_stops(self) -> None:
        """Tab goes from the top left to the bottom right; by itself it follows the order in which things were made."""
        stops = [*self.toolbar.tab_stops, *self.photo_list.tab_stops, self.map_view.tab_stop, self.panel]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _fill_menu(self) -> None:
        menu = self.toolbar.menu
        for names in (
            ("open", "folder"),
            ("select_all", "close", "close_all"),
            ("predict", "why", "evidence", "revert"),
            ("copy", "paste"),
            ("fit", "fit_all"),
            ("export",),
            ("challenge",),
            ("places", "history", "settings", "shortcuts", "about"),
            ("quit",),
        ):
            menu.addActions([self.actions_[name] for name in names])
            if "paste" in names:
                self.placing.menu(self.actions_["pin"], self.actions_["places"], menu)
            menu.addSeparator()

    # Getting photos in ------------------------------------------------------------------------------------

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Bring in files and folders."""
        self.opening.open_paths(paths)

    def restore_last_session(self) -> None:
        """Bring back what was open and decided when the program ended without being done."""
        self.opening.restore_last_session(self.keeping)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.opening.welcome(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.opening.welcome(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.opening.hovering.emit(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.opening.take_drop(event)

    def _on_photos_came_or_went(self, _ids: list[int]) -> None:
        was_empty = self._pages.currentIndex() == 0
        self._pages.setCurrentIndex(1 if len(self.workbench.session) else 0)
        if was_empty and len(self.workbench.session):
            self.photo_list.view.setFocus()
            self.window_layout.make_room()
        self._refresh_actions()

    def _select_something(self, _ids: list[int]) -> None:
        """Panel and map show something as soon as there is something."""
        if not self.workbench.selected_ids:
            self.photo_list.select_next()

    def _close_selected(self) -> None:
        closing = self.workbench.selected_ids
        following = self.photo_list.beside(closing)
        self.workbench.remove_photos(closing)
        if following is not None:
            self.workbench.select([following])

    # Reviewing --------------------------------------------------------------------------------------------

    def _accept_and_go_on(self) -> None:
        self.workbench.accept_selected()
        self.photo_list.select_next(_UNDECIDED)

    def predict_selected(self) -> None:
        """Predict the selected photos, also those that hold a position."""
        self.predicting.predict(self.workbench.selected_ids)

    def _open_context_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        for names in (
            ("accept", "reject", "revert"),
            ("fit", "copy", "paste"),
            ("predict",),
            ("close",),
        ):
            menu.addActions([self.actions_[name] for name in names])
            if "paste" in names:
                self.placing.menu(self.actions_["pin"], self.actions_["places"], menu)
            menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def cancel_work(self) -> None:
        """Stop what the bottom bar shows."""
        if self.writing.busy:
            self.writing.cancel()
        elif self.reading.scanning or self.reading.progress.running:
            self.reading.cancel()
        elif self.predicting.progress.running:
            self.predicting.cancel()
        else:
            self.learning.cancel()

    # View -------------------------------------------------------------------------------------------------

    def _refresh_actions(self, *_: object) -> None:
        some = bool(self.workbench.selected_ids)
        for name in ("accept", "accept_next", "reject", "revert", "copy", "paste", "predict", "close"):
            self.actions_[name].setEnabled(some)
        for name in ("select_all", "close_all", "fit", "fit_all", "next_open"):
            self.actions_[name].setEnabled(len(self.workbench.session) > 0)
        stack, busy = self.workbench.undo_stack, self.writing.busy
        for name, text, word, can in (
            ("undo", stack.undoText(), tr("Undo"), stack.canUndo()),
            ("redo", stack.redoText(), tr("Redo"), stack.canRedo()),
        ):
            action = self.actions_[name]
            action.setEnabled(can and not busy)
            action.setToolTip(f"{word}: {text}" if text else word)
        self.toolbar.is_writing = busy
        self.toolbar.refresh()

    def _enter_filter(self) -> None:
        self.toolbar.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.toolbar.filter.selectAll()

    def _leave_filter(self) -> None:
        self.toolbar.filter.clear()
        self.photo_list.view.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(_MAP_WAITS_MS, self, self._load_map)

    def _load_map(self) -> None:
        load = self.map_view.load
        self.jobs.run(load_builder, lambda _: load(), lambda _error: load(), urgency=Urgency.VISIBLE)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.workbench.finish_decisions()
        if self.workbench.session.pending_count and not self._closing_agreed:
            event.ignore()
            self._ask_about_unwritten()
            return
        self.window_layout.keep()
        if not self._closing_agreed:
            self.keeping.close(keep=False)
        self.reading.cancel()
        self.predicting.cancel()
        self.learning.cancel()
        self.writing.cancel()
        event.accept()

    def _ask_about_unwritten(self) -> None:
        dialog = UnwrittenDialog(self.workbench.session.pending_count, self)
        dialog.write_wanted.connect(self.writing.plan)
        dialog.keep_wanted.connect(lambda: self._close_for_good(keep=True))
        dialog.drop_wanted.connect(lambda: self._close_for_good(keep=False))
        dialog.open()

    def _close_for_good(self, *, keep: bool) -> None:
        self.keeping.close(keep=keep)
        self._closing_agreed = True
        self.close()
