"""How smooth the window stays: stalls of its thread while photos come in, are predicted, and are sorted.

Run with ``python tests/benchmarks/bench_window.py [--photos N]``. It makes its own tiny photos, and prints times and
ratios; the network is replaced by ready-made predictions, so that only the window is measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
_FOLDER = Path(tempfile.mkdtemp(prefix="geotagger-bench-"))
for _name in ("DATA", "CONFIG", "CACHE", "LOG"):
    os.environ[f"GEOTAGGER_{_name}_DIR"] = str(_FOLDER / _name.lower())
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication, QMainWindow  # noqa: E402

from geotagger.core.geo import LatLon  # noqa: E402
from geotagger.core.prediction import Evidence, Prediction, RegionProbability  # noqa: E402
from geotagger.core.regions import load_regions  # noqa: E402
from geotagger.core.settings import Settings, Theme  # noqa: E402
from geotagger.gui.app import keep_smooth  # noqa: E402
from geotagger.gui.appearance import Appearance  # noqa: E402
from geotagger.gui.jobs import Jobs  # noqa: E402
from geotagger.gui.map import register_scheme  # noqa: E402
from geotagger.session.arrangement import SortKey  # noqa: E402
from geotagger.session.compact import compact  # noqa: E402
from tests.images import save_photo  # noqa: E402


class Stalls:
    """Measures how long the event loop did not come round, by a timer that should fire every millisecond."""

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        self.gaps_ms.append(self._clock.nsecsElapsed() / 1e6)
        self._clock.restart()

    def during(self, start: Callable[[], None], done: Callable[[], bool], limit_s: float = 300) -> float:
        """Seconds that it took; the stalls are in ``gaps_ms``."""
        self.gaps_ms = []
        loop = QEventLoop()
        poll = QTimer()
        poll.setInterval(20)
        began = time.perf_counter()
        poll.timeout.connect(lambda: (done() or time.perf_counter() - began > limit_s) and loop.quit())
        self._clock.start()
        self._timer.start()
        poll.start()
        QTimer.singleShot(0, start)
        loop.exec()
        self._timer.stop()
        return time.perf_counter() - began

    def words(self) -> str:
        gaps = sorted(self.gaps_ms)
        p99 = gaps[int(0.99 * (len(gaps) - 1))]
        return f"median {statistics.median(gaps):.1f} ms, p99 {p99:.1f} ms, worst {gaps[-1]:.1f} ms"


def made_prediction(number: int) -> Prediction:
    regions = list(load_regions())
    shift = number % len(regions)
    names = regions[shift:] + regions[:shift]
    weights = [1 / (rank + 1) for rank in range(len(names))]
    total = sum(weights)
    return Prediction(
        tuple(RegionProbability(r.code, r.name, w / total) for r, w in zip(names, weights, strict=True)),
        LatLon(30 + number % 30, -120 + number % 50),
        300.0 + number,
        0.8,
        tuple(r.code for r in names[:9]),
        0.8,
        (Evidence("image", 1.0),),
        "bench",
        "cpu",
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--photos", type=int, default=20_000)
    arguments.add_argument("--predictions", type=int, default=2_000)
    options = arguments.parse_args()
    folder = _FOLDER / "photos"
    first = save_photo(folder / "IMG_00000.jpg", taken="2024:06:01 10:00:00").read_bytes()
    for number in range(1, options.photos):
        (folder / f"IMG_{number:05}.jpg").write_bytes(first)

    keep_smooth()
    register_scheme()
    app = QApplication(sys.argv[:1])
    bare = time.perf_counter()
    plain = QMainWindow()
    plain.show()
    app.processEvents()
    bare = time.perf_counter() - bare
    plain.close()

    started = time.perf_counter()
    from geotagger.gui.window import MainWindow

    jobs = Jobs(2)
    window = MainWindow(jobs, Settings(theme=Theme.LIGHT), Appearance(app, Theme.LIGHT))
    window.show()
    app.processEvents()
    shown = time.perf_counter() - started
    print(f"visible window: {shown:.2f} s, {shown / bare:.0f} x a bare QMainWindow ({bare * 1000:.0f} ms)")
    window.reading.unlocated_found.disconnect()
    window.predicting.load_model = lambda: None  # type: ignore[method-assign]

    session = window.workbench.session
    stalls = Stalls()
    took = stalls.during(
        lambda: window.open_paths([folder]),
        lambda: len(session) == options.photos and not window.reading.progress.running,
    )
    print(f"{options.photos} photos come in and are read: {took:.1f} s, {stalls.words()}")

    predictions = [compact(made_prediction(number)) for number in range(options.predictions)]
    ids = session.ids[: options.predictions]
    batches = [(ids[i : i + 8], predictions[i : i + 8]) for i in range(0, len(ids), 8)]
    feed = QTimer()
    feed.setInterval(5)

    def feed_one() -> None:
        if not batches:
            feed.stop()
            return
        some_ids, some = batches.pop()
        window.predicting._network_done(some_ids, some)

    feed.timeout.connect(feed_one)
    took = stalls.during(feed.start, lambda: not batches)
    print(f"{options.predictions} predictions arrive: {took:.1f} s, {stalls.words()}")

    order = iter([SortKey.PROBABILITY, SortKey.NAME, SortKey.TAKEN, SortKey.REGION, SortKey.STATE])
    sorting = QTimer()
    sorting.setInterval(200)
    left = [5]

    def sort_once() -> None:
        window.model.set_arrangement(sort_key=next(order))
        left[0] -= 1
        if not left[0]:
            sorting.stop()

    sorting.timeout.connect(sort_once)
    stalls.during(sorting.start, lambda: not left[0])
    print(f"sorting {options.photos} photos five times: {stalls.words()}")
    stalls.during(lambda: window.workbench.select(window.model.visible_ids), lambda: True)
    print(f"selecting all: {stalls.words()}")

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [compact(made_prediction(number)) for number in range(1000)]
    per_photo = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    print(f"memory of one prediction: {per_photo / 1024:.1f} KB")
    window._closing_agreed = True
    window.close()
    jobs.shut_down()


if __name__ == "__main__":
    main()
