"""The class project's training: it learns, goes on after a kill as if nothing had been, and refuses clearly."""

from __future__ import annotations

import argparse
import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from geotagger.core.errors import SettingsError
from tests.trainer.originals.made import make_data
from trainer.config import AugmentConfig
from trainer.files import NotWrittenError
from trainer.networks.answers import OnFrozenFeatures
from trainer.networks.geonet import GeoNet
from trainer.networks.registry import NETWORKS, Recipe, build_network
from trainer.networks.weights import WeightsError
from trainer.originals import training
from trainer.originals.checkpoint import TrainingState
from trainer.originals.command import add_arguments, run
from trainer.originals.evaluation import evaluate_original
from trainer.originals.photos import ReducedPhotos
from trainer.originals.settings import (
    ORIGINAL_AUGMENT,
    OriginalSettings,
    augment_without,
    original_settings,
)
from trainer.run_folder import CHECKPOINT_FILE, TrainingError, claimed
from trainer.shards import DataError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"))


def settings(name: str = "geocnn", **changes: object) -> OriginalSettings:
    quick = {"epochs": 3, "batch": 8, "input_px": 32} | changes
    return replace(original_settings(name, **quick), threads=1)


def train_original(folder: Path, output: Path, chosen: OriginalSettings, **more: Any) -> Path:
    return training.train_original(ReducedPhotos(folder, chosen.recipe.input_px), output, chosen, **more)


def silent(text: str) -> None:
    """Say nothing."""


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / CHECKPOINT_FILE)


def test_the_baseline_learns_what_can_be_learned(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path, settings(epochs=12), say=silent)
    history = json.loads((tmp_path / "history.json").read_text())
    assert [entry["epoch"] for entry in history] == list(range(1, 13))
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    result = evaluate_original(data, tmp_path, ["test"])
    assert result["photos"] == 12
    prior, system = result["systems"]
    assert prior["name"] == "region frequencies"
    assert prior["metrics"]["top1_micro"][0] < 40
    assert system["metrics"]["top1_micro"][0] > 90
    assert system["metrics"]["median_km"][0] < 1500
    assert system["per_region"]["Colorado"] == [4, 100.0, 100.0, 100.0]


@pytest.mark.parametrize("name", ["geocnn", "geocnn_residual", "alexnet_geo"])
def test_each_network_trains_and_is_measured(name: str, data: Path, tmp_path: Path) -> None:
    chosen = replace(settings(name, epochs=1, input_px=64), random_backbone=True)
    before = weights_of_new(chosen)
    train_original(data, tmp_path, chosen, say=silent)
    after = weights_of(tmp_path)
    for key, tensor in before.items():
        frozen = key.startswith("backbone.")
        assert torch.equal(tensor, after[f"network.{key}"]) == frozen, key
    result = evaluate_original(data, tmp_path, ["validation", "test"])
    assert result["photos"] == 21
    assert result["splits"] == ["validation", "test"]
    assert result["systems"][-1]["name"].startswith(f"{name}, 1 epoch, 64 px, random backbone")
    assert result["photographers"] == 4


