"""The bar at the top: open, decide, write, find."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayoutItem,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from geotagger.gui.actions import Actions
from geotagger.gui.appearance import Appearance
from geotagger.gui.fields import TextField
from geotagger.gui.icons import icon
from geotagger.gui.language import tr, trn
from geotagger.gui.recent import RecentFolders
from geotagger.gui.workbench import Workbench

_FILTER_PX, _FILTER_LEAST_PX = 220, 96


class Toolbar(QFrame):
    """Buttons for the window's actions, the threshold for accepting many, and the filter's text."""

    threshold_changed = Signal(float)
    filter_changed = Signal(str)

    def __init__(
        self,
        workbench: Workbench,
        actions: Actions,
        recent: RecentFolders,
        appearance: Appearance,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._actions = actions
        self._appearance = appearance
        self.setObjectName("bar")
        self.threshold = workbench.settings.accept_threshold
        self.is_writing = False
        self._accept_all = self._threshold_button()
        self._write = _button(actions["write"])
        self._write.setProperty("role", "primary")
        self.filter = TextField()
        self.filter.setPlaceholderText(tr("Filter photos"))
        self.filter.setAccessibleName(tr("Filter photos"))
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(_FILTER_LEAST_PX)
        self.filter.setMaximumWidth(_FILTER_PX)
        self._find = self.filter.addAction(actions["filter"].icon(), TextField.ActionPosition.LeadingPosition)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(120)
        self._typing.timeout.connect(lambda: self.filter_changed.emit(self.filter.text().strip()))
        self.filter.textChanged.connect(self._typing.start)
        self.menu = QMenu(self)
        self._menu_button = QToolButton()
        self._menu_button.setMenu(self.menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu_button.setToolTip(tr("Menu"))
        self._menu_button.setAccessibleName(tr("Menu"))
        self._menu_button.setIconSize(QSize(20, 20))
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        opening, folder = _button(actions["open"]), _folder_button(actions["folder"], recent)
        accept = _button(actions["accept"])
        self._worded = (folder, opening, accept, self._accept_all)
        layout.addWidget(opening)
        layout.addWidget(folder)
        layout.addWidget(_line())
        layout.addWidget(accept)
        layout.addWidget(_button(actions["reject"], text=False))
        layout.addWidget(self._accept_all)
        layout.addWidget(_button(actions["undo"], text=False))
        layout.addWidget(_button(actions["redo"], text=False))
        layout.addWidget(_line())
        layout.addWidget(self._write)
        layout.addStretch(1)
        for name in ("list", "grid", "table"):
            layout.addWidget(_button(actions[name], text=False))
        layout.addWidget(_line())
        layout.addWidget(self.filter, 1)
        layout.addWidget(_button(actions["appearance"], text=False))
        layout.addWidget(self._menu_button)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(100)
        self._counting.timeout.connect(self.refresh)
        workbench.photos_changed.connect(self._count_soon)
        workbench.photos_removed.connect(self._count_soon)
        workbench.selection_changed.connect(self._count_soon)
        appearance.changed.connect(self._dress)
        self._dress()
        self.refresh()

    @property
    def tab_stops(self) -> list[QWidget]:
        """What the Tab key visits, from the left."""
        items = (self._row.itemAt(number) for number in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [one for one in widgets if one is not None and one.focusPolicy() & Qt.FocusPolicy.TabFocus]

    def _count_soon(self) -> None:
        if not self._counting.isActive():
            self._counting.start()

    def refresh(self) -> None:
        """Bring counts and what can be done up to date."""
        session = self._workbench.session
        count = session.acceptable_count(self.threshold)
        share = f"{round(100 * self.threshold)} %"
        self._actions["accept_all"].setText(
            tr("Accept ≥ {share}").format(share=share) + (f" ({count})" if count else "")
        )
        self._actions["accept_all"].setEnabled(count > 0)
        self._threshold_text.setText(
            trn(
                "Best region at least {share}: {n} guess",
                "Best region at least {share}: {n} guesses",
                count,
                share=share,
            )
        )
        pending = session.pending_count
        self._actions["write"].setText(tr("Write {n}").format(n=pending) if pending else tr("Write"))
        self._actions["write"].setEnabled(pending > 0 and not self.is_writing)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def minimumSizeHint(self) -> QSize:
        """Narrower than all words need; in a narrow window some buttons go without theirs."""
        return QSize(0, super().minimumSizeHint().height())

    def _make_room(self) -> None:
        """Leave words out, those that a picture says best first, until everything fits."""
        row = self._row
        parts = [part for i in range(row.count()) if (part := row.itemAt(i)) is not None]
        margins = row.contentsMargins()
        gaps = row.spacing() * (len(parts) - 1) + margins.left() + margins.right()
        for wordless in range(len(self._worded) + 1):
            for number, button in enumerate(self._worded):
                style = Qt.ToolButtonStyle
                worded = number >= wordless
                button.setToolButtonStyle(
                    style.ToolButtonTextBesideIcon if worded else style.ToolButtonIconOnly
                )
            if gaps + sum(_least_px(part) for part in parts) <= self.width():
                return

    def set_threshold(self, threshold: float) -> None:
        """Use another threshold, as set in the settings."""
        self._slider.setValue(round(100 * threshold))

    def _threshold_button(self) -> QToolButton:
        button = _button(self._actions["accept_all"])
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(button)
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(16, 12, 16, 12)
        self._threshold_text = QLabel()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(5, 99)
        self._slider.setValue(round(100 * self.threshold))
        self._slider.setMinimumWidth(280)
        self._slider.setAccessibleName(tr("Lowest chance of the best region"))
        self._slider.valueChanged.connect(self._on_threshold)
        layout.addWidget(self._threshold_text)
        layout.addWidget(self._slider)
        content = QWidgetAction(menu)
        content.setDefaultWidget(holder)
        menu.addAction(content)
        menu.addAction(self._actions["accept_all"])
        button.setMenu(menu)
        return button

    def _on_threshold(self, value: int) -> None:
        self.threshold = value / 100
        self.refresh()
        self.threshold_changed.emit(self.threshold)

    def _dress(self) -> None:
        palette = self._appearance.palette
        self._find.setIcon(icon("search", palette, palette.muted))
        self._menu_button.setIcon(icon("menu", palette))
        enabled = icon("write", palette, palette.on_accent)
        self._actions["write"].setIcon(enabled)


def _button(action: QAction, *, text: bool = True) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(20, 20))
    style = Qt.ToolButtonStyle
    button.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
    button.setAccessibleName(action.text())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _folder_button(action: QAction, recent: RecentFolders) -> QToolButton:
    button = _button(action)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    menu = QMenu(button)
    menu.setToolTipsVisible(True)
    recent.fill(menu)
    button.setMenu(menu)
    return button


def _least_px(part: QLayoutItem) -> int:
    """A button needs all of its size, whatever its minimum says: else its text is cut."""
    widget = part.widget()
    return part.sizeHint().width() if isinstance(widget, QToolButton) else part.minimumSize().width()


def _line() -> QFrame:
    line = QFrame()
    line.setFixedHeight(24)
    line.setObjectName("upright")
    return line
