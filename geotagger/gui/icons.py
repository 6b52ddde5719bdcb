"""Icons in the colour of the palette, and the marks that stand for a photo's state."""

from __future__ import annotations

import math

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtSvg import QSvgRenderer

from geotagger.core.paths import resource_path
from geotagger.gui.theme import Palette
from geotagger.session.photo import PhotoState

_DRAWN_PX = 48


def icon(name: str, palette: Palette, colour: str | None = None) -> QIcon:
    """An icon of ``resources/icons`` in the text colour (or another one), paler where disabled."""
    drawn = QIcon(_pixmap(name, colour or palette.text))
    drawn.addPixmap(_pixmap(name, palette.border), QIcon.Mode.Disabled)
    return drawn


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(resource_path("icons", "geotagger.svg")))


def _pixmap(name: str, colour: str) -> QPixmap:
    source = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8").replace("#000000", colour)
    pixmap = QPixmap(_DRAWN_PX, _DRAWN_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter)
    painter.end()
    return pixmap


def state_colour(state: PhotoState, palette: Palette) -> QColor:
    """The colour of a state's mark."""
    return QColor(
        {
            PhotoState.PREDICTING: palette.muted,
            PhotoState.PREDICTED: palette.accent,
            PhotoState.ACCEPTED: palette.accent,
            PhotoState.CORRECTED: palette.warning,
            PhotoState.WRITTEN: palette.success,
            PhotoState.LOCATED: palette.success,
            PhotoState.FAILED: palette.error,
        }.get(state, palette.muted)
    )


def paint_state_mark(painter: QPainter, box: QRectF, state: PhotoState, palette: Palette) -> None:
    """Draw the mark of a state: told apart by shape as well as by colour, the same as on the map."""
    colour = state_colour(state, palette)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = box.width() * 0.14
    pen = QPen(colour, width)
    circle = box.adjusted(width, width, -width, -width)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state in (PhotoState.PREDICTED, PhotoState.PREDICTING, PhotoState.READING):
        _paint_dotted_ring(painter, circle, colour, width)
        painter.restore()
        return
    painter.setPen(pen)
    if state in (PhotoState.ACCEPTED, PhotoState.LOCATED, PhotoState.WRITTEN):
        painter.setBrush(colour)
    painter.drawEllipse(circle)
    centre = box.center()
    if state is PhotoState.CORRECTED:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(centre, box.width() * 0.2, box.width() * 0.2)
    elif state is PhotoState.WRITTEN:
        pen = QPen(QColor(palette.surface), width * 1.1)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(_at(box, (0.29, 0.52), (0.44, 0.67), (0.71, 0.36)))
    elif state is PhotoState.FAILED:
        pen = QPen(colour, width * 1.2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPolyline(_at(box, (0.5, 0.28), (0.5, 0.54)))
        painter.drawPoints(_at(box, (0.5, 0.72)))
    elif state is PhotoState.SKIPPED:
        painter.drawPolyline(_at(box, (0.28, 0.72), (0.72, 0.28)))
    painter.restore()


def _paint_dotted_ring(painter: QPainter, circle: QRectF, colour: QColor, width: float) -> None:
    """Eight round dots; drawn one by one, since a dashed pen blurs them at this size."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    radius, centre = circle.width() / 2, circle.center()
    for step in range(8):
        angle = math.tau * step / 8
        at = centre + QPointF(radius * math.cos(angle), radius * math.sin(angle))
        painter.drawEllipse(at, width * 0.62, width * 0.62)


def _at(box: QRectF, *points: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in points])
