"""A dialog that is as high as its words need, in whatever language and with whatever names in them."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog


class WordyDialog(QDialog):
    """By itself Qt reckons with lines as long as it likes, and cuts the last ones off where they are shorter."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.setMinimumHeight(layout.totalHeightForWidth(self.width()))
