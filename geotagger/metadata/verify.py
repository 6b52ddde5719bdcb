"""The last word before a write: the file as it would be is parsed again and compared with the file as it is."""

from __future__ import annotations

from geotagger.core.fix import Fix
from geotagger.core.geo import LatLon
from geotagger.metadata import provenance
from geotagger.metadata.container import Change, Contents, PhotoFormat
from geotagger.metadata.edit import Edit, EditedSource
from geotagger.metadata.errors import SIGNED, FormatError, UnsafeError
from geotagger.metadata.left_positions import holds_further_position
from geotagger.metadata.reading import fix_in
from geotagger.metadata.source import Source
from geotagger.metadata.tiff_dump import dump, first_packet, further_packets


def checked_edit(source: Source, handler: PhotoFormat, change: Change, fix: Fix | None) -> Edit:
    """The edit of a file for a change, after the result was re-read and found right.

    Args:
        fix: what the file must hold afterwards; None for no position.

    Raises:
        UnsafeError: it cannot be changed safely, or the result did not pass.
    """
    try:
        edit = handler.edit(source, change)
    except FormatError as error:
        raise UnsafeError("its EXIF block is damaged ({problem})", problem=error.clause) from error
    after = EditedSource(source, edit)
    try:
        old, new = handler.contents(source), handler.contents(after)
        packet_of_old = provenance.parsed(old.xmp)
        if edit and packet_of_old is not None and provenance.is_signed_elsewhere(packet_of_old):
            raise UnsafeError(SIGNED)
        if handler.frame(source) != handler.frame(after):
            raise UnsafeError("the changed file would differ outside of its metadata")
        _same_tags(old, new, everywhere=change.further_xmp is not None)
        inner = [first_packet(block) for block in new.exif]
        for packet, block in zip(inner, old.exif, strict=False):
            if packet != (before := first_packet(block)):
                _same_xmp(before, packet)
    except FormatError as error:
        raise UnsafeError("the changed file would not be readable") from error
    _same_xmp(old.xmp, new.xmp)
    _right_position(new, fix)
    for packet in (new.xmp, *inner):
        _no_other_position(packet, fix)
    if change.further_xmp is not None and any(map(holds_further_position, new.exif)):
        raise UnsafeError("a position would be left in the file")
    return edit


def _same_tags(old: Contents, new: Contents, *, everywhere: bool) -> None:
    if (old.format, old.width_px, old.height_px) != (new.format, new.width_px, new.height_px):
        raise UnsafeError("the changed file would not show the same image")
    if old.exif and new.exif:
        if len(old.exif) != len(new.exif):
            raise UnsafeError("the changed file would lose an EXIF block")
        for before, after in zip(old.exif, new.exif, strict=True):
            if dump(before, everywhere) != dump(after, everywhere):
                raise UnsafeError("the changed file would lose or change a tag")
            if everywhere and _foreign_of_pages(before) != _foreign_of_pages(after):
                raise UnsafeError("the changed file would lose or change XMP properties")


def _foreign_of_pages(block: Source) -> list[object]:
    found = (provenance.foreign(packet.rstrip()) for packet in further_packets(block))
    return [properties for properties in found if properties]


def _same_xmp(old: bytes | None, new: bytes | None) -> None:
    before, after = (provenance.foreign(data) for data in (old, new))
    if before != after:
        raise UnsafeError("the changed file would lose or change XMP properties")


def _right_position(new: Contents, fix: Fix | None) -> None:
    found = fix_in(new, provenance.parsed(new.xmp))
    if fix is None:
        if found is not None:
            raise UnsafeError("a position would be left in the file")
        return
    if not same_fix(found, fix):
        raise UnsafeError("the position would not read back from the changed file")


def _no_other_position(data: bytes | None, fix: Fix | None) -> None:
    """Refuse a packet that contradicts the position: readers differ in which one they believe."""
    packet = provenance.parsed(data)
    if packet is None or not provenance.holds_position(packet):
        return
    if fix is None:
        raise UnsafeError("a position would be left in the file")
    if not _same_place(provenance.position_in(packet), fix):
        raise UnsafeError("the position would not read back from the changed file")


def _same_place(found: LatLon | None, wanted: Fix) -> bool:
    return (
        found is not None
        and abs(found.lat_deg - wanted.position.lat_deg) <= provenance.SAME_PLACE_DEG
        and abs(found.lon_deg - wanted.position.lon_deg) <= provenance.SAME_PLACE_DEG
    )


def same_fix(found: Fix | None, wanted: Fix) -> bool:
    """Whether a position that was read is the one that was to be written, with its source."""
    return found is not None and _same_place(found.position, wanted) and found.source is wanted.source
