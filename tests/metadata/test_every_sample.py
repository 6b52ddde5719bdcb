"""Every kind of file that other programs damage: written, taken back, and judged by ExifTool."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from geotagger.core.errors import WriteRefusedError
from geotagger.core.fix import Source
from geotagger.core.geo import LatLon
from geotagger.metadata import (
    Journal,
    SidecarMode,
    WriteOutcome,
    WritePolicy,
    WriteTarget,
    read_photo,
    strip_fix,
)
from tests.metadata import samples
from tests.metadata.judging import ESTIMATE, MANUAL, ExifTool, Tags, alike

Write = Callable[..., WriteOutcome]
WRITTEN = {f"{name}.jpg": make for name, make in samples.JPEGS.items()} | samples.OTHERS
REFUSED = {f"{name}.jpg": make for name, make in samples.REFUSED.items()} | samples.OTHERS_REFUSED


def pixels(data: bytes) -> list[bytes]:
    """The decoded pixels of every image in a file."""
    with Image.open(io.BytesIO(data)) as image:
        frames = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(image.convert("RGBA").tobytes())
        return frames


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_but_the_position_changes(name: str, tmp_path: Path, write: Write, oracle: ExifTool) -> None:
    path = tmp_path / name
    path.write_bytes(WRITTEN[name]())
    before = oracle.tags(path)
    shown = pixels(path.read_bytes())
    for fix in (ESTIMATE, MANUAL):
        outcome = write(path, fix)
        assert (outcome.target, outcome.written_to) == (WriteTarget.FILE, path)
        alike(before, oracle.tags(path))
        assert oracle.position(path) == pytest.approx((fix.position.lat_deg, fix.position.lon_deg), abs=1e-6)
        found = read_photo(path).fix
        assert found is not None
        assert found.source is fix.source
        assert (found.radius_km, found.model, found.probability, found.candidates) == (
            fix.radius_km,
            fix.model,
            fix.probability,
            fix.candidates,
        )
    assert pixels(path.read_bytes()) == shown


@pytest.mark.parametrize("name", WRITTEN)
def test_undo_brings_back_every_byte(name: str, tmp_path: Path, write: Write, journal: Journal) -> None:
    path = tmp_path / name
    original = WRITTEN[name]()
    path.write_bytes(original)
    write(path, ESTIMATE)
    write(path, MANUAL)
    strip_fix(path, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    for _ in range(3):
        assert [outcome.error for outcome in journal.undo_run()] == [None]
    assert path.read_bytes() == original


@pytest.mark.parametrize("name", WRITTEN)
def test_strip_leaves_no_position(
    name: str, tmp_path: Path, write: Write, journal: Journal, oracle: ExifTool
) -> None:
    path = tmp_path / name
    path.write_bytes(WRITTEN[name]())
    before = oracle.tags(path)
    write(path, ESTIMATE)
    strip_fix(path, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    after = oracle.tags(path)
    quirk = "Missing required TIFF GPS tag 0x001b GPSProcessingMethod"
    alike(before, Tags(row for row in after if row[1] != quirk))
    assert oracle.position(path) is None
    assert read_photo(path).fix is None
    assert not [name for name in after.names() if "geotagger" in name or "Latitude" in name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_risky_goes_into_a_sidecar(name: str, tmp_path: Path, write: Write, oracle: ExifTool) -> None:
    path = tmp_path / name
    original = REFUSED[name]()
    path.write_bytes(original)
    outcome = write(path, ESTIMATE)
    assert path.read_bytes() == original
    assert outcome.target is WriteTarget.SIDECAR
    assert outcome.written_to == tmp_path / f"{name}.xmp"
    assert outcome.note is not None
    assert outcome.note.startswith("The position goes into a sidecar: ")
    sidecar = oracle.tags(outcome.written_to)
    assert sidecar.warnings() == set()
    assert sidecar["XMP-exif:GPSLatitude"] == pytest.approx(ESTIMATE.position.lat_deg, abs=1e-6)
    metadata = read_photo(path)
    assert metadata.fix_from_sidecar
    assert metadata.fix is not None
    assert metadata.fix.source is Source.MODEL


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_risky_is_refused_without_sidecars(name: str, tmp_path: Path, write: Write) -> None:
    path = tmp_path / name
    original = REFUSED[name]()
    path.write_bytes(original)
    with pytest.raises(WriteRefusedError, match="cannot be written safely"):
        write(path, ESTIMATE, sidecar=SidecarMode.NEVER)
    assert path.read_bytes() == original
    assert list(tmp_path.glob("*.xmp")) == []


@pytest.mark.parametrize("name", samples.JPEGS)
def test_jpeg_bytes_outside_of_exif_and_xmp_stay(name: str, tmp_path: Path, write: Write) -> None:
    original = samples.JPEGS[name]()
    path = tmp_path / "a.jpg"
    path.write_bytes(original)
    write(path)
    written = path.read_bytes()

    def others(data: bytes) -> list[bytes]:
        found, position = [], 2
        while data[position + 1] != 0xDA:
            if data[position + 1] == 0xFF:
                position += 1
                found.append(b"fill")
                continue
            end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
            payload = data[position + 4 : end]
            if payload.startswith(b"MPF\0"):
                found.append(samples.second_image_of(data))
            elif not payload.startswith((b"Exif\0\0", samples.XMP_HEADER)):
                found.append(data[position:end])
            position = end
        return [*found, data[position:]]

    assert others(written) == others(original)


@pytest.mark.parametrize(
    "options", [{}, {"gain_map": True}, {"mpf_first": True}], ids=["mpo", "ultra-hdr", "mpf-first"]
)
def test_second_images_are_still_found(options: dict[str, bool], tmp_path: Path, write: Write) -> None:
    original = samples.two_images(**options)
    path = tmp_path / "a.jpg"
    path.write_bytes(original)
    write(path)
    second = samples.second_image_of(path.read_bytes())
    assert second == samples.second_image_of(original)
    assert second.startswith(b"\xff\xd8")
    assert second.endswith(b"\xff\xd9")


def test_offsets_inside_maker_notes_still_hit(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["maker-note"]())
    write(path)
    data = path.read_bytes()
    start = data.index(b"Exif\0\0") + 6
    note = data.index(b"GeoTest\0")
    (offset,) = struct.unpack_from("<I", data, note + 8 + 10)
    assert data[start + offset :].startswith(samples.MAKER_NOTE_MAGIC)


def test_entries_are_sorted_and_directories_end_in_a_next_word(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["unsorted"]())
    write(path)
    data = path.read_bytes()
    block = data[data.index(b"Exif\0\0") + 6 :]
    (offset,) = struct.unpack_from("<I", block, 4)
    (entries,) = struct.unpack_from("<H", block, offset)
    tags = [struct.unpack_from("<H", block, offset + 2 + 12 * i)[0] for i in range(entries)]
    assert tags == sorted(tags)
    assert 0x8825 in tags
    assert block[offset + 2 + 12 * entries :][:4] == bytes(4)


def test_stale_tags_of_a_real_fix_are_dropped_and_dates_kept(
    tmp_path: Path, write: Write, oracle: ExifTool
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["camera-gps"]())
    write(path, MANUAL)
    tags = oracle.tags(path)
    gps = {name.removeprefix("GPS:") for name in tags.names() if name.startswith("GPS:")}
    assert gps == {
        "GPSVersionID", "GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude", "GPSTimeStamp",
        "GPSDateStamp", "GPSImgDirectionRef", "GPSImgDirection", "GPSMapDatum", "GPSProcessingMethod",
    }  # fmt: skip
    assert tags["GPS:GPSProcessingMethod"] == "MANUAL"


def test_an_estimate_is_marked_with_method_and_radius(tmp_path: Path, write: Write, oracle: ExifTool) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.jpeg())
    write(path, ESTIMATE)
    tags = oracle.tags(path)
    assert tags["GPS:GPSProcessingMethod"] == "MANUAL"
    assert tags["GPS:GPSHPositioningError"] == 310_000
    assert tags["GPS:GPSVersionID"] == "2 3 0 0"
    assert tags["GPS:GPSMapDatum"] == "WGS-84"
    assert tags["XMP-geotagger:PositionSource"] == "model"
    assert tags["XMP-geotagger:PositionModel"] == ESTIMATE.model


def test_no_property_of_ours_hides_a_tag_of_the_camera(
    tmp_path: Path, write: Write, oracle: ExifTool
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["exif-little-endian"]())
    write(path, ESTIMATE)
    assert oracle.run("-s3", "-Model", str(path)).strip() == b"Testcam T1"


def test_positions_in_xmp_are_changed_with_those_in_exif(
    tmp_path: Path, write: Write, oracle: ExifTool
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["xmp-with-position"]())
    write(path, MANUAL)
    tags = oracle.tags(path)
    assert tags["XMP-exif:GPSLatitude"] == pytest.approx(-33.8568, abs=1e-6)
    assert "XMP-exif:GPSAltitude" not in tags.names()


CARRIED = samples.exif_with_packet(
    samples.xmp('exif:GPSLatitude="40,30.0N" exif:GPSLongitude="100,15.0W"', padding=20)
)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", lambda: samples.after_soi(samples.app1(CARRIED))),
        ("a.png", lambda: samples.saved("PNG", exif=CARRIED)),
        ("a.webp", lambda: samples.saved("WEBP", exif=b"Exif\0\0" + CARRIED)),
    ],
)
def test_xmp_within_an_exif_block_is_read_and_never_contradicts_the_position(
    name: str, data: Callable[[], bytes], tmp_path: Path, write: Write, journal: Journal, oracle: ExifTool
) -> None:
    path = tmp_path / name
    path.write_bytes(data())
    carried = LatLon(40.5, -100.25)
    assert oracle.tags(path)["XMP-exif:GPSLatitude"] == pytest.approx(carried.lat_deg)
    found = read_photo(path).fix
    assert found is not None
    assert found.position == carried
    write(path, MANUAL)
    assert oracle.tags(path)["XMP-exif:GPSLatitude"] == pytest.approx(MANUAL.position.lat_deg, abs=1e-6)
    assert b"40,30.0N" not in path.read_bytes()
    strip_fix(path, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    assert not [tag for tag in oracle.tags(path).names() if "Latitude" in tag]
    assert read_photo(path).fix is None
    assert b"GPSLatitude" not in path.read_bytes()


def test_old_positions_cannot_be_dug_out_of_a_stripped_file(
    tmp_path: Path, write: Write, journal: Journal
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.JPEGS["camera-gps"]())
    camera, ours = (struct.pack("<4I", 48, 1, 51, 1), struct.pack("<4I", 46, 1, 54, 1))
    assert camera in path.read_bytes()
    write(path, ESTIMATE)
    assert camera not in path.read_bytes()
    assert ours in path.read_bytes()
    strip_fix(path, WritePolicy(), journal, journal.begin_run("strip"), estimates_only=False)
    assert ours not in path.read_bytes()


def test_a_new_block_repeats_the_resolution_that_jfif_states(
    tmp_path: Path, write: Write, oracle: ExifTool
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(samples.jpeg(dpi=(240, 240)))
    write(path)
    tags = oracle.tags(path)
    assert (tags["IFD0:XResolution"], tags["IFD0:YResolution"], tags["IFD0:ResolutionUnit"]) == (240, 240, 2)


def test_numbers_that_point_into_image_data_by_chance_are_no_reason_to_refuse(
    tmp_path: Path, write: Write
) -> None:
    """One in a thousand real photos holds, where they seem to point, what a preview without its first byte begins with."""
    base = samples.without_jfif()
    note = b"GeoTest\0" + bytes(8)
    data = samples.after_soi(
        samples.app1(samples.block(exif=[*samples.default_exif(), (0x927C, 7, len(note), note)])), base=base
    )
    inside = data + b"\x12\xd8\xff\x00" + bytes(64)
    place = struct.pack("<I", len(data) - data.index(b"II*\0"))
    path = tmp_path / "a.jpg"
    path.write_bytes(inside.replace(note, note[:8] + place + note[12:]))
    assert write(path).target is WriteTarget.FILE
