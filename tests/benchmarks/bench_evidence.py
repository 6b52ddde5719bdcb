"""How long it takes to join the photos of a batch, and to search the gallery.

python -m tests.benchmarks.bench_evidence
"""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from geotagger.core.geo import LatLon
from geotagger.core.prediction import ImageOutput
from geotagger.evidence.fusion import ContextModel, context_model
from geotagger.evidence.gallery import Gallery, GalleryEntry
from geotagger.evidence.trips import ContextPhoto
from geotagger.inference import load_bundle

COUNTS = (100, 1_000, 3_000, 10_000)
LONG = 50_000
GALLERY = 200_000
DIMENSIONS = 128


def main() -> None:
    """Print both tables."""
    bundle = load_bundle()
    rng = np.random.default_rng(0)
    pool = rng.dirichlet(np.full(len(bundle.grid), 0.05), 50).astype(np.float32)
    outputs = [ImageOutput(np.zeros(63, np.float32), row, np.zeros(4, np.float32)) for row in pool]
    model = context_model(bundle.grid, bundle.calibration)
    model.predict(_trip(100, 0.1, 1.0, outputs, rng), "", "")  # tables that are made once
    model.predict(_trip(3_000, 0.3, 1.0, outputs, rng), "", "")
    print("photos  located  one every  seconds  seconds of one core  ms a photo")
    for located in (0.0, 0.1):
        for gap_h in (0.1, 1.0):
            for count in COUNTS:
                _time(model, _trip(count, located, gap_h, outputs, rng), f"{located:7.0%}  {gap_h:7} h")
    print("\nphotos  without clocks, photos per folder  seconds  seconds of one core  ms a photo")
    model.predict(_folders(100, 40, outputs), "", "")
    for each in (40, 10_000):
        for count in COUNTS:
            _time(model, _folders(count, each, outputs), f"{each:33}")
    before_mb = _peak_mb()
    print("\nphotos  located  one every  seconds  seconds of one core  ms a photo")
    _time(model, _trip(LONG, 0.1, 1.0, outputs, rng), f"{0.1:7.0%}  {1.0:7} h")
    print(f"memory at most: {_peak_mb():.0f} MB, before it {before_mb:.0f} MB")
    _gallery(rng)


def _peak_mb() -> float:
    """The most memory that this process ever held, as Linux counts it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _time(model: ContextModel, photos: list[ContextPhoto], case: str) -> None:
    started, busy = time.perf_counter(), time.process_time()
    for _ in model.predict(photos, "", ""):
        pass
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    each_ms = 1000 * busy / len(photos)
    print(f"{len(photos):6}  {case}  {seconds:7.2f}  {busy:7.2f}  {each_ms:6.2f}", flush=True)


def _folders(count: int, each: int, outputs: list[ImageOutput]) -> list[ContextPhoto]:
    return [
        ContextPhoto(f"{i}.jpg", outputs[i % len(outputs)], None, roll=str(i // each)) for i in range(count)
    ]


def _trip(
    count: int, located: float, gap_h: float, outputs: list[ImageOutput], rng: np.random.Generator
) -> list[ContextPhoto]:
    hours = np.cumsum(rng.exponential(gap_h, count))
    lat, lon = (47 + np.cumsum(rng.normal(0, 0.01, count))), (-110 + np.cumsum(rng.normal(0, 0.01, count)))
    start = datetime(2015, 1, 1, 8)
    return [
        ContextPhoto(
            f"{i}.jpg",
            outputs[i % len(outputs)],
            start + timedelta(hours=float(hours[i])),
            LatLon(float(lat[i]), float(lon[i])) if rng.random() < located else None,
        )
        for i in range(count)
    ]


def _gallery(rng: np.random.Generator) -> None:
    # Like real embeddings, whose first numbers tell most: the spread of those of the bundle, about.
    vectors = (rng.normal(size=(GALLERY, DIMENSIONS)) * np.linspace(2.0, 0.3, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    place = LatLon(45.0, -110.0)
    with tempfile.TemporaryDirectory() as folder, Gallery(Path(folder) / "gallery.sqlite3") as gallery:
        started = time.perf_counter()
        gallery.learn((GalleryEntry(Path(f"/p/{i}.jpg"), place, v, "") for i, v in enumerate(vectors)), "m")
        print(f"\ngallery of {GALLERY}: learned in {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        gallery.matches(vectors[:1], "m", [""], 0.9)
        print(f"first query, which reads the gallery: {time.perf_counter() - started:.2f} s")
        times = []
        for i in range(30):
            started = time.perf_counter()
            gallery.matches(vectors[i : i + 1], "m", [""], 0.9)
            times.append(time.perf_counter() - started)
        print(f"one query: median {1000 * np.median(times):.1f} ms, worst {1000 * max(times):.1f} ms")
        started = time.perf_counter()
        gallery.matches(vectors[:64], "m", [""] * 64, 0.9)
        print(f"64 queries at once: {1000 * (time.perf_counter() - started) / 64:.2f} ms each")


if __name__ == "__main__":
    main()
