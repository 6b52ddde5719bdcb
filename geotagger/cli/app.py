"""The `geotagger` command: its subcommands put together, and the window where none is named."""

from __future__ import annotations

import difflib
import glob
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from geotagger.cli import doctor, forget, learn, predict, set_position, show, strip, tag, undo, version
from geotagger.cli.output import say
from geotagger.core.file_questions import exists

_COMMANDS: dict[str, Callable[..., None]] = {
    "predict": predict.command,
    "tag": tag.command,
    "set": set_position.command,
    "show": show.command,
    "strip": strip.command,
    "undo": undo.command,
    "learn": learn.command,
    "forget": forget.command,
    "doctor": doctor.command,
    "version": version.command,
}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Puts un-located photos on the map. Without a command, opens the window with the photos given.",
)
for _name, _command in _COMMANDS.items():
    app.command(_name, cls=set_position.SetCommand if _name == "set" else None)(_command)


def main() -> None:
    """Run a command, or open the window where the first word is no command."""
    _open_standard_streams()
    words = expanded(sys.argv[1:]) if sys.platform == "win32" else sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a character shows a question mark instead of ending the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if words == ["--version"]:
        words = ["version"]
    if words and (words[0] in _COMMANDS or words[0].startswith("-")):
        app(words, prog_name="geotagger")
    elif words and (meant := _misspelt(words[0])):
        say(f"There is no command, photo or folder “{words[0]}”. Did you mean “geotagger {meant}”?")
        sys.exit(2)
    else:
        from geotagger.gui import run  # Qt loads only when the window is wanted

        sys.exit(run([Path(word) for word in words]))


def _open_standard_streams() -> None:
    """Let streams that the caller has closed lead nowhere.

    Else the next file that is opened, a photo perhaps, gets the number of standard error, and what a library complains
    of there goes into the photo.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  (as long as the program)


def expanded(words: list[str]) -> list[str]:
    """Words with home folder, variables and wildcards filled in, for Windows, whose console leaves that to programs.

    A name that is there as it stands is no pattern: ``a[1].jpg`` must not be taken for ``a1.jpg``.
    """
    result: list[str] = []
    for word in words:
        filled = word if exists(word) else os.path.expandvars(os.path.expanduser(word))  # noqa: PTH111
        is_pattern = glob.has_magic(filled) and not exists(filled)
        result += (is_pattern and sorted(glob.glob(filled, recursive=True))) or [filled]  # noqa: PTH207
    return result


def _misspelt(word: str) -> str | None:
    """The command that was probably meant by a word which is neither a command nor a file."""
    if exists(word):
        return None
    return next(iter(difflib.get_close_matches(word, _COMMANDS, 1, 0.75)), None)
