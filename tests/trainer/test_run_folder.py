"""The folder of a training: one training alone, and what cannot be read back is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from safetensors.torch import load_file, save, save_file

from geotagger.inference.network import GeoNetwork
from tests.trainer.small import quiet, small_config
from trainer.__main__ import main
from trainer.run_folder import (
    WEIGHTS_FILE,
    TrainingError,
    claimed,
    learned_from,
    load_trained,
)
from trainer.train import load_backbone, train

pytestmark = pytest.mark.usefixtures("small_pictures")


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


@pytest.mark.parametrize("left", ["weights.safetensors", "resume.pt", "checkpoint.safetensors"])
def test_nothing_begins_over_a_training_of_whichever_network(
    left: str,
    photo_list: Path,
    prepared: Path,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / left).write_text("weights")
    (tmp_path / "config.json").write_text('{"prepare": {}}')
    for words in (
        ["train", prepared, "--set", "train.batch=8"],
        ["original", "train", "geocnn", prepared, "--batch", "8"],
        ["average", trained, "--data", prepared],
        ["prepare", photo_list],
    ):
        assert main([*map(str, words), "--out", str(tmp_path)]) == 1
        assert f"{tmp_path} holds a training already" in capsys.readouterr().err
        files = {path.name: path.read_text() for path in tmp_path.iterdir() if path.name != ".training"}
        assert files == {left: "weights", "config.json": '{"prepare": {}}'}


@pytest.mark.parametrize("name", ["config.json", "photos.json"])
@pytest.mark.parametrize("text", ['{"model": "of another program"}', "[]", "no JSON"])
def test_files_of_other_programs_are_neither_replaced_nor_deleted(
    name: str, text: str, photo_list: Path, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text)
    for words in (
        ["prepare", photo_list],
        ["train", prepared, "--set", "train.batch=8"],
        ["original", "train", "geocnn", prepared, "--batch", "8"],
    ):
        assert main([*map(str, words), "--out", str(tmp_path)]) == 1
        assert re.search("was not written by the trainer|holds prepared data", capsys.readouterr().err)
        assert (tmp_path / name).read_text() == text


def test_two_trainings_do_not_share_a_folder(prepared: Path, tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(TrainingError, match="Another training is writing into"):
        train(prepared, tmp_path, small_config(), backbone=None, say=quiet)
    assert not (tmp_path / "config.json").exists()


def test_unfinished_training_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no finished training"):
        load_trained(tmp_path)


def test_what_a_training_learned_from_is_told_as_far_as_its_version_did(
    trained: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="no finished training"):
        learned_from(tmp_path)
    state = load_file(trained / WEIGHTS_FILE)
    whole = learned_from(trained)
    assert whole["photos"] == 60
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
