"""Training: it learns, a kill changes nothing, two processes do what one does, and bad data gets a sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save, save_file

from geotagger.core.errors import SettingsError
from geotagger.inference import Predictor, load_bundle
from geotagger.inference.network import GeoNetwork
from trainer.__main__ import main
from trainer.config import Config, load_config
from trainer.fine_tuning import _mixed, _mixing_shares
from trainer.prepare import prepare
from trainer.processes import Ranks
from trainer.run_folder import (
    AVERAGED_FILE,
    CALIBRATION_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    RESUME_FILE,
    WEIGHTS_FILE,
    TrainingError,
    claimed,
    learned_from,
    load_trained,
    save_weights,
)
from trainer.shards import DataError, ShardData
from trainer.steps import unseen_splits
from trainer.train import load_backbone, train

SMALL = [
    "train.epochs=2",
    "train.head_epochs=3",
    "train.batch=8",
    "train.crop_px=48",
    "train.bf16=false",
    "train.threads=1",
]


def _config(*more: str) -> Config:
    return load_config(None, [*SMALL, *more])


@pytest.fixture(scope="module", autouse=True)
def _small_pictures() -> Iterator[None]:
    """Evaluation at the application's size would take most of the time here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainer.batches.input_size", lambda width, height: (64, 96))
        yield


def _quiet(text: str) -> None:
    assert text


@pytest.fixture(scope="module")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(prepared, folder, _config(), backbone=None, say=_quiet)
    return folder


def test_training_writes_weights_history_and_settings(prepared: Path, trained: Path) -> None:
    history = json.loads((trained / HISTORY_FILE).read_text())
    assert [entry["epoch"] for entry in history] == [1, 2]
    assert all(np.isfinite(entry["losses"]).all() and "top1_micro" in entry for entry in history)
    # Not the defaults of the preparation, which the training never used, but what the data was made with.
    made_with = Config.load_saved(prepared / "config.json").prepare
    assert made_with.salt == "test-14"
    assert Config.load_saved(trained / "config.json") == replace(_config(), prepare=made_with)
    network, grid = load_trained(trained)
    assert network.cell_head.out_features == len(grid)
    assert not network.training


def test_every_layer_moves(prepared: Path, trained: Path, tmp_path: Path) -> None:
    train(prepared, tmp_path, _config("train.epochs=0"), backbone=None, say=_quiet)
    still, moved = load_file(tmp_path / WEIGHTS_FILE), load_file(trained / WEIGHTS_FILE)
    names = [name for name, _ in GeoNetwork(63, 1, 1).named_parameters()]
    assert [name for name in names if torch.equal(still[name], moved[name])] == []


@pytest.mark.parametrize("kill_after", [2, 6])
def test_killed_and_resumed_training_reaches_the_same_weights(
    prepared: Path, trained: Path, tmp_path: Path, kill_after: int
) -> None:
    train(
        prepared, tmp_path, _config(), backbone=None, say=_quiet, stop_after=lambda step: step == kill_after
    )
    assert not (tmp_path / WEIGHTS_FILE).exists()
    train(prepared, tmp_path, _config(), backbone=None, resume=True, say=_quiet)
    whole, resumed = load_file(trained / WEIGHTS_FILE), load_file(tmp_path / WEIGHTS_FILE)
    assert whole.keys() == resumed.keys()
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []


