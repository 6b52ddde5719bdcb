"""Where the program's own files are: shipped resources, and the user's folders."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from platformdirs import PlatformDirs

from geotagger.core.errors import ResourceError, UserFolderError
from geotagger.core.os_reason import os_reason

log = logging.getLogger(__name__)

_dirs = PlatformDirs("geotagger", appauthor=False)


@cache
def _resource_root() -> Path:
    """The resources folder of an installed wheel, of a frozen program, or of the source tree."""
    package = Path(__file__).resolve().parents[1]
    candidates = [package / "resources", package.parent / "resources"]
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        candidates.insert(0, Path(frozen) / "resources")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise ResourceError("The program's resources folder is missing; please install the program again.")


def resource_path(*parts: str) -> Path:
    """Path of a file or folder that ships with the program.

    Raises:
        ResourceError: there is no such file or folder.
    """
    path = _resource_root().joinpath(*parts)
    if not path.exists():
        name = "/".join(parts)
        raise ResourceError(
            "The program's file {name} is missing; please install the program again.", name=name
        )
    return path


def _folder(variable: str, default: str) -> Path:
    path = Path(os.environ.get(variable) or default)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserFolderError(
            "The program's own folder {folder} cannot be made ({problem}); the variable {variable} names another.",
            folder=str(path),
            problem=os_reason(error),
            variable=variable,
        ) from error
    return path


def data_dir() -> Path:
    """Folder of the user's database (``GEOTAGGER_DATA_DIR`` overrides it); made if missing.

    This and the other folders of the user raise ``UserFolderError`` where they cannot be made.
    """
    return _folder("GEOTAGGER_DATA_DIR", _dirs.user_data_dir)


def config_dir() -> Path:
    """Folder of the user's settings (``GEOTAGGER_CONFIG_DIR`` overrides it); made if missing."""
    return _folder("GEOTAGGER_CONFIG_DIR", _dirs.user_config_dir)


def cache_dir() -> Path:
    """Folder of what can be made again, such as thumbnails (``GEOTAGGER_CACHE_DIR`` overrides it)."""
    return _folder("GEOTAGGER_CACHE_DIR", _dirs.user_cache_dir)


def log_dir() -> Path:
    """Folder of the log files (``GEOTAGGER_LOG_DIR`` overrides it); made if missing."""
    return _folder("GEOTAGGER_LOG_DIR", _dirs.user_log_dir)


def set_aside(file: Path) -> None:
    """Rename a damaged file of the user's own to ``….damaged``, so that what is written next does not take its place."""
    try:
        file.replace(file.with_name(file.name + ".damaged"))
    except OSError as error:
        log.warning("The damaged file %s could not be set aside: %s", file, error)


def replace_text(file: Path, text: str) -> None:
    """Write a small file of the user's own so that a crash leaves either the old or the new one.

    Raises:
        OSError: the disk is full or may not be written; the old file is as it was.
    """
    replace_files({file: text.encode("utf-8")}, mode=0o600)


def replace_files(contents: Mapping[Path, bytes], *, mode: int = 0o666) -> None:
    """Write files that belong together: all old ones stay until all new ones are whole on the disk.

    A crash between them leaves old ones and new ones; what must notice that (a model's manifest) holds their hashes.

    Args:
        mode: of the new files, as far as the user's mask allows.

    Raises:
        OSError: the disk is full or may not be written; the old files are as they were. Should one not even go back
            to its place, it lies beside it, named ``.old``.
    """
    temporaries = {file: file.with_name(f"{file.name}.{secrets.token_hex(4)}.part") for file in contents}
    try:
        for file, temporary in temporaries.items():
            with open(temporary, "xb", opener=partial(os.open, mode=mode)) as stream:
                stream.write(contents[file])
                stream.flush()
                os.fsync(stream.fileno())
        _take_places(temporaries)
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _take_places(temporaries: Mapping[Path, Path]) -> None:
    """Rename all new files to their names, or none: where one cannot be, those before it are put back."""
    old: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        # Of a single file, the one rename is all or nothing by itself.
        for file, temporary in temporaries.items() if len(temporaries) > 1 else ():
            if file.exists():
                old[file] = temporary.with_suffix(".old")
                _name_again(file, old[file])
        for file, temporary in temporaries.items():
            temporary.replace(file)
            placed.append(file)
    except BaseException:
        for file in reversed(placed):
            aside = old.pop(file, None)
            with suppress(OSError):
                if aside is None:
                    file.unlink()
                else:
                    aside.replace(file)
        raise
    finally:
        for aside in old.values():
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def _name_again(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:
        shutil.copy2(file, name)  # some file systems know no second names
