"""The list of all steps that can be taken back; a click, or an arrow key, goes to that point."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QUndoView, QWidget

from geotagger.gui.language import tr
from geotagger.gui.workbench import Workbench


class HistoryView(QUndoView):
    """A small window of its own beside the main one.

    What is being decided in turns is finished before the list goes anywhere: a decision that has not come to the first
    photo it changes is no step yet, and would else become one in the middle of the way, which ends all steps after it.
    """

    def __init__(self, workbench: Workbench, parent: QWidget) -> None:
        super().__init__(workbench.undo_stack, parent)
        self._workbench = workbench
        self.setWindowFlag(Qt.WindowType.Tool)
        self.setWindowTitle(tr("History"))
        self.setEmptyLabel(tr("As opened"))
        self.resize(300, 420)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._workbench.finish_decisions()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        self._workbench.finish_decisions()
        super().keyPressEvent(event)
