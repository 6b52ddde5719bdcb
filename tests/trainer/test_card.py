"""The model card says of a bundle what its manifest holds, and nothing that was typed in by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from geotagger.core.paths import resource_path
from geotagger.inference import load_bundle
from trainer.__main__ import main
from trainer.card import measured_text


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(resource_path("model"), tmp_path / "bundle"))


def _change(bundle: Path, **changes: object) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | changes))


def test_the_shipped_card_holds_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = resource_path("model")
    assert main(["card", str(shipped)]) == 0
    printed = capsys.readouterr().out
    assert printed in (shipped / "README.md").read_text(encoding="utf-8")
    for column in ("region frequencies", "nearest neighbours", "ours"):
        assert f"| {column} " in printed


def test_numbers_of_the_manifest_are_shown_with_what_they_were_measured_on(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    ours = manifest["metrics"]["systems"][-1]
    ours["metrics"]["top3_macro"] = [33.25, 20.0, 40.0]
    ours["metrics"]["top1_micro"] = [24.0, None, None]
    cross = manifest["cross_coverage"] | {"radius": 0.5, "set_by_photographer": 0.25, "region_set": None}
    _change(bundle, metrics=manifest["metrics"], cross_coverage=cross)
    text = measured_text(load_bundle(bundle))
    assert "| top3 macro | 4.8 [4.8, 6.7] | 28.4 [23.2, 35.9] | 33.2 [20.0, 40.0] |" in text
    assert "top3 macro above 32.1 %: 33.2, reached" in text
    assert "top1 micro above 25.0 %: 24.0, **missed**" in text
    assert f"{manifest['metrics']['photos']} photos by {manifest['metrics']['photographers']} photog" in text
    assert manifest["metrics"]["date"] in text
    assert "of 50.0 % of the photos" in text
    assert "an unknown share" in text
    assert text.endswith("and 25.0 %.")
    # Coverage of the very photos that calibrated the bundle stands nowhere.
    assert "| radius coverage |" not in text


def test_a_bundle_without_measurements_is_told(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for metrics in ({}, [], {"systems": []}, {"systems": [3]}):
        _change(bundle, metrics=metrics)
        assert main(["card", str(bundle)]) == 1
        assert capsys.readouterr().err == f"The bundle in {bundle} holds no metrics that can be shown.\n"


def test_what_stands_between_the_marks_is_replaced_and_nothing_else(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = bundle / "README.md"
    whole = card.read_text(encoding="utf-8")
    card.write_text(whole.replace("| log loss |", "| luck |"), encoding="utf-8")
    assert main(["card", str(bundle), "--write"]) == 0
    assert card.read_text(encoding="utf-8") == whole
    card.write_text("no marks")
    capsys.readouterr()
    assert main(["card", str(bundle), "--write"]) == 1
    assert "to write between" in capsys.readouterr().err
    card.unlink()
    assert main(["card", str(bundle), "--write"]) == 1
    assert "cannot be read" in capsys.readouterr().err
