"""Light or dark for the whole window: follows the desktop at once, or stays as the user set it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from geotagger.core.paths import resource_path
from geotagger.core.settings import Theme
from geotagger.gui.theme import DARK, LIGHT, Palette


class Appearance(QObject):
    """Holds the palette in use, dresses the application in it, and tells when it changes."""

    changed = Signal(object)
    """Emitted with the new :class:`Palette`."""

    def __init__(self, app: QApplication, theme: Theme = Theme.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._theme = theme
        self.palette = self._wanted()
        app.setStyle("Fusion")
        self._dress()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._refresh)

    def set_theme(self, theme: Theme) -> None:
        """Follow the desktop, or stay light or dark."""
        self._theme = theme
        self._refresh()

    def _wanted(self) -> Palette:
        dark = _desktop_is_dark() if self._theme is Theme.SYSTEM else self._theme is Theme.DARK
        return DARK if dark else LIGHT

    def _refresh(self) -> None:
        wanted = self._wanted()
        if wanted is not self.palette:
            self.palette = wanted
            self._dress()
            self.changed.emit(wanted)

    def _dress(self) -> None:
        self._app.setPalette(qt_palette(self.palette))
        self._app.setStyleSheet(style_sheet(self.palette))


def _desktop_is_dark() -> bool:
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def qt_palette(palette: Palette) -> QPalette:
    """The palette as Qt's own."""
    role = QPalette.ColorRole
    made = QPalette()
    for roles, colour in (
        ((role.Window, role.Button), palette.window),
        ((role.Base, role.ToolTipBase), palette.surface),
        ((role.AlternateBase,), palette.window),
        ((role.Text, role.WindowText, role.ButtonText, role.ToolTipText, role.BrightText), palette.text),
        ((role.PlaceholderText,), palette.muted),
        ((role.Highlight, role.Link, role.LinkVisited, role.Accent), palette.accent),
        ((role.HighlightedText,), palette.on_accent),
        ((role.Mid, role.Midlight), palette.border),
    ):
        for one in roles:
            made.setColor(one, QColor(colour))
    for one in (role.Text, role.WindowText, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, one, QColor(palette.muted))
    return made