def test_a_training_is_neither_begun_over_nor_done_twice(
    prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [part for assignment in SMALL for part in ("--set", assignment)]
    train(prepared, tmp_path, _config(), backbone=None, say=_quiet, stop_after=lambda step: step == 2)
    for folder in (tmp_path, trained):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert main(["train", str(prepared), "--out", str(folder), *settings]) == 1
        error = f"{folder} holds a training already: --resume goes on with it, another folder begins anew.\n"
        assert capsys.readouterr().err == error
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert main(["train", str(prepared), "--out", str(trained), *settings, "--resume"]) == 0
    assert capsys.readouterr().out == f"The training in {trained} is finished.\n"
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


def test_data_and_trainings_do_not_share_a_folder(
    photo_list: Path, prepared: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, words, sentence in (
        (prepared, ["train", str(prepared), "--set", "train.batch=8"], "holds prepared data"),
        (prepared, ["original", "train", "geocnn", str(prepared), "--batch", "8"], "holds prepared data"),
        (trained, ["prepare", str(photo_list)], "holds a training already"),
    ):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert main([*words, "--out", str(folder)]) == 1
        assert sentence in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_two_trainings_do_not_share_a_folder(prepared: Path, tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(TrainingError, match="Another training is writing into"):
        train(prepared, tmp_path, _config(), backbone=None, say=_quiet)
    assert not (tmp_path / "config.json").exists()


def test_killed_while_it_fits_the_last_heads_it_reaches_the_same_weights(
    prepared: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trainer.train.fit_closing_heads", killed)
        with pytest.raises(KeyboardInterrupt):
            train(prepared, tmp_path, _config(), backbone=None, say=_quiet)
    assert not (tmp_path / WEIGHTS_FILE).exists()
    train(prepared, tmp_path, _config(), backbone=None, resume=True, say=_quiet)
    assert (tmp_path / WEIGHTS_FILE).read_bytes() == (trained / WEIGHTS_FILE).read_bytes()


def test_what_was_measured_of_other_weights_or_calibrations_is_taken_away(
    prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / CALIBRATION_FILE).write_text("of before")
    (run / METRICS_FILE).write_text("of before")
    assert main(["calibrate", str(run), str(prepared)]) == 0
    assert not (run / METRICS_FILE).exists()
    (tmp_path / "facts.json").write_text('{"id": "another"}')
    facts = ["--facts", str(tmp_path / "facts.json")]
    assert main(["export", str(run), "--out", str(tmp_path / "bundle"), *facts]) == 1
    assert "“id” is not a fact" in capsys.readouterr().err
    (run / METRICS_FILE).write_text("of before")
    network, _ = load_trained(run)
    save_weights(network, run, {})
    assert not (run / METRICS_FILE).exists()
    assert main(["export", str(run), "--out", str(tmp_path / "bundle")]) == 1
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_interrupted_training_gets_a_sentence(
    prepared: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / RESUME_FILE).write_bytes(content)
    with pytest.raises(TrainingError, match=f"{RESUME_FILE} is damaged"):
        train(prepared, tmp_path, _config(), backbone=None, resume=True, say=_quiet)


def test_a_training_goes_on_with_its_own_settings_alone(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(prepared, tmp_path, _config(), backbone=None, say=_quiet, stop_after=lambda step: step == 2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    settings = [part for assignment in SMALL for part in ("--set", assignment)]
    other = ["--set", "train.epochs=3", "--set", "augment.flip=0", "--set", "train.threads=2"]
    assert main(["train", str(prepared), "--out", str(tmp_path), *settings, *other, "--resume"]) == 1
    error = capsys.readouterr().err
    assert f"The interrupted training in {tmp_path} cannot go on with other settings: " in error
    assert ": augment.flip was 0.5 and is now 0.0; train.epochs was 2 and is now 3. Give it those" in error
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    # As many processors as one likes.
    train(prepared, tmp_path, _config("train.threads=2"), backbone=None, resume=True, say=_quiet)
    assert (tmp_path / WEIGHTS_FILE).exists()


def test_a_training_does_not_go_on_with_other_photos(
    photo_list: Path, prepared: Path, tmp_path: Path
) -> None:
    train(prepared, tmp_path / "run", _config(), backbone=None, say=_quiet, stop_after=lambda step: step == 9)
    prepare(photo_list, tmp_path / "data", load_config(None, ["prepare.salt=other"]))
    with pytest.raises(SettingsError, match=r"prepare\.salt was test-14 and is now other"):
        train(tmp_path / "data", tmp_path / "run", _config(), backbone=None, resume=True, say=_quiet)
    fewer = photo_list.with_name("fewer.csv")
    fewer.write_text("\n".join(photo_list.read_text().splitlines()[:-20]))
    made_as = Config.load_saved(prepared / "config.json")
    prepare(fewer, tmp_path / "fewer", made_as)
    assert len(ShardData(tmp_path / "fewer").of("train")) < len(ShardData(prepared).of("train"))
    with pytest.raises(TrainingError, match="learned from other photos"):
        train(tmp_path / "fewer", tmp_path / "run", _config(), backbone=None, resume=True, say=_quiet)


def test_an_interrupted_training_without_its_settings_is_told(prepared: Path, tmp_path: Path) -> None:
    train(prepared, tmp_path, _config(), backbone=None, say=_quiet, stop_after=lambda step: step == 0)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(TrainingError, match=r"settings of the training in .* are missing or damaged"):
        train(prepared, tmp_path, _config(), backbone=None, resume=True, say=_quiet)


@pytest.mark.slow
def test_two_processes_give_the_loss_curve_of_one(prepared: Path, tmp_path: Path) -> None:
    # No heads beforehand and no validation: those run at a size that other processes do not know of.
    assignments = ["train.epochs=1", "train.head_epochs=0", "train.splits=train,validation"]
    one = tmp_path / "one"
    train(prepared, one, _config(*assignments), backbone=None, say=_quiet)
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
        train(prepared, tmp_path, _config(), backbone=None, say=_quiet)


def test_loss_that_is_no_number_stops_with_a_sentence(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="body_rate"):
        train(
            prepared,
            tmp_path,
            _config("train.body_rate=1e30", "train.head_rate=1e30"),
            backbone=None,
            say=_quiet,
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
        train(tmp_path, tmp_path / "run", _config(), backbone=None, say=_quiet)


def test_batch_larger_than_the_data_is_refused(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"There are 60 photos to learn from, fewer than one batch of 4096"
    ):
        train(prepared, tmp_path / "run", _config("train.batch=4096"), backbone=None, say=_quiet)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match="A batch of 8 cannot be shared evenly among 3 processes"):
        train(prepared, tmp_path, _config(), backbone=None, say=_quiet, ranks=Ranks(0, 3))


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


def test_unfinished_training_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no finished training"):
        load_trained(tmp_path)


def test_what_a_training_learned_from_is_told_as_far_as_its_version_did(
    trained: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="no finished training"):
        learned_from(tmp_path)
    state = load_file(trained / WEIGHTS_FILE)
    for told, found in (({}, {}), ({"list_hash": "abc"}, {"list_hash": "abc"})):
        save_file(state, tmp_path / WEIGHTS_FILE, told)
        assert learned_from(tmp_path) == found
    (tmp_path / WEIGHTS_FILE).write_bytes(b"cut off")
    with pytest.raises(TrainingError, match="are damaged"):
        learned_from(tmp_path)


def test_weights_that_are_cut_off_or_of_another_version_are_told(trained: Path, tmp_path: Path) -> None:
    whole = (trained / WEIGHTS_FILE).read_bytes()
    state = load_file(trained / WEIGHTS_FILE)
    before_the_discriminant = {k: v for k, v in state.items() if not k.startswith("discriminant_head.")}
    for content in (whole[: len(whole) // 2], b"", save(before_the_discriminant)):
        (tmp_path / WEIGHTS_FILE).write_bytes(content)
        with pytest.raises(TrainingError, match="damaged or of another version"):
            load_trained(tmp_path)
    (tmp_path / "cut.safetensors").write_bytes(whole[:1000])
    with pytest.raises(TrainingError, match=r"cut\.safetensors cannot be used"):
        load_backbone(GeoNetwork(63, 4, 4), tmp_path / "cut.safetensors")


def test_commands_lead_from_photos_to_a_bundle(
    photo_list: Path, prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["prepare", str(photo_list), "--out", str(tmp_path / "data"), "--set", "prepare.salt=test-14"])
        == 0
    )
    assert "120 photos in all, 0 left out" in capsys.readouterr().out
    assert main(["calibrate", str(trained), str(prepared)]) == 0
    assert main(["evaluate", str(trained), str(prepared), "--splits", "test"]) == 0
    printed = capsys.readouterr().out
    assert "20 photos by 2 photographers (test of list " in printed
    assert "| ours |" in printed
    assert "evaluate RUN DATA --splits test" in printed
    kept = tmp_path / "outputs.npz"
    assert main(["outputs", str(trained), str(prepared), "--splits", "test", "--out", str(kept)]) == 0
    outputs = np.load(kept)
    assert outputs["name"].tolist() == [sample.key for sample in ShardData(prepared).of("test")]
    assert np.allclose(outputs["cells"].astype(float).sum(axis=1), 1, atol=0.02)
    assert np.allclose(np.linalg.norm(outputs["embedding"].astype(float), axis=1), 1, atol=0.01)
    assert main(["report", str(trained), str(prepared), "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert "20 photos by 2 photographers" in page
    assert page.count("data:image/jpeg;base64,") == 12
    assert "<th>region frequencies</th><th>nearest neighbours</th><th>ours</th>" in page
    assert page.count("<svg") == 4
    assert "srcdoc=" in page
    capsys.readouterr()
    assert main(["export", str(trained), "--out", str(tmp_path / "bundle")]) == 0
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.id in capsys.readouterr().out
    assert bundle.manifest["metrics"]["photos"] == 20
    learned = {"photos": 60, "photographers": 6, "regions": 4, "list_hash": ShardData(prepared).list_hash}
    assert bundle.manifest["data"] == bundle.manifest["metrics"]["learned_from"] == learned
    assert main(["card", str(tmp_path / "bundle")]) == 0
    told = f"earned from 60 photos by 6 photographers in 4 regions (data list {learned['list_hash']})."
    assert capsys.readouterr().out.count(told) == 2
    assert bundle.calibration.photos == 40
    predictor = Predictor(bundle, device="cpu")
    output = predictor.predict([predictor.load(photo_list.parent / "p00" / "0.jpg")])[0]
    assert output.region_probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_the_average_of_two_trainings_is_a_run_like_any_other(
    prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, mean = tmp_path / "other", tmp_path / "mean"
    train(prepared, other, _config("train.seed=1", "train.epochs=1"), backbone=None, say=_quiet)
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


def test_photos_and_what_is_asked_of_them_are_mixed_alike() -> None:
    shares = torch.tensor([0.75, 0.75, 0.5, 0.5, 0.9])
    batch = torch.tensor([[0.0], [4.0], [1.0], [3.0], [7.0]])
    assert _mixed(batch, shares)[:, 0].tolist() == pytest.approx([1.0, 3.0, 2.0, 2.0, 7.0])
    settings = _config("train.batch=8", "train.mixup=0.4").train
    whole = _mixing_shares(settings, 5, Ranks())
    halves = [_mixing_shares(settings, 5, Ranks(rank, 2)) for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), whole)
    assert torch.equal(whole[::2], whole[1::2])
    assert len(set(whole.tolist())) == 4


def test_measuring_on_seen_photos_is_refused(
    prepared: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(trained), str(prepared), "--splits", "train"]) == 1
    assert "has seen the photos of train" in capsys.readouterr().err
    assert main(["calibrate", str(trained), str(prepared), "--splits", "exam"]) == 1
    assert "no split called exam" in capsys.readouterr().err


def test_measuring_on_data_split_otherwise_is_refused_and_on_more_data_split_alike_is_not(
    photo_list: Path, prepared: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    way = Config.load_saved(prepared / "config.json")
    otherwise = replace(way, prepare=replace(way.prepare, salt="other"))
    alike = replace(way, prepare=replace(way.prepare, side_px=50))
    command = ["evaluate", str(trained), "--splits", "test"]
    run = Namespace(run=trained, splits="test")
    for name, config in (("otherwise", otherwise), ("alike", alike)):
        prepare(photo_list, tmp_path / name, config)
        assert ShardData(tmp_path / name).list_hash != ShardData(prepared).list_hash
    assert main([*command[:2], str(tmp_path / "otherwise"), *command[2:]]) == 1
    assert "are split otherwise" in capsys.readouterr().err
    assert unseen_splits(run, ShardData(tmp_path / "alike")) == ("test",)
    (tmp_path / "alike" / "config.json").unlink()
    with pytest.raises(DataError, match="split otherwise"):
        unseen_splits(run, ShardData(tmp_path / "alike"))


def test_wrong_settings_end_with_a_sentence(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(prepared), "--out", str(tmp_path), "--set", "train.epochs=x"]) == 1
    assert "train.epochs cannot be" in capsys.readouterr().err
