"""Files per second for reading and writing positions, side by side with other tools in one run.

    python tests/benchmarks/bench_metadata.py [--files 60] [--megabytes 0.1 4] [--camera-files FOLDER]

ExifTool runs with ``-stay_open``, its fast way; it flushes nothing to the disk, so a second row flushes each of its
files as a durable write must. piexif is compared where it is installed; it overwrites in place. ``copy + fsync`` is
what any safe write of one file must at least do: a new file with the old bytes, flushed to disk. ``copies + one sync``
is the least for a whole batch. Reading is the median of all files; writing is the time of the whole batch, of which
the median of the rounds counts. Ratios are theirs against ours.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import (
    Journal,
    Overwrite,
    WritePolicy,
    WriteRequest,
    read_photo,
    write_fix,
    write_fixes,
)
from tests.metadata import samples

try:
    import piexif
except ImportError:
    piexif = None

ROUNDS = 5

Way = Callable[[list[Path]], float]
"""Does something to all files, and says how many seconds each took."""


class StayOpen:
    """ExifTool kept running."""

    def __init__(self, command: str) -> None:
        self._process = subprocess.Popen(
            [command, "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str) -> None:
        """One call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n".join([*arguments, "-execute\n"]).encode())
        self._process.stdin.flush()
        while self._process.stdout.readline() != b"{ready}\n":
            continue

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"-stay_open\nFalse\n")
        self._process.stdin.close()
        self._process.wait()


def make_files(folder: Path, count: int, megabytes: float) -> list[Path]:
    """Photos of a camera's size: EXIF with maker note and thumbnail, then incompressible bytes as image data."""
    rng = random.Random(1)
    head = samples.after_soi(samples.app1(samples.block(maker_note=True, thumbnail=samples.jpeg() * 8)))
    paths = []
    for number in range(count):
        path = folder / f"{number:04}.jpg"
        path.write_bytes(
            head[:-2] + rng.randbytes(int(megabytes * 1e6)).replace(b"\xff", b"\xfe") + b"\xff\xd9"
        )
        paths.append(path)
    return paths


