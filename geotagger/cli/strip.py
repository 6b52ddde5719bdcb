"""``geotagger strip``: removes positions from photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geotagger.cli.output import emit, find_photos, finish, journalled, say, with_progress
from geotagger.cli.predict import Paths
from geotagger.core.errors import GeotaggerError, PhotoError
from geotagger.core.write_policy import WritePolicy
from geotagger.metadata import strip_fixes


def command(
    paths: Paths,
    estimates_only: Annotated[
        bool, typer.Option("--estimates-only", help="Only the positions that this program estimated.")
    ] = False,
) -> None:
    """Remove positions from photos and their sidecars. Folders are read recursively."""
    try:
        failures, left = _strip(paths, estimates_only)
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    if left:
        say(f"{left} photo{'s still hold' if left > 1 else ' still holds'} a position.")
    finish(failures)
    if left:
        raise typer.Exit(1)


def _strip(paths: list[Path], estimates_only: bool) -> tuple[int, int]:
    """Remove positions; returns how many photos could not be done, and how many others still hold one."""
    photos, failed = find_photos(paths)
    for path, sentence in failed:
        say(f"{path}: {sentence}")
    failures = len(failed)
    left = 0
    with journalled("strip") as (journal, run_id):
        results = strip_fixes(photos, WritePolicy(), journal, run_id, estimates_only=estimates_only)
        for path, outcome in with_progress(results, len(photos), "Removing"):
            if isinstance(outcome, PhotoError):
                failures += 1
                say(f"{path}: {outcome.reason}")
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                left += outcome.leaves_position
                if outcome.written_to is not None:
                    emit(f"{outcome.written_to}: position removed")
                if outcome.note:
                    say(f"{path}: {outcome.note}")
    return failures, left