def test_geonet_trains_on_frozen_transformer_features(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One block in place of twelve: the way is the same, and twelve times as fast.
    shallow = replace(NETWORKS["geonet"], build=lambda regions: GeoNet(regions, blocks=1))
    monkeypatch.setitem(NETWORKS, "geonet", shallow)
    chosen = replace(settings("geonet", epochs=1, batch=16, input_px=224), random_backbone=True)
    before = weights_of_new(chosen)
    train_original(data, tmp_path, chosen, say=silent)
    after = weights_of(tmp_path)
    # Weights only: a bias before a batch norm has no gradient but what rounding leaves.
    for key in (key for key in before if key.startswith("backbone.") or key.endswith(".weight")):
        assert torch.equal(before[key], after[f"network.{key}"]) == key.startswith("backbone."), key
    assert evaluate_original(data, tmp_path, ["test"])["photos"] == 12


def test_features_of_a_frozen_backbone_can_be_computed_once(data: Path, tmp_path: Path) -> None:
    quick = settings("alexnet_geo", epochs=2, input_px=64, rate=1e-3)
    stored = replace(quick, random_backbone=True, store_features=True)
    said: list[str] = []
    train_original(data, tmp_path / "whole", stored, say=said.append)
    assert "features of 57 photos" in said[0]
    train_original(data, tmp_path / "parts", stored, say=silent, stop_after=lambda epoch: True)
    train_original(data, tmp_path / "parts", stored, resume=True, say=silent)
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    before = weights_of_new(stored)
    assert not torch.equal(before["hidden.weight"], whole["network.hidden.weight"])
    assert torch.equal(before["backbone.features.0.weight"], whole["network.backbone.features.0.weight"])
    system = evaluate_original(data, tmp_path / "whole", ["test"])["systems"][-1]
    assert system["name"] == "alexnet_geo, 2 epochs, 64 px, random backbone, stored features"


def test_mixed_precision_changes_features_by_little(data: Path) -> None:
    network = build_network("alexnet_geo", 63, seed=0, random_backbone=True)
    assert isinstance(network, OnFrozenFeatures)
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    whole = network.features(x)
    network.bf16 = True
    half = network.features(x)
    assert half.dtype == torch.float32
    assert 0 < (whole - half).abs().max() < 0.02 * whole.abs().max()


def test_a_network_without_a_frozen_backbone_has_no_features_to_store() -> None:
    with pytest.raises(SettingsError, match="no frozen backbone"):
        replace(settings("geocnn"), store_features=True)


def weights_of_new(chosen: OriginalSettings) -> dict[str, torch.Tensor]:
    network = build_network(chosen.network, 63, seed=chosen.seed, random_backbone=True)
    return {key: tensor.clone() for key, tensor in network.named_parameters()}


@pytest.mark.parametrize("recipe", [{}, {"patience": 0, "factor": 0.5, "rate": 0.05}])
def test_killed_and_resumed_it_reaches_the_same_weights(recipe: dict, data: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    chosen = settings(epochs=4, **recipe)
    train_original(data, whole, chosen, say=silent)
    for epochs_done in (1, 2):
        train_original(
            data, parts, chosen, resume=True, say=silent, stop_after=lambda epoch, n=epochs_done: epoch >= n
        )
    (parts / "checkpoint.part").write_bytes(b"half a file that a kill left behind")
    train_original(data, parts, chosen, resume=True, say=silent)
    expected, found = weights_of(whole), weights_of(parts)
    assert expected.keys() == found.keys()
    assert any(key.startswith("momentum.") for key in expected)
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    assert (whole / "history.json").read_text() == (parts / "history.json").read_text()


def test_another_seed_reaches_other_weights(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path / "0", settings(epochs=1), say=silent)
    train_original(data, tmp_path / "1", replace(settings(epochs=1), seed=1), say=silent)
    key = "network.conv1.weight"
    assert not torch.equal(weights_of(tmp_path / "0")[key], weights_of(tmp_path / "1")[key])


def test_a_finished_training_is_left_alone(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    train_original(data, tmp_path, settings(epochs=1), resume=True, say=silent)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_a_training_is_not_begun_over_another(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    (tmp_path / "metrics.json").write_text("of one epoch")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match="holds a training already"):
        train_original(data, tmp_path, settings(epochs=2), say=silent)
    with claimed(tmp_path), pytest.raises(TrainingError, match="Another training"):
        train_original(data, tmp_path, settings(epochs=2), resume=True, say=silent)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    train_original(data, tmp_path, settings(epochs=2), resume=True, say=silent)
    assert not (tmp_path / "metrics.json").exists()


def test_the_rate_falls_after_the_patience_is_over() -> None:
    state = TrainingState(torch.nn.Linear(2, 2), Recipe(rate=1e-3, patience=5, factor=0.1), None)
    for _ in range(7):
        state.finish_epoch({"loss": 1.0, "validation_loss": 2.0})
    assert state.rate == pytest.approx(1e-4)
    assert state.optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)
    state.finish_epoch({"loss": 1.0, "validation_loss": 1.0})
    for _ in range(5):
        state.finish_epoch({"loss": 1.0, "validation_loss": 1.5})
    assert state.rate == pytest.approx(1e-4)


def test_the_rate_falls_as_torch_would_let_it() -> None:
    losses = np.random.default_rng(4).random(60).cumsum() * 0.01 + np.random.default_rng(5).random(60)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1e-3)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, patience=5, factor=0.1, threshold=0.0, eps=0.0
    )
    state = TrainingState(torch.nn.Linear(2, 2), Recipe(rate=1e-3, patience=5, factor=0.1), None)
    for loss in losses:
        reference.step(loss)
        state.finish_epoch({"loss": 0.0, "validation_loss": float(loss)})
        assert state.rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-6, abs=0.0)


