"""Reading what a photo says of itself: headers only, from the file and its sidecar."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

from geotagger.core.errors import UnreadablePhotoError
from geotagger.core.fix import Fix
from geotagger.core.geo import LatLon
from geotagger.metadata import gps, provenance
from geotagger.metadata.container import Contents
from geotagger.metadata.errors import FormatError
from geotagger.metadata.formats import PHOTO_SUFFIXES, RAW_SUFFIXES, detect
from geotagger.metadata.model import FileIdentity, PhotoMetadata
from geotagger.metadata.os_errors import unreadable
from geotagger.metadata.place_names import place_names
from geotagger.metadata.sidecar import Sidecar, sidecars_of
from geotagger.metadata.source import FileSource, Source
from geotagger.metadata.tiff import EXIF_IFD, GPS_IFD, MAKE, MODEL, ORIENTATION, XMP, Ifd, Tiff
from geotagger.metadata.xmp import EXIF, PHOTOSHOP, TIFF, XMP_BASIC, Packet

_MODIFIED = 0x132
_CLOCKS = ((0x9003, 0x9291, 0x9011), (0x9004, 0x9292, 0x9012), (_MODIFIED, 0x9290, 0x9010))
"""Tags of time, sub-seconds and offset: original, digitized, and modified, which stands in the first directory."""
_EXIF_TIME = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?(?:\.(\d+))?")
_YEARS = range(1800, 9000)
"""Nobody photographed before, but scans of old photos say when those were taken. Other years are those of clocks that were
never set, and a day more or less would leave the calendar."""
_DECODED_FORMATS = frozenset({"JPEG", "TIFF", "PNG", "WebP", "HEIC", "AVIF"})
"""Formats whose own picture is decoded; the others are camera RAW, of which the preview is taken."""
_OFFSET = re.compile(r"\s*(?:(Z)|([+-])(\d\d):?(\d\d))\s*$")


def open_photo(path: Path, *, tracked: bool = False) -> FileSource:
    """An open photo file.

    Args:
        tracked: keep a digest of what is read.

    Raises:
        UnreadablePhotoError: it is missing, may not be read, is empty, or no ordinary file.
    """
    try:
        source = FileSource(path, tracked=tracked)
    except OSError as error:
        raise unreadable(path, error) from error
    problem = None
    if not stat.S_ISREG(source.stat.st_mode):
        problem = UnreadablePhotoError(path, "This is not an ordinary file.")
    elif source.size == 0:
        problem = UnreadablePhotoError(path, "The file is empty.")
    if problem is not None:
        source.close()
        raise problem
    return source


def read_photo(path: Path) -> PhotoMetadata:
    """Read position, time, orientation, camera and size of a photo, from it and its sidecar.

    A position in a sidecar wins over one in the file.

    Raises:
        UnreadablePhotoError: the file is missing, may not be read, is empty, damaged or not a photo.
    """
    with open_photo(path, tracked=True) as source:
        try:
            contents = detect(source, path.suffix.lower()).handler.contents(source)
            sidecars = sidecars_of(path, PHOTO_SUFFIXES, RAW_SUFFIXES)
            return describe(path, contents, sidecars, source)
        except FormatError as error:
            raise UnreadablePhotoError(path, error.clause.alone()) from error
        except OSError as error:
            raise unreadable(path, error) from error


def describe(
    path: Path, contents: Contents, sidecars: list[Sidecar], source: FileSource | None
) -> PhotoMetadata:
    """What a photo says of itself, from what its file and its sidecars carry.

    Args:
        source: the open file, for its identity; None for bytes that are in no file.
    """
    packet = provenance.parsed(contents.xmp)
    blocks = _blocks(contents)
    tiff, first = blocks[0] if blocks else (None, None)
    exif_tiff, exif = _exif(contents, tiff, first)
    sidecar_packet = sidecars[0].packet if sidecars else None
    packets = [p for p in (packet, sidecar_packet) if p is not None]
    fix, from_sidecar = _fix_in(contents, blocks, packet), None
    for sidecar in sidecars:
        found = fix_in_packet(sidecar.packet)
        if found is not None:
            fix, from_sidecar = found, sidecar
            break
    return PhotoMetadata(
        path=path,
        format=contents.format,
        width_px=contents.width_px,
        height_px=contents.height_px,
        orientation=1 if contents.orientation_applied else _orientation(tiff, first, packets),
        taken=_taken(tiff, first, exif_tiff, exif, packets),
        camera=_shared(_camera(tiff, first, packets)),
        fix=fix,
        sidecar=(from_sidecar or sidecars[0]).path if sidecars else None,
        fix_from_sidecar=from_sidecar is not None,
        # Last, because the digest covers all that was read.
        identity=_identity(source),
        damaged_sidecars=tuple(s.path for s in sidecars if s.packet is None),
        place_names=place_names(reversed(packets), contents.resources),
    )


def _identity(source: FileSource | None) -> FileIdentity:
    if source is None:
        return FileIdentity(0, 0, 0, "")
    return FileIdentity(source.size, source.stat.st_mtime_ns, source.stat.st_ino, source.digest)


_Block = tuple[Tiff, Ifd]
"""A TIFF structure with its first directory."""


def _blocks(contents: Contents) -> list[_Block]:
    """The readable TIFF structures, the one that counts first."""
    return [opened for block in contents.exif if (opened := _opened(block, contents))]


def _opened(block: Source | None, contents: Contents) -> _Block | None:
    try:
        tiff = Tiff(block, contents.magics) if block is not None else None
        return (tiff, tiff.ifd(tiff.first_ifd)) if tiff is not None else None
    except FormatError:
        return None


def _exif(contents: Contents, tiff: Tiff | None, first: Ifd | None) -> tuple[Tiff | None, Ifd | None]:
    """The Exif directory with the structure that it stands in."""
    apart = _opened(contents.exif_directory, contents)
    if apart is not None:
        return apart
    return tiff, tiff.pointed(first, EXIF_IFD) if tiff is not None and first is not None else None


def _gps_directories(contents: Contents, blocks: list[_Block]) -> Iterator[tuple[Tiff, Ifd]]:
    apart = _opened(contents.gps_directory, contents)
    if apart is not None:
        yield apart
    for tiff, first in blocks:
        ifd = tiff.pointed(first, GPS_IFD)
        if ifd is not None:
            yield tiff, ifd


def fix_in(contents: Contents, packet: Packet | None) -> Fix | None:
    """The fix that a file holds: in its GPS tags, else in its XMP, else in XMP within its EXIF block."""
    return _fix_in(contents, _blocks(contents), packet)


def _fix_in(contents: Contents, blocks: list[_Block], packet: Packet | None) -> Fix | None:
    for tiff, ifd in _gps_directories(contents, blocks):
        position = gps.position_of(tiff, ifd)
        if position is not None:
            return provenance.fix_of(position, gps.radius_km_of(tiff, ifd), packet)
    inner = (tiff.value(entry) for tiff, first in blocks if (entry := first.get(XMP)))
    packets = [packet, *map(provenance.parsed, inner)]
    return next((fix for one in packets if (fix := fix_in_packet(one))), None)


def fix_in_packet(packet: Packet | None) -> Fix | None:
    """The fix that an XMP packet states."""
    position: LatLon | None = provenance.position_in(packet) if packet is not None else None
    if packet is None or position is None:
        return None
    return provenance.fix_of(position, provenance.radius_in(packet), packet)


def _orientation(tiff: Tiff | None, first: Ifd | None, packets: list[Packet]) -> int:
    value = tiff.integer(first.get(ORIENTATION)) if tiff and first else None
    if value is None:
        texts = [t for p in packets if (t := p.get(TIFF, "Orientation"))]
        value = int(texts[0]) if texts and texts[0].isdigit() else 1
    return value if 1 <= value <= 8 else 1


@lru_cache
def _shared(camera: str | None) -> str | None:
    """One text for all photos of a camera: thousands of them may be open."""
    return camera


def _camera(tiff: Tiff | None, first: Ifd | None, packets: list[Packet]) -> str | None:
    make = tiff.text(first.get(MAKE)) if tiff and first else None
    model = tiff.text(first.get(MODEL)) if tiff and first else None
    for packet in packets:
        make = make or packet.get(TIFF, "Make")
        model = model or packet.get(TIFF, "Model")
    if not model:
        return make
    # Canon calls its cameras "Canon …" already; NIKON CORPORATION makes a "NIKON …".
    if not make or model.lower().startswith(make.lower().split()[0]):
        return model
    return f"{make} {model}"


def _taken(
    tiff: Tiff | None, first: Ifd | None, exif_tiff: Tiff | None, exif: Ifd | None, packets: list[Packet]
) -> datetime | None:
    for clock, subseconds, offset in _CLOCKS:
        where, ifd = (tiff, first) if clock == _MODIFIED else (exif_tiff, exif)
        text = where.text(ifd.get(clock)) if where is not None and ifd is not None else None
        if text is None:
            continue
        fraction = zone = None
        if exif_tiff is not None and exif is not None:
            fraction, zone = exif_tiff.text(exif.get(subseconds)), exif_tiff.text(exif.get(offset))
        moment = parsed_time(text, fraction, zone)
        if moment is not None:
            return moment
    names = ((EXIF, "DateTimeOriginal"), (PHOTOSHOP, "DateCreated"), (XMP_BASIC, "CreateDate"))
    for packet in packets:
        for name in names:
            moment = parsed_time(packet.get(*name) or "", None, None)
            if moment is not None:
                return moment
    return None


def parsed_time(text: str, subseconds: str | None, offset: str | None) -> datetime | None:
    """A camera's time: ``2026:11:22 16:40:00`` or the XMP form, with sub-seconds and offset from wherever.

    None where it is no time, such as the zeros of a clock that was never set.
    """
    match = _EXIF_TIME.match(text.strip())
    if match is None:
        return None
    digits = (match[7] or (subseconds or "").strip()).split(" ")[0]
    microsecond = int(digits[:6].ljust(6, "0")) if digits.isascii() and digits.isdigit() else 0
    zone = _OFFSET.match(offset or "") or _OFFSET.match(text.strip()[match.end() :])
    info = None
    if zone is not None:
        delta = timedelta(hours=int(zone[3] or 0), minutes=int(zone[4] or 0))
        info = timezone(-delta if zone[2] == "-" else delta) if delta < timedelta(hours=24) else None
    year, month, day, hour, minute = map(int, match.group(1, 2, 3, 4, 5))
    if year not in _YEARS:
        return None
    try:
        return datetime(year, month, day, hour, minute, int(match[6] or 0), microsecond, info)
    except ValueError:
        return None


def preview_in(source: Source, suffix: str) -> bytes | None:
    """The best embedded preview of an open photo, as JPEG data.

    Raises:
        FormatError: it is not a photo.
    """
    return detect(source, suffix).handler.preview(source)


def embedded_preview(path: Path) -> bytes | None:
    """The largest preview that a photo file holds, as JPEG data; None where it has none.

    Raises:
        UnreadablePhotoError: the file is missing, may not be read, is empty, damaged or not a photo.
    """
    with open_photo(path) as source:
        try:
            return preview_in(source, path.suffix.lower())
        except FormatError as error:
            raise UnreadablePhotoError(path, error.clause.alone()) from error
        except OSError as error:
            raise unreadable(path, error) from error


def preview_in_place_of(metadata: PhotoMetadata) -> bytes | None:
    """What to decode in place of a photo: of camera RAW the preview that it holds; None for other formats.

    Raises:
        UnreadablePhotoError: it is camera RAW without a preview, or can no longer be read.
    """
    if metadata.format in _DECODED_FORMATS:
        return None
    preview = embedded_preview(metadata.path)
    if preview is None:
        raise UnreadablePhotoError(
            metadata.path, "This {format} file holds no preview to look at.", format=metadata.format
        )
    return preview
