"""How smooth the window stays: stalls of its thread while photos come in, are predicted, sorted and decided.

Run with ``python tests/benchmarks/bench_window.py [--photos N] [--predictions N] [--show-stalls MS]``. It makes its own
tiny photos. All of the window is real, its map included; only the network is replaced by one that answers at once, so
that its threads compete with the window's as hard as they can. The time to a visible window is printed, too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
BENCH_FOLDER = Path(tempfile.mkdtemp(prefix="geotagger-bench-"))
for _name in ("DATA", "CONFIG", "CACHE", "LOG"):
    os.environ[f"GEOTAGGER_{_name}_DIR"] = str(BENCH_FOLDER / _name.lower())
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np  # noqa: E402
from PySide6.QtCore import QEventLoop, Qt, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from geotagger.core.calibration import Calibration  # noqa: E402
from geotagger.core.cells import CellGrid  # noqa: E402
from geotagger.core.geo import LatLon  # noqa: E402
from geotagger.core.prediction import ImageOutput  # noqa: E402
from geotagger.core.regions import load_regions  # noqa: E402
from geotagger.core.settings import Settings, Theme  # noqa: E402
from geotagger.gui import predicting  # noqa: E402
from geotagger.gui.appearance import Appearance  # noqa: E402
from geotagger.gui.jobs import Jobs  # noqa: E402
from geotagger.gui.map import register_scheme  # noqa: E402
from geotagger.gui.smooth import keep_smooth  # noqa: E402
from geotagger.gui.window import MainWindow  # noqa: E402
from geotagger.inference import load_bundle  # noqa: E402
from geotagger.session.arrangement import SortKey  # noqa: E402
from geotagger.session.photo import PhotoState  # noqa: E402
from tests.images import save_photo  # noqa: E402

_EMBEDDING_DIMENSIONS = 1280


class Stalls:
    """Measures how long the event loop did not come round, by a timer that should fire every millisecond.

    Two times are kept of each round: by the clock, which on a busy machine includes waiting for a processor and for
    Python's lock, and the processor time of the window's thread alone, which is the window's own work.

    Args:
        shown_ms: own work this long is printed with where it was; None shows none.
    """

    def __init__(self, shown_ms: float | None) -> None:
        self._gaps_ms: list[float] = []
        self._works_ms: list[float] = []
        self._ticked, self._worked = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)
        self._watching = False
        if shown_ms is not None:
            clock = time.pthread_getcpuclockid(threading.get_ident())
            threading.Thread(target=self._watch, args=(clock, shown_ms / 1000), daemon=True).start()

    def _tick(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self._gaps_ms.append((now - self._ticked) * 1000)
        self._works_ms.append((worked - self._worked) * 1000)
        self._ticked, self._worked = now, worked

    def _watch(self, clock: int, longest_s: float) -> None:
        main = threading.main_thread().ident or 0
        shown = 0.0
        while True:
            time.sleep(0.002)
            worked = self._worked
            if self._watching and worked != shown and time.clock_gettime(clock) - worked > longest_s:
                shown = worked
                lines = traceback.format_stack(sys._current_frames()[main])[-7:]
                print(
                    f"--- more than {longest_s * 1000:.0f} ms of work in\n{''.join(lines)}", file=sys.stderr
                )

    def during(self, start: Callable[[], object], done: Callable[[], bool], limit_s: float = 240) -> str:
        """What it took, from ``start`` until ``done`` and a moment of rest after it, in words."""
        self._gaps_ms, self._works_ms = [], []
        loop = QEventLoop()
        poll = QTimer()
        poll.setInterval(20)
        began = time.perf_counter()
        ended: list[float] = []

        def look() -> None:
            now = time.perf_counter()
            if not ended and done():
                ended.append(now)
            if now - began > limit_s or (ended and now - ended[0] > 0.5):
                loop.quit()

        poll.timeout.connect(look)
        self._ticked, self._worked = time.perf_counter(), time.thread_time()
        self._watching = True
        self._timer.start()
        poll.start()
        QTimer.singleShot(0, start)
        loop.exec()
        self._watching = False
        self._timer.stop()
        took = f"{ended[0] - began:6.1f}" if ended else "   ---"
        return f"{took} {_p99_and_worst(self._gaps_ms)} {_p99_and_worst(self._works_ms)}"


HEADER = (
    f"{'':46}{'':>6} {'by the clock':>17} {'own work':>17}\n{'':46}{'s':>6}" + f" {'p99':>8} {'worst':>8}" * 2
)


def _p99_and_worst(times_ms: list[float]) -> str:
    ordered = sorted(times_ms)
    return f"{ordered[int(0.99 * (len(ordered) - 1))]:8.1f} {ordered[-1]:8.1f}"


class QuickNetwork:
    """Stands in for the network: answers at once, with another place for every photo."""

    model_id, device, device_label, batch_size = "bench", "cpu", "bench", 8

    def __init__(self, grid: CellGrid, calibration: Calibration) -> None:
        self.grid, self.calibration = grid, calibration
        self._random = np.random.default_rng(5)

    def load(self, path: Path, preview: bytes | None = None) -> np.ndarray:
        return np.zeros((8, 8, 3), np.uint8)

    def predict(self, pixels: Sequence[np.ndarray]) -> list[ImageOutput]:
        return [self._output() for _ in pixels]

    def _output(self) -> ImageOutput:
        cells = self._random.dirichlet(np.full(len(self.grid), 0.02)).astype(np.float32)
        regions = np.asarray(self.grid.region_sums(cells, len(load_regions())), np.float32)
        embedding = self._random.normal(size=_EMBEDDING_DIMENSIONS).astype(np.float32)
        return ImageOutput(
            regions / regions.sum(), cells / cells.sum(), embedding / np.linalg.norm(embedding)
        )


_BARE = """
import time; began = time.perf_counter()
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([]); window = QMainWindow(); window.resize(1440, 900); window.show(); app.processEvents()
print(time.perf_counter() - began)
"""
_OURS = """
import time; began = time.perf_counter()
from PySide6.QtWidgets import QApplication
from geotagger.core.settings import Settings, Theme
from geotagger.gui.appearance import Appearance
from geotagger.gui.jobs import Jobs
from geotagger.gui.map import register_scheme
register_scheme()
app = QApplication([])
from geotagger.gui.window import MainWindow
window = MainWindow(Jobs(2), Settings(theme=Theme.LIGHT), Appearance(app, Theme.LIGHT))
window.show(); app.processEvents()
print(time.perf_counter() - began, flush=True)
import os; os._exit(0)
"""


def seconds_to_window(program: str) -> float:
    """The best of three starts in a fresh process, from the first import to a window that has been painted."""
    run = [sys.executable, "-c", program]
    return min(float(subprocess.check_output(run, stderr=subprocess.DEVNULL)) for _ in range(3))


def make_photos(folder: Path, count: int) -> None:
    """Copies of one photo, whose times differ."""
    first = save_photo(folder / "IMG_00000.jpg", taken="2024:06:01 00:00:00").read_bytes()
    for number in range(1, count):
        day, minute = divmod(number, 1440)
        taken = f"2024:{6 + day // 28:02}:{1 + day % 28:02} {minute // 60:02}:{minute % 60:02}:00"
        (folder / f"IMG_{number:05}.jpg").write_bytes(
            first.replace(b"2024:06:01 00:00:00", taken.encode("ascii"))
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--photos", type=int, default=20_000)
    arguments.add_argument("--predictions", type=int, default=2_000)
    arguments.add_argument("--show-stalls", type=float, metavar="MS")
    options = arguments.parse_args()
    bare, ours = seconds_to_window(_BARE), seconds_to_window(_OURS)
    print(f"visible window: {ours:.2f} s, {ours / bare:.1f} x a bare PySide6 window ({bare:.2f} s)")

    folder = BENCH_FOLDER / "photos"
    make_photos(folder, options.photos)
    register_scheme()
    app = QApplication(sys.argv[:1])
    keep_smooth(app)
    bundle = load_bundle()
    network = QuickNetwork(bundle.grid, bundle.calibration)
    predicting._make_predictor = lambda folder, device, on_notice: network  # type: ignore[assignment]
    load_regions()
    jobs = Jobs(2)
    window = MainWindow(jobs, Settings(theme=Theme.LIGHT), Appearance(app, Theme.LIGHT))
    window.show()
    window.reading.unlocated_found.disconnect()
    workbench, session, model = window.workbench, window.workbench.session, window.model
    stalls = Stalls(options.show_stalls)

    def report(what: str, start: Callable[[], object], done: Callable[[], bool] = lambda: True) -> None:
        print(f"{what:46}{stalls.during(start, done)}", flush=True)

    print(HEADER)
    report("the map loads", lambda: None, lambda: window.map_view._bridge.is_ready)
    report(
        f"{options.photos} photos come in and are read",
        lambda: window.open_paths([folder]),
        lambda: len(session) == options.photos and not window.reading.progress.running,
    )
    ids = session.ids
    report(
        f"{options.predictions} predictions arrive, judged together",
        lambda: window.predicting.predict(ids[: options.predictions]),
        lambda: not window.predicting.progress.running and not window.judging.busy,
    )
    for key in (SortKey.PROBABILITY, SortKey.NAME, SortKey.TAKEN, SortKey.REGION, SortKey.STATE):
        report(f"sorting by {key.value}", lambda key=key: model.set_arrangement(sort_key=key))
    report("filtering by text", lambda: model.set_filter(text="_01"))
    report("filtering by state", lambda: model.set_filter(states=frozenset({PhotoState.PREDICTED})))
    report("showing everything again", window.photo_list.filter_menu.show_everything)
    model.set_filter(text="")
    guess = session[ids[0]].prediction
    for photo_id in ids[options.predictions :]:
        session.update(photo_id, prediction=guess)
    report("selecting all", lambda: workbench.select(model.visible_ids))

    def are_decided() -> bool:
        return not workbench.is_deciding

    report("accepting all that is selected", workbench.accept_selected, are_decided)
    report("accepting them once more", workbench.accept_selected, are_decided)
    report("undoing that", workbench.undo, are_decided)
    report("doing it again", workbench.redo, are_decided)
    report("rejecting all that is selected", workbench.reject_selected, are_decided)
    report("undoing that", workbench.undo, are_decided)
    report("undoing the accepting", workbench.undo, are_decided)
    report("accepting all above 1 %", lambda: workbench.accept_all(0.01), are_decided)
    report("undoing that", workbench.undo, are_decided)
    somewhere = LatLon(46.9, -110.4)
    report(
        "correcting one, the trip is judged again",
        lambda: workbench.place(ids[:1], somewhere),
        lambda: not window.judging.busy,
    )
    report("taking all out of the list", lambda: workbench.remove_photos(session.ids), are_decided)
    report("undoing that", workbench.undo, lambda: are_decided() and model.photo_count == options.photos)
    end(window, jobs)


def end(window: MainWindow, jobs: Jobs) -> NoReturn:
    """Close the window without a question, and end the process at once."""
    window._closing_agreed = True
    window.close()
    jobs.shut_down()
    os._exit(0)


if __name__ == "__main__":
    main()
