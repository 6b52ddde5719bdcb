"""``geotagger forget``: removes photos from the user's gallery."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from geotagger.cli.output import say
from geotagger.cli.predict import Paths
from geotagger.core.errors import GeotaggerError


def command(paths: Paths) -> None:
    """Remove photos, or all photos below folders, from the gallery. The photos themselves are not touched."""
    from geotagger.evidence.gallery import Gallery

    try:
        with Gallery() as gallery:
            # Learned paths are as they were named, or below a folder that was resolved when it was scanned.
            named = [
                variant
                for path in paths
                for variant in dict.fromkeys((path, path.absolute(), Path(os.path.realpath(path))))
            ]
            removed = gallery.forget(named)
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    say(f"Forgot {removed} photo{'' if removed == 1 else 's'}.")
