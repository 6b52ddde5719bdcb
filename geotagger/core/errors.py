"""The error tree. Every error carries one sentence that can be shown to the user as it is."""

from __future__ import annotations

from pathlib import Path


class GeotaggerError(Exception):
    """Base of all errors that the program raises on purpose.

    ``str(error)`` is a complete sentence for the user; the technical cause, if any, is ``__cause__``.
    """


class CoordinateError(GeotaggerError, ValueError):
    """A text or a pair of numbers is not a position on Earth."""


class SettingsError(GeotaggerError):
    """A setting has a value that it cannot have."""


class KnownPlaceError(GeotaggerError):
    """A place that the user names cannot be kept under that name."""


class ResourceError(GeotaggerError):
    """A file that ships with the program is missing or damaged."""


class BundleError(ResourceError):
    """A model bundle cannot be used: missing, damaged, or made for another version."""


class DeviceError(GeotaggerError):
    """The computing device that was asked for cannot be used."""


class PhotoError(GeotaggerError):
    """Something is wrong with one photo; the rest of the batch goes on.

    Args:
        path: the photo.
        reason: a sentence that says what is wrong, without the path.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[PhotoError], tuple[Path, str]]:
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
