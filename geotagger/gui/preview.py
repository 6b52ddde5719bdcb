"""The large picture of the current photo, which can be zoomed and moved."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
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


class Preview(QWidget):
    """Shows one photo whole; the wheel zooms in at the pointer, dragging moves, a double click shows all."""

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
        self.setAccessibleName(tr("Preview"))
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
        painter.end()

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
        target, pointer = self._target(), event.position()
        at = QPointF(
            (pointer.x() - target.x()) / target.width(), (pointer.y() - target.y()) / target.height()
        )
        self._zoom = min(_MAX_ZOOM, max(1.0, self._zoom * 1.0015 ** event.angleDelta().y()))
        moved = self._target()
        self._centre += QPointF(
            (moved.x() + at.x() * moved.width() - pointer.x()) / moved.width(),
            (moved.y() + at.y() * moved.height() - pointer.y()) / moved.height(),
        )
        self._keep_inside()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is None or self._pixmap is None:
            return
        now = event.position().toPoint()
        target = self._target()
        self._centre -= QPointF(
            (now.x() - self._dragged_from.x()) / target.width(),
            (now.y() - self._dragged_from.y()) / target.height(),
        )
        self._dragged_from = now
        self._keep_inside()

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
