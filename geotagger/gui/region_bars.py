"""The ranked regions of a photo: a bar and a whole per cent for each."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from geotagger.core.prediction import Prediction, RegionProbability
from geotagger.gui.appearance import Appearance, blend
from geotagger.gui.language import tr
from geotagger.gui.wording import percent

_ROW_PX = 32
_SHOWN = 5
_LEAST = 0.005
"""Less likely regions are not worth a line."""


class RegionBars(QWidget):
    """Up to five regions, the likeliest first; one colour, since the map tells the places.

    One of them is the chosen one, the likeliest at first: a click or the arrow keys choose another.
    """

    chosen_changed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._regions: tuple[RegionProbability, ...] = ()
        self._photo_id: int | None = None
        self._chosen = 0
        self._marks_chosen = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(tr("A click on a region shows what in the photo speaks for it (with “Why”)"))
        appearance.changed.connect(self.update)

    @property
    def chosen(self) -> RegionProbability | None:
        """The chosen region; None where there is no prediction."""
        return self._regions[self._chosen] if self._regions else None

    def mark_chosen(self, marked: bool) -> None:
        """Show which region is chosen, or not where that is of no matter."""
        self._marks_chosen = marked
        self.update()

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._regions) and row != self._chosen:
            self._chosen = row
            self.update()
            self.chosen_changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(int(event.position().y()) // _ROW_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(self._chosen + step)

    def show_prediction(self, prediction: Prediction | None, photo_id: int | None = None) -> None:
        """Show the regions of a prediction, or nothing; a choice lasts while the photo and its regions stay."""
        best = () if prediction is None else prediction.regions[:_SHOWN]
        old, self._regions = self._regions, tuple(r for r in best if r.probability >= _LEAST)
        if photo_id != self._photo_id or [r.code for r in old] != [r.code for r in self._regions]:
            self._chosen = 0
        self._photo_id = photo_id
        self.setAccessibleName(", ".join(f"{tr(r.name)} {percent(r.probability)}" for r in self._regions))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _ROW_PX * len(self._regions))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self._appearance.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(self.font())
        number_width = metrics.horizontalAdvance("100 %") + 4
        plain, strong = QFont(self.font()), QFont(self.font())
        strong.setWeight(QFont.Weight.DemiBold)
        for row, region in enumerate(self._regions):
            top = row * _ROW_PX
            is_chosen = row == self._chosen and (self._marks_chosen or self.hasFocus())
            painter.setFont(strong if is_chosen else plain)
            line = QRect(0, top, self.width(), 20)
            painter.setPen(QColor(palette.text))
            name = metrics.elidedText(
                tr(region.name), Qt.TextElideMode.ElideRight, line.width() - number_width
            )
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
            painter.setPen(QColor(palette.text if row == 0 else palette.muted))
            number = percent(region.probability)
            painter.drawText(line, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), number)
            track = QRectF(0, top + 21, self.width(), 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(blend(palette.surface, palette.text, 0.10)))
            painter.drawRoundedRect(track, 2, 2)
            filled = QRectF(0, top + 21, max(4.0, self.width() * region.probability), 4)
            strength = 1.0 if row == 0 else 0.65
            painter.setBrush(QColor(blend(palette.surface, palette.accent, strength)))
            painter.drawRoundedRect(filled, 2, 2)
        painter.end()
