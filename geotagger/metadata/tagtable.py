"""The table of tags before and after a write, as shown to the user before it happens."""

from __future__ import annotations

from geotagger.metadata import gps, provenance
from geotagger.metadata.container import Contents
from geotagger.metadata.errors import FormatError
from geotagger.metadata.model import TagChange
from geotagger.metadata.tiff import GPS_IFD, Tiff
from geotagger.metadata.xmp import PREFIXES, Packet


def tags_in(contents: Contents) -> dict[str, str]:
    """Tags of position and provenance that a file holds, by name."""
    rows: dict[str, str] = {}
    for block in contents.exif:
        try:
            tiff = Tiff(block, contents.magics)
            ifd = tiff.pointed(tiff.ifd(tiff.first_ifd), GPS_IFD)
        except FormatError:
            continue
        if ifd is not None:
            for entry in ifd.entries:
                rows.setdefault(gps.TAG_NAMES.get(entry.tag, f"GPS {entry.tag:#06x}"), gps.shown(tiff, entry))
    return rows | tags_in_packet(provenance.parsed(contents.xmp))


def tags_in_packet(packet: Packet | None) -> dict[str, str]:
    """Tags of position and provenance that an XMP packet holds, by name."""
    if packet is None:
        return {}
    return {
        f"XMP {PREFIXES[p.name[0]]}:{p.name[1]}": p.value
        for p in packet.properties
        if provenance.is_ours(p.name)
    }


def changes(before: dict[str, str], after: dict[str, str]) -> tuple[TagChange, ...]:
    """The rows that differ, in the order of the tags."""
    names = [*before, *(n for n in after if n not in before)]
    return tuple(TagChange(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n))
