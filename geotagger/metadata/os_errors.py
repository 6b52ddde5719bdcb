"""What errors of the operating system mean for a photo, in words for the user."""

from __future__ import annotations

import errno
from pathlib import Path

from geotagger.core.errors import UnreadablePhotoError, WriteRefusedError
from geotagger.core.os_reason import os_reason

_NETWORK = "The network folder of this file is gone."
_NO_ROOM = "There is not enough room on the disk."
_READING = {
    "ENOENT": "The file is no longer there.",
    "ENOTDIR": "The file is no longer there.",
    "EACCES": "You have no permission to read this file.",
    "EPERM": "You have no permission to read this file.",
    "EISDIR": "This is a folder, not a photo.",
    "ELOOP": "This link leads nowhere.",
    "ESTALE": _NETWORK,
}
_WRITING = {
    "ENOSPC": _NO_ROOM,
    "EDQUOT": _NO_ROOM,
    "EROFS": "The disk is read-only.",
    "EACCES": "You have no permission to write in this folder.",
    "EPERM": "The system does not allow this file to be changed.",
    "ENOENT": "The file or its folder is no longer there.",
    "ENOTDIR": "The file or its folder is no longer there.",
    "ESTALE": _NETWORK,
    "ENOTCONN": _NETWORK,
    "EIO": "The disk reported an error.",
    "EFBIG": "The file would become too large for this disk.",
}


def unreadable(path: Path, error: OSError) -> UnreadablePhotoError:
    """The error for a photo that cannot be read."""
    name = errno.errorcode.get(error.errno or 0, "")
    if name in _READING:
        return UnreadablePhotoError(path, _READING[name])
    return UnreadablePhotoError(path, "The file cannot be read ({problem}).", problem=os_reason(error))


def refused(path: Path, error: OSError) -> WriteRefusedError:
    """The error for a file that cannot be written."""
    name = errno.errorcode.get(error.errno or 0, "")
    if name in _WRITING:
        return WriteRefusedError(path, _WRITING[name])
    return WriteRefusedError(path, "The file could not be written ({problem}).", problem=os_reason(error))
