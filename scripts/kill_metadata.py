"""Kills a writing process at random moments and checks that every file is the old one or the new one, whole.

    python scripts/kill_metadata.py --count 1000 --seed 1

After each kill the journal is opened, as at the next start of the program, and must know which file is there:
the SHA-256 of each file is that of the last write that the journal calls done, or of the original. No temporary file
stays behind. In the end everything is undone, and every file is the original again. Needs ``fork`` (not on Windows).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import os
import random
import select
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import (
    Journal,
    JournalError,
    Overwrite,
    SidecarMode,
    WritePolicy,
    WriteRequest,
    strip_fixes,
    write_fixes,
)
from tests.metadata import samples

BULK = bytes(range(256)) * 4096
"""A megabyte behind each image, so that copying takes long enough to be interrupted."""


def make_photos(folder: Path) -> list[Path]:
    """Photos of all kinds of writes: replaced, written in place because of a hard link, with sidecars, behind a link."""
    photos = []
    others = {
        "a.png": "exif.png",
        "a.webp": "exif.webp",
        "a.tif": "with-gps-big-endian.tif",
        "a.dng": "raw.dng",
    }
    for name, sample in others.items():
        path = folder / name
        path.write_bytes(samples.OTHERS[sample]())
        photos.append(path)
    (folder / "sidecar.heic").write_bytes(samples.heic())
    photos.append(folder / "sidecar.heic")
    for name in (
        "a.jpg",
        "b.jpg",
        "c.jpg",
        "d.jpg",
        "e.jpg",
        "linked.jpg",
        "sidecar.jpg",
        "second-sidecar.jpg",
    ):
        path = folder / name
        path.write_bytes(samples.JPEGS["maker-note"]() + BULK)
        photos.append(path)
    os.link(folder / "linked.jpg", folder / "other-name.jpg")
    # A sidecar that lies elsewhere: the link to it must stay.
    (folder / "second-sidecar.jpg.xmp").symlink_to(folder / "elsewhere.xmp")
    return photos


def write_forever(photos: list[Path], database: Path, ready: int, seed: int) -> None:
    """What the victim does: several photos at once, the same ones again and again, with positions that come and go and
    sometimes with copies of the originals; some begin by taking back."""
    rng = random.Random(seed)

    def requests(chosen: list[Path], count: int) -> Iterator[WriteRequest]:
        for _ in range(count):
            fix = Fix(LatLon(rng.uniform(-80, 80), rng.uniform(-170, 170)), Source.MANUAL)
            yield WriteRequest(rng.choice(chosen), fix)

    with Journal(database) as journal:
        run_id = journal.begin_run("kill")
        os.write(ready, b"!")
        if rng.random() < 0.3:
            with contextlib.suppress(JournalError):
                assert not [outcome for outcome in journal.undo_run() if outcome.error]
        for _ in itertools.count():
            for mode in (SidecarMode.AUTO, SidecarMode.ALWAYS):
                chosen = [p for p in photos if ("sidecar" in p.name) == (mode is SidecarMode.ALWAYS)]
                backups = photos[0].parent.with_name("backups") if rng.random() < 0.3 else None
                policy = WritePolicy(Overwrite.ALL, mode, backups)
                if rng.random() < 0.3:
                    stripped = [p for p in chosen if p.suffix != ".heic"]
                    results = strip_fixes(stripped, policy, journal, run_id, estimates_only=False)
                else:
                    results = write_fixes(requests(chosen, 20), policy, journal, run_id)
                for path, result in results:
                    assert not isinstance(result, Exception), f"{path}: {result}"


def kill_once(photos: list[Path], database: Path, rng: random.Random, longest_s: float) -> None:
    """Start a victim, wait for it to be ready and a random moment more, and kill it."""
    ready, write_end = os.pipe()
    victim = os.fork()
    if not victim:
        try:
            os.close(ready)
            write_forever(photos, database, write_end, rng.randrange(1 << 30))
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(9)
    os.close(write_end)
    try:
        assert select.select([ready], [], [], 60)[0], "the victim did not start"
        assert os.read(ready, 1) == b"!", "the victim failed"
        time.sleep(rng.uniform(0, longest_s))
    finally:
        os.kill(victim, signal.SIGKILL)
        _, status = os.waitpid(victim, 0)
        os.close(ready)
    assert os.WIFSIGNALED(status), "the victim ended by itself"


def check(photos: list[Path], database: Path, originals: dict[Path, str]) -> str:
    """Open the journal, as the next start would, and compare it with the files.

    Returns:
        What the kill had interrupted.
    """
    with sqlite3.connect(database) as db:
        open_states = db.execute(
            "SELECT state, in_place FROM journal_writes WHERE state IN ('begun', 'prepared')"
        ).fetchall()
    db.close()
    with Journal(database):
        pass
    with sqlite3.connect(database) as db:
        last = dict(
            db.execute(
                "SELECT target, IIF(operation = 'remove', NULL, after_sha256) FROM journal_writes"
                " WHERE state = 'done' ORDER BY id"
            ).fetchall()
        )
        left = db.execute(
            "SELECT COUNT(*) FROM journal_writes WHERE state IN ('begun', 'prepared')"
        ).fetchone()[0]
    db.close()
    assert left == 0, "the journal does not know what became of a write"
    folder = photos[0].parent
    for path in (*photos, *(Path(os.path.realpath(folder / f"{p.name}.xmp")) for p in photos)):
        expected = last.get(str(path), originals.get(path))
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
        assert found == expected, f"{path.name} is not what the journal says"
    strays = [f.name for f in folder.iterdir() if f.name.startswith(".")]
    assert strays == [], f"left behind: {strays}"
    kinds = sorted({f"{state}{' in place' if in_place else ''}" for state, in_place in open_states})
    return ", ".join(kinds) or "between writes"


def run(count: int, seed: int, folder: Path, longest_s: float = 0.1) -> Counter[str]:
    """Kill ``count`` times; what was interrupted how often.

    Raises:
        AssertionError: a file or the journal was not as it should be.
    """
    rng = random.Random(seed)
    photos = make_photos(folder)
    originals = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in photos}
    database = folder.parent / f"{folder.name}.journal" / "geotagger.sqlite3"
    Journal(database).close()
    interrupted: Counter[str] = Counter()
    for number in range(count):
        kill_once(photos, database, rng, longest_s)
        interrupted[check(photos, database, originals)] += 1
        if number % 50 == 49:
            _undo_all(photos, database, originals)
            print(f"{number + 1} kills, {dict(interrupted)}", file=sys.stderr, flush=True)
    _undo_all(photos, database, originals)
    return interrupted


def _undo_all(photos: list[Path], database: Path, originals: dict[Path, str]) -> None:
    with Journal(database) as journal:
        while True:
            try:
                errors = [outcome.error for outcome in journal.undo_run() if outcome.error]
            except JournalError:
                break
            assert errors == [], errors
    for path in photos:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == originals[path], (
            f"{path.name} was not brought back"
        )
    left = [path.name for path in photos[0].parent.glob("*.xmp")]
    assert left == ["second-sidecar.jpg.xmp"], "no sidecars were there, but a link to none"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        photos.mkdir()
        interrupted = run(chosen.count, chosen.seed, photos)
    print(f"{chosen.count} kills, all files whole and known to the journal: {dict(interrupted)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
