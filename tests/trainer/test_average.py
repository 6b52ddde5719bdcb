"""Averaging: the mean of what was trained, and the last heads fitted anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from geotagger.inference import load_bundle
from tests.trainer.small import quiet, small_config
from trainer.__main__ import main
from trainer.config import Config
from trainer.run_folder import (
    AVERAGED_FILE,
    WEIGHTS_FILE,
)
from trainer.shards import ShardData
from trainer.train import train

pytestmark = pytest.mark.usefixtures("small_pictures")


def test_the_average_of_two_trainings_is_a_run_like_any_other(
    prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, mean = tmp_path / "other", tmp_path / "mean"
    train(prepared, other, small_config("train.seed=1", "train.epochs=1"), backbone=None, say=quiet)
    assert main(["average", str(trained), str(other), "--data", str(prepared), "--out", str(mean)]) == 0
    first, second, averaged = (load_file(run / WEIGHTS_FILE) for run in (trained, other, mean))
    for name in ("body.conv_stem.weight", "region_head.bias", "cell_head.weight"):
        assert torch.allclose(averaged[name], (first[name] + second[name]) / 2, atol=1e-7)
    # What is fitted in closed form is fitted to the averaged body, not averaged.
    assert len(averaged["neighbour_head.embeddings"]) == len(ShardData(prepared).of("train"))
    assert not torch.allclose(
        averaged["discriminant_head.weight"],
        (first["discriminant_head.weight"] + second["discriminant_head.weight"]) / 2,
    )
    assert [run["train"]["seed"] for run in json.loads((mean / AVERAGED_FILE).read_text())] == [0, 1]
    assert main(["calibrate", str(mean), str(prepared)]) == 0
    assert main(["export", str(mean), "--out", str(tmp_path / "bundle")]) == 0
    assert [run["train"]["seed"] for run in load_bundle(tmp_path / "bundle").manifest["averaged"]] == [0, 1]
    assert main(["average", str(trained), str(other), "--data", str(prepared), "--out", str(other)]) == 1
    assert f"{other} holds a training already" in capsys.readouterr().err
    assert load_file(other / WEIGHTS_FILE).keys() == second.keys()
    save_file(second, other / WEIGHTS_FILE, {"list_hash": "of other photos"})
    capsys.readouterr()
    assert main(["average", str(trained), str(other), "--data", str(prepared), "--out", str(mean)]) == 1
    assert "did not learn from the photos" in capsys.readouterr().err
    settings = json.loads((other / "config.json").read_text())
    settings["train"]["splits"] = ["train", "test"]
    (other / "config.json").write_text(json.dumps(settings))
    capsys.readouterr()
    assert main(["average", str(trained), str(other), "--data", str(prepared), "--out", str(mean)]) == 1
    assert "same splits" in capsys.readouterr().err


def test_the_last_heads_of_a_training_are_fitted_anew_with_other_settings(
    prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["average", str(trained), "--data", str(prepared), "--out", str(tmp_path)]
    assert main([*words, "--set", "train.body_rate=1"]) == 1
    assert "would need another training" in capsys.readouterr().err
    assert main([*words, "--set", "train.neighbour_weight=0", "--set", "train.discriminant_prior=3"]) == 0
    before, after = load_file(trained / WEIGHTS_FILE), load_file(tmp_path / WEIGHTS_FILE)
    assert torch.equal(before["region_head.weight"], after["region_head.weight"])
    assert torch.equal(before["neighbour_head.embeddings"], after["neighbour_head.embeddings"])
    assert not torch.equal(before["discriminant_head.weight"], after["discriminant_head.weight"])
    assert after["neighbour_head.weight"] == 0
    made_with = Config.load_saved(tmp_path / "config.json").train
    assert (made_with.neighbour_weight, made_with.discriminant_prior) == (0, 3)
