"""Writes what the trainer makes: each file whole or not at all, and a sentence where it cannot be."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from geotagger.core.errors import GeotaggerError
from geotagger.core.paths import replace_files


class NotWrittenError(GeotaggerError):
    """A file cannot be written; what lay there before is as it was."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            "{path} cannot be written: {problem}. What lay there before is as it was.",
            path=path,
            problem=error.strerror or error,
        )


def file_ending(ending: str) -> Callable[[str], Path]:
    """The type of an argument that names a file to write, so that nobody's photo is replaced by a slip of the hand.

    Args:
        ending: what its name must end in, such as ``.html``.
    """

    def path_of(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() != ending:
            raise argparse.ArgumentTypeError(f"{text} does not end in {ending}")
        return path

    return path_of


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file, which is there whole or not at all; texts in UTF-8.

    Raises:
        NotWrittenError: the disk is full or may not be written; the file before it is kept.
    """
    try:
        replace_files({path: content.encode("utf-8") if isinstance(content, str) else content})
    except OSError as error:
        raise NotWrittenError(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder where there is none.

    Raises:
        NotWrittenError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWrittenError(path, error) from error
