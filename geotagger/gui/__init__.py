"""The window: thin PySide6 adapters over the session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def run(paths: Sequence[Path]) -> int:
    """Open the window, with these photos if any are given; returns the exit status when it is closed."""
    from geotagger.gui import app

    return app.run(paths)
