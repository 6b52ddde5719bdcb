"""Training: it learns, a kill changes nothing, two processes do what one does, and bad data gets a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from geotagger.core.errors import SettingsError
from geotagger.inference.network import GeoNetwork
from tests.trainer.small import SMALL, quiet, small_config
from trainer.__main__ import main
from trainer.config import Config, load_config
from trainer.fine_tuning import _mixed, _mixing_shares
from trainer.prepare import prepare
from trainer.processes import Ranks
from trainer.run_folder import (
    HISTORY_FILE,
    RESUME_FILE,
    WEIGHTS_FILE,
    TrainingError,
    load_trained,
)
from trainer.shards import ShardData
from trainer.train import load_backbone, train

pytestmark = pytest.mark.usefixtures("small_pictures")


def test_training_writes_weights_history_and_settings(prepared: Path, trained: Path) -> None:
    history = json.loads((trained / HISTORY_FILE).read_text())
    assert [entry["epoch"] for entry in history] == [1, 2]
    assert all(np.isfinite(entry["losses"]).all() and "top1_micro" in entry for entry in history)
    # Not the defaults of the preparation, which the training never used, but what the data was made with.
    made_with = Config.load_saved(prepared / "config.json").prepare
    assert made_with.salt == "test-14"
    assert Config.load_saved(trained / "config.json") == replace(small_config(), prepare=made_with)
    network, grid = load_trained(trained)
    assert network.cell_head.out_features == len(grid)
    assert not network.training


def test_every_layer_moves(prepared: Path, trained: Path, tmp_path: Path) -> None:
    train(prepared, tmp_path, small_config("train.epochs=0"), backbone=None, say=quiet)
    still, moved = load_file(tmp_path / WEIGHTS_FILE), load_file(trained / WEIGHTS_FILE)
    names = [name for name, _ in GeoNetwork(63, 1, 1).named_parameters()]
    assert [name for name in names if torch.equal(still[name], moved[name])] == []


@pytest.mark.parametrize("kill_after", [2, 6])
def test_killed_and_resumed_training_reaches_the_same_weights(
    prepared: Path, trained: Path, tmp_path: Path, kill_after: int
) -> None:
    train(
        prepared,
        tmp_path,
        small_config(),
        backbone=None,
        say=quiet,
        stop_after=lambda step: step == kill_after,
    )
    assert not (tmp_path / WEIGHTS_FILE).exists()
    train(prepared, tmp_path, small_config(), backbone=None, resume=True, say=quiet)
    whole, resumed = load_file(trained / WEIGHTS_FILE), load_file(tmp_path / WEIGHTS_FILE)
    assert whole.keys() == resumed.keys()
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []


def test_a_training_is_neither_begun_over_nor_done_twice(
    prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [part for assignment in SMALL for part in ("--set", assignment)]
    train(prepared, tmp_path, small_config(), backbone=None, say=quiet, stop_after=lambda step: step == 2)
    for folder in (tmp_path, trained):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert main(["train", str(prepared), "--out", str(folder), *settings]) == 1
        error = f"{folder} holds a training already: --resume goes on with it, another folder begins anew.\n"
        assert capsys.readouterr().err == error
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert main(["train", str(prepared), "--out", str(trained), *settings, "--resume"]) == 0
    assert capsys.readouterr().out == f"The training in {trained} is finished.\n"
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


def test_killed_while_it_fits_the_last_heads_it_reaches_the_same_weights(
    prepared: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trainer.train.fit_closing_heads", killed)
        with pytest.raises(KeyboardInterrupt):
            train(prepared, tmp_path, small_config(), backbone=None, say=quiet)
    assert not (tmp_path / WEIGHTS_FILE).exists()
    train(prepared, tmp_path, small_config(), backbone=None, resume=True, say=quiet)
    assert (tmp_path / WEIGHTS_FILE).read_bytes() == (trained / WEIGHTS_FILE).read_bytes()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_interrupted_training_gets_a_sentence(
    prepared: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / RESUME_FILE).write_bytes(content)
    with pytest.raises(TrainingError, match=f"{RESUME_FILE} is damaged"):
        train(prepared, tmp_path, small_config(), backbone=None, resume=True, say=quiet)


def test_a_training_goes_on_with_its_own_settings_alone(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(prepared, tmp_path, small_config(), backbone=None, say=quiet, stop_after=lambda step: step == 2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    settings = [part for assignment in SMALL for part in ("--set", assignment)]
    other = ["--set", "train.epochs=3", "--set", "augment.flip=0", "--set", "train.threads=2"]
    assert main(["train", str(prepared), "--out", str(tmp_path), *settings, *other, "--resume"]) == 1
    error = capsys.readouterr().err
    assert f"The interrupted training in {tmp_path} cannot go on with other settings: " in error
    assert ": augment.flip was 0.5 and is now 0.0; train.epochs was 2 and is now 3. Give it those" in error
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    # As many processors as one likes.
    train(prepared, tmp_path, small_config("train.threads=2"), backbone=None, resume=True, say=quiet)
    assert (tmp_path / WEIGHTS_FILE).exists()


def test_a_training_does_not_go_on_with_other_photos(
    photo_list: Path, prepared: Path, tmp_path: Path
) -> None:
    train(
        prepared,
        tmp_path / "run",
        small_config(),
        backbone=None,
        say=quiet,
        stop_after=lambda step: step == 9,
    )
    prepare(photo_list, tmp_path / "data", load_config(None, ["prepare.salt=other"]))
    with pytest.raises(SettingsError, match=r"prepare\.salt was test-14 and is now other"):
        train(tmp_path / "data", tmp_path / "run", small_config(), backbone=None, resume=True, say=quiet)
    fewer = photo_list.with_name("fewer.csv")
    fewer.write_text("\n".join(photo_list.read_text().splitlines()[:-20]))
    made_as = Config.load_saved(prepared / "config.json")
    prepare(fewer, tmp_path / "fewer", made_as)
    assert len(ShardData(tmp_path / "fewer").of("train")) < len(ShardData(prepared).of("train"))
    with pytest.raises(TrainingError, match="learned from other photos"):
        train(tmp_path / "fewer", tmp_path / "run", small_config(), backbone=None, resume=True, say=quiet)


def test_an_interrupted_training_without_its_settings_is_told(prepared: Path, tmp_path: Path) -> None:
    train(prepared, tmp_path, small_config(), backbone=None, say=quiet, stop_after=lambda step: step == 0)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(TrainingError, match=r"settings of the training in .* are missing or damaged"):
        train(prepared, tmp_path, small_config(), backbone=None, resume=True, say=quiet)


@pytest.mark.slow
def test_two_processes_give_the_loss_curve_of_one(prepared: Path, tmp_path: Path) -> None:
    # No heads beforehand and no validation: those run at a size that other processes do not know of.
    assignments = ["train.epochs=1", "train.head_epochs=0", "train.splits=train,validation"]
    one = tmp_path / "one"
    train(prepared, one, small_config(*assignments), backbone=None, say=quiet)
    settings = [part for assignment in [*SMALL, *assignments] for part in ("--set", assignment)]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "trainer",
    ]
    done = subprocess.run(
        [*command, "train", str(prepared), "--out", str(tmp_path / "two"), *settings],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("photographers") == 1  # one process tells it for both
    curves = [
        json.loads((tmp_path / name / HISTORY_FILE).read_text())[0]["losses"] for name in ("one", "two")
    ]
    assert len(curves[0]) == 10
    assert curves[1] == pytest.approx(curves[0], rel=2e-3)


def test_a_gradient_without_bounds_stops_before_the_weights_are_no_numbers(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(float("inf")))
    with pytest.raises(TrainingError, match=r"its gradient inf; lower train\.body_rate"):
        train(prepared, tmp_path, small_config(), backbone=None, say=quiet)


def test_loss_that_is_no_number_stops_with_a_sentence(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="body_rate"):
        train(
            prepared,
            tmp_path,
            small_config("train.body_rate=1e30", "train.head_rate=1e30"),
            backbone=None,
            say=quiet,
        )


def test_data_of_one_region_is_refused(prepared: Path, tmp_path: Path) -> None:
    data = ShardData(prepared)
    by_split: dict[str, set[int]] = {}
    for sample in data.samples:
        by_split.setdefault(sample.split, set()).add(sample.region)
    document = json.loads((prepared / "photos.json").read_text())
    region = data.samples[0].region
    kept = [row for row in document["photos"] if row["region"] == region]
    for row in kept:
        row["split"] = "train"
    from trainer.shards import Sample, write_list

    for shard in {s.shard for s in data.samples}:
        (tmp_path / shard).write_bytes((prepared / shard).read_bytes())
    write_list(tmp_path, [Sample(**row) for row in kept], {})
    with pytest.raises(TrainingError, match="one region"):
        train(tmp_path, tmp_path / "run", small_config(), backbone=None, say=quiet)


def test_batch_larger_than_the_data_is_refused(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"There are 60 photos to learn from, fewer than one batch of 4096"
    ):
        train(prepared, tmp_path / "run", small_config("train.batch=4096"), backbone=None, say=quiet)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match="A batch of 8 cannot be shared evenly among 3 processes"):
        train(prepared, tmp_path, small_config(), backbone=None, say=quiet, ranks=Ranks(0, 3))


def test_missing_or_wrong_backbone_is_told(tmp_path: Path, bundle_weights: Path) -> None:
    network = GeoNetwork(63, 4, 4)
    with pytest.raises(TrainingError, match="cannot be used"):
        load_backbone(network, tmp_path / "none.safetensors")
    with pytest.raises(TrainingError, match="cannot be used"):
        load_backbone(network, bundle_weights)


@pytest.fixture
def bundle_weights(tmp_path: Path) -> Path:
    save_file({"blocks.0.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    return tmp_path / "other.safetensors"


def test_published_backbone_fits(backbone_weights: Path) -> None:
    network = GeoNetwork(63, 4, 4)
    load_backbone(network, backbone_weights)
    assert torch.equal(network.body.conv_stem.weight, load_file(backbone_weights)["conv_stem.weight"])


def test_photos_and_what_is_asked_of_them_are_mixed_alike() -> None:
    shares = torch.tensor([0.75, 0.75, 0.5, 0.5, 0.9])
    batch = torch.tensor([[0.0], [4.0], [1.0], [3.0], [7.0]])
    assert _mixed(batch, shares)[:, 0].tolist() == pytest.approx([1.0, 3.0, 2.0, 2.0, 7.0])
    settings = small_config("train.batch=8", "train.mixup=0.4").train
    whole = _mixing_shares(settings, 5, Ranks())
    halves = [_mixing_shares(settings, 5, Ranks(rank, 2)) for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), whole)
    assert torch.equal(whole[::2], whole[1::2])
    assert len(set(whole.tolist())) == 4