def test_a_loss_that_is_no_number_is_a_sentence(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"The loss became (nan|inf) in epoch \d; try a lower rate\."):
        train_original(data, tmp_path, settings(rate=1e30), say=silent)


def test_photos_of_one_region_alone_are_refused(tmp_path: Path) -> None:
    folder = make_data(tmp_path / "data", ("CO",))
    with pytest.raises(TrainingError, match="from one region"):
        train_original(folder, tmp_path / "out", settings(), say=silent)


def test_too_few_photos_for_a_batch_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There are 48 photos, fewer than one batch of 64"):
        train_original(data, tmp_path, settings(batch=64), say=silent)


def test_a_network_without_its_weights_says_so_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="torchvision's alexnet"):
        train_original(data, tmp_path / "out", settings("alexnet_geo"), say=silent)
    assert not (tmp_path / "out").exists()


def test_ours_is_not_trained_here() -> None:
    with pytest.raises(SettingsError, match="is not one of the class project's networks"):
        original_settings("ours")


@pytest.mark.parametrize("change", [{"epochs": 0}, {"batch": 1}, {"rate": 0.0}, {"input_px": 8}])
def test_recipes_that_make_no_sense_are_refused(change: dict) -> None:
    with pytest.raises(SettingsError, match="A recipe needs"):
        original_settings("geocnn", **change)


@pytest.mark.parametrize(("name", "value"), [("seed", -1), ("seed", 2**64), ("threads", 0)])
def test_seeds_and_threads_that_cannot_be_are_refused(name: str, value: int) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be at least "):
        replace(original_settings("geocnn"), **{name: value})


def test_a_checkpoint_of_other_data_is_not_gone_on_with(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path / "out", settings(epochs=1), say=silent)
    other = make_data(tmp_path / "other", per_region=12)
    with pytest.raises(TrainingError, match="belongs to other data"):
        train_original(other, tmp_path / "out", settings(epochs=2), resume=True, say=silent)


def test_a_checkpoint_of_another_network_is_refused(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    with pytest.raises(TrainingError, match="belongs to another network"):
        train_original(data, tmp_path, settings("geocnn_residual"), resume=True, say=silent)


@pytest.mark.parametrize("damage", [lambda b: b[:-50], lambda b: b"", lambda b: b"x" * 100])
def test_a_damaged_checkpoint_is_a_sentence(
    damage: Callable[[bytes], bytes], data: Path, tmp_path: Path
) -> None:
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TrainingError, match="missing or damaged"):
        evaluate_original(data, tmp_path, ["test"])


@pytest.mark.parametrize("facts", ["{}", "[]", "3", "{"])
def test_a_checkpoint_that_lacks_facts_is_a_sentence(facts: str, tmp_path: Path) -> None:
    save_file({"network.weight": torch.zeros(2, 2)}, tmp_path / CHECKPOINT_FILE, {"state": facts})
    state = TrainingState(torch.nn.Linear(2, 2), Recipe(), None)
    with pytest.raises(TrainingError, match="missing or damaged"):
        state.load(tmp_path / CHECKPOINT_FILE)


