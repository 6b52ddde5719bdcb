"""Keeps the open photos and undecided work on disk, so that a crash, a closed window or an absent drive loses nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from geotagger.core.errors import CoordinateError, UserFolderError
from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.paths import data_dir, replace_text, set_aside
from geotagger.session.photo import Photo

log = logging.getLogger(__name__)

_FORMAT = 1
ABSENT_KEPT_DAYS = 365
"""What was decided of photos that are not there is kept for so long."""
MOST_ABSENT = 20_000
"""Of so many of them at most, those that went last."""


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """What is kept of a photo: where it is and what the user decided; the rest is read or predicted anew.

    Attributes:
        absent_since: the day of the first start that did not find the file, and no start since then did; else None.
    """

    path: Path
    edited: Fix | None = None
    skipped: bool = False
    absent_since: date | None = None

    @property
    def is_decided(self) -> bool:
        """True where the user decided something that is not in the file yet."""
        return self.edited is not None or self.skipped


def kept_session_file() -> Path:
    """Where the session is kept."""
    return data_dir() / "session.json"


def keep_session(photos: Iterable[Photo | KeptPhoto], file: Path | None = None) -> None:
    """Write the session so that a crash leaves either the old or the new file.

    Raises:
        OSError: the disk is full or may not be written.
    """
    file = file or kept_session_file()
    # Row by row: Python's lock is held for as long as one call of dumps takes, and the window waits for it.
    rows = ",\n".join(json.dumps(_as_row(photo)) for photo in photos)
    replace_text(file, f'{{"format": {_FORMAT}, "photos": [\n{rows}\n]}}')


def forget_session(file: Path | None = None) -> None:
    """Remove the kept session, because the user is done with it."""
    (file or kept_session_file()).unlink(missing_ok=True)


def load_session(file: Path | None = None) -> list[KeptPhoto]:
    """The kept session; empty if there is none, or if it cannot be read: that is logged, and the file set aside."""
    try:
        file = file or kept_session_file()
    except UserFolderError as error:
        log.warning("%s", error)
        return []
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["format"] != _FORMAT:
            raise ValueError(f"format {stored['format']}")
        return [_as_photo(row) for row in stored["photos"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, CoordinateError) as error:
        log.warning("The session of last time could not be read: %s", error)
        set_aside(file)
        return []


def kept_while_absent(absent: Iterable[KeptPhoto], today: date) -> list[KeptPhoto]:
    """Those of the photos that are not there whose decisions are kept until they are there again.

    A drive may only not be plugged in. Photos that were deleted look the same, so nothing is kept for ever.
    """
    oldest = today - timedelta(days=ABSENT_KEPT_DAYS)
    marked = (replace(one, absent_since=one.absent_since or today) for one in absent if one.is_decided)
    kept = [(one.absent_since, one) for one in marked if one.absent_since and one.absent_since >= oldest]
    kept.sort(key=lambda pair: pair[0], reverse=True)
    return [one for _, one in kept[:MOST_ABSENT]]


def _as_row(photo: Photo | KeptPhoto) -> dict[str, Any]:
    row: dict[str, Any] = {"path": str(photo.path)}
    if photo.skipped:
        row["skipped"] = True
    if isinstance(photo, KeptPhoto) and photo.absent_since is not None:
        row["absent_since"] = photo.absent_since.isoformat()
    fix = photo.edited
    if fix is not None and not (isinstance(photo, Photo) and fix == photo.written):
        row["fix"] = {
            "lat": fix.position.lat_deg,
            "lon": fix.position.lon_deg,
            "source": fix.source.value,
            "radius_km": fix.radius_km,
            "model": fix.model,
            "probability": fix.probability,
            "candidates": fix.candidates,
        }
    return row


def _as_photo(row: dict[str, Any]) -> KeptPhoto:
    fix = row.get("fix")
    edited = None
    if fix is not None:
        edited = Fix(
            position=LatLon(fix["lat"], fix["lon"]),
            source=Source(fix["source"]),
            radius_km=fix["radius_km"],
            model=fix["model"],
            probability=fix["probability"],
            candidates=tuple((code, probability) for code, probability in fix["candidates"]),
        )
    absent = row.get("absent_since")
    return KeptPhoto(
        Path(row["path"]),
        edited,
        bool(row.get("skipped", False)),
        None if absent is None else date.fromisoformat(absent),
    )
