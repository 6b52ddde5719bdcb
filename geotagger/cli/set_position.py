"""``geotagger set``: writes a given position into photos."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from geotagger.cli.output import emit, find_photos, finish, journalled, say, with_progress
from geotagger.cli.predict import Paths
from geotagger.core.coordinates import format_position, parse_coordinates
from geotagger.core.errors import GeotaggerError, PhotoError
from geotagger.core.file_questions import exists
from geotagger.core.fix import Fix, Source
from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy
from geotagger.metadata import WriteRequest, WriteTarget, write_fixes

_SOUTHERN = re.compile(r"-\.?\d")


class SetCommand(TyperCommand):
    """Takes a latitude that begins with a dash for the position that it is, not for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command; a blank in front of the position keeps it from being an option."""
        for index, word in enumerate(args):
            if word == "--":
                break
            if _SOUTHERN.match(word) and not exists(word):
                args[index] = f" {word}"
                break
        return super().parse_args(ctx, args)


class GivenSource(str, Enum):
    """Where a position that the user gives comes from."""

    MANUAL = "manual"
    TRACK = "track"


def command(
    coordinate: Annotated[
        str,
        typer.Argument(metavar="LAT,LON", help="The position, in any usual notation.", show_default=False),
    ],
    paths: Paths,
    source: Annotated[
        GivenSource, typer.Option(help="Who says so: you, or a recorded track.")
    ] = GivenSource.MANUAL,
    overwrite: Annotated[
        Overwrite, typer.Option(help="Which positions may be replaced.")
    ] = Overwrite.ESTIMATES,
    sidecar: Annotated[SidecarMode, typer.Option(help="Write XMP sidecars.")] = SidecarMode.AUTO,
) -> None:
    """Write a position into photos. Folders are read recursively."""
    try:
        fix = Fix(parse_coordinates(coordinate), Source(source.value))
        failures = _write(fix, paths, WritePolicy(overwrite=overwrite, sidecar=sidecar))
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    finish(failures)


def _write(fix: Fix, paths: list[Path], policy: WritePolicy) -> int:
    """Write a position into photos; returns how many could not be done."""
    photos, failed = find_photos(paths)
    for path, sentence in failed:
        say(f"{path}: {sentence}")
    failures = len(failed)
    kept = 0
    with journalled("set") as (journal, run_id):
        results = write_fixes((WriteRequest(path, fix) for path in photos), policy, journal, run_id)
        for path, outcome in with_progress(results, len(photos), "Writing"):
            if isinstance(outcome, PhotoError):
                failures += 1
                say(f"{path}: {outcome.reason}")
            elif isinstance(outcome, Exception):
                raise outcome
            elif outcome.target is WriteTarget.KEPT:
                kept += 1
                say(f"{path}: {outcome.note}")
            else:
                note = f" ({outcome.note})" if outcome.note else ""
                emit(f"{outcome.written_to}: {format_position(fix.position)}{note}")
    if kept:
        say(f"{kept} kept {'its position' if kept == 1 else 'their positions'}; --overwrite all writes anew.")
    return failures