def test_a_full_disk_is_told_and_the_checkpoint_before_is_kept(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()

    flush = os.fsync

    def full(descriptor: int) -> None:
        if os.fstat(descriptor).st_size > 10_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWrittenError, match=r"checkpoint\.safetensors cannot be written: No space left"):
        train_original(data, tmp_path, settings(epochs=2), resume=True, say=silent)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_a_training_goes_on_with_its_own_settings_or_for_more_epochs(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path, settings(epochs=2), say=silent)
    with pytest.raises(SettingsError, match=r"other settings: recipe\.rate was 0\.01 and is now 0\.5\. Give"):
        train_original(data, tmp_path, settings(epochs=2, rate=0.5), resume=True, say=silent)
    with pytest.raises(TrainingError, match="has had 2 epochs, more than 1"):
        train_original(data, tmp_path, settings(epochs=1), resume=True, say=silent)
    train_original(data, tmp_path, replace(settings(epochs=3), threads=2), resume=True, say=silent)
    assert len(json.loads((tmp_path / "history.json").read_text())) == 3


def test_a_folder_without_a_training_is_a_sentence(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no training of a class project's network"):
        evaluate_original(data, tmp_path, ["test"])
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    with pytest.raises(DataError, match="no photos in calibration"):
        evaluate_original(data, tmp_path, ["calibration"])


def test_settings_survive_the_way_to_disk(tmp_path: Path) -> None:
    chosen = replace(settings("alexnet_geo"), seed=7, augment=AugmentConfig(crop=0.9))
    chosen.save(tmp_path / "config.json")
    assert OriginalSettings.load(tmp_path / "config.json") == chosen


def test_pictures_are_scaled_down_once_and_kept(data: Path) -> None:
    photos = ReducedPhotos(data, 32)
    sample = photos.samples[0]
    first, again = photos.image(sample), photos.image(sample)
    assert first.size == (53, 40)
    assert np.array_equal(np.asarray(first), np.asarray(again))
    assert ReducedPhotos(data, 500).image(sample).size == (80, 60)


def test_each_augmentation_can_be_switched_off_by_the_class_projects_name() -> None:
    assert augment_without(ORIGINAL_AUGMENT, ["rotation", "greyscale"]) == replace(
        ORIGINAL_AUGMENT, rotation_deg=0.0, greyscale=0.0
    )
    none = augment_without(ORIGINAL_AUGMENT, ["all"])
    assert none == AugmentConfig(
        crop=1.0, flip=0.0, colour=0.0, greyscale=0.0, perspective=0.0, rotation_deg=0.0
    )


def command(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def test_from_the_command_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ("train", "geocnn", data, "--out", out, "--input-px", "32", "--batch", "8", "--threads", "1")
    assert command(*words, "--epochs", "1", "--without", "all") == 0
    assert command(*words, "--epochs", "2", "--without", "all", "--resume") == 0
    assert "going on after epoch 1" in capsys.readouterr().out
    assert command("evaluate", out, data) == 0
    text = capsys.readouterr().out
    assert "12 photos by 2 photographers (test of list " in text
    assert "| region frequencies | " in text
    assert "| geocnn, 2 epochs, 32 px | " in text
    assert command("evaluate", out, data, "--splits", "validation,test", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result == json.loads((out / "metrics.json").read_text())
    assert len(result["systems"][-1]["metrics"]["score"]) == 3


def test_photos_that_were_trained_on_are_not_measured(data: Path, tmp_path: Path) -> None:
    train_original(data, tmp_path, settings(epochs=1), say=silent)
    with pytest.raises(DataError, match="has seen the photos of train"):
        evaluate_original(data, tmp_path, ["test", "train"])


def test_the_command_line_says_what_is_missing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("train", "geonet", data, "--out", tmp_path / "x") == 1
    assert "vit_base_patch16_224" in capsys.readouterr().err
    assert command("train", "geocnn", tmp_path / "none", "--out", tmp_path / "x") == 1
    assert "There is no prepared data" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command("train", "ours", data, "--out", tmp_path / "x")
