"""The bytes of a file as it is or will be, piece by piece, and their SHA-256."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

from geotagger.metadata.edit import Edit, pieces
from geotagger.metadata.source import FileSource, Source

_CHUNK_BYTES = 1 << 18
_SMALL_BYTES = 1 << 14
"""Runs between the splices of an edit are shorter than this; they are put together, to be written in one go."""


def edited_bytes(source: Source, edit: Edit) -> Iterator[bytes]:
    """The bytes of the edited file from front to back, in pieces of about the same size.

    Raises:
        OSError: the file ends before its size.
    """
    small: list[bytes] = []
    for piece in pieces(source.size, edit):
        if isinstance(piece, bytes):
            small.append(piece)
            continue
        start, length = piece
        while length:
            chunk = source.read(start, min(length, _CHUNK_BYTES))
            if not chunk:
                raise OSError(errno.EIO, "the file became shorter while it was read")
            start += len(chunk)
            length -= len(chunk)
            if len(chunk) < _SMALL_BYTES:
                small.append(chunk)
                continue
            if small:
                yield b"".join(small)
                small.clear()
            yield chunk
    if small:
        yield b"".join(small)


def digest(source: Source, edit: Edit = ()) -> str:
    """SHA-256 (hex) of a whole file after an edit.

    Raises:
        OSError: it cannot be read.
    """
    result = hashlib.sha256()
    for chunk in edited_bytes(source, edit):
        result.update(chunk)
    return result.hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a whole file.

    Raises:
        OSError: it cannot be read.
    """
    with FileSource(path, tracked=False) as source:
        return digest(source)


def is_before(path: Path, edit: Edit) -> bool:
    """Whether a file still holds all that an edit would remove, so that the edit was not made.

    Raises:
        OSError: it cannot be read.
    """
    if not path.exists():
        return False
    with FileSource(path, tracked=False) as source:
        return all(source.read(s.offset, len(s.removed)) == s.removed for s in edit)
