"""One photo of the session: what the disk says, what the model says, what the user wants, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.prediction import Prediction
from geotagger.metadata.model import PhotoMetadata
from geotagger.session.kept_evidence import heads


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


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as the session knows it. The state is not stored: it follows from the facts.

    Attributes:
        metadata: what the file held when it was last read; None before that, or if it cannot be read.
        prediction: what the model says; None until it did.
        edited: the position that the user wants in the file; None if nothing is wanted.
        skipped: the user turned the prediction down.
        written: the position that was written in this session, if it is still there.
        error: a sentence for the photo's row; None if all is well.
    """

    id: int
    path: Path
    metadata: PhotoMetadata | None = None
    prediction: Prediction | None = None
    predicting: bool = False
    edited: Fix | None = None
    skipped: bool = False
    written: Fix | None = None
    error: str | None = None

    @property
    def state(self) -> PhotoState:
        """Where the photo stands on its way from the disk and back."""
        if self.error is not None:
            return PhotoState.FAILED
        if self.metadata is None:
            return PhotoState.READING
        if self.edited is not None:
            return self._state_of_edit(self.edited)
        if self.skipped:
            return PhotoState.SKIPPED
        if self.predicting:
            return PhotoState.PREDICTING
        if self.prediction is not None:
            return PhotoState.PREDICTED
        return PhotoState.UNLOCATED if self.on_disk is None else PhotoState.LOCATED

    def _state_of_edit(self, edited: Fix) -> PhotoState:
        if edited == self.written:
            return PhotoState.WRITTEN
        return PhotoState.CORRECTED if edited.source is Source.MANUAL else PhotoState.ACCEPTED

    @property
    def on_disk(self) -> Fix | None:
        """The position that the file (or its sidecar) holds."""
        return None if self.metadata is None else self.metadata.fix

    @property
    def is_pending(self) -> bool:
        """True where the user wants a position that has not been written; a failed write can be tried again."""
        return self.metadata is not None and self.edited is not None and self.edited != self.written

    @property
    def has_camera_position(self) -> bool:
        """True where the file holds a position that this program did not estimate."""
        return self.on_disk is not None and not self.on_disk.source.is_estimate

    @property
    def shown_fix(self) -> Fix | None:
        """The position that list, map and panel show: the wanted one, else the guess, else the file's own."""
        if self.edited is not None:
            return self.edited
        if self.prediction is not None and not self.skipped:
            return fix_from_prediction(self.prediction, source_of(self.prediction))
        return self.on_disk

    @property
    def shown_position(self) -> LatLon | None:
        """Position of :attr:`shown_fix`."""
        if self.edited is not None:
            return self.edited.position
        if self.prediction is not None and not self.skipped:
            return self.prediction.position
        return None if self.on_disk is None else self.on_disk.position


def source_of(prediction: Prediction, *, confirmed: bool = False) -> Source:
    """What a file should say of the origin of a predicted position: a track, neighbours, or the model."""
    evidence = heads(prediction.evidence)
    kinds = {one.kind for one in evidence if one.weight > 1.0}
    if "track" in {one.kind for one in evidence}:
        return Source.TRACK
    if not kinds.isdisjoint(("time-neighbour", "folder-neighbour")):
        return Source.NEIGHBOUR
    return Source.MODEL_CONFIRMED if confirmed else Source.MODEL


CANDIDATES_WRITTEN = 5
"""How many candidate regions go into the file with an estimate."""


def fix_from_prediction(prediction: Prediction, source: Source) -> Fix:
    """The position that accepting a prediction would write."""
    return Fix(
        position=prediction.position,
        source=source,
        radius_km=prediction.radius_km,
        model=prediction.model,
        probability=prediction.best.probability,
        candidates=tuple((r.code, r.probability) for r in prediction.regions[:CANDIDATES_WRITTEN]),
    )
