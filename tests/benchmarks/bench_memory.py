"""What an open photo costs in memory, thumbnails apart: of the process as a whole, and by its parts.

    python tests/benchmarks/bench_memory.py [--photos N] [--alone]

Per photo means: what the process holds (its own memory as Linux counts it, after Python's collection and with free memory
given back) with N photos more than before, divided by N; once when they are read, and again when they are predicted and
judged together. Pages of files and libraries, which come and go by tens of megabytes as the system likes, are not its own.
Before, N photos were open, predicted and judged already, so that all that photos share is there. Thumbnails are off, in
the list and on the map. Free memory at the end of a thread's heap, some tens of megabytes that the C library keeps for
the next use however many photos there are, is given back at once here, which makes judging slower. The parts are
Python's own sizes of what can be reached from all the photos and nothing else.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtWidgets import QApplication

from geotagger.core.settings import Settings, Theme
from geotagger.gui import map_link, predicting
from geotagger.gui.appearance import Appearance
from geotagger.gui.jobs import Jobs
from geotagger.gui.map import register_scheme
from geotagger.gui.smooth import keep_smooth
from geotagger.gui.window import MainWindow
from geotagger.inference import load_bundle
from geotagger.session.photo import PhotoState
from tests.benchmarks.bench_window import BENCH_FOLDER, QuickNetwork, end, make_photos


def wait(condition: Callable[[], bool]) -> None:
    """Let the window work until a condition holds."""
    while not condition():
        QApplication.processEvents()
        time.sleep(0.003)


_REST_S = 5.0
_TRIM_THRESHOLD = -1
"""The option of ``mallopt`` for how much free memory the heap of a thread keeps at its end."""


def own_bytes() -> int:
    """What the process holds of its own, on Linux, once the map has come to rest."""
    rested = time.monotonic() + _REST_S
    wait(lambda: time.monotonic() > rested)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Anonymous:")) * 1024


def bytes_in(roots: Iterable[object], seen: set[int]) -> int:
    """Python's size of all that can be reached from objects and was not reached before."""
    size, waiting = 0, list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        waiting.extend(gc.get_referents(one))
    return size


def parts(window: MainWindow) -> dict[str, int]:
    """Bytes by part; what photos share is counted where it is met first."""
    photos = list(window.workbench.session)
    guesses = [photo.prediction for photo in photos if photo.prediction is not None]
    seen: set[int] = set()
    for state in PhotoState:
        seen.add(id(state))
    rows = {
        "paths": [photo.path for photo in photos],
        "what the file said": [photo.metadata for photo in photos],
        "regions": [guess.regions for guess in guesses],
        "region sets": [guess.region_set for guess in guesses],
        "cells": [guess.cells for guess in guesses],
        "evidence": [guess.evidence for guess in guesses],
        "the rest of the predictions": guesses,
        "photos": photos,
        "where the network's answers lie": [window.judging._guesses],
        "what was judged": [window.judging._facts],
        "the session's indices": [vars(window.workbench.session)],
        "the list's rows": [window.model._rows, window.model._row_of],
        "the map's": [window.map_link._shown],
    }
    return {name: bytes_in(roots, seen) for name, roots in rows.items()}


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--photos", type=int, default=5_000)
    arguments.add_argument("--alone", action="store_true", help="judge each photo by its picture alone")
    options = arguments.parse_args()
    count, together = options.photos, not options.alone
    folder = BENCH_FOLDER / "photos"
    make_photos(folder, 2 * count)
    ctypes.CDLL(None).mallopt(
        _TRIM_THRESHOLD, 1 << 16
    )  # malloc_trim gives back only what the main thread's heap ends in
    register_scheme()
    app = QApplication(sys.argv[:1])
    keep_smooth(app)
    bundle = load_bundle()
    network = QuickNetwork(bundle.grid, bundle.calibration)
    predicting._make_predictor = lambda folder, device, on_notice: network  # type: ignore[assignment]
    map_link._MOST_THUMBNAILS = 0
    jobs = Jobs(2)
    settings = Settings(theme=Theme.LIGHT, judge_together=together, use_tracks=together, use_gallery=together)
    window = MainWindow(jobs, settings, Appearance(app, Theme.LIGHT))
    window.thumbnails.get = lambda photo_id, path: None  # type: ignore[method-assign]
    window.reading.unlocated_found.disconnect()
    window.show()
    every, session = sorted(folder.iterdir()), window.workbench.session

    def read(paths: list[Path]) -> int:
        window.open_paths(paths)
        wait(lambda: len(session) == len(paths) and not window.reading.progress.running)
        return own_bytes()

    def predict() -> int:
        window.predicting.predict([photo.id for photo in session if photo.prediction is None])
        wait(lambda: not window.predicting.progress.running and not window.judging.busy)
        return own_bytes()

    read(every[:count])
    before = predict()
    are_read = read(every)
    are_judged = predict()
    print(f"{count} photos more in the process:")
    print(f"  {(are_read - before) / count / 1024:6.2f} KB per photo that was read")
    print(f"  {(are_judged - before) / count / 1024:6.2f} KB per photo that was read, predicted and judged")
    sizes = parts(window)
    for name, size in sorted(sizes.items(), key=lambda part: -part[1]):
        print(f"{size / len(every) / 1024:6.2f} KB {name}")
    print(f"{sum(sizes.values()) / len(every) / 1024:6.2f} KB in all, as Python counts")
    end(window, jobs)


if __name__ == "__main__":
    main()
