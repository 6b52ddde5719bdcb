"""A batch from paths to predictions: photos are decoded ahead while the network works, results keep their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.errors import PhotoError
from geotagger.core.prediction import ImageOutput, Prediction
from geotagger.evidence import predict_from_image
from geotagger.metadata import PhotoMetadata, read_photo
from geotagger.metadata.reading import preview_in_place_of

if TYPE_CHECKING:
    from geotagger.session.context import ClockUse

Pixels = npt.NDArray[np.uint8]


class ImagePredictor(Protocol):
    """What the pipeline needs of the network; ``geotagger.inference.Predictor`` is one."""

    @property
    def model_id(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def grid(self) -> CellGrid: ...
    @property
    def calibration(self) -> Calibration: ...
    @property
    def batch_size(self) -> int: ...
    def load(self, path: Path, preview: bytes | None = None) -> Pixels: ...
    def predict(self, pixels: Sequence[Pixels]) -> list[ImageOutput]: ...


@dataclass(frozen=True, slots=True, eq=False)
class PhotoResult:
    """What became of one photo: either ``metadata``, ``output`` and ``prediction``, or ``error``.

    Attributes:
        output: what the network said, for those who judge the photos of a batch together.
        prediction: of the photo judged alone.
        clock: what was made of its camera's clock, where photos of several cameras were judged together.
    """

    path: Path
    metadata: PhotoMetadata | None = None
    output: ImageOutput | None = None
    prediction: Prediction | None = None
    error: str | None = None
    clock: ClockUse | None = None


@dataclass(frozen=True, slots=True)
class _Loaded:
    path: Path
    metadata: PhotoMetadata | None
    pixels: Pixels | None
    error: str | None


def predict_photos(
    paths: Iterable[Path],
    predictor: ImagePredictor,
    threads: int = 2,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[PhotoResult]:
    """Predict each photo, in the order given; a photo that fails carries its sentence and the rest goes on.

    Args:
        threads: how many photos are decoded at once; at most two batches are held ahead of the network.
    """
    remaining = iter(paths)
    waiting: deque[Future[_Loaded]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:

        def load_ahead() -> None:
            for path in islice(remaining, 2 * predictor.batch_size - len(waiting)):
                waiting.append(pool.submit(_load, path, predictor))

        load_ahead()
        while waiting and not cancelled():
            batch = [waiting.popleft().result() for _ in range(min(predictor.batch_size, len(waiting)))]
            load_ahead()
            yield from _predict_batch(batch, predictor)
        for future in waiting:
            future.cancel()


def load_pixels(metadata: PhotoMetadata, predictor: ImagePredictor) -> Pixels:
    """Decode a photo as the network sees it; of camera RAW, the preview that it holds.

    Raises:
        UnreadablePhotoError: it cannot be decoded, with a sentence that says why.
    """
    return predictor.load(metadata.path, preview_in_place_of(metadata))


def _load(path: Path, predictor: ImagePredictor) -> _Loaded:
    try:
        metadata = read_photo(path)
        return _Loaded(path, metadata, load_pixels(metadata, predictor), None)
    except PhotoError as error:
        return _Loaded(path, None, None, error.reason)
    except MemoryError:
        return _Loaded(path, None, None, "There is not enough memory to open this photo.")


def _predict_batch(batch: Sequence[_Loaded], predictor: ImagePredictor) -> Iterator[PhotoResult]:
    outputs = iter(predictor.predict([photo.pixels for photo in batch if photo.pixels is not None]))
    for photo in batch:
        if photo.pixels is None:
            yield PhotoResult(photo.path, error=photo.error)
        else:
            output = next(outputs)
            prediction = predict_from_image(
                output, predictor.grid, predictor.calibration, predictor.model_id, predictor.device
            )
            yield PhotoResult(photo.path, photo.metadata, output, prediction)
