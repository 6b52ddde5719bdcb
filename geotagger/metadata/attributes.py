"""Carrying over what a file has besides its bytes: owner, mode, access lists, extended attributes, times."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys

_NOT_COPIED = stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_SYSTEM | stat.FILE_ATTRIBUTE_ENCRYPTED
"""Attributes on Windows that a new file would not have."""


def copy_attributes(source_fd: int, target_fd: int) -> bool:
    """Give the file at ``target_fd`` all attributes of the one at ``source_fd``.

    Returns:
        False where something could not be carried over; the caller must then keep the old file and write into it.
    """
    status = os.fstat(source_fd)
    if getattr(status, "st_file_attributes", 0) & _NOT_COPIED:
        return False
    if sys.platform == "darwin":
        # COPYFILE_ACL | COPYFILE_STAT | COPYFILE_XATTR of copyfile(3).
        return int(ctypes.CDLL(None).fcopyfile(source_fd, target_fd, None, 7)) == 0
    if sys.platform != "win32":
        own = os.fstat(target_fd)
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            try:
                os.fchown(target_fd, status.st_uid, status.st_gid)
            except OSError:
                return False
        if not _copy_mode(stat.S_IMODE(status.st_mode), target_fd):
            return False
    if not _copy_extended(source_fd, target_fd):
        return False
    copy_times(status, target_fd)
    return True


def _copy_mode(mode: int, target_fd: int) -> bool:
    """Set the mode; disks that know no modes refuse that, and give all files the same."""
    try:
        os.fchmod(target_fd, mode)
    except OSError:
        return stat.S_IMODE(os.fstat(target_fd).st_mode) == mode
    return True


def copy_times(status: os.stat_result, target: int | str) -> None:
    """Set access and modification time as they were, as far as the disk lets us."""
    if isinstance(target, int) and os.utime not in os.supports_fd:
        return
    # Who may write a file that belongs to another may not turn back its clock; some network folders let nobody.
    with contextlib.suppress(OSError):
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_extended(source_fd: int, target_fd: int) -> bool:
    """Copy extended attributes, which on Linux include POSIX access lists, and drop inherited ones."""
    if sys.platform != "linux":
        return True
    try:
        wanted = {name: os.getxattr(source_fd, name) for name in os.listxattr(source_fd)}
        present = {name: os.getxattr(target_fd, name) for name in os.listxattr(target_fd)}
        for name, value in wanted.items():
            if present.get(name) != value:
                os.setxattr(target_fd, name, value)
        for name in present.keys() - wanted.keys():
            if not name.startswith("security."):
                os.removexattr(target_fd, name)
    except OSError as error:
        # A file system without extended attributes has none to lose.
        return error.errno in (95, 61)
    return True
