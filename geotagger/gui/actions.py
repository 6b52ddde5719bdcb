"""Everything the user can do, declared once: name, key, icon, sentence. Menus and the key sheet come from here."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from geotagger.gui.appearance import Appearance
from geotagger.gui.icons import icon
from geotagger.gui.language import tr


@dataclass(frozen=True, slots=True)
class Declared:
    """One action.

    Attributes:
        group: heading in the key sheet.
        keys: shortcuts; the first one is shown.
    """

    name: str
    group: str
    text: str
    tip: str
    keys: tuple[str, ...] = ()
    icon: str | None = None
    checkable: bool = False


def declared_actions() -> tuple[Declared, ...]:
    """All actions in the order of the key sheet, in the user's language."""
    photos, reviewing, places = tr("Photos"), tr("Review"), tr("Position and map")
    writing, view = tr("Writing"), tr("Window")
    return (
        Declared("open", photos, tr("Open"), tr("Add photos"), ("Ctrl+O",), "open"),
        Declared(
            "folder",
            photos,
            tr("Folder"),
            tr("Add a folder with all its subfolders"),
            ("Ctrl+Shift+O",),
            "folder",
        ),
        Declared(
            "close",
            photos,
            tr("Remove from list"),
            tr("Take the selected photos out of the list; the files stay"),
            ("Ctrl+W",),
        ),
        Declared("close_all", photos, tr("Remove all from list"), tr("Empty the list; the files stay")),
        Declared("select_all", photos, tr("Select all"), tr("Select all photos that are shown"), ("Ctrl+A",)),
        Declared(
            "filter",
            photos,
            tr("Filter"),
            tr("Find photos by name, folder or region"),
            ("/", "Ctrl+F"),
            "search",
        ),
        Declared(
            "accept", reviewing, tr("Accept"), tr("Agree with the guess"), ("Return", "Enter"), "accept"
        ),
        Declared(
            "accept_next",
            reviewing,
            tr("Accept and go on"),
            tr("Agree with the guess and go to the next undecided photo"),
            ("Shift+Return", "Shift+Enter"),
        ),
        Declared(
            "accept_all",
            reviewing,
            tr("Accept all"),
            tr("Accept all guesses that are likely enough"),
            ("Ctrl+Return",),
            "accept-all",
        ),
        Declared("reject", reviewing, tr("Reject"), tr("Turn the guess down"), ("Backspace",), "reject"),
        Declared(
            "revert",
            reviewing,
            tr("Take decision back"),
            tr("Forget what was decided about the photo"),
            ("R",),
        ),
        Declared("next_open", reviewing, tr("Next undecided"), tr("Go to the next undecided photo"), ("N",)),
        Declared(
            "predict",
            reviewing,
            tr("Predict"),
            tr("Predict the selected photos, also those that have a position"),
            ("P",),
        ),
        Declared(
            "why",
            reviewing,
            tr("Why"),
            tr("Show where in the photo the model looked; the rest is veiled"),
            ("W",),
            None,
            True,
        ),
        Declared(
            "evidence",
            reviewing,
            tr("Evidence…"),
            tr("Choose what speaks for a place: the picture, neighbours, tracks, your own photos"),
            ("E",),
        ),
        Declared("undo", reviewing, tr("Undo"), tr("Take the last step back"), ("Ctrl+Z",), "undo"),
        Declared("redo", reviewing, tr("Redo"), tr("Do the step again"), ("Ctrl+Y", "Ctrl+Shift+Z"), "redo"),
        Declared("copy", places, tr("Copy position"), tr("Copy the position of the photo"), ("C",), "copy"),
        Declared(
            "paste",
            places,
            tr("Paste position"),
            tr("Put the selected photos at the copied position"),
            ("V",),
            "paste",
        ),
        Declared(
            "pin",
            places,
            tr("Pin as known place…"),
            tr("Give the position of the photo a name, to use it again"),
            ("K",),
            "pin",
        ),
        Declared("places", places, tr("Known places…"), tr("Rename and remove known places")),
        Declared("fit", places, tr("Fit map"), tr("Show the selected markers, or all"), ("F",), "fit"),
        Declared("fit_all", places, tr("Show all on map"), tr("Show all markers"), ("Shift+F",)),
        Declared(
            "write",
            writing,
            tr("Write"),
            tr("Write the accepted positions into the photos"),
            ("Ctrl+S",),
            "write",
        ),
        Declared(
            "export",
            writing,
            tr("Export…"),
            tr("Write the positions into a file for other programs"),
            ("Ctrl+E",),
            "export",
        ),
        Declared("list", view, tr("List"), tr("Show the photos as a list"), ("Ctrl+1",), "list", True),
        Declared("grid", view, tr("Grid"), tr("Show the photos as a grid"), ("Ctrl+2",), "grid", True),
        Declared("table", view, tr("Table"), tr("Show the photos as a table"), ("Ctrl+3",), "table", True),
        Declared("shortcuts", view, tr("Keys"), tr("Show all keys"), ("?", "F1"), "help"),
        Declared(
            "appearance", view, tr("Light or dark"), tr("Switch between light and dark"), (), "appearance"
        ),
        Declared(
            "challenge",
            view,
            tr("Challenge…"),
            tr("Guess where your located photos were taken, against the model"),
        ),
        Declared(
            "history", view, tr("History"), tr("Show all steps; a click goes back or forth"), ("Ctrl+H",)
        ),
        Declared("settings", view, tr("Settings…"), tr("Change the settings"), ("Ctrl+,",), "settings"),
        Declared("about", view, tr("About"), tr("Version, model and licences")),
        Declared("quit", view, tr("Quit"), tr("Close the program"), ("Ctrl+Q",)),
    )


class Actions:
    """The actions of a window as attributes by name: ``actions["accept"]``."""

    def __init__(self, window: QWidget, appearance: Appearance) -> None:
        self._appearance = appearance
        self.declared = declared_actions()
        self._actions: dict[str, QAction] = {}
        for declared in self.declared:
            action = QAction(declared.text, window)
            action.setCheckable(declared.checkable)
            action.setShortcuts([QKeySequence(key) for key in declared.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            key = (
                f" ({QKeySequence(declared.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)})"
                if declared.keys
                else ""
            )
            action.setToolTip(declared.tip + key)
            action.setObjectName(declared.name)
            window.addAction(action)
            self._actions[declared.name] = action
        appearance.changed.connect(self._dress)
        self._dress()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def _dress(self) -> None:
        for declared in self.declared:
            if declared.icon is not None:
                self._actions[declared.name].setIcon(icon(declared.icon, self._appearance.palette))
