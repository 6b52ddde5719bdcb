"""The ablation: a training per augmentation that is left out, all measured on the same photos, goes on after a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trainer.originals.made import make_data
from trainer.__main__ import main
from trainer.originals.ablation import ABLATION_FILE, VARIANTS
from trainer.originals.settings import AUGMENTATIONS, OriginalSettings
from trainer.run_folder import CHECKPOINT_FILE

SHORT = ("--epochs", "1", "--batch", "8", "--input-px", "32", "--seeds", "2", "--threads", "1")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"))


def test_every_augmentation_is_left_out_once_and_the_table_says_what_that_changes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ablate", str(data), "--out", str(tmp_path), *SHORT, "--splits", "validation,test"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "21 photos by 4 photographers (validation, test of list " in text
    names = ["all five", *(f"without {name}" for name in AUGMENTATIONS), "none"]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.endswith("] |")]
    assert rows == [*names, *names[1:]]
    for name in VARIANTS:
        for seed in (0, 1):
            folder = tmp_path / f"{name.replace(' ', '-')}-{seed}"
            assert OriginalSettings.load(folder / "config.json").seed == seed
    off = OriginalSettings.load(tmp_path / "without-crop-1" / "config.json").augment
    assert off.crop == 1.0
    assert off.rotation_deg > 0
    kept = json.loads((tmp_path / ABLATION_FILE).read_text())
    by_name = {row["name"]: row["metrics"] for row in kept["rows"]}
    for difference in kept["differences"]:
        value = by_name[difference["name"]]["log_loss"][0] - by_name["all five"]["log_loss"][0]
        assert difference["metrics"]["log_loss"][0] == pytest.approx(value, abs=2e-3)
    assert kept["photos"] == 21
    assert kept["command"].startswith("python -m trainer ablate DATA --network geocnn --epochs 1")

    trained = (tmp_path / "none-1" / CHECKPOINT_FILE).stat().st_mtime_ns
    assert main(words) == 0
    assert (tmp_path / "none-1" / CHECKPOINT_FILE).stat().st_mtime_ns == trained


def test_an_ablation_is_not_measured_on_what_it_trains_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ablate", str(data), "--out", str(tmp_path / "out"), *SHORT]
    assert main([*words, "--splits", "test,train"]) == 1
    assert "see the photos of train" in capsys.readouterr().err
    assert main([*words, "--splits", "test", "--seeds", "0"]) == 1
    assert "at least one seed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
