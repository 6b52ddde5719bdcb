"""Files per second for reading and writing positions, side by side with other tools in one run.

    python tests/benchmarks/bench_metadata.py [--files 60] [--megabytes 4]

ExifTool runs with ``-stay_open``, its fast way. piexif is compared where it is installed. ``copy + fsync`` is what
any safe write must at least do: a new file with the old bytes, flushed to disk. Ratios are ours against theirs.
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
from geotagger.metadata import Journal, Overwrite, WritePolicy, read_photo, write_fix
from tests.metadata import samples

ROUNDS = 5


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


def copy_and_flush(path: Path) -> None:
    """The least that a safe write can do."""
    target = path.with_suffix(".copy")
    with path.open("rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 22)
        copy.flush()
        os.fsync(copy.fileno())
    target.replace(path)


def timed(work: Callable[[Path], object], paths: list[Path]) -> float:
    """Seconds per file, the best of the medians being of no use on a busy machine: the median over all files."""
    taken = []
    for path in paths:
        started = time.perf_counter()
        work(path)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def compare(title: str, ways: dict[str, Callable[[Path], object]], paths: list[Path]) -> dict[str, float]:
    """Time all ways in turns, so that a busy moment hits all alike, and print a table.

    Returns:
        Seconds per file, by name.
    """
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            rounds[name].append(timed(work, paths))
    seconds = {name: min(values) for name, values in rounds.items()}
    ours = seconds["geotagger"]
    print(f"\n{title}")
    for name, value in seconds.items():
        ratio = "" if name == "geotagger" else f"   geotagger is {value / ours:.2f} x as fast"
        print(f"  {name:<22}{1 / value:>10.1f} files/s {value * 1000:>9.3f} ms{ratio}")
    return seconds


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--megabytes", type=float, default=4)
    parser.add_argument("--camera-files", type=Path, help="a folder of real photos to read, too")
    parser.add_argument("--folder", type=Path, help="where to make the files: the disk that counts")
    chosen = parser.parse_args()
    command = shutil.which("exiftool")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        paths = make_files(folder, chosen.files, chosen.megabytes)
        reading: dict[str, Callable[[Path], object]] = {"geotagger": read_photo}
        rng = random.Random(2)
        with Journal(folder / "journal" / "geotagger.sqlite3") as journal:
            run_id = journal.begin_run("benchmark")
            policy = WritePolicy(Overwrite.ALL)

            def ours(path: Path) -> None:
                fix = Fix(LatLon(rng.uniform(-80, 80), rng.uniform(-170, 170)), Source.MANUAL)
                write_fix(path, fix, policy, journal, run_id)

            writing: dict[str, Callable[[Path], object]] = {"geotagger": ours, "copy + fsync": copy_and_flush}
            tool = StayOpen(command) if command else None
            if tool is not None:
                names = ("-GPS:all", "-DateTimeOriginal", "-Orientation", "-Make", "-Model", "-ImageSize")
                reading["exiftool -stay_open"] = lambda path: tool.run("-j", "-n", *names, str(path))
                reading["  all of its tags"] = lambda path: tool.run("-j", "-n", str(path))
                writing["exiftool -stay_open"] = lambda path: tool.run(
                    "-overwrite_original",
                    "-P",
                    f"-GPSLatitude*={rng.uniform(-80, 80)}",
                    f"-GPSLongitude*={rng.uniform(-170, 170)}",
                    str(path),
                )
            try:
                import piexif
            except ImportError:
                print("piexif is not installed and is left out.")
            else:

                def with_piexif(path: Path) -> None:
                    exif = piexif.load(str(path))
                    exif["GPS"][piexif.GPSIFD.GPSLatitude] = ((int(rng.uniform(0, 80)), 1), (1, 1), (1, 1))
                    piexif.insert(piexif.dump(exif), str(path))

                reading["piexif"] = lambda path: piexif.load(str(path))
                writing["piexif (in place)"] = with_piexif
            compare(f"Reading {len(paths)} files of {chosen.megabytes:g} MB", reading, paths)
            if chosen.camera_files:
                real = [
                    f for f in sorted(chosen.camera_files.rglob("*")) if f.suffix.lower() in (".jpg", ".jpeg")
                ]
                compare(f"Reading {len(real[:100])} real JPEG files", reading, real[:100])
            compare(f"Writing {len(paths)} files of {chosen.megabytes:g} MB", writing, paths)
            if tool is not None:
                tool.close()


if __name__ == "__main__":
    main()
