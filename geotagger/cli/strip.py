"""``geotagger strip``: removes positions from photos."""

from __future__ import annotations

from typing import Annotated

import typer

from geotagger.cli.output import emit, find_photos, finish, say, with_progress
from geotagger.cli.predict import Paths
from geotagger.core.errors import GeotaggerError, PhotoError
from geotagger.core.write_policy import WritePolicy
from geotagger.metadata import WriteTarget, open_journal, strip_fixes


def command(
    paths: Paths,
    estimates_only: Annotated[
        bool, typer.Option("--estimates-only", help="Only the positions that this program estimated.")
    ] = False,
) -> None:
    """Remove positions from photos and their sidecars. Folders are read recursively."""
    try:
        journal = open_journal()
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    photos, failed = find_photos(paths)
    for path, sentence in failed:
        say(f"{path}: {sentence}")
    failures = len(failed)
    with journal:
        run_id = journal.begin_run("strip")
        results = strip_fixes(photos, WritePolicy(), journal, run_id, estimates_only=estimates_only)
        for path, outcome in with_progress(results, len(photos), "Removing"):
            if isinstance(outcome, PhotoError):
                failures += 1
                say(f"{path}: {outcome.reason}")
            elif isinstance(outcome, Exception):
                raise outcome
            elif outcome.target is WriteTarget.KEPT:
                say(f"{path}: {outcome.note}")
            else:
                emit(f"{outcome.written_to}: position removed")
    finish(failures)
