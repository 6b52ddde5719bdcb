"""Removing positions from every place that a file can be rid of, and naming those where one stays."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from geotagger.core.errors import WriteRefusedError
from geotagger.metadata import Journal, WriteOutcome, WritePolicy, WriteTarget, read_photo, strip_fix
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, ExifTool, Tags, alike

Strip = Callable[..., WriteOutcome]
ELSEWHERE = 'exif:GPSLatitude="48,51.5022N" exif:GPSLongitude="2,17.67E" xmp:Rating="4"'


@pytest.fixture
def strip(journal: Journal) -> Strip:
    def strip(path: Path, *, estimates_only: bool = False) -> WriteOutcome:
        run_id = journal.begin_run("strip")
        return strip_fix(path, WritePolicy(), journal, run_id, estimates_only=estimates_only)

    return strip


def second_page(data: bytes, order: str, more: Sequence[samples.Row] = (), *, gps: bool = True) -> bytes:
    """A TIFF with a second page of the same image, which has a GPS directory of its own and ``more`` tags."""
    body = bytearray(data + bytes(len(data) % 2))

    def put(part: bytes) -> int:
        body.extend(bytes(len(body) % 2) + part)
        return len(body) - len(part)

    def directory(entries: Sequence[bytes]) -> int:
        ordered = sorted(entries, key=lambda e: struct.unpack(order + "H", e[:2]))
        return put(struct.pack(order + "H", len(entries)) + b"".join(ordered) + bytes(4))

    def entry(row: samples.Row) -> bytes:
        tag, kind, values, value = row
        field = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", put(value))
        return struct.pack(order + "HHI", tag, kind, values) + field

    (first,) = struct.unpack_from(order + "I", body, 4)
    (count,) = struct.unpack_from(order + "H", body, first)
    end = first + 2 + 12 * count
    copied = [bytes(body[at : at + 12]) for at in range(first + 2, end, 12)]
    page = [e for e in copied if struct.unpack(order + "H", e[:2])[0] not in (0x8825, 0x8769)]
    page += [entry(row) for row in more]
    if gps:
        position = directory([entry(row) for row in samples.camera_gps(order, (10, 1, 20, 1, 30, 1))])
        page.append(struct.pack(order + "HHII", 0x8825, 4, 1, position))
    struct.pack_into(order + "I", body, end, directory(page))
    return bytes(body)


def packet(text: str) -> samples.Row:
    data = samples.xmp(text)
    return 700, 1, len(data), data


QUIRK = "Missing required TIFF GPS tag 0x001b GPSProcessingMethod"
"""ExifTool's word on a GPS directory of which the date alone is left."""


def unquirked(tags: Tags) -> Tags:
    return Tags(row for row in tags if row[1] != QUIRK)


def no_position(tags: Tags) -> bool:
    return not [name for name in tags.names() if "Latitude" in name or "Longitude" in name]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("first", [True, False], ids=["on both pages", "on the second page"])
def test_positions_of_further_pages_go_too(
    order: str, first: bool, tmp_path: Path, strip: Strip, journal: Journal, oracle: ExifTool
) -> None:
    path = tmp_path / "a.tif"
    original = second_page(samples.tiff(order, gps=first), order)
    path.write_bytes(original)
    before = oracle.tags(path)
    outcome = strip(path)
    assert (outcome.target, outcome.note, outcome.leaves_position) == (WriteTarget.FILE, None, False)
    after = oracle.tags(path)
    assert no_position(after)
    alike(before, unquirked(after))
    assert struct.pack(order + "2I", 10, 1) + struct.pack(order + "2I", 20, 1) not in path.read_bytes()
    assert path.read_bytes()[8:56] == original[8:56], "the pixels"
    assert [o.error for o in journal.undo_run()] == [None]
    assert path.read_bytes() == original


def test_a_gps_directory_of_two_pages_goes_from_both(tmp_path: Path, strip: Strip, oracle: ExifTool) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(samples.two_pages("<", gps=True))
    before = oracle.tags(path)
    assert not strip(path).leaves_position
    assert no_position(oracle.tags(path))
    alike(before, unquirked(oracle.tags(path)))


