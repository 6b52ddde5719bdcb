"""``python -m trainer collect``: keys from the environment, limits, exit codes, and what is said."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.collect.fake_service import Asked, FakeService, Reply, jpeg, json_reply
from tests.trainer.collect.test_folder import DENVER, photo
from tests.trainer.collect.test_mapillary import FakeMapillary
from tests.trainer.collect.test_streetview import Google
from trainer.collect import run as collecting
from trainer.collect.command import add_arguments, run
from trainer.collect.mapillary import Mapillary
from trainer.collect.run import Picture
from trainer.files import NotWrittenError


def collect(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def streetview(service: FakeService, out: Path, *words: str) -> int:
    return collect(
        "streetview", "--out", out, "--base-url", service.url, "--regions", "co,WY", "--per-region", "2",
        "--requests-per-second", "10000", "--max-cost-usd", "1", *words,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_MAPS_API_KEY", "GOOGLE_MAPS_SIGNING_SECRET", "MAPILLARY_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_street_view_from_the_command_line(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "KEY123")
    monkeypatch.setenv("GOOGLE_MAPS_SIGNING_SECRET", "c2l4dGVlbiBieXRlIGtleQ==")
    service.answer = Google()
    assert streetview(service, tmp_path) == 0
    captured = capsys.readouterr()
    assert "4 photos of 2 regions" in captured.out
    assert "8 requests in this run, 0.03 USD by all runs" in captured.out
    assert "Google's terms of service restrict storing" in captured.err
    assert "KEY123" not in captured.out + captured.err
    assert all("signature" in asked.query for asked in service.asked)
    assert len(list(tmp_path.rglob("*.jpg"))) == 4


def test_what_is_missing_is_said_and_the_exit_code_is_1(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "KEY123")
    service.answer = lambda asked: json_reply({"status": "ZERO_RESULTS"})
    assert streetview(service, tmp_path, "--max-tries", "3") == 1
    errors = capsys.readouterr().err
    assert "6 points led to nothing: no imagery." in errors
    assert "CO has 0 photos, fewer than wanted: its tries are used up." in errors


def test_a_limit_is_said_and_the_exit_code_is_1(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "KEY123")
    service.answer = Google()
    assert streetview(service, tmp_path, "--max-requests", "3") == 1
    assert "Stopped: The limit of 3 requests is reached." in capsys.readouterr().err
    assert streetview(service, tmp_path) == 0


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (("streetview", "--max-cost-usd", "1"), "GOOGLE_MAPS_API_KEY"),
        (("mapillary",), "MAPILLARY_TOKEN"),
    ],
)
def test_without_a_key_nothing_starts(
    words: tuple[str, ...], variable: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect(*words, "--out", tmp_path / "x") == 2
    assert f"environment variable {variable}" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "caf\u00e9"])
def test_what_is_no_key_starts_nothing_and_is_not_repeated(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAPILLARY_TOKEN", key)
    assert collect("mapillary", "--out", tmp_path / "x") == 2
    error = capsys.readouterr().err
    assert "MAPILLARY_TOKEN holds no key" in error
    assert key not in error
    assert not (tmp_path / "x").exists()


def test_street_view_needs_a_cost_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        collect("streetview", "--out", tmp_path)
    assert caught.value.code == 2
    assert "--max-cost-usd" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--per-region", "0"), ("--requests-per-second", "-1"), ("--seed", "x")])
def test_numbers_that_make_no_sense_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        collect("mapillary", "--out", tmp_path, *words)


def test_mapillary_from_the_command_line_goes_on_after_an_interruption(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAPILLARY_TOKEN", "MLY|1|secret")
    world = FakeMapillary(service.url)
    service.answer = world
    words = (
        "mapillary", "--out", tmp_path, "--base-url", service.url, "--regions", "CO", "--per-region", "3",
        "--requests-per-second", "10000",
    )  # fmt: skip
    picture = Mapillary.picture

    def interrupted(*args: Any) -> Picture:
        if len(list(tmp_path.rglob("*.jpg"))) == 2:
            raise KeyboardInterrupt
        return picture(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Mapillary, "picture", interrupted)
        assert collect(*words) == 1
    assert "Interrupted; the same command goes on from here." in capsys.readouterr().err
    assert (tmp_path / "photos.csv").read_text().count("\n") == 3
    assert collect(*words) == 0
    assert "3 photos of 1 regions" in capsys.readouterr().out


def test_a_full_disk_is_a_sentence_and_the_next_run_goes_on(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "K")
    service.answer = Google()
    save = collecting.write_file

    def full(path: Path, content: bytes) -> None:
        if len(list(tmp_path.rglob("*.jpg"))) == 2:
            raise NotWrittenError(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(collecting, "write_file", full)
        assert streetview(service, tmp_path) == 1
    error = capsys.readouterr().err
    assert f".jpg cannot be written: {os.strerror(errno.ENOSPC)}." in error
    assert "the same command goes on from there" in error
    assert (tmp_path / "photos.csv").read_text().count("\n") == 3
    assert streetview(service, tmp_path) == 0
    assert "4 photos of 2 regions" in capsys.readouterr().out


def test_a_folder_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(tmp_path / "photos" / "a.jpg", DENVER)
    photo(tmp_path / "photos" / "b.jpg")
    assert collect("folder", tmp_path / "photos", "--out", tmp_path / "list.csv") == 0
    captured = capsys.readouterr()
    assert "Listed 1 photos" in captured.out
    assert "1 left out: no position." in captured.err
    (tmp_path / "photos" / "c.jpg").write_bytes(b"")
    assert collect("folder", tmp_path / "photos", "--out", tmp_path / "list.csv") == 1


def test_a_folder_without_located_photos_writes_no_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(tmp_path / "photos" / "b.jpg")
    assert collect("folder", tmp_path / "photos", "--out", tmp_path / "list.csv") == 2
    assert "No located photo was found" in capsys.readouterr().err
    assert not (tmp_path / "list.csv").exists()


def test_a_folder_that_holds_another_collection_is_refused(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "K")

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("metadata"):
            return Google()(asked)
        return Reply(jpeg(1), content_type="image/jpeg")

    service.answer = answer
    assert streetview(service, tmp_path) == 0
    assert streetview(service, tmp_path, "--seed", "5") == 2
    assert "seed = 0, not 5" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_a_sentence(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "K")
    service.answer = Google()
    (tmp_path / "file").write_text("in the way")
    assert streetview(service, tmp_path / "file" / "out") == 2
    assert "cannot be written or read" in capsys.readouterr().err
