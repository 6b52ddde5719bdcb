"""What a write would do is told beforehand, and policies are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.core.errors import WriteRefusedError
from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import (
    Overwrite,
    SidecarMode,
    TagChange,
    WriteOutcome,
    WritePolicy,
    WriteTarget,
    plan_write,
    read_photo,
)
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL

Write = Callable[..., WriteOutcome]
ALL = WritePolicy(Overwrite.ALL)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["camera-gps"]())
    return path


def test_a_plan_touches_nothing_and_names_every_tag(photo: Path) -> None:
    before, status = photo.read_bytes(), photo.stat()
    plan = plan_write(read_photo(photo), ESTIMATE, ALL)
    assert (plan.target, plan.written_to, plan.reason) == (WriteTarget.FILE, photo, None)
    changes = {change.tag: change for change in plan.changes}
    assert changes["GPSLatitude"] == TagChange("GPSLatitude", "48.8583167", "46.9123457")
    assert changes["GPSAltitude"] == TagChange("GPSAltitude", "35", None)
    assert changes["GPSHPositioningError"] == TagChange("GPSHPositioningError", "5", "310000")
    assert changes["XMP geotagger:PositionSource"].after == "model"
    assert "GPSDateStamp" not in changes
    assert photo.read_bytes() == before
    assert photo.stat().st_mtime_ns == status.st_mtime_ns
    assert list(photo.parent.glob("*.xmp")) == []


def test_a_plan_is_what_the_write_does(photo: Path, write: Write) -> None:
    for policy in ({}, {"sidecar": SidecarMode.ALWAYS}):
        plan = plan_write(photo, MANUAL, WritePolicy(overwrite=Overwrite.ALL, **policy))
        outcome = write(photo, MANUAL, **policy)
        assert (plan.target, plan.written_to) == (outcome.target, outcome.written_to)


@pytest.mark.parametrize("old", [None, *Source])
@pytest.mark.parametrize("overwrite", Overwrite)
def test_what_may_be_replaced(old: Source | None, overwrite: Overwrite, photo: Path, write: Write) -> None:
    if old is None:
        photo.write_bytes(samples.jpeg())
    elif old is not Source.CAMERA:
        write(photo, Fix(LatLon(1, 2), old))
    before = photo.read_bytes()
    outcome = write(photo, ESTIMATE, overwrite=overwrite)
    may = old is None or overwrite is Overwrite.ALL or (overwrite is Overwrite.ESTIMATES and old.is_estimate)
    assert (outcome.target is WriteTarget.FILE) == may
    assert (photo.read_bytes() != before) == may
    if not may:
        assert outcome.target is WriteTarget.KEPT
        assert outcome.note is not None
        assert outcome.written_to is None


def test_a_camera_position_under_an_estimate_in_a_sidecar_is_not_replaced_with_the_estimate(
    photo: Path, write: Write
) -> None:
    write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    kept = write(photo, MANUAL, overwrite=Overwrite.ESTIMATES, sidecar=SidecarMode.NEVER)
    assert (kept.target, kept.note) == (WriteTarget.KEPT, "The position in the file itself was kept.")
    outcome = write(photo, MANUAL, overwrite=Overwrite.ESTIMATES)
    assert (outcome.target, outcome.written_to) == (WriteTarget.SIDECAR, photo.with_name("a.jpg.xmp"))
    assert outcome.note == "The position goes into a sidecar: the position in the file itself was kept."
    assert photo.read_bytes() == samples.JPEGS["camera-gps"]()
    fix = read_photo(photo).fix
    assert fix is not None
    assert fix.source is Source.MANUAL
    assert write(photo, MANUAL, overwrite=Overwrite.ALL).target is WriteTarget.FILE


def test_a_position_of_others_in_a_second_sidecar_is_kept_with_the_policy(photo: Path, write: Write) -> None:
    photo.write_bytes(samples.jpeg())
    write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    foreign = samples.xmp('exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.6E"')
    photo.with_suffix(".xmp").write_bytes(foreign)
    write(photo, MANUAL, overwrite=Overwrite.ESTIMATES)
    assert photo.with_suffix(".xmp").read_bytes() == foreign
    write(photo, MANUAL, overwrite=Overwrite.ALL)
    assert photo.with_suffix(".xmp").read_bytes() != foreign


def test_zero_zero_counts_as_no_position(photo: Path, write: Write) -> None:
    photo.write_bytes(samples.JPEGS["gps-zero"]())
    assert read_photo(photo).fix is None
    assert write(photo, ESTIMATE, overwrite=Overwrite.NEVER).target is WriteTarget.FILE


def test_zero_zero_cannot_be_written(photo: Path, write: Write) -> None:
    with pytest.raises(WriteRefusedError, match="do not know the position"):
        write(photo, Fix(LatLon(0, 0), Source.MANUAL))
    with pytest.raises(WriteRefusedError):
        write(photo, Fix(LatLon(1e-10, 0), Source.MANUAL))


@pytest.mark.parametrize("name", ["plain", "camera-gps", "maker-note-big-endian", "xmp-rich"])
def test_a_position_that_is_written_again_and_again_does_not_pile_up(
    name: str, photo: Path, write: Write
) -> None:
    photo.write_bytes(samples.JPEGS[name]())
    sizes = []
    for _ in range(6):
        write(photo, ESTIMATE)
        sizes.append(photo.stat().st_size)
    assert len(set(sizes[1:])) == 1


def test_what_others_make_of_a_camera_position_is_written_without_a_mark(photo: Path, write: Write) -> None:
    write(photo, Fix(LatLon(10, 20), Source.CAMERA))
    metadata = read_photo(photo)
    assert metadata.fix == Fix(LatLon(10, 20), Source.CAMERA)
    assert b"geotagger" not in photo.read_bytes()


def test_a_plan_for_a_read_only_photo_says_that_it_will_be_refused(photo: Path) -> None:
    photo.chmod(0o444)
    with pytest.raises(WriteRefusedError, match=r"The file is read-only\."):
        plan_write(photo, MANUAL, ALL)
