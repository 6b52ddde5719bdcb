"""The ranked regions of a photo: a bar and a whole per cent for each."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
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
    """Up to five regions, the likeliest first; one colour, since the map tells the places."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._regions: tuple[RegionProbability, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self.update)

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Show the regions of a prediction, or nothing."""
        best = () if prediction is None else prediction.regions[:_SHOWN]
        self._regions = tuple(region for region in best if region.probability >= _LEAST)
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
        for row, region in enumerate(self._regions):
            top = row * _ROW_PX
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
