"""What the user can decide about photos, as pure functions from photos to photos."""

from __future__ import annotations

from dataclasses import replace

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.session.photo import Photo, PhotoState, fix_from_prediction, source_of


def accept(photo: Photo, *, looked_at: bool = True) -> Photo:
    """Want the predicted position in the file; a photo without a prediction stays as it is.

    Args:
        looked_at: False where the user accepted many guesses at once without seeing each; the file then
            says ``model`` instead of ``model-confirmed``, where the guess is the model's.
    """
    if photo.prediction is None or photo.metadata is None:
        return photo
    source = source_of(photo.prediction, confirmed=looked_at)
    return replace(photo, edited=fix_from_prediction(photo.prediction, source), skipped=False, error=None)


def accept_sure(photo: Photo, min_probability: float) -> Photo:
    """Accept an undecided guess, not looked at, if it is at least that probable; other photos stay as they are."""
    guess = photo.prediction
    is_sure = guess is not None and guess.best.probability >= min_probability
    return accept(photo, looked_at=False) if is_sure and photo.state is PhotoState.PREDICTED else photo


def place(photo: Photo, position: LatLon) -> Photo:
    """Want a position that the user gave; a photo that cannot be read stays as it is."""
    if photo.metadata is None:
        return photo
    return replace(photo, edited=Fix(position, Source.MANUAL), skipped=False, error=None)


def reject(photo: Photo) -> Photo:
    """Turn the guess down: nothing is wanted in the file any more."""
    if photo.metadata is None:
        return photo
    return replace(photo, edited=None, skipped=True, error=None)


def revert(photo: Photo) -> Photo:
    """Forget every decision about the photo."""
    return photo if photo.metadata is None else replace(photo, edited=None, skipped=False, error=None)
