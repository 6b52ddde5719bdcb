"""The trainer's commands: what goes wrong outside the program is a sentence, not a traceback."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from trainer.__main__ import INTERRUPTED, main


@pytest.mark.parametrize(
    ("words", "place", "sentence"),
    [
        (["train", "data", "--out", "run"], "trainer.steps.load_config", "with --resume goes on"),
        (["prepare", "a.csv", "--out", "x"], "trainer.steps.load_config", "start the command anew"),
        (
            ["collect", "folder", "photos", "--out", "a.csv"],
            "trainer.collect.folder.collect_folder",
            "What was collected is kept",
        ),
        (
            ["ablate", "data", "--out", "x"],
            "trainer.originals.ablation.ReducedPhotos",
            "goes on after the last whole epoch",
        ),
    ],
)
def test_an_interruption_says_how_to_go_on(
    words: list[str],
    place: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    assert main(words) == INTERRUPTED
    assert sentence in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "weights"))

    monkeypatch.setattr("trainer.steps.train", full)
    assert main(["train", "data", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'weights'}: {os.strerror(errno.ENOSPC)}.\n"


def test_a_run_that_lacks_its_settings_or_holds_damaged_ones_is_told(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainer.steps.trained_network", lambda arguments: (None, None))
    for text in (None, "{", '{"train": 3}'):
        if text is not None:
            (tmp_path / "config.json").write_text(text)
        assert main(["calibrate", str(tmp_path), str(prepared)]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "settings" in error


def test_a_file_of_facts_that_is_no_json_object_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("{", "[]"):
        (tmp_path / "facts.json").write_text(text)
        facts = ["--facts", str(tmp_path / "facts.json")]
        assert main(["export", str(tmp_path), "--out", str(tmp_path / "bundle"), *facts]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "facts.json" in error


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["evaluate", "run", "data", "--splits", "validation, exam"], "no split called exam"),
        (["evaluate", "run", "data", "--splits", " ,"], "No split is named"),
        (["original", "evaluate", "run", "data", "--splits", "exam"], "no split called exam"),
        (["original", "evaluate", "run", "data", "--splits", ""], "No split is named"),
        (["ablate", "data", "--out", "x", "--splits", "exam"], "no split called exam"),
    ],
)
def test_splits_that_are_none_are_told_by_every_command(
    words: list[str],
    sentence: str,
    prepared: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("trainer.steps.trained_network", lambda arguments: (None, None))
    assert main([str(prepared) if word == "data" else word for word in words]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("coverage", ["0", "1", "80", "nan", "half"])
def test_a_coverage_that_cannot_be_is_wrong_usage(coverage: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["calibrate", "run", "data", "--coverage", coverage])
    assert caught.value.code == 2
    assert "--coverage" in capsys.readouterr().err


def test_a_damaged_list_of_averaged_trainings_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "averaged.json").write_text("[")
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "bundle")]) == 1
    assert "averaged.json is damaged" in capsys.readouterr().err
