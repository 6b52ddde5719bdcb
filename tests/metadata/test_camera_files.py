"""Real files of many makers, judged by ExifTool."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.metadata import (
    PHOTO_SUFFIXES,
    Journal,
    WriteOutcome,
    WritePolicy,
    WriteTarget,
    read_photo,
    strip_fix,
)
from tests.metadata.judging import ESTIMATE, MANUAL, ExifTool, alike

Write = Callable[..., WriteOutcome]
_UNSAFE = {"AFCP.jpg", "CanonRaw.cr2"}


@pytest.fixture
def copies(exif_corpus: Path, tmp_path: Path) -> list[Path]:
    """A writable copy of each camera file."""
    files = [f for f in sorted(exif_corpus.iterdir()) if f.suffix.lower() in PHOTO_SUFFIXES]
    assert len(files) > 10
    return [Path(shutil.copyfile(file, tmp_path / file.name)) for file in files]


def test_nothing_but_the_position_changes(copies: list[Path], write: Write, oracle: ExifTool) -> None:
    for path in copies:
        original, before = path.read_bytes(), oracle.tags(path)
        for fix in (ESTIMATE, MANUAL):
            outcome = write(path, fix)
            expected = WriteTarget.SIDECAR if path.name in _UNSAFE else WriteTarget.FILE
            assert outcome.target is expected, path.name
            alike(before, oracle.tags(path))
            found = read_photo(path).fix
            assert found is not None
            assert found.source is fix.source
            if expected is WriteTarget.SIDECAR:
                assert path.read_bytes() == original
                assert outcome.written_to is not None
                assert oracle.tags(outcome.written_to).warnings() == set()
            else:
                position = oracle.position(path)
                assert position == pytest.approx((fix.position.lat_deg, fix.position.lon_deg), abs=1e-6), (
                    path.name
                )


def test_undo_brings_back_every_byte(copies: list[Path], write: Write, journal: Journal) -> None:
    originals = {path: path.read_bytes() for path in copies}
    for path in copies:
        write(path, ESTIMATE)
        strip_fix(path, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    while any(run.writes for run in journal.runs()):
        assert [outcome.error for outcome in journal.undo_run() if outcome.error] == []
    assert {path: path.read_bytes() for path in copies} == originals
    assert [file.name for file in copies[0].parent.iterdir() if file.suffix == ".xmp"] == []


def test_previews_and_thumbnails_stay(copies: list[Path], write: Write, oracle: ExifTool) -> None:
    for path in copies:
        names = ("-ThumbnailImage", "-PreviewImage", "-JpgFromRaw", "-OtherImage")
        before = {name: oracle.run("-b", name, str(path)) for name in names}
        write(path)
        assert {name: oracle.run("-b", name, str(path)) for name in names} == before, path.name


def test_position_time_camera_and_size_agree_with_exiftool(copies: list[Path], oracle: ExifTool) -> None:
    for path in copies:
        metadata, tags = read_photo(path), oracle.tags(path)
        position = oracle.position(path)
        assert (metadata.fix is not None) == (position is not None), path.name
        if metadata.fix is not None:
            assert (metadata.fix.position.lat_deg, metadata.fix.position.lon_deg) == pytest.approx(
                position, abs=1e-6
            )
        taken = dict(tags).get("ExifIFD:DateTimeOriginal")
        if taken and metadata.taken:
            assert f"{metadata.taken:%Y:%m:%d %H:%M:%S}" == taken[:19], path.name
        if metadata.format == "JPEG":
            assert metadata.width_px == tags["File:ImageWidth"], path.name
            assert metadata.height_px == tags["File:ImageHeight"], path.name
