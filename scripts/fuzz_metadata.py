"""Throws damaged photo headers at the readers and writers: they must refuse or get it right, and never crash or hang.

The corpus is what the tests make (``tests/metadata/samples``), plus the files of a folder if one is given:

    python scripts/fuzz_metadata.py --count 1000000 --seed 1 --folder ../shared/exif-corpus

A finding is written to ``--findings`` with its traceback, and can be run again with ``--replay FILE``.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.metadata import provenance
from geotagger.metadata.container import PhotoFormat
from geotagger.metadata.edit import apply, invert, pack, unpack
from geotagger.metadata.errors import FormatError, UnsafeError
from geotagger.metadata.formats import PHOTO_SUFFIXES, detect
from geotagger.metadata.left_positions import places_left
from geotagger.metadata.reading import describe, fix_in, fix_in_packet, preview_in
from geotagger.metadata.source import MemorySource
from geotagger.metadata.verify import checked_edit, same_fix
from geotagger.metadata.writing import STRIP, fix_change
from geotagger.metadata.xmp import EXIF, packet_of
from tests.metadata import samples

FIX = Fix(LatLon(46.912345678, -110.4), Source.MODEL, 310.0, "geotagger-fuzz", 0.41, (("US-MT", 0.41),))
OTHER_FIX = Fix(LatLon(-33.8568, 151.2153), Source.MANUAL)
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
INTERESTING = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    12,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0xFFFFFFFF,
)
HEADER_BYTES = 4096
MEMORY_LIMIT_BYTES = 4 << 30
SECONDS_PER_CASE = 10

Case = tuple[str, bytes]


@dataclass
class Tally:
    """What became of the cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Path] = field(default_factory=list)
    slowest_s: float = 0.0
    """Processor time."""


def corpus(folder: Path | None) -> list[Case]:
    """Names (for their suffixes) and bytes of the files to damage."""
    made = {f"{name}.jpg": make for name, make in (samples.JPEGS | samples.REFUSED).items()}
    cases = [
        (name, make())
        for name, make in (made | samples.OTHERS | samples.OTHERS_REFUSED | samples.READ_ONLY).items()
    ]
    cases += [(f"{name}.xmp", packet) for name, packet in _sidecars()]
    if folder is not None:
        files = [f for f in sorted(folder.iterdir()) if f.suffix.lower() in PHOTO_SUFFIXES]
        cases += [(f.name, f.read_bytes()) for f in files]
    return [case for case in cases if len(case[1]) <= 256_000]


def _sidecars() -> Iterator[Case]:
    """Sidecars of this and of other programs."""
    yield "ours", provenance.with_fix(None, FIX, NOW, position=True)
    yield "rich", samples.xmp(padding=200, body=samples.RICH_BODY, attributes="uuid:1")
    position = 'exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.6E" exif:GPSAltitude="35/1"'
    yield "position", samples.xmp(position, body=samples.RICH_BODY)
    apple = "<exif:GPSLongitude>2.6259</exif:GPSLongitude><exif:GPSLongitudeRef>W</exif:GPSLongitudeRef>"
    apple += "<exif:GPSLatitudeRef>N</exif:GPSLatitudeRef><exif:GPSLatitude>51.4562</exif:GPSLatitude>"
    yield "apple", samples.xmp(body=apple)
    yield "utf-16", samples.xmp(position).decode().encode("utf-16-le")
    yield "merged", provenance.with_fix(samples.xmp(position, padding=2048), FIX, NOW, position=True)


def damaged(rng: random.Random, cases: list[Case]) -> Case:
    """One file with one to eight things wrong with its header."""
    name, original = rng.choice(cases)
    if name.endswith(".xmp") and rng.random() < 0.9:
        return name, _rephrased(rng, original)
    data = bytearray(original)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4, 8))):
        reach = min(len(data), HEADER_BYTES)
        if reach < 16:
            break
        at = rng.randrange(reach)
        kind = rng.randrange(8)
        if kind <= 1:
            data[at] = rng.randrange(256)
        elif kind == 2:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            size = rng.choice((2, 4))
            value = rng.choice((*INTERESTING, len(data), at, rng.randrange(len(data))))
            value = (value + rng.randint(-2, 2)) % (1 << 8 * size)
            data[at : at + size] = value.to_bytes(size, rng.choice(("big", "little")))
        elif kind == 4:
            del data[at : at + rng.choice((1, 2, 4, 12, 100))]
        elif kind == 5:
            data[at:at] = rng.choice(
                (bytes(1), bytes(12), rng.randbytes(rng.randint(1, 32)), data[at : at + 12])
            )
        elif kind == 6 and rng.random() < 0.3:
            del data[at:]
        elif kind == 6 and rng.random() < 0.3:
            # What erased or never written parts of a memory card hold.
            data[at:] = bytes((rng.choice((0, 0xFF)),)) * rng.choice((len(data) - at, 5000, 100_000))
        else:
            other = rng.choice(cases)[1]
            start = rng.randrange(max(1, min(len(other), HEADER_BYTES)))
            piece = other[start : start + rng.randint(1, 64)]
            data[at : at + len(piece)] = piece
    return name, bytes(data)


