"""Sidecars: which one counts, which may be written, and that foreign ones are merged with and never replaced."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geotagger.core.errors import PartlyWrittenError, WriteRefusedError
from geotagger.core.fix import Source
from geotagger.metadata import (
    Journal,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    WriteTarget,
    read_photo,
    safe_write,
    strip_fix,
)
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL, ExifTool

Write = Callable[..., WriteOutcome]
POSITION = 'exif:GPSLatitude="48,51.5022N" exif:GPSLongitude="2,17.67E"'


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo without position."""
    path = tmp_path / "IMG_1.jpg"
    path.write_bytes(samples.JPEGS["exif-little-endian"]())
    return path


@pytest.mark.parametrize("name", ["IMG_1.jpg.xmp", "IMG_1.xmp"])
def test_both_namings_are_read(photo: Path, name: str) -> None:
    sidecar = photo.with_name(name)
    sidecar.write_bytes(samples.xmp(POSITION))
    metadata = read_photo(photo)
    assert metadata.sidecar == sidecar
    assert metadata.fix_from_sidecar
    assert metadata.fix is not None
    assert metadata.fix.source is Source.CAMERA


def test_a_position_in_a_sidecar_wins(photo: Path, write: Write) -> None:
    write(photo, ESTIMATE)
    photo.with_name("IMG_1.jpg.xmp").write_bytes(samples.xmp(POSITION))
    metadata = read_photo(photo)
    assert metadata.fix is not None
    assert metadata.fix.position.lat_deg == pytest.approx(48.85837)


def test_a_sidecar_without_position_does_not_win(photo: Path, write: Write) -> None:
    write(photo, ESTIMATE)
    photo.with_name("IMG_1.jpg.xmp").write_bytes(samples.xmp())
    metadata = read_photo(photo)
    assert not metadata.fix_from_sidecar
    assert metadata.fix is not None
    assert metadata.sidecar == photo.with_name("IMG_1.jpg.xmp")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.timeout(10)
def test_a_pipe_in_place_of_a_sidecar_is_passed_over(photo: Path, write: Write) -> None:
    os.mkfifo(photo.with_name("IMG_1.jpg.xmp"))
    assert read_photo(photo).sidecar is None
    assert write(photo, ESTIMATE).written_to == photo
    with pytest.raises(WriteRefusedError):
        write(photo, MANUAL, sidecar=SidecarMode.ALWAYS)


def test_a_folder_of_many_photos_is_not_listed_for_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [tmp_path / f"{number}.nef" for number in range(200)]
    for photo in photos:
        photo.write_bytes(samples.tiff())
        photo.with_suffix(".xmp").write_bytes(samples.xmp(POSITION))
    long_ago = photos[0].stat().st_mtime_ns - 3_600_000_000_000
    os.utime(tmp_path, ns=(long_ago, long_ago))
    listings: list[Path] = []
    listdir = os.listdir

    def counted(folder: Path) -> list[str]:
        listings.append(folder)
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", counted)
    assert all(read_photo(photo).fix_from_sidecar for photo in photos)
    assert len(listings) < 20  # one a second

    (tmp_path / "7.nrw").write_bytes(samples.tiff())
    assert read_photo(photos[7]).fix is None
    (tmp_path / "7.nrw").rename(tmp_path / "8.nrw")
    assert read_photo(photos[7]).fix_from_sidecar
    assert read_photo(photos[8]).fix is None


def test_always_writes_beside_the_photo(photo: Path, write: Write, oracle: ExifTool) -> None:
    original = photo.read_bytes()
    outcome = write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    assert outcome.target is WriteTarget.SIDECAR
    assert photo.read_bytes() == original
    assert outcome.written_to == photo.with_name("IMG_1.jpg.xmp")
    assert oracle.tags(outcome.written_to).warnings() == set()
    assert read_photo(photo).fix == ESTIMATE or read_photo(photo).fix is not None


@pytest.mark.parametrize("name", ["IMG_1.jpg.xmp", "IMG_1.xmp"])
def test_a_foreign_sidecar_is_merged_with(photo: Path, name: str, write: Write) -> None:
    foreign = samples.xmp(body=samples.RICH_BODY, padding=100)
    sidecar = photo.with_name(name)
    sidecar.write_bytes(foreign)
    outcome = write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    assert outcome.written_to == sidecar
    merged = sidecar.read_bytes()
    for piece in (samples.RICH_BODY.encode(), b'xmp:Rating="4"', b"<!-- a comment -->"):
        assert piece in merged
    assert sorted(f.name for f in photo.parent.iterdir() if f.suffix == ".xmp") == [name]


