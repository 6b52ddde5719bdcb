"""``geotagger show``: what position and provenance each photo holds."""

from __future__ import annotations

import contextlib
from typing import Any

from geotagger.cli.output import emit, emit_json, find_photos, finish, say, say_damaged, with_progress
from geotagger.cli.predict import Json, Paths
from geotagger.core.coordinates import format_position, format_radius
from geotagger.core.errors import PhotoError
from geotagger.metadata import JournalError, PhotoMetadata, open_journal, read_photo


def command(paths: Paths, json: Json = False) -> None:
    """Show what position each photo holds, and who says so. Folders are read recursively."""
    # What an interrupted write left half-way is put in order first, if the journal can be opened at all.
    with contextlib.suppress(JournalError), open_journal() as journal:
        for kept in journal.kept_copies():
            say(kept.sentence)
    photos, failed = find_photos(paths)
    for path in with_progress(photos, len(photos), "Reading"):
        try:
            metadata = read_photo(path)
        except PhotoError as error:
            failed.append((path, error.reason))
            continue
        say_damaged(metadata)
        if json:
            emit_json(as_json(metadata))
        else:
            emit(f"{path}: {as_text(metadata)}")
    for path, sentence in failed:
        say(f"{path}: {sentence}")
        if json:
            emit_json({"path": str(path), "state": "failed", "error": sentence})
    finish(len(failed))


def as_json(metadata: PhotoMetadata) -> dict[str, Any]:
    """The line of ``show --json`` for one photo."""
    fix = metadata.fix
    return {
        "path": str(metadata.path),
        "position": {"lat": fix.position.lat_deg, "lon": fix.position.lon_deg} if fix else None,
        "radius_km": fix.radius_km if fix else None,
        "source": fix.source.value if fix else None,
        "sidecar": str(metadata.sidecar) if metadata.sidecar else None,
        "from_sidecar": metadata.fix_from_sidecar,
        "model": fix.model if fix else None,
        "probability": fix.probability if fix else None,
        "taken": metadata.taken.isoformat() if metadata.taken else None,
        "camera": metadata.camera,
        "format": metadata.format,
    }


def as_text(metadata: PhotoMetadata) -> str:
    """Position, radius and source of one photo in words."""
    fix = metadata.fix
    if fix is None:
        return "no position"
    radius = f" {format_radius(fix.radius_km)}" if fix.radius_km is not None else ""
    where = f", from {metadata.sidecar.name}" if metadata.fix_from_sidecar and metadata.sidecar else ""
    return f"{format_position(fix.position)}{radius} ({fix.source.value}{where})"
