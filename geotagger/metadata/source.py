"""Random access to a photo's bytes, whether they lie in memory, in a file, or in a file that is about to change."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Protocol

_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
WINDOW_BYTES = 32_768
"""How much of a file is read at first: enough for the headers of most photos."""


class Source(Protocol):
    """Bytes that can be read at any offset."""

    @property
    def size(self) -> int:
        """Number of bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on; fewer, or none, past the end."""

    def __hash__(self) -> int:
        """Sources are told apart by identity."""


class MemorySource:
    """Bytes in memory."""

    __slots__ = ("data", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on."""
        return self.data[offset : offset + length] if offset >= 0 and length > 0 else b""


class SliceSource:
    """A part of another source, such as the TIFF block within a file."""

    __slots__ = ("base", "size", "start")

    def __init__(self, base: Source, start: int, size: int) -> None:
        self.base = base
        self.start = start
        self.size = max(0, min(size, base.size - start))

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` of this part on."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        return self.base.read(self.start + offset, min(length, self.size - offset))


class FileSource:
    """An open file, read where asked; the digest tells later whether what was read is still the same.

    Args:
        tracked: keep the digest.

    Raises:
        OSError: the file cannot be opened or read.
    """

    __slots__ = ("_digest", "_fd", "_used", "_window", "size", "stat")

    def __init__(self, path: Path | str, *, tracked: bool = True) -> None:
        self._digest = hashlib.sha256() if tracked else None
        self._used = 0
        self._fd = os.open(path, _OPEN_FLAGS)
        try:
            self.stat = os.fstat(self._fd)
            self.size = self.stat.st_size
            is_file = stat.S_ISREG(self.stat.st_mode)
            self._window = self._pread(0, WINDOW_BYTES) if is_file else b""
        except BaseException:
            os.close(self._fd)
            raise

    def _pread(self, offset: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            data: bytes = os.pread(self._fd, length, offset)
            return data
        os.lseek(self._fd, offset, os.SEEK_SET)
        return os.read(self._fd, length)

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on."""
        if offset < 0 or length <= 0:
            return b""
        end = offset + length
        if end <= len(self._window) or len(self._window) >= self.size:
            if end > self._used:
                self._used = end
            return self._window[offset:end]
        if offset >= self.size:
            return b""
        data = self._pread(offset, min(length, self.size - offset))
        if self._digest is not None:
            self._digest.update(data)
        return data

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that was asked for so far, or of its first part where that is not tracked."""
        digest = hashlib.sha256() if self._digest is None else self._digest.copy()
        digest.update(self._window[: self._used])
        return digest.hexdigest()

    @property
    def descriptor(self) -> int:
        """The open file descriptor."""
        return self._fd

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._window = b""  # the next file's takes its place in memory

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
