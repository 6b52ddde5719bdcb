"""Why the operating system refused, as a clause for the program's own sentences, so that it can be said in any language."""

from __future__ import annotations

import errno

from geotagger.core.sentence import Sentence

CLAUSES = {
    "ENOENT": "No such file or directory",
    "EACCES": "Permission denied",
    "EPERM": "Operation not permitted",
    "ENOTDIR": "Not a directory",
    "EISDIR": "Is a directory",
    "EEXIST": "File exists",
    "ENOSPC": "No space left on device",
    "EDQUOT": "Disk quota exceeded",
    "EROFS": "Read-only file system",
    "EIO": "Input/output error",
    "ENAMETOOLONG": "File name too long",
}
"""In the words that most systems use, by the name of the error's number."""


def os_reason(error: OSError) -> str:
    """The clause, without a full stop: a :class:`Sentence` where the program knows it, else what the system says."""
    known = CLAUSES.get(errno.errorcode.get(error.errno or 0, ""))
    return Sentence(known) if known else error.strerror or str(error).rstrip(".")
