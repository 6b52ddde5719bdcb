"""What a TIFF structure holds, in a form in which it can be compared before and after a change."""

from __future__ import annotations

import hashlib

from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.source import Source
from geotagger.metadata.tiff import GPS_IFD, XMP, Entry, Tiff

_KEPT_WHOLE_BYTES = 64
"""Longer values are kept as their SHA-256: half a million entries could all show the same 4 KiB."""
_NOT_COUNTED_BYTES = 4096
"""Pages may share values up to this length, as colour profiles, as often as they like."""
_CHUNK_BYTES = 1 << 20
_MOST_TIMES_READ = 8
"""Values as long as the block so many times in all are no honest ones."""


def dump(source: Source, everywhere: bool = False) -> list[tuple[str, int, int, int, bytes]]:
    """All entries of all directories with their values, but for the position, XMP and the pointers to them.

    Two dumps are equal exactly if no other tag was lost, added or changed. Of long values, such as the layers of a
    picture, they hold the SHA-256.

    Args:
        everywhere: leave these out of further directories, too.

    Raises:
        UnsafeError: its values are many times as long as the block itself, because they lie in each other.
    """
    tiff = Tiff(source)
    left = [_MOST_TIMES_READ * source.size]
    return sorted(
        (name, e.tag, e.type, e.values, _fingerprint(tiff, e, left))
        for name, ifd in tiff.walk()
        if name != "IFD0/GPS" and not (everywhere and name.endswith("/GPS"))
        for e in ifd.entries
        if not ((everywhere or name == "IFD0") and e.tag in (GPS_IFD, XMP))
    )


def _fingerprint(tiff: Tiff, entry: Entry, left: list[int]) -> bytes:
    """A value, or the SHA-256 of a long one; ``left`` holds how many bytes may still be read for such."""
    if entry.size <= _KEPT_WHOLE_BYTES:
        return tiff.value(entry)
    start = tiff.offset_of(entry)
    end = min(start + entry.size, tiff.source.size)
    if entry.size > _NOT_COUNTED_BYTES:
        left[0] -= max(0, end - start)
        if left[0] < 0:
            raise UnsafeError("its EXIF values overlap")
    digest = hashlib.sha256()
    for offset in range(start, end, _CHUNK_BYTES):
        digest.update(tiff.source.read(offset, min(_CHUNK_BYTES, end - offset)))
    return digest.digest()


def first_packet(source: Source) -> bytes | None:
    """The XMP packet of the first directory; None where it has none."""
    tiff = Tiff(source)
    entry = tiff.ifd(tiff.first_ifd).get(XMP)
    return tiff.value(entry, 1 << 30) if entry is not None else None


def further_packets(source: Source) -> list[bytes]:
    """The XMP packets of all directories but the first."""
    tiff = Tiff(source)
    return [
        tiff.value(e, 1 << 30)
        for name, ifd in tiff.walk()
        if name != "IFD0"
        for e in ifd.entries
        if e.tag == XMP
    ]
