"""Prints how many photos per second decoding, network and evidence handle, each alone.

``python tests/benchmarks/bench_inference.py [PHOTO…]`` (made-up pictures where none are given).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from geotagger.evidence import predict_from_image
from geotagger.inference import Predictor, load_bundle
from geotagger.inference.preprocessing import to_tensor

COUNT = 32


def _rate(work: Callable[[], object], photos: int) -> float:
    work()
    started = time.perf_counter()
    work()
    return photos / (time.perf_counter() - started)


def _made_up(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = []
    for i in range(COUNT):
        small = rng.integers(0, 256, (75, 100, 3), dtype=np.uint8)
        Image.fromarray(small).resize((4000, 3000)).save(folder / f"{i}.jpg", quality=90)
        paths.append(folder / f"{i}.jpg")
    return paths


def main() -> None:
    """Measure and print."""
    started = time.perf_counter()
    predictor = Predictor(load_bundle())
    print(f"{predictor.model_id} on {predictor.device_label}, {torch.get_num_threads()} threads")
    print(f"loading the bundle        {time.perf_counter() - started:8.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(name) for name in sys.argv[1:]] or _made_up(Path(folder))
        decode = _rate(lambda: [predictor.load(path) for path in paths], len(paths))
        pixels = [predictor.load(path) for path in paths]
    outputs = predictor.predict(pixels)
    alone = _rate(lambda: predictor.predict(pixels), len(pixels))
    alike = [p for p in pixels if p.shape == pixels[0].shape]

    def in_one_batch() -> None:
        with torch.inference_mode():
            network = predictor._network
            network(to_tensor(alike).to(predictor.device))

    batched = _rate(in_one_batch, len(alike))
    evidence = _rate(
        lambda: [
            predict_from_image(o, predictor.grid, predictor.calibration, predictor.model_id, predictor.device)
            for o in outputs
        ],
        len(outputs),
    )
    print(f"decoding, one thread      {decode:8.1f} photos/s")
    print(f"predict (bit-identical)   {alone:8.1f} photos/s")
    print(f"network, one large batch  {batched:8.1f} photos/s ({alone / batched:.2f} of it is kept)")
    print(f"evidence                  {evidence:8.1f} photos/s")


if __name__ == "__main__":
    main()
