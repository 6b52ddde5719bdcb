"""The settings, built from their declarations: one page per group, a sentence for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from enum import Enum
from typing import Any, get_type_hints

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from geotagger.core.errors import SettingsError
from geotagger.core.settings import Settings
from geotagger.gui.language import said, tr
from geotagger.gui.map import TILE_SOURCES, tile_source
from geotagger.gui.wordy_dialog import WordyDialog


def _titles() -> dict[str, str]:
    return {
        "theme": tr("Colours"),
        "language": tr("Language"),
        "notation": tr("Positions"),
        "device": tr("Network runs on"),
        "model_dir": tr("Model bundle"),
        "accept_threshold": tr("Accept all from"),
        "use_image": tr("The picture"),
        "judge_together": tr("Neighbours"),
        "use_tracks": tr("Tracks"),
        "use_gallery": tr("Your own photos"),
        "use_place_names": tr("Places named in files"),
        "use_time_zones": tr("Time zones of cameras"),
        "learn_corrections": tr("Learn from corrections"),
        "overwrite": tr("Replace positions"),
        "sidecar": tr("XMP sidecars"),
        "backup_dir": tr("Copies of originals"),
        "tile_url": tr("Online map"),
    }


def _placeholders() -> dict[str, str]:
    """What it means that no folder is given."""
    return {"backup_dir": tr("No copies"), "model_dir": tr("The one of the program")}


def _groups() -> dict[str, str]:
    return {
        "window": tr("Window"),
        "model": tr("Model"),
        "evidence": tr("Evidence"),
        "writing": tr("Writing"),
        "map": tr("Map and privacy"),
    }


def _choices() -> dict[str, str]:
    return {
        "system": tr("Like the desktop"),
        "light": tr("Light"),
        "dark": tr("Dark"),
        "en": "English",
        "fr": "Français",
        "decimal": tr("46.90000, -110.40000"),
        "degrees-minutes": tr("46°54.000′N 110°24.000′W"),
        "degrees-minutes-seconds": tr("46°54′00.0″N 110°24′00.0″W"),
        "auto": tr("Automatic"),
        "cpu": "CPU",
        "cuda": "CUDA",
        "mps": "MPS",
        "never": tr("Never"),
        "estimates": tr("Only estimates"),
        "all": tr("All"),
        "always": tr("Always"),
    }


class SettingsDialog(WordyDialog):
    """Changes settings when the user agrees to them."""

    applied = Signal(object)
    """The new :class:`Settings`."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._settings = settings
        self._readers: dict[str, Callable[[], Any]] = {}
        self.inputs: dict[str, QWidget] = {}
        self._problem = QLabel()
        self._problem.setProperty("role", "error")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.pages = pages = QTabWidget()
        pages.setDocumentMode(True)
        pages.tabBar().setDrawBase(False)
        for group, title in _groups().items():
            pages.addTab(self._page(group), title)
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.save_button = QPushButton(tr("Save"))
        self.save_button.setProperty("role", "primary")
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self._save)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(pages, 1)
        layout.addWidget(self._problem)
        layout.addLayout(buttons)

    def showEvent(self, event: QShowEvent) -> None:
        # Tabs do not hand on how high the words of a page are where its lines are short.
        for page in map(self.pages.widget, range(self.pages.count())):
            layout = None if page is None else page.layout()
            if page is not None and layout is not None:
                page.setMinimumHeight(layout.totalHeightForWidth(self.pages.width()))
        super().showEvent(event)

    def _page(self, group: str) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(8, 16, 8, 8)
        layout.setSpacing(4)
        types = get_type_hints(Settings)
        for declared in fields(Settings):
            if declared.metadata["group"] != group:
                continue
            title = QLabel(_titles().get(declared.name, declared.name))
            title.setProperty("role", "strong")
            made = self._input(declared.name, types[declared.name])
            # A row of a field and a button is none that has the keys; its field is.
            (made.focusProxy() or made).setAccessibleName(title.text())
            title.setBuddy(made)
            words = QLabel(tr(declared.metadata["sentence"]))
            words.setProperty("role", "muted")
            words.setWordWrap(True)
            layout.addWidget(title)
            layout.addWidget(made)
            layout.addWidget(words)
            layout.addSpacing(12)
        layout.addStretch(1)
        return page

    def _input(self, name: str, kind: Any) -> QWidget:
        value = getattr(self._settings, name)
        if isinstance(value, Enum):
            made: QWidget = self._choice(name, kind, value)
        elif isinstance(value, bool):
            made = self._switch(name, value)
        elif name == "tile_url":
            made = self._tiles(name, value)
        elif isinstance(value, float):
            made = self._percentage(name, value)
        else:
            made = self._text(name, value)
        self.inputs[name] = made
        return made

    def _choice(self, name: str, kind: type[Enum], value: Enum) -> QComboBox:
        box = QComboBox()
        for choice in kind:
            box.addItem(_choices().get(choice.value, choice.value), choice)
        box.setCurrentIndex(list(kind).index(value))
        self._readers[name] = lambda: list(kind)[box.currentIndex()]
        return box

    def _switch(self, name: str, value: bool) -> QCheckBox:
        box = QCheckBox(tr("On"))
        box.setChecked(value)
        self._readers[name] = box.isChecked
        return box

    def _percentage(self, name: str, value: float) -> QSpinBox:
        box = QSpinBox()
        box.setRange(5, 99)
        box.lineEdit().setTextMargins(8, 0, 8, 0)
        box.setSuffix(" %")
        box.setValue(round(100 * value))
        self._readers[name] = lambda: box.value() / 100
        return box

    def _tiles(self, name: str, value: str) -> QComboBox:
        """Known sources by name; the address of any other can be typed."""
        box = QComboBox()
        box.setEditable(True)
        offline = tr("Offline map (no network)")
        addresses = {offline: ""} | {source.name: source.url for source in TILE_SOURCES}
        box.addItems(list(addresses))
        names = {address: shown for shown, address in addresses.items()}
        box.setCurrentText(names.get(value, value))
        self._readers[name] = lambda: addresses.get(box.currentText().strip(), box.currentText().strip())
        return box

    def _text(self, name: str, value: str) -> QWidget:
        field = QLineEdit(value)
        self._readers[name] = lambda: field.text().strip()
        if not name.endswith("_dir"):
            return field
        holder = QWidget()
        choose = QPushButton(tr("Choose…"))
        choose.clicked.connect(lambda: self._choose_folder(field))
        field.setPlaceholderText(_placeholders()[name])
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(field, 1)
        row.addWidget(choose)
        holder.setFocusProxy(field)
        return holder

    def _choose_folder(self, field: QLineEdit) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Choose a folder…"), field.text())
        if name:
            field.setText(name)

    def _save(self) -> None:
        try:
            changed = replace(self._settings, **{name: read() for name, read in self._readers.items()})
            tile_source(changed.tile_url)  # refuses what cannot be an address of tiles
        except SettingsError as error:
            self._problem.setText(said(error))
            self._problem.show()
            return
        self.applied.emit(changed)
        self.accept()
