"""Small pictures of the photos that are visible: decoded in the pool, kept on disk and in memory."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import OrderedDict
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from geotagger.core.errors import PhotoError
from geotagger.core.paths import cache_dir
from geotagger.gui.jobs import Jobs, Token, Urgency
from geotagger.metadata import embedded_preview

log = logging.getLogger(__name__)

THUMBNAIL_PX = 192
"""Longest side of a thumbnail; enough for the grid on a screen of scale 2."""
_KEPT_IN_MEMORY = 1500
_MAX_PIXELS = 250_000_000
_QT_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".mpo"})


class Thumbnails(QObject):
    """Gives the pixmap of a photo if it is there, and otherwise makes it and says when it is."""

    arrived = Signal(int)
    """Id of the photo whose thumbnail can be had now."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._pixmaps: OrderedDict[int, QPixmap | None] = OrderedDict()
        self._asked: dict[int, Token] = {}

    def get(self, photo_id: int, path: Path) -> QPixmap | None:
        """The thumbnail, or None while it is being made or if the photo shows nothing."""
        if photo_id in self._pixmaps:
            self._pixmaps.move_to_end(photo_id)
            return self._pixmaps[photo_id]
        if photo_id not in self._asked:
            self._asked[photo_id] = self._jobs.run(
                partial(load_thumbnail, path),
                partial(self._made, photo_id),
                partial(self._failed, photo_id),
                urgency=Urgency.VISIBLE,
            )
        return None

    def keep_only(self, visible_ids: set[int]) -> None:
        """Drop requests for photos that were scrolled away."""
        for photo_id in [i for i in self._asked if i not in visible_ids]:
            self._asked.pop(photo_id).cancel()

    def forget(self, photo_ids: list[int]) -> None:
        """Free the thumbnails of closed photos."""
        for photo_id in photo_ids:
            self._pixmaps.pop(photo_id, None)
            if (token := self._asked.pop(photo_id, None)) is not None:
                token.cancel()

    def _made(self, photo_id: int, image: QImage | None) -> None:
        self._asked.pop(photo_id, None)
        self._pixmaps[photo_id] = None if image is None else QPixmap.fromImage(image)
        while len(self._pixmaps) > _KEPT_IN_MEMORY:
            self._pixmaps.popitem(last=False)
        self.arrived.emit(photo_id)

    def _failed(self, photo_id: int, error: Exception) -> None:
        log.info("No thumbnail for photo %s: %s", photo_id, error)
        self._made(photo_id, None)


def load_thumbnail(path: Path) -> QImage | None:
    """The thumbnail from the disk cache, or made now and put there; None if the photo cannot be shown."""
    cached = _cache_file(path)
    if cached is not None and cached.is_file():
        image = QImage(str(cached))
        if not image.isNull():
            return image
    made = load_image(path, THUMBNAIL_PX)
    if made is not None and cached is not None:
        _save(made, cached)
    return made


def jpeg_thumbnail(path: Path, longest_px: int) -> bytes | None:
    """A picture for a map, as a JPEG file; None if the photo cannot be shown."""
    image = load_thumbnail(path)
    if image is None:
        return None
    size = QSize(longest_px, longest_px)
    small = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    small.convertToFormat(QImage.Format.Format_RGB32).save(buffer, "JPG", 80)  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def load_image(path: Path, longest_px: int) -> QImage | None:
    """The upright picture, scaled down while decoding so that its longest side is ``longest_px``.

    Returns:
        None if the file holds no picture that can be shown.
    """
    if not path.is_file():
        return None  # opening a pipe would wait for its other end, and the window with it: Qt holds Python's lock
    if path.suffix.lower() in _QT_SUFFIXES:
        reader = QImageReader(str(path))
        size = reader.size()
        if size.isValid() and size.width() * size.height() > _MAX_PIXELS:
            return None  # not even a warning's worth of work for a decompression bomb
        image = _scaled(reader, longest_px)
        if image is not None:
            return image
    try:
        preview = embedded_preview(path)
    except PhotoError:
        preview = None  # Pillow may still know the format
    if preview is not None:
        buffer = QBuffer()
        buffer.setData(QByteArray(preview))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        image = _scaled(QImageReader(buffer), longest_px)
        if image is not None:
            return image
    return _through_pillow(path, longest_px)


def _scaled(reader: QImageReader, longest_px: int) -> QImage | None:
    reader.setAutoTransform(True)
    reader.setAllocationLimit(1024)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > _MAX_PIXELS:
        return None
    if max(size.width(), size.height()) > longest_px:
        reader.setScaledSize(size.scaled(QSize(longest_px, longest_px), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        return None
    return image.convertToFormat(QImage.Format.Format_RGB32) if not image.hasAlphaChannel() else image


def _through_pillow(path: Path, longest_px: int) -> QImage | None:
    """HEIC and whatever else Pillow reads and Qt does not."""
    if path.suffix.lower() in (".heic", ".heif", ".hif", ".avif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                return None
            opened.draft("RGB", (longest_px, longest_px))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            upright.thumbnail((longest_px, longest_px))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        log.info("No picture in %s: %s", path, error)
        return None
    data = upright.tobytes()
    image = QImage(data, upright.width, upright.height, 3 * upright.width, QImage.Format.Format_RGB888)
    return image.copy()  # the QImage above only borrows the bytes


def _cache_file(path: Path) -> Path | None:
    """Where the thumbnail of this very version of the file is kept; None if the file is gone, or there is no such place."""
    try:
        status, folder = path.stat(), cache_dir()
    except OSError:
        return None
    key = f"{path}|{status.st_size}|{status.st_mtime_ns}|{THUMBNAIL_PX}"
    name = hashlib.sha256(os.fsencode(key)).hexdigest()
    return folder / "thumbnails" / name[:2] / f"{name}.jpg"


def _save(image: QImage, file: Path) -> None:
    """Keep a thumbnail; a full or read-only disk only costs time, so it is logged and no more."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    flat = image.convertToFormat(QImage.Format.Format_RGB32)
    if not flat.save(buffer, "JPG", 85):  # type: ignore[call-overload]
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}.{id(image)}.tmp")
        temporary.write_bytes(buffer.data().data())
        temporary.replace(file)
    except OSError as error:
        log.info("The thumbnail %s could not be kept: %s", file, error)
