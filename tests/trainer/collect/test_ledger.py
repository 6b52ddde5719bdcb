"""The ledger: what is written is read back, half a line is cut off, a foreign one is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trainer.collect.data_list import LocatedPhoto
from trainer.collect.errors import CollectError
from trainer.collect.ledger import Ledger

HEADING = {"service": "streetview", "seed": 0}


def photo(number: int = 0, author: str = "Ann") -> LocatedPhoto:
    return LocatedPhoto(
        f"CO/{number}.jpg", "CO", 39.0 + number, -105.5, "streetview", "", "g", "", "s", "600x600", "2019-05",
        author, "licence", "credit", "00",
    )  # fmt: skip


def test_a_second_run_knows_what_the_first_did(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, HEADING) as first:
        first.note_try("CO", "no imagery")
        first.note_try("WY", "broken picture", "p1")
        first.charge(0.007)
        first.note_photo(photo(), "p2")
    with Ledger(path, HEADING) as second:
        assert second.photos == [photo()]
        assert second.identifiers == {"p1", "p2"}
        assert second.tries == {"CO": 2, "WY": 1}
        assert second.spent_usd == pytest.approx(0.007)


def test_half_a_line_left_by_a_kill_is_cut_off_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, HEADING) as ledger:
        ledger.note_photo(photo(1), "p1")
    whole = path.read_bytes()
    for cut in (b'{"event": "pho', b'{"event": "try", "region": "CO", "result": "x", "id": null}'):
        path.write_bytes(whole + cut)
        with Ledger(path, HEADING) as again:
            assert again.photos == [photo(1)]
            again.note_try("CO", "no imagery")
        assert path.read_bytes().startswith(whole)
        assert all(line.endswith(b"}") for line in path.read_bytes().splitlines())


def test_a_name_with_odd_line_breaks_survives(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    odd = photo(author="A\u2028B\x85C\nD, “é”")
    with Ledger(path, HEADING) as ledger:
        ledger.note_photo(odd, "p1")
    with Ledger(path, HEADING) as again:
        assert again.photos == [odd]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, HEADING) as ledger:
        ledger.note_try("CO", "no imagery")
    path.write_text(path.read_text() + "rubbish\n")
    with pytest.raises(CollectError, match=r"Line 3 of .*ledger\.jsonl is damaged"):
        Ledger(path, HEADING)


def test_another_seed_or_service_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, HEADING):
        pass
    with pytest.raises(CollectError, match="seed = 0, not 1"):
        Ledger(path, {**HEADING, "seed": 1})
    with pytest.raises(CollectError, match="service = 'streetview', not 'mapillary'"):
        Ledger(path, {**HEADING, "service": "mapillary"})


@pytest.mark.parametrize("line", ["3", '"word"', "null", "[]", '{"event": "photo"}', '{"event": "cat"}'])
def test_a_line_that_is_no_event_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path, HEADING).__exit__(None, None, None)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(CollectError, match=r"Line 2 of .* is damaged"):
        Ledger(path, HEADING)


def test_two_runs_do_not_collect_into_one_folder_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, HEADING) as first:
        first.note_try("CO", "no imagery")
        with pytest.raises(CollectError, match=f"Another run is collecting into {tmp_path}; please wait"):
            Ledger(path, HEADING)
        first.note_photo(photo(), "p1")
    with Ledger(path, HEADING) as second:
        assert second.photos == [photo()]


def test_a_ledger_that_was_refused_is_free_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path, HEADING).__exit__(None, None, None)
    with pytest.raises(CollectError, match="holds a collection with seed"):
        Ledger(path, {**HEADING, "seed": 1})
    with Ledger(path, HEADING) as again:
        assert again.photos == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limits")
def test_a_line_that_a_full_disk_takes_half_of_is_told_and_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    code = f"""
import resource
from pathlib import Path
from tests.trainer.collect.test_ledger import HEADING, photo
from trainer.collect.ledger import Ledger
from trainer.files import NotWrittenError
with Ledger(Path({str(path)!r}), HEADING) as ledger:
    ledger.note_photo(photo(1), "p1")
    size = Path({str(path)!r}).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, resource.RLIM_INFINITY))
    try:
        ledger.note_photo(photo(2), "p2")
    except NotWrittenError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.startswith(f"{path} cannot be written: ")
    assert not path.read_bytes().endswith(b"\n")
    with Ledger(path, HEADING) as again:
        assert again.photos == [photo(1)]
