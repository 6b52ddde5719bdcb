"""Questions about paths of the user, answered with no where the system does not say: no rights, a share that is gone.

The methods of ``Path`` raise there (up to Python 3.13), in the middle of looking through a folder.
"""

from __future__ import annotations

import os
from pathlib import Path


def exists(path: Path | str) -> bool:
    """Whether there is a file or folder, as far as one can see."""
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: Path) -> bool:
    """Whether a path, or what it links to, is a folder, as far as one can see."""
    return os.path.isdir(path)  # noqa: PTH112


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link, as far as one can see."""
    return os.path.islink(path)  # noqa: PTH114
