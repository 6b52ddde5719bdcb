"""Keeps the selection while the list is sorted and filtered: what a filter hides is selected again when it is shown."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from geotagger.gui.photo_model import PhotoModel
from geotagger.gui.workbench import Workbench


class KeptSelection(QObject):
    """Selects anew after the rows were arranged. Hidden photos are never selected: a key would decide them unseen.

    Where all that was selected is hidden, the next photo is, so that panel and map show something.
    """

    def __init__(self, workbench: Workbench, model: PhotoModel, parent: QObject) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._model = model
        self._arranging = False
        self._wanted: tuple[tuple[int, ...], int | None] | None = None
        self._rows: list[int] = []
        self._last: int | None = None
        model.layoutAboutToBeChanged.connect(self._note)
        model.rearranged.connect(self._select_again)
        workbench.selection_changed.connect(self._forget)
        workbench.undo_stack.indexChanged.connect(self._forget)
        # Queued, because the undo stack tells of its step after that is done, and what is wanted is forgotten then.
        workbench.removal_taken_back.connect(self._select_returned, Qt.ConnectionType.QueuedConnection)

    def _forget(self, *_: object) -> None:
        """Something else was selected, or decided: nobody wants to go back there."""
        if not self._arranging:
            self._wanted = None

    def _note(self) -> None:
        self._arranging = True
        self._rows = self._model.visible_ids
        if self._wanted is None and self._workbench.selected_ids:
            self._wanted = (self._workbench.selected_ids, self._workbench.current_id)
        self._last = self._workbench.current_id

    def _select_again(self) -> None:
        ids, current = self._wanted or ((), None)
        there = [i for i in ids if i in self._workbench.session]
        shown = [i for i in there if self._model.row_of(i) is not None]
        if self._wanted is not None:
            still = [i for i in self._workbench.selected_ids if self._model.row_of(i) is not None]
            following = shown or still or self._next_shown()
            now = current if shown else self._last
            self._workbench.select(following, now if now in following else None)
        if len(shown) == len(there):
            self._wanted = None
        self._rows = []
        self._arranging = False

    def _select_returned(self, photo_ids: list[int]) -> None:
        """Select photos that are in the list again, and those that the filter hides when it shows them."""
        self._model.arrange_if_due()
        shown = [i for i in photo_ids if self._model.row_of(i) is not None]
        if shown:
            self._workbench.select(shown)
        if len(shown) < len(photo_ids):
            self._wanted = (tuple(photo_ids), None)

    def _next_shown(self) -> list[int]:
        """Of those that are shown now the photo that stood next below the current one, else above it, else the first."""
        at = self._rows.index(self._last) if self._last in self._rows else 0
        order = [*self._rows[at:], *reversed(self._rows[:at])]
        near = next((i for i in order if self._model.row_of(i) is not None), None)
        return self._model.visible_ids[:1] if near is None else [near]
