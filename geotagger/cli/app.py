"""The `geotagger` command: its subcommands put together, and the window where none is named."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from geotagger.cli import doctor, forget, learn, predict, set_position, show, strip, tag, undo, version

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
    words = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a character shows a question mark instead of ending the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if words and (words[0] in _COMMANDS or words[0].startswith("-")):
        app(prog_name="geotagger")
    else:
        from geotagger.gui import run  # Qt loads only when the window is wanted

        sys.exit(run([Path(word) for word in words]))