@pytest.mark.parametrize("text", [ELSEWHERE, ELSEWHERE.replace('xmp:Rating="4"', "")], ids=["rated", "bare"])
def test_positions_in_the_xmp_of_further_pages_go_too(
    text: str, tmp_path: Path, strip: Strip, journal: Journal, oracle: ExifTool
) -> None:
    path = tmp_path / "a.tif"
    original = second_page(samples.tiff(), "<", [packet(text)], gps=False)
    path.write_bytes(original)
    before = oracle.tags(path)
    assert not strip(path).leaves_position
    after = oracle.tags(path)
    assert no_position(after)
    assert ("XMP-xmp:Rating" in after.names()) == ("Rating" in text)
    if "Rating" in text:
        alike(before, unquirked(after))
    assert [o.error for o in journal.undo_run()] == [None]
    assert path.read_bytes() == original


def test_a_position_beside_the_thumbnail_goes_too(tmp_path: Path, strip: Strip, oracle: ExifTool) -> None:
    block = bytearray(
        samples.block(exif=samples.default_exif(), gps=samples.camera_gps(), thumbnail=samples.jpeg())
    )
    (first,) = struct.unpack_from("<I", block, 4)
    (count,) = struct.unpack_from("<H", block, first)
    entries = [bytes(block[at : at + 12]) for at in range(first + 2, first + 2 + 12 * count, 12)]
    pointer = next(e for e in entries if e[:2] == b"\x25\x88")
    (second,) = struct.unpack_from("<I", block, first + 2 + 12 * count)
    (count_2,) = struct.unpack_from("<H", block, second)
    table = block[second + 2 : second + 2 + 12 * count_2] + pointer
    struct.pack_into("<I", block, first + 2 + 12 * count, len(block) + len(block) % 2)
    block += bytes(len(block) % 2) + struct.pack("<H", count_2 + 1) + table + bytes(4)
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.after_soi(samples.app1(bytes(block))))
    before = oracle.tags(path)
    assert not strip(path).leaves_position
    assert no_position(oracle.tags(path))
    alike(before, unquirked(oracle.tags(path)))


def test_removing_estimates_leaves_the_positions_of_pages(tmp_path: Path, strip: Strip) -> None:
    path = tmp_path / "a.tif"
    original = second_page(samples.tiff(), "<")
    path.write_bytes(original)
    outcome = strip(path, estimates_only=True)
    assert (outcome.target, outcome.leaves_position) == (WriteTarget.KEPT, False)
    assert path.read_bytes() == original


@pytest.mark.parametrize("entries", range(12))
def test_a_gps_directory_that_reaches_over_others_is_refused_or_stripped_right(
    entries: int, tmp_path: Path, strip: Strip
) -> None:
    data = bytearray(samples.JPEGS["gps-version-only"]())
    data[data.index(b"Exif\0\0") + 6 + 8] = entries
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    try:
        strip(path)
    except WriteRefusedError:
        assert path.read_bytes() == data
    assert read_photo(path).camera == "Testcam T1"


def with_maker_note(note: bytes) -> bytes:
    exif = [*samples.default_exif(), (0x927C, 7, len(note), note)]
    return samples.after_soi(samples.app1(samples.block(exif=exif, gps=samples.camera_gps())))


LAT_DEG, LON_DEG = 48 + 51 / 60 + 29.94 / 3600, 2 + 17 / 60 + 40.2 / 3600
LEFT = {
    "maker note": (
        lambda: with_maker_note(
            b"Drone\0\0" + b"\xff\xf0\0\0\0\0\0\1" + struct.pack(">dd", LAT_DEG, LON_DEG)
        ),
        "Its maker note repeats the position, which cannot be taken out safely.",
    ),
    "single precision": (
        lambda: with_maker_note(b"Drone\0\0\0" + struct.pack("<ff", LAT_DEG, -LON_DEG)),
        "Its maker note repeats the position, which cannot be taken out safely.",
    ),
    "second image": (
        lambda: (
            samples.JPEGS["camera-gps"]()
            + samples.after_soi(
                samples.app1(samples.block(">", gps=samples.camera_gps(">", (10, 1, 2, 1, 3, 1))))
            )
        ),
        "A further image within the file holds a position, which cannot be taken out safely.",
    ),
    "film": (
        lambda: (
            samples.JPEGS["camera-gps"]()
            + samples.box(
                b"moov", samples.box(b"udta", samples.box(b"\xa9xyz", b"\0\x12\x15\xc7+48.8583+002.2945/"))
            )
        ),
        "The film within the file holds a position, which cannot be taken out safely.",
    ),
    "drone": (
        lambda: samples.after_soi(
            samples.app1(samples.block(gps=samples.camera_gps())),
            samples.xmp_segment(
                samples.xmp(
                    'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:GpsLatitude="+48.85"'
                    ' drone-dji:GpsLongtitude="+2.29"'
                )
            ),
        ),
        "Its XMP holds a position in a maker's own words, which cannot be taken out safely.",
    ),
}


