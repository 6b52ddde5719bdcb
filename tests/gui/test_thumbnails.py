"""Small pictures: upright, of every format, kept on disk, made only for what is visible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from geotagger.core.paths import cache_dir
from geotagger.gui.jobs import Jobs
from geotagger.gui.thumbnails import THUMBNAIL_PX, Thumbnails, load_image, load_thumbnail
from tests.images import huge_png, landscape

RED, BLUE = (200, 30, 30), (30, 30, 200)


def two_colours(path: Path, orientation: int = 1, **options: object) -> Path:
    """Left half red, right half blue, before the orientation is applied."""
    image = Image.new("RGB", (640, 480), RED)
    image.paste(BLUE, (320, 0, 640, 480))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif, **options)  # type: ignore[arg-type]
    return path


def test_orientation_is_applied(qapp: object, tmp_path: Path) -> None:
    upright = load_image(two_colours(tmp_path / "turned.jpg", orientation=6), 200)
    assert upright is not None
    assert (upright.width(), upright.height()) == (150, 200)
    assert upright.pixelColor(75, 20).red() > 150, "turned clockwise, the red left half is on top"
    assert upright.pixelColor(75, 180).blue() > 150


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "heic"])
def test_every_format_gives_a_picture_of_the_asked_size(qapp: object, tmp_path: Path, ending: str) -> None:
    if ending == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    path = tmp_path / f"photo.{ending}"
    landscape(3, 640, 480).save(path)
    image = load_image(path, 160)
    assert image is not None
    assert (image.width(), image.height()) == (160, 120)


def test_thumbnails_are_kept_on_disk_until_the_file_changes(qapp: object, tmp_path: Path) -> None:
    path = two_colours(tmp_path / "photo.jpg")
    first = load_thumbnail(path)
    kept = list((cache_dir() / "thumbnails").rglob("*.jpg"))
    assert len(kept) == 1
    assert first is not None
    assert max(first.width(), first.height()) == THUMBNAIL_PX
    assert load_thumbnail(path) is not None
    assert list((cache_dir() / "thumbnails").rglob("*.jpg")) == kept
    os.utime(path, (1, 1))
    load_thumbnail(path)
    assert len(list((cache_dir() / "thumbnails").rglob("*.jpg"))) == 2


@pytest.mark.parametrize("content", [b"", b"no photo", b"\xff\xd8\xff\xe0 half a JPEG"])
def test_what_is_no_picture_gives_none(qapp: object, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    assert load_thumbnail(path) is None
    assert load_thumbnail(tmp_path / "gone.jpg") is None


def test_a_decompression_bomb_is_not_decoded(qapp: object, tmp_path: Path) -> None:
    assert load_thumbnail(huge_png(tmp_path / "huge.png")) is None


def test_a_thumbnail_arrives_and_scrolled_away_ones_are_dropped(
    qtbot: QtBot, jobs: Jobs, tmp_path: Path
) -> None:
    thumbnails = Thumbnails(jobs)
    paths = [two_colours(tmp_path / f"{number}.jpg") for number in range(3)]
    with qtbot.waitSignal(thumbnails.arrived):
        assert thumbnails.get(1, paths[0]) is None
    pixmap = thumbnails.get(1, paths[0])
    assert pixmap is not None
    assert max(pixmap.width(), pixmap.height()) == THUMBNAIL_PX
    thumbnails.get(2, paths[1])
    thumbnails.keep_only({3})
    assert thumbnails._asked == {}
    thumbnails.forget([1])
    with qtbot.waitSignal(thumbnails.arrived):
        assert thumbnails.get(1, paths[0]) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_named_like_a_photo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert load_image(tmp_path / "pipe.jpg", 100) is None
    assert load_thumbnail(tmp_path / "pipe.jpg") is None
