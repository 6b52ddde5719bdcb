"""Comparing: one table of trainings on the same photos, with what sets them apart; never of different photos."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.__main__ import main
from trainer.compare import compare
from trainer.evaluate import COLUMNS, WHY_NOT_MEASURED
from trainer.shards import DataError

OURS = {"prepare": {"split": "group"}, "train": {"epochs": 4, "splits": ["train"]}, "augment": {"crop": 0.4}}
ORIGINAL = {"network": "geocnn", "recipe": {"rate": 0.01}, "splits": ["train"]}


def system(name: str, top5: float, log_loss: float = 3.0, **more: list[float | None]) -> dict[str, object]:
    metrics = {"top5_macro": [top5, top5 - 1, top5 + 1], "log_loss": [log_loss, 2.0, 4.0]} | more
    return {"name": name, "photos": 20, "photographers": 3, "metrics": metrics}


def measured(
    folder: Path,
    systems: list[dict[str, object]],
    splits: tuple[str, ...] = ("test",),
    settings: dict[str, object] | None = None,
) -> str:
    folder.mkdir()
    document = {
        "splits": splits,
        "list_hash": "abc",
        "date": "2026-01-02",
        "command": "python -m trainer evaluate RUN DATA",
        "systems": systems,
    }
    (folder / "metrics.json").write_text(json.dumps(document))
    (folder / "config.json").write_text(json.dumps(settings or OURS))
    return str(folder)


def rows_of(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]


def test_each_system_stands_once_the_worst_first_and_the_photos_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prior = system("region frequencies", 8)
    one = measured(tmp_path / "one", [prior, system("ours", 30)], ("validation", "test"))
    two = measured(tmp_path / "two", [prior, system("ours", 40)], ("test", "validation"))
    old = measured(tmp_path / "old", [system("geocnn, 15 epochs", 16)], ("test", "validation"), ORIGINAL)
    assert main(["compare", two, one, old, one]) == 0
    text = capsys.readouterr().out
    assert text.startswith("20 photos by 3 photographers (test, validation of list abc)")
    names = [row[0] for row in rows_of(text)[2:]]
    assert names == ["region frequencies", "geocnn, 15 epochs", "ours (one)", "ours (two)"]
    assert rows_of(text)[-1][4] == "40.0 [39.0, 41.0]"
    assert rows_of(text)[-1][1] == "–"
    assert text.count("- one: 2026-01-02, python -m trainer evaluate RUN DATA\n") == 1


def test_a_baseline_stands_once_also_where_an_earlier_version_measured_less_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = measured(tmp_path / "fewer", [system("region frequencies", 8), system("ours", 30)])
    more = measured(
        tmp_path / "more",
        [system("region frequencies", 8, near_misses=[9.0, 7.0, 11.0]), system("geocnn", 16)],
    )
    for runs in ([fewer, more], [more, fewer]):
        assert main(["compare", *runs, "--metrics", "top5_macro,near_misses"]) == 0
        rows = rows_of(capsys.readouterr().out)[2:]
        assert [row[0] for row in rows] == ["region frequencies", "geocnn", "ours"]
        assert rows[0][2] == "9.0 [7.0, 11.0]"


def test_the_settings_that_differ_are_named_and_no_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = OURS | {"train": {"epochs": 6, "splits": ["train"]}}
    one = measured(tmp_path / "one", [system("ours", 30)])
    two = measured(tmp_path / "two", [system("ours", 40)], settings=changed)
    old = measured(tmp_path / "old", [system("geocnn", 16)], settings=ORIGINAL)
    assert main(["compare", one, two, old]) == 0
    table = rows_of(capsys.readouterr().out)[-3:]
    assert table[0] == ["settings that differ", "one", "two"]
    assert table[2] == ["train.epochs", "4", "6"]


def test_an_average_says_of_how_many_trainings_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = measured(tmp_path / "one", [system("ours", 30)])
    mean = measured(tmp_path / "mean", [system("ours", 40)])
    (tmp_path / "mean" / "averaged.json").write_text(json.dumps([OURS, OURS]))
    assert main(["compare", one, mean]) == 0
    assert rows_of(capsys.readouterr().out)[-1] == ["train.averaged", "–", "2"]


def test_trainings_in_folders_of_one_name_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("old", "new", "new/deep"):
        (tmp_path / name).mkdir()
    changed = OURS | {"train": {"epochs": 6, "splits": ["train"]}}
    old = measured(tmp_path / "old" / "run", [system("ours", 30)])
    new = measured(tmp_path / "new" / "run", [system("ours", 40)], settings=changed)
    other = measured(tmp_path / "new" / "deep" / "alone", [system("ours", 50)])
    again = str(tmp_path / "new" / ".." / "old" / "run" / "metrics.json")
    assert main(["compare", old, new, other, again]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert [row[0] for row in rows[2:5]] == ["ours (old/run)", "ours (new/run)", "ours (alone)"]
    assert rows[5] == ["settings that differ", "old/run", "new/run", "alone"]


def test_dashes_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole: list[float | None] = [30.0, 20.0, 40.0]
    known = dict.fromkeys(COLUMNS.keys() - {"top5_macro"}, whole)
    unknown: dict[str, list[float | None]] = {"median_km": [None, None, None], "score": [None, None, None]}
    one = measured(tmp_path / "one", [system("ours", 30, **known)])
    two = measured(tmp_path / "two", [system("ours", 40, **(known | unknown))])
    assert main(["compare", one]) == 0
    assert WHY_NOT_MEASURED not in capsys.readouterr().out
    for more in ([], ["--metrics", "all"]):
        assert main(["compare", two, *more]) == 0
        text = capsys.readouterr().out
        assert f"|\n\n{WHY_NOT_MEASURED}\n" in text
        assert "nan" not in text


def test_every_metric_can_be_shown_or_some_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unknown: list[float | None] = [None, None, None]
    one = measured(tmp_path / "one", [system("ours", 30, mean_km=[900.4, 800.0, 1000.0])])
    two = measured(tmp_path / "two", [system("ours", 40, mean_km=unknown)])
    assert main(["compare", one, two, "--metrics", "all"]) == 0
    rows = {row[0]: row[1:] for row in rows_of(capsys.readouterr().out)}
    assert rows["log loss"] == ["3.000 [2.000, 4.000]"] * 2
    assert rows["mean km"] == ["900 [800, 1000]", "–"]
    assert main(["compare", one, str(Path(two) / "metrics.json"), "--metrics", "mean_km, top5_macro"]) == 0
    assert rows_of(capsys.readouterr().out)[0] == ["", "mean km", "top-5 macro"]
    assert main(["compare", one, two, "--metrics", "luck"]) == 1
    assert "no metric “luck”; there are log_loss, mean_km, top5_macro" in capsys.readouterr().err


def test_numbers_of_different_photos_do_not_stand_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = measured(tmp_path / "one", [system("ours", 30)])
    two = measured(tmp_path / "two", [system("ours", 40)], ("validation",))
    assert main(["compare", one, two]) == 1
    assert "one and two were not measured on the same photos" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "metrics.json").write_text('{"systems": [')
    for name in ("none", "half", "gone"):
        assert main(["compare", one, str(tmp_path / name)]) == 1
        assert "is missing or holds no metrics" in capsys.readouterr().err


def test_a_damaged_run_is_told(tmp_path: Path) -> None:
    system = {"name": "a", "photos": 1, "photographers": 1, "metrics": {"top1_micro": [1, 2, 3]}}
    whole = {"list_hash": "x", "splits": ["test"], "systems": [system]}
    for document in (
        whole,
        [],
        {**whole, "systems": [3]},
        {**whole, "systems": None},
        {**whole, "systems": []},
    ):
        (tmp_path / "metrics.json").write_text(json.dumps(document))
        with pytest.raises(DataError, match="holds no metrics"):
            compare([tmp_path])
