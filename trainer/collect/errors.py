"""What can go wrong while collecting; each error is a sentence for the user."""

from __future__ import annotations

from geotagger.core.errors import GeotaggerError


class CollectError(GeotaggerError):
    """Collecting cannot start or cannot go on."""


class LimitReachedError(CollectError):
    """A limit that the user set (requests, cost) is reached; what was collected so far is kept."""


class ServiceError(CollectError):
    """The service refuses to answer: key, quota, or a fault that did not pass."""


class NotThereError(CollectError):
    """The service does not have the one thing that was asked for; others can still be asked for."""


class BadAnswerError(CollectError):
    """One answer cannot be used: wrong type, too large, cut off, or not what it should be."""


class TransientError(CollectError):
    """A fault that may pass: the request is worth another attempt.

    Args:
        sentence: what is wrong.
        wait_s: how long the service asks to wait; None where it does not say.
    """

    def __init__(self, sentence: str, wait_s: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s