PHRASES = (
    b"<!-- > <exif:GPSLatitude> -->", b"<![CDATA[<exif:GPSLatitude>1</exif:GPSLatitude>]]>", b"<?pi exif:GPSLatitude='1'?>",
    b"<exif:GPSLatitude>48,51.5N</exif:GPSLatitude>", b"<exif:GPSLongitude rdf:resource='2,17.6E'/>", b"&#x3c;&amp;lt;",
    b"<rdf:Description rdf:about=''/>", b"<rdf:Description rdf:about='x' xmlns:exif='urn:other' exif:GPSLatitude='1'/>",
    b"<rdf:Description><exif:GPSLongitude><rdf:Bag/></exif:GPSLongitude></rdf:Description>", b"<x xmlns='urn:x'><y/></x>",
    b" exif:GPSLatitude = '48,51.5N'", b"\n\texif:GPSLongitude\n=\n\"2,17.6E\"", b" xmlns:exif='urn:other'", b" a='>' ", b" a='/>'",
    b" xmlns:g='urn:geotagger:xmp:1.0/' g:PositionSource='model'", b" rdf:parseType='Resource'", b"text", b"\xef\xbb\xbf", b"\0",
    b"<exif:GPSLatitude>51.4562</exif:GPSLatitude><exif:GPSLatitudeRef>N</exif:GPSLatitudeRef>",
    b" exif:GPSLongitudeRef='W' exif:GPSLongitude='2.6259'", b"<exif:GPSLatitude><![CDATA[48,]]>51.5<!-- x -->N</exif:GPSLatitude>",
    b"<exif:GPSLongitude>2&#44;17.6&#x45;</exif:GPSLongitude>", b"<exif:GPSLatitude>48 deg 51' 30\" N</exif:GPSLatitude>",
    b"<?xpacket end='w'?>", b"<rdf:RDF/>", b"</rdf:RDF>", b"<rdf:li/>", b" ", b"\r\n", b"\xc3\xa9", b"'", b'"', b">",
)  # fmt: skip
"""What other programs may well write into XMP, and some things that they should not."""


def _rephrased(rng: random.Random, packet: bytes) -> bytes:
    """XMP with words put in where there may be some, or with a piece doubled or missing; mostly still well-formed."""
    wide = packet[:2] in (b"<\0", b"\xff\xfe")
    data = packet.decode("utf-16-le").encode() if wide else packet
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = [at for at, byte in enumerate(data) if byte in b" >\n<"] or [0]
        at = rng.choice(places) + rng.randrange(2)
        kind = rng.randrange(8)
        if kind <= 5:
            data = data[:at] + rng.choice(PHRASES) + data[at:]
        elif kind == 6:
            data = data[:at] + data[at : at + rng.randrange(80)] + data[at:]
        else:
            data = data[:at] + data[at + rng.randrange(12) :]
    return data.decode("utf-8", "replace").encode("utf-16-le") if wide else data


