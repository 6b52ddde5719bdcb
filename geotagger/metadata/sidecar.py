"""XMP sidecars: which of them belong to a photo, and what they say.

``name.ext.xmp`` (darktable, digiKam) is ours to make. ``name.xmp`` (Lightroom, Bridge, Capture One) is read and
merged into where it exists and belongs to this photo alone: two photos with one stem never share a sidecar.
"""

from __future__ import annotations

import os
import stat
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from geotagger.core.sentence import Sentence
from geotagger.metadata.errors import UnsafeError
from geotagger.metadata.xmp import PHOTOSHOP, Packet, packet_of

MAX_SIDECAR_BYTES = 16 << 20
_SURELY_SEEN_NS = 2_000_000_000
"""So long ago, the last change of a folder cannot have the same time as one that comes now (FAT counts in steps of 2 s)."""
DAMAGED_SIDECAR = Sentence("This sidecar is damaged; it is neither read nor changed.")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar on disk.

    Attributes:
        packet: its properties; None where it is damaged.
    """

    path: Path
    stat: os.stat_result
    data: bytes
    packet: Packet | None


def own_path(photo: Path) -> Path:
    """Where a new sidecar of a photo goes."""
    return photo.with_name(photo.name + ".xmp")


def _opened(path: str, flags: int) -> int:
    """Open without waiting for somebody who writes into a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read(path: str) -> Sidecar | None:
    """A sidecar, or None where there is no such file.

    Raises:
        OSError: there is one, but it cannot be read.
    """
    if not os.access(path, os.F_OK):  # the fastest question, asked four times for every photo
        return None
    try:
        with open(path, "rb", opener=_opened) as file:
            status = os.fstat(file.fileno())
            data = file.read(MAX_SIDECAR_BYTES + 1) if stat.S_ISREG(status.st_mode) else None
    except (FileNotFoundError, IsADirectoryError):
        return None
    if data is None:
        return None
    try:
        packet = packet_of(data) if len(data) <= MAX_SIDECAR_BYTES else None
    except UnsafeError:
        packet = None
    return Sidecar(Path(path), status, data, packet)


def sidecars_of(photo: Path, photo_suffixes: frozenset[str], raw_suffixes: frozenset[str]) -> list[Sidecar]:
    """The sidecars of a photo, the one that counts first.

    Args:
        photo_suffixes: suffixes of other files that could claim ``name.xmp`` for themselves.
        raw_suffixes: those among them whose claim is stronger, because raw files need sidecars.

    Raises:
        OSError: a sidecar is there, but cannot be read.
    """
    own = _read(f"{photo}.xmp") or _read(f"{photo}.XMP")
    stem = os.path.splitext(photo)[0]  # noqa: PTH122  (called for every photo)
    shared = _read(f"{stem}.xmp") or _read(f"{stem}.XMP")
    if shared is not None and not _belongs(shared, photo, photo_suffixes, raw_suffixes):
        shared = None
    return [s for s in (own, shared) if s is not None]


def _belongs(
    sidecar: Sidecar, photo: Path, photo_suffixes: frozenset[str], raw_suffixes: frozenset[str]
) -> bool:
    """Whether ``name.xmp`` is about this photo.

    It may say so itself. Else it is about the only photo of that name, or the only raw file among several. Beside
    ``a.jpg.png``, ``a.jpg.xmp`` is that of ``a.jpg``.
    """
    stated = sidecar.packet.get(PHOTOSHOP, "SidecarForExtension") if sidecar.packet else None
    if stated:
        return stated.lower().lstrip(".") == photo.suffix.lower().lstrip(".")
    if Path(photo.stem).suffix.lower() in photo_suffixes:
        return False
    rivals = {
        name.suffix.lower()
        for name in map(Path, _photos_of_stem(photo, photo_suffixes))
        if name.name != photo.name and _shares(sidecar, photo, name)
    }
    return not rivals or (photo.suffix.lower() in raw_suffixes and not rivals & raw_suffixes)


def _shares(sidecar: Sidecar, photo: Path, other: Path) -> bool:
    """Whether the sidecar has the name that another photo's would have, also where case or accents do not count."""
    if other.stem == photo.stem:
        return True
    if _folded(other.stem) != _folded(photo.stem):
        return False
    try:
        return photo.with_name(other.stem + sidecar.path.suffix).samefile(sidecar.path)
    except OSError:
        return False


def _photos_of_stem(photo: Path, photo_suffixes: frozenset[str]) -> Sequence[str]:
    """Names of the photos in its folder that have the stem of a photo, whatever case and accents are written in.

    Thousands of photos of one folder ask this one after the other. What its listing said holds for a second at most, and
    only while the folder shows no change and did not change just now, when another change might not show.
    """
    changed_ns = photo.parent.stat().st_mtime_ns
    listing = _listed if abs(time.time_ns() - changed_ns) > _SURELY_SEEN_NS else _listed.__wrapped__
    return listing(photo.parent, photo_suffixes, changed_ns, int(time.monotonic())).get(
        _folded(photo.stem), ()
    )


@lru_cache(maxsize=4)
def _listed(folder: Path, suffixes: frozenset[str], _changed_ns: int, _second: int) -> dict[str, list[str]]:
    """Names of the photos in a folder by their stem."""
    found: dict[str, list[str]] = {}
    for name in os.listdir(folder):  # noqa: PTH208  (a folder can hold ten thousands of names)
        stem, suffix = os.path.splitext(name)  # noqa: PTH122
        if suffix.lower() in suffixes:
            found.setdefault(_folded(stem), []).append(name)
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
