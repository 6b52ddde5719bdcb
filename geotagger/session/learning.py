"""Teaches the user's gallery: located photos in, embeddings with their places into the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from geotagger.core.errors import PhotoError
from geotagger.evidence.gallery import Gallery, GalleryEntry
from geotagger.metadata import PhotoMetadata, read_photo
from geotagger.session.pipeline import ImagePredictor, Pixels, load_pixels

NO_POSITION = "It holds no position of its own, so there is nothing to learn."


@dataclass(frozen=True, slots=True)
class LearnOutcome:
    """What became of one photo.

    Attributes:
        learned: True where the gallery now knows it.
        note: a sentence where it was left out.
        error: a sentence where it could not be read.
    """

    path: Path
    learned: bool
    note: str | None = None
    error: str | None = None


def learn_photos(
    paths: Iterable[Path],
    predictor: ImagePredictor,
    gallery: Gallery,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[LearnOutcome]:
    """Teach the gallery each located photo; estimates and photos without a position are left out.

    A photo that the gallery knows and that has not changed since is not looked at again.

    Raises:
        GalleryError: the gallery cannot be read or changed.
    """
    remaining = iter(paths)
    while not cancelled() and (batch := list(islice(remaining, predictor.batch_size))):
        yield from _learn_batch(batch, predictor, gallery)


def _learn_batch(batch: list[Path], predictor: ImagePredictor, gallery: Gallery) -> Iterator[LearnOutcome]:
    loaded: list[tuple[PhotoMetadata, Pixels]] = []
    for path in batch:
        try:
            metadata = read_photo(path)
            if metadata.fix is None or metadata.fix.source.is_estimate:
                yield LearnOutcome(path, False, note=NO_POSITION)
            elif gallery.knows(path, metadata.identity.digest, predictor.model_id):
                yield LearnOutcome(path, True, note="The gallery knows it already.")
            else:
                loaded.append((metadata, load_pixels(metadata, predictor)))
        except PhotoError as error:
            yield LearnOutcome(path, False, error=error.reason)
    outputs = predictor.predict([pixels for _, pixels in loaded])
    entries = [
        GalleryEntry(m.path, m.fix.position, output.embedding, m.identity.digest, m.taken)
        for (m, _), output in zip(loaded, outputs, strict=True)
        if m.fix is not None
    ]
    if entries:
        gallery.learn(entries, predictor.model_id)
    for entry in entries:
        yield LearnOutcome(entry.path, True)