def test_two_photos_with_one_stem_do_not_share_a_sidecar(photo: Path, write: Write) -> None:
    other = photo.with_suffix(".png")
    other.write_bytes(samples.png())
    shared = photo.with_suffix(".xmp")
    shared.write_bytes(samples.xmp(POSITION))
    assert read_photo(photo).sidecar is None
    assert read_photo(other).sidecar is None
    for path in (photo, other):
        assert write(path, ESTIMATE, sidecar=SidecarMode.ALWAYS).written_to == Path(f"{path}.xmp")
    assert shared.read_bytes() == samples.xmp(POSITION)


def test_a_sidecar_that_names_its_photo_belongs_to_that_one(photo: Path) -> None:
    raw = photo.with_suffix(".dng")
    raw.write_bytes(samples.tiff(dng=True))
    named = (
        f'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:SidecarForExtension="DNG" {POSITION}'
    )
    photo.with_suffix(".xmp").write_bytes(samples.xmp(named))
    assert read_photo(photo).fix is None
    assert read_photo(raw).fix_from_sidecar


def test_of_a_raw_file_and_its_jpeg_the_raw_file_has_the_sidecar(photo: Path, write: Write) -> None:
    raw = photo.with_suffix(".nef")
    raw.write_bytes(samples.tiff())
    sidecar = photo.with_suffix(".xmp")
    sidecar.write_bytes(samples.xmp(POSITION))
    assert read_photo(photo).fix is None
    assert read_photo(raw).fix_from_sidecar
    assert write(raw, MANUAL).written_to == sidecar


def test_the_sidecar_of_a_photo_is_not_that_of_one_whose_name_goes_on(photo: Path, write: Write) -> None:
    longer = photo.with_name("IMG_1.jpg.png")
    longer.write_bytes(samples.png())
    sidecar = write(photo, MANUAL, sidecar=SidecarMode.ALWAYS).written_to
    assert sidecar == photo.with_name("IMG_1.jpg.xmp")
    assert read_photo(longer).fix is None
    assert write(longer, ESTIMATE, sidecar=SidecarMode.ALWAYS).written_to == photo.with_name(
        "IMG_1.jpg.png.xmp"
    )
    assert read_photo(photo).fix == MANUAL


@pytest.mark.parametrize(
    ("first", "second"), [("IMG_1", "img_1"), ("caf\u00e9", "cafe\u0301")], ids=["case", "accents"]
)
def test_photos_whose_names_are_one_to_the_file_system_do_not_share_a_sidecar(
    tmp_path: Path, first: str, second: str
) -> None:
    """Where case and accents count, as here, a second link to the sidecar does what the file system does elsewhere."""
    for name in (f"{first}.jpg", f"{second}.png"):
        (tmp_path / name).write_bytes(samples.png())
    (tmp_path / f"{first}.xmp").write_bytes(samples.xmp(POSITION))
    assert read_photo(tmp_path / f"{first}.jpg").fix_from_sidecar
    os.link(tmp_path / f"{first}.xmp", tmp_path / f"{second}.xmp")
    assert read_photo(tmp_path / f"{first}.jpg").fix is None
    assert read_photo(tmp_path / f"{second}.png").fix is None


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_sidecar_behind_a_link_is_written_and_removed_where_it_lies_and_the_link_stays(
    photo: Path, tmp_path: Path, write: Write, journal: Journal
) -> None:
    link, target = photo.with_name("IMG_1.jpg.xmp"), tmp_path / "elsewhere" / "side.xmp"
    target.parent.mkdir()
    link.symlink_to(target)
    write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    assert link.is_symlink()
    assert read_photo(photo).fix_from_sidecar
    made = target.read_bytes()
    strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    assert link.is_symlink()
    assert not target.exists()
    assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert link.is_symlink()
    assert target.read_bytes() == made


def test_upper_case_names_are_read(photo: Path) -> None:
    photo.with_suffix(".XMP").write_bytes(samples.xmp(POSITION))
    assert read_photo(photo).fix_from_sidecar


def test_writing_into_the_file_changes_a_position_in_the_sidecar_too(
    photo: Path, write: Write, journal: Journal
) -> None:
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    sidecar.write_bytes(samples.xmp(POSITION))
    original = photo.read_bytes()
    outcome = write(photo, MANUAL)
    assert outcome.target is WriteTarget.FILE
    assert outcome.note == "A sidecar that held a position is changed too."
    metadata = read_photo(photo)
    assert metadata.fix is not None
    assert metadata.fix.source is Source.MANUAL
    assert [o.error for o in journal.undo_run()] == [None, None]
    assert (photo.read_bytes(), sidecar.read_bytes()) == (original, samples.xmp(POSITION))


