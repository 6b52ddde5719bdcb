"""``geotagger undo``: takes back what a run wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geotagger.cli.output import emit, finish, say
from geotagger.core.errors import GeotaggerError
from geotagger.metadata import Journal, JournalError, open_journal

_LARGEST_NUMBER = (1 << 63) - 1
"""No run has a larger one, and the database knows none."""


def command(
    run: Annotated[
        int | None,
        typer.Option(
            metavar="ID", help="The run to take back; the last one if left out.", show_default=False
        ),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the runs instead.")] = False,
) -> None:
    """Take back the last run of writes, or a named one. A file that changed since is left alone."""
    try:
        with open_journal() as journal:
            for kept in journal.kept_copies():
                say(kept.sentence)
            if show_list:
                _list(journal)
                return
            if run is not None and abs(run) > _LARGEST_NUMBER:
                raise JournalError("There is no run {number} in the journal.", number=run)
            failed: set[Path] = set()
            for outcome in journal.undo_run(run):
                if outcome.error is None:
                    emit(f"{outcome.target}: taken back")
                else:
                    failed.add(outcome.path)
                    say(f"{outcome.target}: {outcome.error}")
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    except (KeyboardInterrupt, BrokenPipeError):
        if not show_list:
            say("Interrupted. “geotagger undo --list” shows what is left to take back.")
        raise
    if failed:
        say("What “geotagger undo --list” lists can be taken back with --run.")
    finish(len(failed))


def _list(journal: Journal) -> None:
    for run in journal.runs():
        state = f"{run.writes} written" + (f", {run.undone} taken back" if run.undone else "")
        emit(f"{run.id:>5}  {run.started.astimezone():%Y-%m-%d %H:%M:%S}  {run.kind:<8}  {state}")