def style_sheet(palette: Palette) -> str:
    """The few rules that Qt's palette cannot express: 8-px grid, 6-px corners, thin borders, one accent."""
    p = palette
    hover, chosen = blend(p.surface, p.text, 0.07), chosen_ground(p)
    look = "dark" if p.dark else "light"
    arrow = resource_path("icons", f"expand-{look}.svg").as_posix()
    checked = resource_path("icons", f"checked-{look}.svg").as_posix()
    return f"""
* {{ font-size: 13px; }}
QMainWindow, QDialog {{ background: {p.window}; }}
QToolTip {{ background: {p.surface}; color: {p.text}; border: 1px solid {p.border}; padding: 4px; }}
QSplitter::handle {{ background: {p.border}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QFrame#bar {{ background: {p.surface}; border: none; border-bottom: 1px solid {p.border}; }}
QFrame#foot {{ background: {p.surface}; border: none; border-top: 1px solid {p.border}; }}
QFrame#side, QScrollArea#side, QWidget#side {{ background: {p.surface}; border: none; }}
QScrollArea#side {{ border: 1px solid {p.surface}; }}
QScrollArea#side:focus {{ border-color: {p.accent}; }}
QFrame#rule {{ background: {p.border}; border: none; max-height: 1px; min-height: 1px; }}
QFrame#upright {{ background: {p.border}; border: none; min-width: 1px; max-width: 1px; margin: 0 6px; }}
QLabel[role="muted"] {{ color: {p.muted}; }}
QLabel[role="title"] {{ font-size: 22px; font-weight: 600; }}
QLabel[role="heading"] {{ font-size: 15px; font-weight: 600; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="error"] {{ color: {p.error}; }}
QToolButton, QPushButton {{
  background: transparent; color: {p.text}; border: 1px solid transparent; border-radius: 6px;
  padding: 5px 10px; min-height: 20px;
}}
QPushButton {{ border-color: {p.border}; background: {p.surface}; }}
QToolButton:hover, QPushButton:hover {{ background: {hover}; }}
QToolButton:pressed, QPushButton:pressed, QToolButton:checked {{ background: {blend(p.surface, p.text, 0.13)}; }}
QToolButton:focus, QPushButton:focus {{ border-color: {p.accent}; }}
QToolButton#fold {{ padding: 4px 4px; }}
QToolButton#overlay {{ background: {p.surface}; border-color: {p.border}; padding: 3px 10px; }}
QToolButton#overlay:hover {{ background: {hover}; }}
QToolButton#overlay:checked {{ background: {p.accent}; color: {p.on_accent}; border-color: {p.accent}; }}
QToolButton#overlay:focus {{ border-color: {p.accent}; }}
QToolButton#overlay:checked:focus {{ border-color: {p.text}; }}
QToolButton#fold, QToolButton#fold:checked {{ background: transparent; }}
QToolButton:disabled, QPushButton:disabled {{ color: {p.muted}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolButton::menu-button {{ border: none; width: 18px; }}
QPushButton[role="primary"], QToolButton[role="primary"] {{
  background: {p.accent}; color: {p.on_accent}; border-color: {p.accent};
}}
QPushButton[role="primary"]:hover, QToolButton[role="primary"]:hover {{ background: {blend(p.accent, p.text, 0.12)}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {p.text}; padding: 4px 9px; }}
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled {{
  background: {p.window}; color: {p.muted}; border-color: {p.border};
}}
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox {{
  background: {p.surface}; color: {p.text}; border: 1px solid {p.border}; border-radius: 6px;
  padding: 0 8px; min-height: 28px; placeholder-text-color: {p.muted}; selection-background-color: {p.accent}; selection-color: {p.on_accent};
}}
QLineEdit QToolButton {{ padding: 0; margin: 0; min-height: 0; border: none; background: transparent; }}
QCheckBox::indicator {{
  border: 1px solid {p.muted}; border-radius: 3px; background: {p.surface}; width: 12px; height: 12px;
}}
QCheckBox::indicator:checked {{ border-color: {p.accent}; background: {p.accent}; image: url({checked}); }}
QCheckBox::indicator:disabled {{ border-color: {p.border}; background: {p.window}; }}
QCheckBox::indicator:checked:disabled {{ background: {p.muted}; }}
QCheckBox::indicator:focus {{ border: 2px solid {p.text}; width: 10px; height: 10px; }}
QSpinBox::up-button, QSpinBox::down-button {{ width: 0; border: none; }}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border-color: {p.accent}; }}
QLineEdit[wrong="true"] {{ border-color: {p.error}; }}
QComboBox::drop-down {{ border: none; width: 28px; }}
QComboBox::down-arrow {{ image: url({arrow}); width: 16px; height: 16px; }}
QComboBox QAbstractItemView, QMenu {{
  background: {p.surface}; color: {p.text}; border: 1px solid {p.border};
  selection-background-color: {chosen}; selection-color: {p.text};
}}
QMenu {{ padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {chosen}; }}
QMenu::item:disabled {{ color: {p.muted}; }}
QMenu::separator {{ height: 1px; background: {p.border}; margin: 4px 8px; }}
QAbstractItemView {{
  background: {p.surface}; border: none; outline: none;
  selection-background-color: {chosen}; selection-color: {p.text};
}}
QListWidget, QTableWidget {{ border: 1px solid {p.border}; border-radius: 6px; }}
QListWidget:focus, QTableWidget:focus {{ border-color: {p.accent}; }}
QListView#suggestions {{ border: 1px solid {p.border}; padding: 4px; }}
QListView#suggestions::item, QUndoView::item {{ padding: 5px 8px; }}
QTableView::item {{ padding: 0 6px; }}
QHeaderView::section {{
  background: {p.surface}; color: {p.muted}; border: none; border-bottom: 1px solid {p.border}; padding: 6px 8px 6px 9px;
}}
QTableView {{ gridline-color: {p.border}; selection-background-color: {chosen}; selection-color: {p.text}; }}
QProgressBar {{ background: {blend(p.surface, p.text, 0.12)}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
QProgressBar::chunk {{ background: {p.accent}; border-radius: 3px; }}
QSlider:horizontal {{ min-height: 22px; }}
QSlider::groove:horizontal {{ background: {blend(p.surface, p.text, 0.25)}; border-radius: 2px; height: 4px; }}
QSlider::sub-page:horizontal {{ background: {p.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{
  background: {p.accent}; border: 2px solid {p.surface}; border-radius: 9px; width: 14px; height: 14px; margin: -7px 0;
}}
QSlider::handle:horizontal:focus {{ border-color: {p.text}; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {blend(p.surface, p.text, 0.25)}; border-radius: 4px; margin: 2px; min-height: 32px; min-width: 32px; }}
QScrollBar::handle:hover {{ background: {blend(p.surface, p.text, 0.4)}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QFrame#notice {{ background: {blend(p.surface, p.warning, 0.14)}; border: none; border-bottom: 1px solid {p.border}; }}
QFrame#drop {{ border: 2px dashed {p.border}; border-radius: 12px; background: {p.surface}; }}
QFrame#drop[over="true"] {{ border-color: {p.accent}; }}
QFrame#card {{ border: 1px solid {p.border}; border-radius: 6px; background: {p.surface}; }}
QTabBar::tab {{ padding: 6px 12px; color: {p.muted}; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {p.text}; border-bottom-color: {p.accent}; }}
QTabBar::tab:selected:focus {{ background: {chosen}; border-top-left-radius: 6px; border-top-right-radius: 6px; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {p.border}; }}
"""


def chosen_ground(palette: Palette) -> str:
    """Ground of what is selected: as strong as small grey and red text on it allows."""
    return blend(palette.surface, palette.accent, 0.18)


def blend(under: str, over: str, share: float) -> str:
    """The colour that ``over`` gives when laid on ``under`` with an opacity of ``share``."""
    a, b = QColor(under), QColor(over)
    mixed = [
        round(x + (y - x) * share)
        for x, y in ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    ]
    return "#{:02X}{:02X}{:02X}".format(*mixed)