@pytest.mark.parametrize("place", LEFT)
def test_a_position_that_stays_is_named(place: str, tmp_path: Path, strip: Strip) -> None:
    make, sentence = LEFT[place]
    path = tmp_path / "a.jpg"
    path.write_bytes(make())
    outcome = strip(path)
    assert (outcome.target, outcome.note, outcome.leaves_position) == (WriteTarget.FILE, sentence, True)
    assert read_photo(path).fix is None
    if place not in ("maker note", "single precision"):
        # Without the position to compare with, nobody can tell what the numbers of a maker note mean.
        again = strip(path)
        assert (again.target, again.note, again.leaves_position) == (WriteTarget.KEPT, sentence, True)


def half_a_position() -> list[samples.Row]:
    """A latitude and a longitude without hemispheres, as some readers take for a position."""
    return [row for row in samples.camera_gps() if row[0] not in (1, 3)]


def extended_xmp_with(text: bytes, at: int) -> bytes:
    """A JPEG whose extended XMP, of which 60 000 bytes go into a segment, holds a text."""
    more = samples.xmp(body="<dc:source>" + "x" * 70_000 + "</dc:source>")
    return samples.extended_xmp(more[:at] + text + more[at + len(text) :])


SIGNATURE = samples.segment(0xEB, b"JP\0\0\0\1\0\0\0\x20jumbjumdc2pa")
MAY_BE_LEFT = {
    "half a position in a signed photo": (
        lambda: samples.after_soi(samples.app1(samples.block(gps=half_a_position())), SIGNATURE),
        "Its EXIF block may hold a position, which cannot be taken out safely.",
    ),
    "a broken GPS directory": (
        samples.REFUSED["gps-pointer-outside"],
        "Its EXIF block may hold a position, which cannot be taken out safely.",
    ),
    "damaged XMP": (
        lambda: samples.after_soi(samples.xmp_segment(b"<x:xmpmeta><exif:GPSLatitude>48,51.5N<broken")),
        "Its XMP may hold a position, which cannot be taken out safely.",
    ),
    "extended XMP": (
        lambda: extended_xmp_with(b'exif:GPSLongitude="2,17.6E"', 500),
        "Its XMP may hold a position, which cannot be taken out safely.",
    ),
    "extended XMP, across two segments": (
        lambda: extended_xmp_with(b'exif:GPSLatitude="48,51.5N"', 59_990),
        "Its XMP may hold a position, which cannot be taken out safely.",
    ),
}


@pytest.mark.parametrize("place", MAY_BE_LEFT)
def test_a_file_that_cannot_be_changed_is_not_said_to_hold_no_position_where_it_may(
    place: str, tmp_path: Path, strip: Strip
) -> None:
    make, sentence = MAY_BE_LEFT[place]
    path = tmp_path / "a.jpg"
    path.write_bytes(make())
    outcome = strip(path)
    assert (outcome.target, outcome.note, outcome.leaves_position) == (WriteTarget.KEPT, sentence, True)
    assert path.read_bytes() == make()


@pytest.mark.parametrize(
    ("name", "start"), [("a.tif", b"II+\0\x08\0\0\0"), ("a.x3f", b"FOVb"), ("a.crw", b"II\x1a\0\0\0HEAPCCDR")]
)
def test_a_format_that_is_not_looked_into_is_not_said_to_hold_no_position(
    name: str, start: bytes, tmp_path: Path, strip: Strip
) -> None:
    path = tmp_path / name
    path.write_bytes(start + bytes(200))
    outcome = strip(path)
    assert outcome.leaves_position
    assert "does not look into" in str(outcome.note)


@pytest.mark.parametrize(
    "name", ["content-credentials", "xmp-twice", "afcp-trailer", "exif-full", "xmp-doctype"]
)
def test_a_file_that_cannot_be_changed_and_holds_no_position_is_said_to_hold_none(
    name: str, tmp_path: Path, strip: Strip
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.REFUSED[name]())
    outcome = strip(path)
    assert (outcome.note, outcome.leaves_position) == ("It has no position.", False)


@pytest.mark.parametrize(
    "name", ["maker-note", "mpo", "ultra-hdr", "motion-trailer", "samsung-trailer", "thumbnail"]
)
def test_nothing_is_named_where_nothing_stays(
    name: str, tmp_path: Path, strip: Strip, write: Callable[..., WriteOutcome]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS[name]())
    write(path, ESTIMATE)
    outcome = strip(path)
    assert (outcome.note, outcome.leaves_position) == (None, False)
