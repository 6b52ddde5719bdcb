"""What commands print: results to standard output, messages and progress to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from geotagger.metadata import DAMAGED_SIDECAR, Journal, PhotoMetadata, open_journal
from geotagger.session.scan import scan

T = TypeVar("T")


def say(sentence: str) -> None:
    """Print a message for the user."""
    text = printable(sentence)
    if _bars and sys.stderr.isatty():
        _above(_bars[-1], text)
    else:
        print(text, file=sys.stderr)


def emit(text: str) -> None:
    """Print a line of the result."""
    _print(printable(text))


def emit_json(value: dict[str, Any]) -> None:
    """Print one JSON object on a line of its own, in ASCII, so that file names survive whatever their bytes are."""
    _print(json.dumps(value))


def _print(line: str) -> None:
    try:
        if _bars and sys.stdout.isatty():
            _above(_bars[-1], line)
        else:
            print(line)
    except BrokenPipeError:
        raise  # whoever read it has seen enough; the command ends quietly
    except OSError as error:
        say(f"The results cannot be printed ({error.strerror}); what was done so far stays.")
        raise typer.Exit(2) from error


_bars: list[Progress] = []
"""The bar that is shown at the moment, if any."""


def _above(bar: Progress, line: str) -> None:
    """Print a line on the terminal that also shows a bar, in one piece whatever its length."""
    bar.console.print(line, soft_wrap=True, markup=False, emoji=False, highlight=False)


def printable(text: str) -> str:
    """The text without control characters, so that a file name cannot steer the terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


@contextmanager
def journalled(kind: str) -> Iterator[tuple[Journal, int]]:
    """The journal, with a run of its own that can be taken back.

    Says what an earlier, interrupted write left unclear; and if this run is interrupted (Ctrl+C, or by a reader of the
    results that has seen enough), when all that was begun is finished, how it can be taken back.

    Yields:
        The journal and the number of the run.

    Raises:
        JournalError: it cannot be used.
    """
    run_id = 0
    try:
        with open_journal() as journal:
            for kept in journal.kept_copies():
                say(kept.sentence)
            run_id = journal.begin_run(kind)
            yield journal, run_id
    except (KeyboardInterrupt, BrokenPipeError):
        if run_id:
            say(f"Interrupted. “geotagger undo --run {run_id}” takes back what was written.")
        raise


def find_photos(paths: Iterable[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Scan what the user named: the photos, and what failed with its sentence.

    Other files that lie about in folders are only counted, on standard error.
    """
    photos: list[Path] = []
    failed: list[tuple[Path, str]] = []
    passed_over = 0
    for item in scan(paths):
        if item.skipped is None:
            photos.append(item.path)
        elif item.is_failure:
            failed.append((item.path, item.skipped))
        else:
            passed_over += 1
    if passed_over:
        say(f"Passed over {passed_over} other file{'s' if passed_over > 1 else ''} in the folders.")
    if not photos and not failed:
        say("No photos were found.")
    return photos, failed


def say_damaged(metadata: PhotoMetadata | None) -> None:
    """Name the sidecars of a photo that cannot be made sense of: what they say of it is not known."""
    for sidecar in metadata.damaged_sidecars if metadata is not None else ():
        say(f"{sidecar}: {DAMAGED_SIDECAR}")


def with_progress(results: Iterable[T], total: int, doing: str) -> Iterator[T]:
    """Pass results through, showing a bar with the time left where standard error is a terminal.

    Only lines that go to a terminal, too, are printed around it: standard output may well be a file or a pipe.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from results
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        _bars.append(progress)
        try:
            yield from progress.track(results, total=total, description=doing)
        finally:
            _bars.remove(progress)


def finish(failures: int) -> None:
    """End the command: exit code 1 where photos failed, else 0."""
    if failures:
        say(f"{failures} photo{'s' if failures > 1 else ''} could not be done.")
        raise typer.Exit(1)
