import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from geotagger.core.errors import UnreadablePhotoError
from geotagger.core.prediction import ImageOutput
from geotagger.inference import load_bundle
from geotagger.session.pipeline import predict_photos
from tests.images import save_photo


class CountingPredictor:
    """Answers without a network, so that order, look-ahead and errors can be seen."""

    model_id = "test-model"
    device = "cpu"
    batch_size = 4

    def __init__(self) -> None:
        bundle = load_bundle()
        self.grid, self.calibration = bundle.grid, bundle.calibration
        self.batches: list[int] = []
        self.loaded: list[str] = []
        self._lock = threading.Lock()

    def load(self, path: Path, preview: bytes | None = None) -> np.ndarray:
        with self._lock:
            self.loaded.append(path.name)
        if path.name.startswith("bad"):
            raise UnreadablePhotoError(path, "It is damaged.")
        if path.name.startswith("big"):
            raise MemoryError
        return np.zeros((8, 8, 3), np.uint8)

    def predict(self, pixels: Sequence[np.ndarray]) -> list[ImageOutput]:
        self.batches.append(len(pixels))
        cells = np.full(len(self.grid), 1 / len(self.grid), np.float32)
        return [
            ImageOutput(np.full(63, 1 / 63, np.float32), cells, np.ones(4, np.float32) / 2) for _ in pixels
        ]


@pytest.fixture
def photos(tmp_path):
    return [save_photo(tmp_path / f"{number:02}.jpg", seed=number) for number in range(10)]


def test_results_come_in_the_order_of_the_photos(photos):
    predictor = CountingPredictor()
    results = list(predict_photos(photos, predictor))
    assert [result.path for result in results] == photos
    assert all(result.prediction is not None and result.error is None for result in results)
    assert predictor.batches == [4, 4, 2]
    assert results[0].prediction.model == "test-model"


def test_a_photo_that_fails_does_not_stop_the_batch(photos, tmp_path):
    bad, big = save_photo(tmp_path / "bad.jpg"), save_photo(tmp_path / "big.jpg")
    missing = tmp_path / "missing.jpg"
    results = list(predict_photos([bad, *photos, big, missing], CountingPredictor()))
    errors = {result.path.name: result.error for result in results if result.error}
    assert errors["bad.jpg"] == "It is damaged."
    assert "memory" in errors["big.jpg"]
    assert errors["missing.jpg"].endswith(".")
    assert sum(result.prediction is not None for result in results) == len(photos)


def test_no_more_than_two_batches_are_held_ahead(photos):
    predictor = CountingPredictor()
    results = predict_photos(photos, predictor)
    next(results)
    assert len(predictor.loaded) <= 4 + 2 * predictor.batch_size


def test_cancelling_stops_between_batches(photos):
    predictor = CountingPredictor()
    seen = []
    for result in predict_photos(photos, predictor, cancelled=lambda: len(seen) >= 4):
        seen.append(result)
    assert len(seen) == 4
    assert predictor.batches == [4]


def test_nothing_to_do_is_no_error():
    assert list(predict_photos([], CountingPredictor())) == []


def test_a_damaged_jpeg_is_not_judged_by_its_thumbnail(tmp_path):
    class Recording(CountingPredictor):
        def __init__(self) -> None:
            super().__init__()
            self.previews: list[bytes | None] = []

        def load(self, path: Path, preview: bytes | None = None) -> np.ndarray:
            self.previews.append(preview)
            return super().load(path, preview)

    predictor = Recording()
    (result,) = predict_photos([save_photo(tmp_path / "bad.jpg")], predictor)
    assert result.error == "It is damaged."
    assert predictor.previews == [None]
