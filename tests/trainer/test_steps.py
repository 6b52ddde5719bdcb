"""The commands from photos to a bundle: each takes what the one before made, and refuses what it must not measure."""

from __future__ import annotations

import shutil
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geotagger.inference import Predictor, load_bundle
from trainer.__main__ import main
from trainer.config import Config
from trainer.prepare import prepare
from trainer.run_folder import (
    CALIBRATION_FILE,
    METRICS_FILE,
    load_trained,
    save_weights,
)
from trainer.shards import DataError, ShardData
from trainer.steps import unseen_splits

pytestmark = pytest.mark.usefixtures("small_pictures")


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
    (tmp_path / "facts.json").write_text('{"data": "holiday photos"}')
    assert main(["export", str(run), "--out", str(tmp_path / "bundle"), *facts]) == 1
    assert "“data”" in capsys.readouterr().err
    (run / METRICS_FILE).write_text("of before")
    network, _ = load_trained(run)
    save_weights(network, run, {})
    assert not (run / METRICS_FILE).exists()
    assert main(["export", str(run), "--out", str(tmp_path / "bundle")]) == 1
    assert not (tmp_path / "bundle").exists()


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
    facts = tmp_path / "facts.json"
    facts.write_text('{"data": {"photos": 1000000, "source": "made up"}, "licence": "MIT"}')
    assert main(["export", str(trained), "--out", str(tmp_path / "bundle"), "--facts", str(facts)]) == 0
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.id in capsys.readouterr().out
    assert bundle.manifest["metrics"]["photos"] == 20
    learned = {"photos": 60, "photographers": 6, "regions": 4, "list_hash": ShardData(prepared).list_hash}
    assert bundle.manifest["metrics"]["learned_from"] == learned
    assert bundle.manifest["data"] == learned | {"source": "made up"}
    assert main(["card", str(tmp_path / "bundle")]) == 0
    told = f"earned from 60 photos by 6 photographers in 4 regions (data list {learned['list_hash']})."
    assert capsys.readouterr().out.count(told) == 2
    assert bundle.calibration.photos == 40
    predictor = Predictor(bundle, device="cpu")
    output = predictor.predict([predictor.load(photo_list.parent / "p00" / "0.jpg")])[0]
    assert output.region_probabilities.sum() == pytest.approx(1, abs=1e-5)


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