def examine(case: Case) -> str:
    """Read and change one file in memory; the word for what happened.

    Raises:
        AssertionError: a change was let through that does not hold what it should.
    """
    name, data = case
    source = MemorySource(data)
    suffix = Path(name).suffix.lower()
    if suffix == ".xmp":
        return _examine_sidecar(data)
    try:
        found = detect(source, suffix)
        contents = found.handler.contents(source)
    except FormatError:
        return "not a photo"
    before = describe(Path(name), contents, [], None)
    assert 1 <= before.orientation <= 8
    preview = preview_in(source, suffix)
    assert preview is None or len(preview) <= max(len(data), 1)
    if found.sidecar_reason is not None:
        return "read only"
    words = []
    for change, fix in ((fix_change(FIX, NOW), FIX), (STRIP, None)):
        try:
            edit = checked_edit(source, found.handler, change, fix)
        except UnsafeError:
            words.append("refused")
            continue
        after = apply(data, edit)
        assert apply(after, invert(unpack(pack(edit)))) == data
        again = MemorySource(after)
        assert detect(again, suffix).sidecar_reason is None
        changed = found.handler.contents(again)
        position = fix_in(changed, provenance.parsed(changed.xmp))
        assert (position is None) == (fix is None)
        if fix is not None and position is not None:
            assert abs(position.position.lat_deg - fix.position.lat_deg) <= 1e-6
            assert abs(position.position.lon_deg - fix.position.lon_deg) <= 1e-6
        stripped = before.fix.position if fix is None and before.fix is not None else None
        left = places_left(again, changed, stripped)
        assert all(str(place) for place in left)
        described = describe(Path(name), changed, [], None)
        assert (described.taken, described.camera, described.orientation) == (
            before.taken,
            before.camera,
            before.orientation,
        )
        assert preview_in(again, suffix) == preview
        if fix is not None:
            _write_again(again, after, found.handler)
        words.append("changed")
    return " and ".join(words)


def _examine_sidecar(data: bytes) -> str:
    """Merge a position into a sidecar and take it out again."""
    try:
        packet_of(data)
        foreign = provenance.foreign(data)
    except UnsafeError:
        return "no sidecar"
    try:
        new = provenance.with_fix(data, FIX, NOW, position=True)
        packet = provenance.checked_packet(new, data)
    except UnsafeError:
        return "sidecar refused"
    assert same_fix(fix_in_packet(packet), FIX)
    assert not any(packet.get(EXIF, name) for name in ("GPSLatitudeRef", "GPSLongitudeRef"))
    without = provenance.without_fix(new)
    assert not without or not provenance.holds_position(packet_of(without))
    assert (provenance.foreign(without) if without else []) == foreign
    return "sidecar changed"


def _write_again(again: MemorySource, after: bytes, handler: PhotoFormat) -> None:
    """A second write on top of the first holds as well, unless there is no safe room for more."""
    try:
        twice = checked_edit(again, handler, fix_change(OTHER_FIX, NOW), OTHER_FIX)
    except UnsafeError:
        return
    assert apply(apply(after, twice), invert(twice)) == after


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS_PER_CASE} s")


def run(count: int, seed: int, folder: Path | None, findings: Path | None) -> Tally:
    """Examine ``count`` damaged files."""
    rng = random.Random(seed)
    cases = corpus(folder)
    tally = Tally()
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _too_slow)
    started = time.monotonic()
    for number in range(count):
        case = damaged(rng, cases)
        before = time.process_time()
        if hasattr(signal, "SIGALRM"):
            signal.alarm(SECONDS_PER_CASE)
        try:
            tally.outcomes[examine(case)] += 1
        except Exception:
            tally.outcomes["FINDING"] += 1
            if findings is not None:
                findings.mkdir(parents=True, exist_ok=True)
                path = findings / f"{seed}-{number}-{case[0]}"
                path.write_bytes(case[1])
                path.with_name(path.name + ".txt").write_text(traceback.format_exc())
                tally.findings.append(path)
            else:
                raise
        finally:
            if hasattr(signal, "SIGALRM"):
                signal.alarm(0)
        tally.slowest_s = max(tally.slowest_s, time.process_time() - before)
        if number % 20_000 == 19_999:
            rate = (number + 1) / (time.monotonic() - started)
            print(f"{number + 1} cases, {rate:.0f}/s, {dict(tally.outcomes)}", file=sys.stderr, flush=True)
    return tally


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="more files to damage")
    parser.add_argument("--findings", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("--replay", type=Path, help="examine one file as it is")
    chosen = parser.parse_args()
    import resource  # only where there is one: not on Windows

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    if chosen.replay:
        print(examine((chosen.replay.name, chosen.replay.read_bytes())))
        return 0
    tally = run(chosen.count, chosen.seed, chosen.folder, chosen.findings)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{chosen.count} cases: {dict(tally.outcomes)}")
    print(
        f"slowest {tally.slowest_s * 1000:.0f} ms, peak memory {peak_mib:.0f} MiB, findings {len(tally.findings)}"
    )
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
