"""Where else in a photo file a position stands: places that a change of the position does not reach."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from geotagger.core.geo import LatLon
from geotagger.core.sentence import Sentence
from geotagger.metadata import gps, provenance
from geotagger.metadata.container import Contents
from geotagger.metadata.errors import FormatError
from geotagger.metadata.source import MemorySource, Source
from geotagger.metadata.tiff import EXIF_IFD, GPS_IFD, Ifd, Tiff
from geotagger.metadata.tiff_dump import further_packets

_EXIF_BLOCK = re.compile(rb"Exif\0\0(?:II\*\0|MM\0\*)")
_FILM_POSITION = re.compile(rb"\xa9xyz.{4}[+-]\d|location\.ISO6709", re.DOTALL)
_ODD_NAME = re.compile(r"(gps)?(latitude|longt?itude)", re.IGNORECASE)
"""Drones write such names into namespaces of their own, one of them misspelt."""
_SPEAKS_OF_POSITION = re.compile(rb"GPSL(?:at|ong)itude")
_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 64
_MAX_BLOCK_BYTES = 1 << 16
_MAKER_NOTE = 0x927C
_NEAR_DEG = 1e-5
_ZERO_DEG = 1e-3
"""Numbers nearer to zero mean anything."""


def places_left(source: Source, contents: Contents, removed: LatLon | None) -> list[Sentence]:
    """Clauses for the user, one for each place in which a file still holds a position.

    Args:
        source: the file as it will be.
        contents: what it carries.
        removed: the position that it had, to be looked for in maker notes, which nobody can read in full.

    Raises:
        OSError: the file cannot be read.
    """
    found = []
    if contents.is_opaque:
        found.append(
            Sentence("this program does not look into {format} files for a position", format=contents.format)
        )
    if _may_hold_position(contents):
        found.append(Sentence("its EXIF block may hold a position"))
    if any(map(holds_further_position, contents.exif)):
        found.append(Sentence("another of its pages holds a position"))
    if removed is not None and any(_repeats(note, removed) for note in _maker_notes(contents)):
        found.append(Sentence("its maker note repeats the position"))
    packet = provenance.parsed(contents.xmp)
    if packet is not None and any(_ODD_NAME.fullmatch(p.name[1]) for p in packet.properties):
        found.append(Sentence("its XMP holds a position in a maker's own words"))
    elif contents.extended_xmp_places or _SPEAKS_OF_POSITION.search(
        (contents.xmp or b"").replace(b"\0", b"")  # in UTF-16, too
    ):
        found.append(Sentence("its XMP may hold a position"))
    image, film = _behind(source, contents)
    if image:
        found.append(Sentence("a further image within the file holds a position"))
    if film:
        found.append(Sentence("the film within the file holds a position"))
    return found


def _may_hold_position(contents: Contents) -> bool:
    """Whether there is half a position, a GPS directory that cannot be read, or more than can be looked through.

    Whole positions are taken out before.
    """
    directories: list[Ifd | None] = []
    for block in contents.exif:
        with suppress(FormatError):
            tiff = Tiff(block, contents.magics)
            first = tiff.ifd(tiff.first_ifd)
            if tiff.integer(first.get(GPS_IFD)):
                directories.append(tiff.pointed(first, GPS_IFD))
            if not tiff.walks_whole():
                directories.append(None)
    if contents.gps_directory is not None:
        with suppress(FormatError):
            apart = Tiff(contents.gps_directory, contents.magics)
            directories.append(apart.ifd(apart.first_ifd))
    return any(ifd is None or ifd.get(gps.LAT) or ifd.get(gps.LON) for ifd in directories)


def holds_further_position(block: Source) -> bool:
    """Whether a directory other than the first refers to a position, or holds one in its XMP."""
    try:
        tiff = Tiff(block)
        tables = list(tiff.walk())
    except FormatError:
        return False
    pages = (ifd for name, ifd in tables if name.endswith("/GPS") and name != "IFD0/GPS")
    if any(ifd.get(gps.LAT) or ifd.get(gps.LON) for ifd in pages):
        return True
    packets = map(provenance.parsed, further_packets(block))
    return any(packet is not None and provenance.holds_position(packet) for packet in packets)


def _maker_notes(contents: Contents) -> Iterator[bytes]:
    for block in contents.exif:
        try:
            tiff = Tiff(block)
            exif = tiff.pointed(tiff.ifd(tiff.first_ifd), EXIF_IFD)
        except FormatError:
            continue
        note = exif.get(_MAKER_NOTE) if exif is not None else None
        if note is not None:
            yield tiff.value(note)


def _repeats(note: bytes, position: LatLon) -> bool:
    """Whether both coordinates stand in a maker note as numbers, in a way that makers are known to write them."""
    return all(_holds_number(note, abs(deg)) for deg in (position.lat_deg, position.lon_deg))


def _holds_number(data: bytes, deg: float) -> bool:
    degrees, minutes, _ = gps.arc_parts(deg)
    if any(struct.pack(order + "4I", degrees, 1, minutes, 1) in data for order in "<>"):
        return True
    for kind in ("<f8", ">f8", "<f4", ">f4"):
        size = int(kind[2])
        for shift in range(size):
            numbers = np.frombuffer(data[shift : len(data) - (len(data) - shift) % size], kind)
            with np.errstate(invalid="ignore"):  # most bytes of a maker note are no such numbers
                near = abs(abs(numbers) - deg) < _NEAR_DEG
            if deg > _ZERO_DEG and near.any():
                return True
    return False


def _behind(source: Source, contents: Contents) -> tuple[bool, bool]:
    """Whether other EXIF blocks in the file, of second images and previews, and films hold a position."""
    own = {block.read(0, min(block.size, _MAX_BLOCK_BYTES)) for block in contents.exif if block is not source}
    image = film = False
    position = 0
    while position < source.size and not (image and film):
        data = source.read(position, _CHUNK_BYTES)
        film = film or _FILM_POSITION.search(data) is not None
        for match in _EXIF_BLOCK.finditer(data):
            start = position + match.start() + 6
            block = source.read(start, _MAX_BLOCK_BYTES)
            if not any(block.startswith(one) for one in own):
                image = image or _holds_position(block)
        if len(data) < _CHUNK_BYTES:
            break
        position += _CHUNK_BYTES - _OVERLAP_BYTES
    return image, film


def _holds_position(block: bytes) -> bool:
    try:
        tiff = Tiff(MemorySource(block))
        directory = tiff.pointed(tiff.ifd(tiff.first_ifd), GPS_IFD)
    except FormatError:
        return False
    return directory is not None and gps.position_of(tiff, directory) is not None
