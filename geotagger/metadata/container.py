"""What every photo format offers: what it carries, how a change is spliced in, and what must stay the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from geotagger.metadata import provenance
from geotagger.metadata.edit import Edit
from geotagger.metadata.errors import FormatError
from geotagger.metadata.source import MemorySource, Source
from geotagger.metadata.tiff import CLASSIC, GPS_IFD, Tiff
from geotagger.metadata.tiff_dump import first_packet
from geotagger.metadata.tiff_edit import Field, GpsRewrite


@dataclass(frozen=True, slots=True)
class Contents:
    """What a photo file carries.

    Attributes:
        format: name of the format, as in ``PhotoMetadata.format``.
        exif: its TIFF structures, the first being the one that counts.
        xmp: its XMP packet.
        magics: words that may open its TIFF structures; some raw formats have their own.
        exif_directory, gps_directory: TIFF structures that hold nothing but these, where they stand apart.
        orientation_applied: decoders turn the image by themselves, so EXIF must not turn it again.
        resources: its Photoshop image resources, which may hold IPTC records.
        is_opaque: nothing of it can be read but the format.
        extended_xmp_places: what did not fit into the packet of a JPEG file speaks of a position.
    """

    format: str
    width_px: int | None
    height_px: int | None
    exif: tuple[Source, ...] = ()
    xmp: bytes | None = None
    magics: frozenset[int] = frozenset({CLASSIC})
    exif_directory: Source | None = None
    gps_directory: Source | None = None
    orientation_applied: bool = False
    resources: bytes | None = None
    extended_xmp_places: bool = False
    is_opaque: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A change of position, in the terms of the carriers.

    Attributes:
        gps: new entries of a GPS directory from the old ones.
        new_gps: big-endian fields for a file that has no EXIF; empty where none is to be made.
        xmp: the new packet from the old one (None for none); empty to have none.
        further_xmp: the same for packets in further directories (other pages); given where positions in those are
            to go, too.
    """

    gps: GpsRewrite
    new_gps: Sequence[Field]
    xmp: Callable[[bytes | None], bytes]
    further_xmp: Callable[[bytes], bytes] | None = None


class PhotoFormat(Protocol):
    """One file format. The functions raise ``FormatError`` where the bytes are not of that format."""

    def contents(self, source: Source) -> Contents:
        """What the file carries."""

    def preview(self, source: Source) -> bytes | None:
        """The largest JPEG preview in the file."""

    def edit(self, source: Source, change: Change) -> Edit:
        """The splices that make a change.

        Raises:
            UnsafeError: it cannot be made without a risk to the rest of the file.
        """

    def frame(self, source: Source) -> Hashable:
        """Everything but EXIF and XMP that the headers hold; a change must leave it equal."""


def is_blank(block: bytes) -> bool:
    """Whether an EXIF block says nothing: no bytes, or a header and an empty directory, as Pillow writes it."""
    if not block.strip(b"\0"):
        return True
    if len(block) > 16:
        return False
    try:
        tiff = Tiff(MemorySource(block))
        first = tiff.ifd(tiff.first_ifd)
    except FormatError:
        return False
    return not first.entries and not first.next_offset


def changed_packet_in(block: Source, change: Change) -> bytes | None:
    """The new packet for XMP that an EXIF block itself carries, beside that of its file; None to leave it as it is.

    Only a TIFF file should carry its XMP so (tag 700), but some programs take all tags along when they make another
    format of it, and readers look there, too: what it says of a position has to change with the position.

    Raises:
        FormatError: there is no TIFF structure.
        UnsafeError: the packet may hold a position, but cannot be changed.
    """
    old = first_packet(block)
    packet = provenance.parsed(old)
    if not old or (packet is None and b"GPSL" not in old):
        return None
    if packet is not None and not any(provenance.is_ours(p.name) for p in packet.properties):
        return None
    return change.xmp(old)


def block_is_empty_without(block: Source, change: Change) -> bool:
    """Whether a TIFF structure would hold nothing of its own any more: only what we had put there."""
    tiff = Tiff(block)
    tables = list(tiff.walk())
    first = tables[0][1]
    own = {0x11A, 0x11B, 0x128, 0x213, GPS_IFD}
    if len(tables) != 2 or {e.tag for e in first.entries} != own or first.next_offset:
        return False
    pointer = first.get(GPS_IFD)
    return pointer is not None and not change.gps(tiff, tiff.ifd(tiff.offset_of(pointer)).entries)
