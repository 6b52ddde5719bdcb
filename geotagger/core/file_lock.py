"""Keeps two runs of the program from changing one file at the same time."""

from __future__ import annotations

import os
import sys

_FAR_BEHIND = 0x7FFF_0000
"""Where Windows locks a byte: behind the content of nearly every file, because nobody can read what is locked there."""


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed or its process ends; False where another one has it.

    Where a system or a network folder knows no such locks, nothing is locked and the answer is True.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR_BEHIND, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
