"""The large picture of the current photo, which can be zoomed and moved."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from geotagger.gui.appearance import Appearance, blend
from geotagger.gui.heat import VEIL, VEIL_STRENGTH, Heat
from geotagger.gui.jobs import Generation, Jobs, Urgency
from geotagger.gui.language import tr
from geotagger.gui.thumbnails import load_image
from geotagger.session.photo import Photo

_LONGEST_PX = 1600
_MAX_ZOOM = 12.0
_KEY_ZOOM = 1.25
_KEY_STEP_PX = 40
_ZOOM_KEYS = {Qt.Key.Key_Plus: _KEY_ZOOM, Qt.Key.Key_Equal: _KEY_ZOOM, Qt.Key.Key_Minus: 1 / _KEY_ZOOM}
_ARROWS = {
    Qt.Key.Key_Left: QPoint(-1, 0),
    Qt.Key.Key_Right: QPoint(1, 0),
    Qt.Key.Key_Up: QPoint(0, -1),
    Qt.Key.Key_Down: QPoint(0, 1),
}


class Preview(QWidget):
    """Shows one photo whole; the wheel zooms in at the pointer, dragging moves, a double click shows all.

    With the keys: plus and minus zoom at the middle, the arrows move what is zoomed, 0 shows all. Every other key is the
    window's.
    """

    def __init__(self, jobs: Jobs, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._appearance = appearance
        self._generation = Generation()
        self._shown: tuple[int, str] | None = None
        self._pixmap: QPixmap | None = None
        self._missing = False
        self._zoom = 1.0
        self._centre = QPointF(0.5, 0.5)
        self._dragged_from: QPoint | None = None
        self._heat: Heat | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Preview"))
        self.setToolTip(
            tr("The wheel, + and - zoom; dragging and the arrow keys move; a double click and 0 show all")
        )
        appearance.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(280, 210)

    def show_photo(self, photo: Photo | None, quick: QPixmap | None) -> None:
        """Show a photo; ``quick`` is a small version that stands in until the large one is decoded."""
        key = None if photo is None else (photo.id, photo.metadata.identity.digest if photo.metadata else "")
        if key == self._shown:
            return
        self._shown = key
        self._pixmap = quick
        self._missing = False
        self._zoom = 1.0
        token = self._generation.next()
        if photo is not None:
            work = partial(load_image, photo.path, _LONGEST_PX)
            self._jobs.run(work, self._arrived, self._failed, token, urgency=Urgency.VISIBLE)
        self.update()

    def show_heat(self, heat: Heat | None) -> None:
        """Lay over the photo where the network looked; None takes it away."""
        self._heat = heat
        self.update()

    @property
    def heat_place(self) -> QRectF | None:
        """Where in the widget the veil lies; None where there is none."""
        if self._heat is None or self._pixmap is None:
            return None
        return self._heat.part_seen(self._target())

    def _arrived(self, image: QImage | None) -> None:
        if image is None:
            self._missing = self._pixmap is None
        else:
            self._pixmap = QPixmap.fromImage(image)
        self.update()

    def _failed(self, _error: Exception) -> None:
        self._arrived(None)

    def _target(self) -> QRectF:
        """Where the whole photo lies, in coordinates of the widget."""
        if self._pixmap is None:
            return QRectF()
        fitted = self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        width, height = fitted.width() * self._zoom, fitted.height() * self._zoom
        left = self.width() / 2 - self._centre.x() * width
        top = self.height() / 2 - self._centre.y() * height
        return QRectF(left, top, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self._appearance.palette
        painter.fillRect(self.rect(), QColor(blend(palette.surface, palette.text, 0.06)))
        if self._pixmap is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(self._target(), self._pixmap, QRectF(self._pixmap.rect()))
            self._paint_heat(painter)
        elif self._missing:
            painter.setPen(QColor(palette.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("No preview"))
        if self.hasFocus():
            painter.setPen(QPen(QColor(palette.accent), 4))
            painter.drawRect(self.rect())
        painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if self._pixmap is None:
            super().keyPressEvent(event)
        elif key in _ZOOM_KEYS:
            self._zoom_at(QRectF(self.rect()).center(), _ZOOM_KEYS[key])
        elif key == Qt.Key.Key_0:
            self._zoom = 1.0
            self._keep_inside()
        elif key in _ARROWS and self._zoom > 1.0:
            self._move(_ARROWS[key] * _KEY_STEP_PX)
        else:
            super().keyPressEvent(event)

    def _paint_heat(self, painter: QPainter) -> None:
        seen = self.heat_place
        if seen is None or self._heat is None:
            return
        painter.drawImage(seen, self._heat.veil)
        unseen = QPainterPath()
        unseen.addRect(self._target())
        inner = QPainterPath()
        inner.addRect(seen)
        painter.setOpacity(VEIL_STRENGTH)
        painter.fillPath(unseen.subtracted(inner), QColor(*VEIL))
        painter.setOpacity(1.0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._pixmap is None:
            return
        self._zoom_at(event.position(), 1.0015 ** event.angleDelta().y())
        event.accept()

    def _zoom_at(self, pointer: QPointF, factor: float) -> None:
        """Zoom so that what lies under a point stays there."""
        target = self._target()
        at = QPointF(
            (pointer.x() - target.x()) / target.width(), (pointer.y() - target.y()) / target.height()
        )
        self._zoom = min(_MAX_ZOOM, max(1.0, self._zoom * factor))
        moved = self._target()
        self._centre += QPointF(
            (moved.x() + at.x() * moved.width() - pointer.x()) / moved.width(),
            (moved.y() + at.y() * moved.height() - pointer.y()) / moved.height(),
        )
        self._keep_inside()

    def _move(self, by_px: QPoint) -> None:
        """Look at a part of the photo so far to the right and below."""
        target = self._target()
        self._centre += QPointF(by_px.x() / target.width(), by_px.y() / target.height())
        self._keep_inside()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is None or self._pixmap is None:
            return
        now = event.position().toPoint()
        self._move(self._dragged_from - now)
        self._dragged_from = now

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._zoom = 1.0 if self._zoom > 1.0 else 3.0
        self._keep_inside()

    def _keep_inside(self) -> None:
        half = 0.5 / self._zoom
        if self._zoom <= 1.0:
            half = 0.5
        self._centre = QPointF(
            min(1 - half, max(half, self._centre.x())), min(1 - half, max(half, self._centre.y()))
        )
        self.update()
