"""What is read from photos, and what is said of files that cannot be read."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pillow_heif
import pytest

from geotagger.core.errors import UnreadablePhotoError
from geotagger.metadata import WriteOutcome, WriteTarget, embedded_preview, read_photo
from geotagger.metadata.reading import parsed_time
from geotagger.metadata.source import FileSource
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, ExifTool

Write = Callable[..., WriteOutcome]


def saved(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_time_camera_orientation_and_size(tmp_path: Path) -> None:
    metadata = read_photo(saved(tmp_path, "a.jpg", samples.JPEGS["exif-big-endian"]()))
    assert metadata.format == "JPEG"
    assert (metadata.width_px, metadata.height_px, metadata.orientation) == (48, 32, 6)
    assert metadata.camera == "Testcam T1"
    zone = timezone(timedelta(hours=-6))
    assert metadata.taken == datetime(2026, 7, 14, 12, 34, 56, 780_000, zone)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (n, {"tif": "TIFF", "png": "PNG", "webp": "WebP", "dng": "DNG"}[n.rsplit(".")[1]])
        for n in samples.OTHERS
    ],
)
def test_every_format_is_known_by_its_first_bytes(tmp_path: Path, name: str, kind: str) -> None:
    data = samples.OTHERS[name]()
    suffix = ".dng" if kind == "DNG" else ".jpg"
    metadata = read_photo(saved(tmp_path, f"wrongly-named{suffix}", data))
    assert metadata.format == kind
    assert metadata.width_px in (4, 32, 48)


@pytest.mark.parametrize(
    ("text", "subseconds", "offset", "expected"),
    [
        ("2026:07:14 12:34:56", None, None, datetime(2026, 7, 14, 12, 34, 56)),
        ("2026:07:14 12:34:56", "5", None, datetime(2026, 7, 14, 12, 34, 56, 500_000)),
        ("2026:07:14 12:34:56", "012", None, datetime(2026, 7, 14, 12, 34, 56, 12_000)),
        ("2026:07:14 12:34:56", "123456789", None, datetime(2026, 7, 14, 12, 34, 56, 123_456)),
        ("2026:07:14 12:34:56", "  ", None, datetime(2026, 7, 14, 12, 34, 56)),
        (
            "2026:07:14 12:34:56",
            None,
            "+05:30",
            datetime(2026, 7, 14, 12, 34, 56, 0, timezone(timedelta(hours=5.5))),
        ),
        ("2026:07:14 12:34:56", None, "   :  ", datetime(2026, 7, 14, 12, 34, 56)),
        ("2026-07-14T12:34:56.25Z", None, None, datetime(2026, 7, 14, 12, 34, 56, 250_000, timezone.utc)),
        ("2026-07-14T12:34", None, None, datetime(2026, 7, 14, 12, 34)),
        ("0000:00:00 00:00:00", None, None, None),
        ("    :  :     :  :  ", None, None, None),
        ("2026:13:40 12:34:56", None, None, None),
        ("2024:02:29 23:59:59", "99", None, datetime(2024, 2, 29, 23, 59, 59, 990_000)),
        ("2023:02:29 12:00:00", None, None, None),
        ("2024:03:10 02:30:00", None, None, datetime(2024, 3, 10, 2, 30)),
        ("1889:07:14 12:00:00", None, None, datetime(1889, 7, 14, 12)),
        ("0001:01:01 00:00:00", None, "+14:00", None),
        ("9999:12:31 23:59:59", None, None, None),
        ("2026:07:14 12:34:56", None, "+24:00", datetime(2026, 7, 14, 12, 34, 56)),
        (
            "2026:07:14 12:34:56",
            None,
            "-00:30",
            datetime(2026, 7, 14, 12, 34, 56, 0, timezone(-timedelta(minutes=30))),
        ),
        ("", None, None, None),
    ],
)
def test_times_as_cameras_write_them(
    text: str, subseconds: str | None, offset: str | None, expected: datetime | None
) -> None:
    assert parsed_time(text, subseconds, offset) == expected


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("SONY", "ILCE-7M4", "SONY ILCE-7M4"),
    ],
)
def test_the_maker_is_not_named_twice(tmp_path: Path, make: str, model: str, camera: str) -> None:
    block = samples.block(first=[samples.text(0x10F, make), samples.text(0x110, model)])
    assert read_photo(saved(tmp_path, "a.jpg", samples.after_soi(samples.app1(block)))).camera == camera


def test_xmp_fills_what_exif_leaves_open(tmp_path: Path) -> None:
    packet = samples.xmp(
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Model="Phone 7" tiff:Orientation="3" exif:DateTimeOriginal="2020-01-02T03:04:05+01:00"'
    )
    metadata = read_photo(saved(tmp_path, "a.png", samples.png(samples.itxt(packet))))
    assert (metadata.camera, metadata.orientation) == ("Phone 7", 3)
    assert metadata.taken == datetime(2020, 1, 2, 3, 4, 5, 0, timezone(timedelta(hours=1)))


@pytest.fixture
def heic(tmp_path: Path) -> Path:
    return saved(tmp_path, "a.heic", samples.heic())


def test_heic_is_read_and_gets_a_sidecar(heic: Path, write: Write, oracle: ExifTool) -> None:
    metadata = read_photo(heic)
    assert metadata.format == "HEIC"
    # Decoders turn the image themselves: the size is that of the image as shown.
    assert (metadata.width_px, metadata.height_px) == pillow_heif.open_heif(heic).size == (64, 96)
    assert metadata.orientation == 1
    assert metadata.camera == "Testcam T1"
    assert metadata.taken is not None
    assert metadata.fix is not None
    assert oracle.position(heic) == pytest.approx(
        (metadata.fix.position.lat_deg, metadata.fix.position.lon_deg)
    )
    original = heic.read_bytes()
    outcome = write(heic, ESTIMATE)
    assert outcome.target is WriteTarget.SIDECAR
    assert heic.read_bytes() == original
    found = read_photo(heic).fix
    assert found is not None
    assert found.source is ESTIMATE.source


@pytest.mark.parametrize("suffix", [".nef", ".cr2", ".arw", ".pef", ".srw"])
def test_raw_files_get_a_sidecar(tmp_path: Path, suffix: str, write: Write) -> None:
    path = saved(tmp_path, f"a{suffix}", samples.tiff(gps=True))
    metadata = read_photo(path)
    assert metadata.format == suffix[1:].upper()
    assert metadata.fix is not None
    original = path.read_bytes()
    assert write(path).written_to == Path(f"{path}.xmp")
    assert path.read_bytes() == original


def test_raf_is_read_through_its_jpeg(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.raf", samples.raf())
    metadata = read_photo(path)
    assert metadata.format == "RAF"
    assert metadata.fix is not None
    assert embedded_preview(path) == samples.JPEGS["camera-gps"]()


def test_cr3_is_read_from_its_boxes(tmp_path: Path) -> None:
    metadata = read_photo(saved(tmp_path, "a.cr3", samples.cr3()))
    assert (metadata.format, metadata.camera) == ("CR3", "Canon EOS R")
    assert metadata.taken is not None
    assert metadata.fix is not None
    assert metadata.fix.position.lat_deg == pytest.approx(48.8583, abs=1e-4)


def test_mrw_is_read_from_its_blocks(tmp_path: Path) -> None:
    metadata = read_photo(saved(tmp_path, "a.mrw", samples.mrw()))
    assert (metadata.format, metadata.width_px, metadata.height_px) == ("MRW", 1984, 1480)
    assert metadata.taken is not None


@pytest.mark.parametrize("name", samples.READ_ONLY)
def test_what_is_only_read_gets_a_sidecar(name: str, tmp_path: Path, write: Write) -> None:
    path = saved(tmp_path, name, samples.READ_ONLY[name]())
    original = path.read_bytes()
    assert write(path).written_to == Path(f"{path}.xmp")
    assert path.read_bytes() == original
    found = read_photo(path).fix
    assert found is not None
    assert found.source is ESTIMATE.source


def test_the_thumbnail_is_the_preview_of_a_jpeg(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", samples.JPEGS["thumbnail"]())
    assert embedded_preview(path) == samples.jpeg()
    assert embedded_preview(saved(tmp_path, "b.jpg", samples.jpeg())) is None


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.jpg", b"", "The file is empty."),
        ("text.jpg", b"Dear diary", "It is not a photo that this program reads."),
        ("cut.jpg", samples.jpeg()[:100], "The JPEG file is cut off before its image."),
        ("garbage.jpg", b"\xff\xd8garbage", "The JPEG file's headers are damaged."),
        ("cut.png", samples.png()[:20], "The PNG file is cut off before its image."),
        ("cut.webp", samples.saved("WEBP")[:14], "The WebP file is cut off before its image."),
        ("cut.tif", b"II*\0\x08\0\0", "Its TIFF header is damaged."),
        ("cut.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "The HEIC file holds no image directory."),
    ],
)
def test_bad_files_get_one_sentence_each(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(UnreadablePhotoError) as caught:
        read_photo(saved(tmp_path, name, data))
    assert caught.value.reason == sentence


def test_missing_files_folders_and_pipes_get_a_sentence(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "no.jpg", "no longer there"), (tmp_path, "folder|ordinary")):
        with pytest.raises(UnreadablePhotoError, match=words):
            read_photo(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(UnreadablePhotoError, match="not an ordinary file"):
            read_photo(tmp_path / "pipe.jpg")


def test_a_photo_with_damaged_exif_is_still_a_photo(tmp_path: Path) -> None:
    metadata = read_photo(saved(tmp_path, "a.jpg", samples.REFUSED["exif-header-broken"]()))
    assert (metadata.width_px, metadata.taken, metadata.fix) == (48, None, None)


def _heic_of_many_extents() -> bytes:
    """A directory of images in which each of 5000 lies in 65 535 pieces of no length."""
    extents = b"".join(struct.pack(">4H", number + 9, 0, 0, 0xFFFF) for number in range(5000))
    exif = samples.box(b"infe", b"\2\0\0\0\0\1\0\0Exif\0")
    directory = samples.box(b"iinf", b"\0\0\0\0\0\1" + exif)
    directory += samples.box(b"iloc", b"\1\0\0\0\0\0" + struct.pack(">H", 5000) + extents)
    return samples.box(b"ftyp", b"heic\0\0\0\0mif1heic") + samples.box(b"meta", bytes(4) + directory)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param(
            "a.jpg", b"\xff\xd8" + b"\xff" * 30_000_000, id="erased card behind the start of a JPEG"
        ),
        pytest.param("a.jpg", b"\xff\xd8" + b"\xff\xd0" * 15_000_000, id="restart markers without end"),
        pytest.param(
            "a.png", samples.png()[:33] + bytes(60_000_000), id="PNG of which the rest never arrived"
        ),
        pytest.param("a.mrw", b"\0MRM\x7f\xff\xff\xff" + bytes(60_000_000), id="MRW of empty blocks"),
        pytest.param("a.heic", _heic_of_many_extents(), id="HEIC of billions of empty pieces"),
    ],
)
def test_what_a_lost_half_looks_like_takes_no_time(tmp_path: Path, name: str, data: bytes) -> None:
    path = saved(tmp_path, name, data)
    if name == "a.jpg":
        with pytest.raises(UnreadablePhotoError, match="headers are damaged"):
            read_photo(path)
    else:
        assert read_photo(path).fix is None


def test_fill_bytes_between_segments_are_no_damage(tmp_path: Path) -> None:
    original = samples.JPEGS["camera-gps"]()
    filled = original[:2] + b"\xff" * 5000 + original[2:]
    assert read_photo(saved(tmp_path, "a.jpg", filled)).fix is not None


def test_large_files_are_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    original = FileSource._pread

    def counting(self: FileSource, offset: int, length: int) -> bytes:
        data = original(self, offset, length)
        read.append(len(data))
        return data

    monkeypatch.setattr(FileSource, "_pread", counting)
    for name in ("thumbnail", "mpo"):
        read_photo(saved(tmp_path, "a.jpg", samples.JPEGS[name]() + bytes(20_000_000)))
    assert sum(read) <= 2 * 70_000
