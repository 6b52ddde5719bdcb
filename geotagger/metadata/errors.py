"""What format modules raise; they know bytes, not paths, so the path is added where the file was opened."""

from __future__ import annotations

from typing import Any

from geotagger.core.sentence import Sentence


class _BytesError(Exception):
    """A clause for the user that says what is wrong, such as ``its XMP is damaged``.

    Args:
        text: the clause, with placeholders in braces.
        values: what fills them.
    """

    def __init__(self, text: str, /, **values: Any) -> None:
        self.clause = Sentence(text, **values)
        super().__init__(self.clause)


class FormatError(_BytesError):
    """The bytes are not what the format says: damaged, cut off, or another format."""


class UnsafeError(_BytesError):
    """The bytes cannot be changed without a risk to what else they hold."""


SIGNED = "it carries content credentials, which any change would invalidate"
"""Why a photo with a C2PA signature is left as it is."""
