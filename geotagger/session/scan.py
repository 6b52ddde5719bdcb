"""Finds the photos in what the user dropped: files and folders, recursively, each photo once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from geotagger.core.file_questions import is_folder, is_link
from geotagger.core.os_reason import os_reason
from geotagger.core.sentence import Sentence
from geotagger.metadata import PHOTO_SUFFIXES


@dataclass(frozen=True, slots=True)
class ScanItem:
    """A photo that was found, or something that was passed over.

    Attributes:
        skipped: why it was passed over, as a sentence; None for a photo.
        is_failure: True where the user would have expected a photo: a file that was named, something that
            cannot be read. False for the other files that lie about in a folder.
    """

    path: Path
    skipped: Sentence | None = None
    is_failure: bool = False


def scan(paths: Iterable[Path], cancelled: Callable[[], bool] = lambda: False) -> Iterator[ScanItem]:
    """Find photos in files and folders, lazily and in a stable order.

    Folders are read recursively. A photo reached by two ways (twice in ``paths``, or through a link) comes
    once. Hidden files and folders are left out silently, and so are sidecars, which are read with the photo that
    they lie beside; everything else that is no photo is reported with its reason, so that it can be counted and named. Links that lead out of the chosen folder are not
    followed: nothing outside of what the user chose is ever touched.
    """
    seen: set[str] = set()
    for path in paths:
        for item in _scan_folder(path) if is_folder(path) else [_scan_file(path, is_named=True)]:
            if cancelled():
                return
            real = os.path.realpath(item.path)
            if item.skipped is None and real in seen:
                continue
            seen.add(real)
            yield item


def _scan_file(path: Path, is_named: bool = False) -> ScanItem:
    try:
        path.stat()
    except OSError as error:
        if is_link(path) and error.errno in (errno.ENOENT, errno.ELOOP):
            return ScanItem(path, Sentence("This link leads nowhere."), is_failure=True)
        if isinstance(error, FileNotFoundError):
            return ScanItem(path, Sentence("There is no such file or folder."), is_failure=True)
        return ScanItem(
            path,
            Sentence("It cannot be reached: {problem}.", problem=os_reason(error)),
            is_failure=True,
        )
    if path.suffix.lower() not in PHOTO_SUFFIXES:
        return ScanItem(
            path, Sentence("This is not a photo format that the program knows."), is_failure=is_named
        )
    return ScanItem(path)


def _scan_folder(root: Path) -> Iterator[ScanItem]:
    problems: list[OSError] = []
    links: list[Path] = []
    inside = os.path.realpath(root)
    for folder, subfolders, names in os.walk(root, onerror=problems.append):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for subfolder in subfolders:
            linked = Path(folder, subfolder)
            if is_link(linked):
                yield ScanItem(linked, Sentence("Links to folders are not followed."))
        own = _names_of_sidecars(names)
        for name in sorted(names):
            if name.startswith(".") or name.lower() in own:
                continue
            path = Path(folder, name)
            if not is_link(path):
                yield _scan_file(path)
            elif os.path.realpath(path).startswith(inside + os.sep):
                links.append(path)
            else:
                yield ScanItem(path, Sentence("The link leads out of the folder and was not followed."))
    # Last, so that a photo goes by its own name, beside which its sidecar lies.
    yield from map(_scan_file, links)
    for problem in problems:
        reason = Sentence("This folder cannot be read: {problem}.", problem=os_reason(problem))
        if isinstance(problem, PermissionError):
            reason = Sentence("You have no right to read this folder.")
        yield ScanItem(Path(problem.filename), reason, is_failure=True)


def _names_of_sidecars(names: Iterable[str]) -> set[str]:
    """What the sidecars of the photos among these files may be called, in small letters."""
    parts = [os.path.splitext(name.lower()) for name in names]  # noqa: PTH122 - of every file in a folder
    photos = [(stem, suffix) for stem, suffix in parts if suffix in PHOTO_SUFFIXES]
    return {f"{name}.xmp" for stem, suffix in photos for name in (stem, stem + suffix)}