def refuse_to_write(monkeypatch: pytest.MonkeyPatch, *sidecars: Path) -> None:
    """As a share does that takes the rights away in mid-write: the files look writable, and are not."""
    for name in ("write_edit", "remove"):

        def refusing(path: Path, *rest: Any, real: Callable[..., Any] = getattr(safe_write, name)) -> Any:
            if path in sidecars:
                raise WriteRefusedError(path, "The disk is read-only.")
            return real(path, *rest)

        monkeypatch.setattr(safe_write, name, refusing)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_read_only_sidecar_is_found_before_the_photo_is_touched(photo: Path, write: Write) -> None:
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    sidecar.write_bytes(samples.xmp(POSITION))
    sidecar.chmod(0o444)
    original, status = photo.read_bytes(), photo.stat()
    with pytest.raises(WriteRefusedError, match="cannot be written, so nothing was changed"):
        write(photo, MANUAL)
    assert (photo.read_bytes(), photo.stat().st_ino) == (original, status.st_ino)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_read_only_sidecar_is_not_deleted(photo: Path, write: Write, journal: Journal) -> None:
    sidecar = write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS).written_to
    assert sidecar is not None
    sidecar.chmod(0o444)
    with pytest.raises(WriteRefusedError, match=r"IMG_1.jpg.xmp cannot be written.* The file is read-only\."):
        strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    assert sidecar.exists()


def test_a_photo_is_put_back_when_its_sidecar_cannot_be_written_after_it(
    photo: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    sidecar.write_bytes(samples.xmp(POSITION))
    original = photo.read_bytes()
    refuse_to_write(monkeypatch, sidecar)
    with pytest.raises(WriteRefusedError, match=r"so nothing was changed\. The disk is read-only\."):
        write(photo, MANUAL)
    assert photo.read_bytes() == original
    assert sidecar.read_bytes() == samples.xmp(POSITION)
    assert [run.writes for run in journal.runs()] == [0]


def test_strip_of_photo_and_sidecar_is_all_or_nothing(
    photo: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(photo, MANUAL)
    written = photo.read_bytes()
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    sidecar.write_bytes(samples.xmp(POSITION))
    refuse_to_write(monkeypatch, sidecar)
    with pytest.raises(WriteRefusedError, match="nothing was changed"):
        strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    assert photo.read_bytes() == written


def test_a_photo_that_cannot_be_put_back_is_said_to_be_changed_and_can_be_taken_back(
    photo: Path, write: Write, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    sidecar.write_bytes(samples.xmp(POSITION))
    original = photo.read_bytes()
    with monkeypatch.context() as patch:
        refuse_to_write(patch, sidecar)

        def in_vain(path: Path, *_: Any) -> None:
            raise WriteRefusedError(path, "There is not enough room on the disk.")

        patch.setattr(journal, "take_back", lambda _: in_vain(photo))
        with pytest.raises(PartlyWrittenError) as caught:
            write(photo, MANUAL)
    assert caught.value.reason == (
        "It was changed, but its sidecar IMG_1.jpg.xmp was not (The disk is read-only.), and it could not be put"
        " back at once (IMG_1.jpg: There is not enough room on the disk.). Taking back this run puts it back."
    )
    assert photo.read_bytes() != original
    assert [o.error for o in journal.undo_run()] == [None]
    assert photo.read_bytes() == original


def test_a_damaged_sidecar_is_never_overwritten(photo: Path, write: Write) -> None:
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    sidecar.write_bytes(b"<broken")
    assert read_photo(photo).fix is None
    with pytest.raises(WriteRefusedError, match="sidecar cannot be changed safely"):
        write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    outcome = write(photo, ESTIMATE)
    assert outcome.target is WriteTarget.FILE
    assert outcome.note is not None
    assert outcome.note.startswith("Its sidecar IMG_1.jpg.xmp: This sidecar is damaged")
    assert sidecar.read_bytes() == b"<broken"
    assert read_photo(photo).damaged_sidecars == (sidecar,)


def test_strip_removes_a_sidecar_of_ours_and_cleans_a_foreign_one(
    photo: Path, write: Write, journal: Journal
) -> None:
    sidecar = photo.with_name("IMG_1.jpg.xmp")
    write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    assert not sidecar.exists()
    sidecar.write_bytes(samples.xmp())
    write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS)
    strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    assert sidecar.read_bytes().split() == samples.xmp().split()


def test_strip_judges_each_place_by_its_own_mark(photo: Path, write: Write, journal: Journal) -> None:
    write(photo, MANUAL)
    sidecar = write(photo, ESTIMATE, sidecar=SidecarMode.ALWAYS).written_to
    assert sidecar is not None
    strip_fix(photo, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=True)
    assert not sidecar.exists()
    metadata = read_photo(photo)
    assert metadata.fix is not None
    assert metadata.fix.source is Source.MANUAL
