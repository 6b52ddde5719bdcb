"""Paints one photo of the list or the grid: thumbnail, name, place, probability bar, radius, state mark."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from geotagger.gui.appearance import Appearance, blend, chosen_ground
from geotagger.gui.column_words import heading_detail, heading_text
from geotagger.gui.icons import paint_state_mark
from geotagger.gui.language import said, trn
from geotagger.gui.names import shown_name
from geotagger.gui.photo_model import HEADING_ROLE, PHOTO_ROLE, ROW_SIZE
from geotagger.gui.thumbnails import Thumbnails
from geotagger.gui.wording import RowWords, row_words, shown_probability, state_name
from geotagger.session.arrangement import Heading
from geotagger.session.photo import Photo, PhotoState

_MARGIN = 8
_THUMB = QSize(64, 56)
STATE_MARK_PX = 16
_BAR_PX = 3
GRID_CELL = QSize(152, 152)
_GRID_HEADING_PX = 56


class PhotoDelegate(QStyledItemDelegate):
    """Rows of the list view, or cells of the grid."""

    def __init__(self, thumbnails: Thumbnails, appearance: Appearance, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._appearance = appearance
        self.grid = False

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        if not self.grid:
            return ROW_SIZE
        if isinstance(index.data(HEADING_ROLE), Heading) and isinstance(option.widget, QListView):
            return QSize(option.widget.viewport().width() - 2, _GRID_HEADING_PX)
        return GRID_CELL

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        photo = index.data(PHOTO_ROLE)
        heading = index.data(HEADING_ROLE)
        if isinstance(heading, Heading):
            self._paint_heading(painter, option.rect, option.font, heading)
        elif isinstance(photo, Photo):
            self._paint_ground(painter, option)
            if self.grid:
                self._paint_cell(painter, option, photo)
            else:
                self._paint_row(painter, option, photo)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        palette = self._appearance.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            colour = chosen_ground(palette) if selected else blend(palette.surface, palette.text, 0.05)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(option.rect).adjusted(4, 2, -4, -2), 6, 6)
        if bool(option.state & QStyle.StateFlag.State_HasFocus):
            painter.setPen(QColor(palette.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(option.rect).adjusted(4.5, 2.5, -4.5, -2.5), 6, 6)

    def _paint_heading(self, painter: QPainter, rect: QRect, font: QFont, heading: Heading) -> None:
        palette = self._appearance.palette
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        inner = rect.adjusted(12, 0, -12, -10)
        detail = heading_detail(heading)
        count = trn("{n} photo", "{n} photos", heading.count)
        count_width = QFontMetrics(font).horizontalAdvance(count) + 8
        bottom = Qt.AlignmentFlag.AlignBottom
        painter.setFont(font)
        if detail:
            line = QRect(inner.left(), inner.bottom() - 18, inner.width(), 18)
            self._text(painter, line, detail, font, muted=True)
            inner.adjust(0, 0, 0, -20)
        painter.setFont(bold)
        painter.setPen(QColor(palette.text))
        name = QFontMetrics(bold).elidedText(
            heading_text(heading), Qt.TextElideMode.ElideMiddle, inner.width() - count_width
        )
        painter.drawText(inner, int(bottom | Qt.AlignmentFlag.AlignLeft), name)
        painter.setFont(font)
        painter.setPen(QColor(palette.muted))
        painter.drawText(inner, int(bottom | Qt.AlignmentFlag.AlignRight), count)
        painter.setPen(QColor(palette.border))
        painter.drawLine(rect.left() + 12, rect.bottom() - 3, rect.right() - 12, rect.bottom() - 3)

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, photo: Photo) -> None:
        rect = option.rect.adjusted(_MARGIN + 4, 8, -_MARGIN - 4, -8)
        self._paint_thumbnail(painter, QRect(rect.topLeft(), _THUMB), photo)
        mark = QRectF(rect.right() - STATE_MARK_PX, rect.top() + 1, STATE_MARK_PX, STATE_MARK_PX)
        paint_state_mark(painter, mark, photo.state, self._appearance.palette)
        left = rect.left() + _THUMB.width() + 10
        width = rect.right() - left - STATE_MARK_PX - 6
        words = row_words(photo)
        self._text(
            painter, QRect(left, rect.top() - 1, width, 18), shown_name(photo.path), option.font, strong=True
        )
        text_width = rect.right() - left
        if photo.state is PhotoState.FAILED:
            self._wrapped(painter, QRect(left, rect.top() + 18, text_width, 38), words.place, option.font)
            return
        self._place(painter, QRect(left, rect.top() + 18, text_width, 18), words, option.font)
        detail = QRect(left, rect.top() + 36, text_width, 18)
        self._text(painter, detail, words.detail, option.font, muted=True)
        if photo.prediction is not None and photo.state not in (PhotoState.SKIPPED, PhotoState.CORRECTED):
            bar = QRectF(left, rect.bottom() - _BAR_PX + 3, text_width, _BAR_PX)
            self._paint_bar(painter, bar, shown_probability(photo, photo.prediction))

    def _paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, photo: Photo) -> None:
        rect = option.rect.adjusted(10, 8, -10, -8)
        self._paint_thumbnail(painter, QRect(rect.left(), rect.top(), rect.width(), 96), photo)
        line = QRect(rect.left(), rect.top() + 100, rect.width() - STATE_MARK_PX - 4, 18)
        self._text(painter, line, shown_name(photo.path), option.font, strong=True)
        mark = QRectF(rect.right() - STATE_MARK_PX + 1, rect.top() + 101, STATE_MARK_PX, STATE_MARK_PX)
        paint_state_mark(painter, mark, photo.state, self._appearance.palette)
        line = QRect(rect.left(), rect.top() + 118, rect.width(), 18)
        self._place(painter, line, row_words(photo), option.font, muted=True)

    def _place(
        self, painter: QPainter, box: QRect, words: RowWords, font: QFont, *, muted: bool = False
    ) -> None:
        """The place, cut short if need be, and its share at the right, which is never cut."""
        share_width = QFontMetrics(font).horizontalAdvance(words.share) if words.share else 0
        place = box.adjusted(0, 0, -share_width - (8 if share_width else 0), 0)
        self._text(painter, place, words.place, font, muted=muted)
        if share_width:
            share = QRect(box.right() - share_width, box.top(), share_width + 1, box.height())
            self._text(painter, share, words.share, font, muted=muted)

    def _paint_thumbnail(self, painter: QPainter, box: QRect, photo: Photo) -> None:
        palette = self._appearance.palette
        path = QPainterPath()
        path.addRoundedRect(QRectF(box), 4, 4)
        painter.save()
        painter.setClipPath(path)
        pixmap = self._thumbnails.get(photo.id, photo.path)
        if pixmap is None or pixmap.isNull():
            painter.fillRect(box, QColor(blend(palette.surface, palette.text, 0.08)))
        else:
            painter.drawPixmap(QRectF(box), pixmap, _cover(pixmap, box.size()))
        painter.restore()

    def _paint_bar(self, painter: QPainter, bar: QRectF, share: float) -> None:
        palette = self._appearance.palette
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blend(palette.surface, palette.text, 0.12)))
        painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        filled = QRectF(bar.left(), bar.top(), max(_BAR_PX, bar.width() * share), bar.height())
        painter.setBrush(QColor(palette.accent))
        painter.drawRoundedRect(filled, _BAR_PX / 2, _BAR_PX / 2)

    def _text(
        self,
        painter: QPainter,
        box: QRect,
        text: str,
        font: QFont,
        *,
        strong: bool = False,
        muted: bool = False,
    ) -> None:
        palette = self._appearance.palette
        used = QFont(font)
        if strong:
            used.setWeight(QFont.Weight.DemiBold)
        painter.setFont(used)
        painter.setPen(QColor(palette.muted if muted else palette.text))
        elide = Qt.TextElideMode.ElideMiddle if strong else Qt.TextElideMode.ElideRight
        shown = QFontMetrics(used).elidedText(text, elide, box.width())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)

    def _wrapped(self, painter: QPainter, box: QRect, text: str, font: QFont) -> None:
        """An error sentence on two lines, cut with an ellipsis; the tool tip holds all of it."""
        painter.setFont(font)
        painter.setPen(QColor(self._appearance.palette.error))
        metrics = QFontMetrics(font)
        first = text
        while first and metrics.horizontalAdvance(first) > box.width():
            first = first.rpartition(" ")[0]
        rest = text[len(first) :].strip()
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        painter.drawText(QRect(box.left(), box.top(), box.width(), 18), left, first)
        shown = metrics.elidedText(rest, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(QRect(box.left(), box.top() + 18, box.width(), 18), left, shown)


class StateDelegate(QStyledItemDelegate):
    """The state column of the table: the mark, then the word, or the sentence of what failed."""

    def __init__(self, appearance: Appearance, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        photo = index.data(PHOTO_ROLE)
        if not isinstance(photo, Photo):
            return
        palette = self._appearance.palette
        rect = option.rect
        if bool(option.state & QStyle.StateFlag.State_Selected):
            painter.fillRect(rect, QColor(chosen_ground(palette)))
        mark = QRectF(
            rect.left() + 8, rect.center().y() - STATE_MARK_PX / 2 + 1, STATE_MARK_PX, STATE_MARK_PX
        )
        paint_state_mark(painter, mark, photo.state, palette)
        text = rect.adjusted(STATE_MARK_PX + 16, 0, -4, 0)
        painter.setPen(QColor(palette.error if photo.error else palette.text))
        shown = QFontMetrics(option.font).elidedText(
            said(photo.error) if photo.error else state_name(photo.state),
            Qt.TextElideMode.ElideRight,
            text.width(),
        )
        painter.drawText(text, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


def _cover(pixmap: QPixmap, size: QSize) -> QRectF:
    """The middle of the pixmap that fills a box of this shape."""
    scaled = size.scaled(pixmap.size(), Qt.AspectRatioMode.KeepAspectRatio)
    return QRectF(
        (pixmap.width() - scaled.width()) / 2,
        (pixmap.height() - scaled.height()) / 2,
        scaled.width(),
        scaled.height(),
    )
