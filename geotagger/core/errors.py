"""The error tree. Every error carries one sentence that can be shown to the user as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geotagger.core.sentence import Sentence


class GeotaggerError(Exception):
    """Base of all errors that the program raises on purpose.

    ``str(error)`` is a complete sentence for the user; the technical cause, if any, is ``__cause__``.

    Args:
        text: the sentence in English, with placeholders in braces where it names files or numbers.
        values: what fills the placeholders. The window says ``text`` in the user's language, so no value
            belongs into it before.

    Attributes:
        sentence: both together.
    """

    def __init__(self, text: str, /, **values: Any) -> None:
        self.sentence = Sentence(text, **values)
        super().__init__(self.sentence)


class CoordinateError(GeotaggerError, ValueError):
    """A text or a pair of numbers is not a position on Earth."""


class SettingsError(GeotaggerError):
    """A setting has a value that it cannot have."""


class KnownPlaceError(GeotaggerError):
    """A place that the user names cannot be kept under that name."""


class ResourceError(GeotaggerError):
    """A file that ships with the program is missing or damaged."""


class UserFolderError(GeotaggerError, OSError):
    """A folder of the program's own, such as that of the journal or of the settings, cannot be made."""


class BundleError(ResourceError):
    """A model bundle cannot be used: missing, damaged, or made for another version."""


class DeviceError(GeotaggerError):
    """The computing device that was asked for cannot be used."""


class PhotoError(GeotaggerError):
    """Something is wrong with one photo; the rest of the batch goes on.

    Args:
        path: the photo.
        reason: a sentence that says what is wrong, without the path; in English, with placeholders in braces.
        values: what fills the placeholders.
    """

    def __init__(self, path: Path, reason: str, /, **values: Any) -> None:
        self.path = path
        self.reason = Sentence(reason, **values)
        super().__init__("{name}: {reason}", name=path.name, reason=self.reason)

    def __reduce__(self) -> tuple[type[PhotoError], tuple[Path, Sentence]]:
        """Errors cross process boundaries in the decoding pool."""
        return type(self), (self.path, self.reason)


class UnreadablePhotoError(PhotoError):
    """The file is missing, may not be read, is empty, damaged, or not a photo."""


class WriteRefusedError(PhotoError):
    """The file cannot be changed safely; it was left as it was."""


class ChangedOnDiskError(WriteRefusedError):
    """The file is no longer the one that was read; it was left as it was."""


class VerificationError(WriteRefusedError):
    """The newly made file did not pass its checks; the original was left as it was."""


class PartlyWrittenError(PhotoError):
    """A write went wrong half-way and could not be taken back at once; the reason says what lies where now."""
