"""The states that a photo goes through."""

from __future__ import annotations

from enum import Enum


class PhotoState(str, Enum):
    """``reading → located | unlocated → predicting → predicted → accepted | corrected | skipped → written``.

    ``FAILED`` can follow any of them.
    """

    READING = "reading"
    LOCATED = "located"
    UNLOCATED = "unlocated"
    PREDICTING = "predicting"
    PREDICTED = "predicted"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    SKIPPED = "skipped"
    WRITTEN = "written"
    FAILED = "failed"