def copy_file(path: Path) -> Path:
    """A copy with the old bytes beside the file."""
    target = path.with_suffix(".copy")
    with path.open("rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 22)
    return target


def flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    fd = os.open(path, os.O_RDWR)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def copy_and_flush(path: Path) -> None:
    """The least that a safe write can do."""
    target = copy_file(path)
    flush(target)
    target.replace(path)


def copy_all_and_sync(paths: list[Path]) -> None:
    """The least that a batch of safe writes can do."""
    copies = [copy_file(path) for path in paths]
    os.sync()
    for target, path in zip(copies, paths, strict=True):
        target.replace(path)


def each(work: Callable[[Path], object]) -> Way:
    """A way to do a batch: one file after the other."""

    def run(paths: list[Path]) -> float:
        started = time.perf_counter()
        for path in paths:
            work(path)
        return (time.perf_counter() - started) / len(paths)

    return run


def whole(work: Callable[[list[Path]], object]) -> Way:
    """A way that takes all files at once."""

    def run(paths: list[Path]) -> float:
        started = time.perf_counter()
        work(paths)
        return (time.perf_counter() - started) / len(paths)

    return run


def typical(work: Callable[[Path], object]) -> Way:
    """One file after the other, the median of which counts, so that interruptions do not."""

    def run(paths: list[Path]) -> float:
        taken = []
        for path in paths:
            started = time.perf_counter()
            work(path)
            taken.append(time.perf_counter() - started)
        return statistics.median(taken)

    return run


def compare(title: str, ways: dict[str, Way], paths: list[Path]) -> None:
    """Time all ways in turns, so that a busy moment hits all alike, and print a table."""
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            rounds[name].append(run(paths))
    ours = statistics.median(rounds["geotagger"])
    print(f"\n{title}, {ROUNDS} rounds")
    for name, values in rounds.items():
        value = statistics.median(values)
        ratio = "" if name == "geotagger" else f"   geotagger is {value / ours:.2f} x as fast"
        spread = f"({min(values) * 1000:.3f} to {max(values) * 1000:.3f})"
        print(f"  {name:<26}{1 / value:>9.1f} files/s {value * 1000:>9.3f} ms {spread:<22}{ratio}")


def readers(tool: StayOpen | None) -> dict[str, Way]:
    """Ways to read the position and what else the program shows."""
    ways = {"geotagger": typical(read_photo)}
    if tool is not None:
        names = ("-GPS:all", "-DateTimeOriginal", "-Orientation", "-Make", "-Model", "-ImageSize")
        ways["exiftool -stay_open"] = typical(lambda path: tool.run("-j", "-n", *names, str(path)))
        ways["  all of its tags"] = typical(lambda path: tool.run("-j", "-n", str(path)))
    if piexif is not None:
        ways["piexif"] = typical(lambda path: piexif.load(str(path)))
    return ways


def writers(tool: StayOpen | None, journal: Journal) -> dict[str, Way]:
    """Ways to write a position, random each time."""
    rng = random.Random(2)
    run_id = journal.begin_run("benchmark")
    policy = WritePolicy(Overwrite.ALL)

    def fix() -> Fix:
        return Fix(LatLon(rng.uniform(-80, 80), rng.uniform(-170, 170)), Source.MANUAL)

    def batch(paths: list[Path]) -> None:
        requests = (WriteRequest(path, fix()) for path in paths)
        for path, outcome in write_fixes(requests, policy, journal, run_id):
            assert not isinstance(outcome, Exception), f"{path}: {outcome}"

    ways = {
        "geotagger": whole(batch),
        "geotagger, one by one": each(lambda path: write_fix(path, fix(), policy, journal, run_id)),
        "copy + fsync each": each(copy_and_flush),
        "copies + one sync": whole(copy_all_and_sync),
        "copy, not flushed": each(lambda path: copy_file(path).replace(path)),
    }
    if tool is not None:

        def with_exiftool(path: Path) -> None:
            lat, lon = rng.uniform(-80, 80), rng.uniform(-170, 170)
            values = (f"-GPSLatitude*={lat}", f"-GPSLongitude*={lon}")
            tool.run("-overwrite_original", "-P", *values, str(path))

        def durably(path: Path) -> None:
            with_exiftool(path)
            flush(path)

        ways["exiftool, not flushed"] = each(with_exiftool)
        ways["exiftool + fsync each"] = each(durably)
    if piexif is not None:

        def with_piexif(path: Path) -> None:
            exif = piexif.load(str(path))
            exif["GPS"][piexif.GPSIFD.GPSLatitude] = ((int(rng.uniform(0, 80)), 1), (1, 1), (1, 1))
            piexif.insert(piexif.dump(exif), str(path))

        ways["piexif, in place"] = each(with_piexif)
    return ways


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[0.1, 4])
    parser.add_argument("--camera-files", type=Path, help="a folder of real photos to read, too")
    parser.add_argument("--folder", type=Path, help="where to make the files: the disk that counts")
    chosen = parser.parse_args()
    command = shutil.which("exiftool")
    tool = StayOpen(command) if command else None
    for name, missing in (("exiftool", tool is None), ("piexif", piexif is None)):
        if missing:
            print(f"{name} is not installed and is left out.")
    if chosen.camera_files:
        files = sorted(chosen.camera_files.rglob("*"))
        real = [f for f in files if f.suffix.lower() in (".jpg", ".jpeg")][:100]
        compare(f"Reading {len(real)} real JPEG files", readers(tool), real)
    for megabytes in chosen.megabytes:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
            folder = Path(name)
            paths = make_files(folder, chosen.files, megabytes)
            os.sync()
            compare(f"Reading {len(paths)} files of {megabytes:g} MB", readers(tool), paths)
            with Journal(folder / "journal" / "geotagger.sqlite3") as journal:
                compare(f"Writing {len(paths)} files of {megabytes:g} MB", writers(tool, journal), paths)
    if tool is not None:
        tool.close()


if __name__ == "__main__":
    main()
