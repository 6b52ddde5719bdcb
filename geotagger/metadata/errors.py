"""What format modules raise; they know bytes, not paths, so the path is added where the file was opened."""

from __future__ import annotations


class FormatError(Exception):
    """The bytes are not what the format says: damaged, cut off, or another format. The text is for the user."""


class UnsafeError(Exception):
    """The bytes cannot be changed without a risk to what else they hold. The text is for the user."""


SIGNED = "it carries content credentials, which any change would invalidate"
"""Why a photo with a C2PA signature is left as it is."""
