"""Bundles are verified before they are used."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from geotagger.core.cells import build_cell_grid
from geotagger.core.errors import BundleError
from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from geotagger.evidence import predict_from_image
from geotagger.inference import Predictor
from geotagger.inference.bundle import (
    CELLS_FILE,
    MANIFEST_FILE,
    WEIGHTS_FILE,
    ModelBundle,
    load_bundle,
    save_bundle,
)
from geotagger.inference.network import GeoNetwork
from tests.inference.conftest import CALIBRATION


@pytest.fixture
def copy(bundle_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def _change_file(folder: Path, name: str, content: bytes) -> None:
    """As a stranger would: with the hash, and the id where it follows from it."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    if name == WEIGHTS_FILE:
        manifest["id"] = f"test-{manifest['files'][name]['sha256'][:8]}"
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))


def _change_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest | changes))


def test_bundle_comes_back_as_it_was_saved(bundle: ModelBundle) -> None:
    assert bundle.id.startswith("test-")
    assert len(bundle.id) == len("test-") + 8
    assert bundle.calibration == CALIBRATION
    assert bundle.manifest["training"] == "none"
    assert not bundle.network.training
    assert all(p.dtype == torch.float32 for p in bundle.network.parameters())


def test_same_network_gives_the_same_id(bundle: ModelBundle, tmp_path: Path) -> None:
    again = save_bundle(tmp_path / "again", "test", bundle.network, bundle.grid, CALIBRATION, {})
    assert again == bundle.id


@pytest.mark.parametrize("name", [WEIGHTS_FILE, CELLS_FILE])
def test_one_flipped_bit_is_noticed(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name}.*damaged"):
        load_bundle(copy)


@pytest.mark.parametrize("name", [WEIGHTS_FILE, CELLS_FILE, MANIFEST_FILE])
def test_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleError, match=name):
        load_bundle(copy)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 99}, "another version"),
        ({"network": "alexnet"}, "does not know"),
        ({"input_sizes": [[1, 1]]}, "does not know"),
        ({"regions": ["US-CO"]}, "other regions"),
        ({"embedding_dimensions": 17}, "does not fit"),
        ({"calibration": {}}, "does not fit"),
        ({"files": {}}, "does not fit"),
        ({"files": [1]}, "does not fit"),
        ({"files": {WEIGHTS_FILE: 3}}, "does not fit"),
        ({"embedding_dimensions": float("inf")}, "does not fit"),
        ({"embedding_dimensions": -1}, "does not fit"),
        ({"embedding_dimensions": 10**15}, "does not fit"),
        ({"calibration": CALIBRATION.to_json() | {"photos": float("inf")}}, "does not fit"),
        ({"calibration": CALIBRATION.to_json() | {"temperature": 0}}, "does not fit"),
        ({"regions": list(reversed(load_regions().codes))}, "other regions"),
        ({"id": "geotagger-b0-ec910fdd"}, "does not fit .* id is not that of its weights"),
        ({"id": 3}, "id is not that of its weights"),
        ({"id": "<b>x</b>"}, "id is not that of its weights"),
    ],
)
def test_unfitting_manifest_is_refused(copy: Path, changes: dict[str, object], words: str) -> None:
    _change_manifest(copy, **changes)
    with pytest.raises(BundleError, match=words):
        load_bundle(copy)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b"", b"null"])
def test_manifest_that_is_no_json(copy: Path, content: bytes) -> None:
    (copy / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(BundleError, match=r"cannot be read|another version"):
        load_bundle(copy)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickle.dumps({"body.conv_stem.weight": [1.0]}),
        (2**63 - 1).to_bytes(8, "little") + b"{}",
        (8).to_bytes(8, "little") + b"[[[[[[[[",
        save({}),
        save({"neighbour_head.embeddings": torch.zeros(())}),
    ],
)
def test_weights_that_are_none_are_refused(copy: Path, content: bytes) -> None:
    _change_file(copy, WEIGHTS_FILE, content)
    with pytest.raises(BundleError, match="does not fit") as caught:
        load_bundle(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("region_head.bias", torch.full((63,), float("nan"))),
        ("body.bn1.running_var", torch.full((32,), float("inf"))),
        ("region_head.bias", torch.zeros(62)),
        ("neighbour_head.scale", torch.zeros(3)),
        ("neighbour_head.shares", torch.zeros(2, 63)),
        ("region_head.weight", torch.zeros(63, 4)),
        ("stranger", torch.zeros(1)),
    ],
)
def test_weights_of_the_wrong_kind_are_refused(copy: Path, name: str, tensor: torch.Tensor) -> None:
    _change_file(copy, WEIGHTS_FILE, save(load((copy / WEIGHTS_FILE).read_bytes()) | {name: tensor}))
    with pytest.raises(BundleError, match="does not fit") as caught:
        load_bundle(copy)
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("region", 63),
        ("region", -1),
        ("region", 70_000),
        ("lat_deg", float("nan")),
        ("lat_deg", 91.0),
        ("lon_deg", 200.0),
        ("area_km2", 0.0),
        ("area_km2", float("inf")),
        ("h3_index", "8326xx"),
        ("h3_index", 3),
        ("lat_deg", "north"),
        ("lat_deg", [1.0]),
    ],
)
def test_cells_that_cannot_be_are_refused(copy: Path, column: str, value: object) -> None:
    cells = json.loads((copy / CELLS_FILE).read_text())
    cells[column][5] = value
    _change_file(copy, CELLS_FILE, json.dumps(cells).encode())
    with pytest.raises(BundleError, match="does not fit"):
        load_bundle(copy)


def test_cells_without_a_region_are_refused(copy: Path) -> None:
    cells = json.loads((copy / CELLS_FILE).read_text())
    cells["region"] = [1 if region == 0 else region for region in cells["region"]]
    _change_file(copy, CELLS_FILE, json.dumps(cells).encode())
    with pytest.raises(BundleError, match="does not fit"):
        load_bundle(copy)
    _change_file(copy, CELLS_FILE, b"[" * 100_000)
    with pytest.raises(BundleError, match="does not fit"):
        load_bundle(copy)


def test_facts_do_not_replace_what_a_bundle_says_of_itself(tmp_path: Path, bundle: ModelBundle) -> None:
    for facts in ({"id": "other"}, {"regions": []}, {"calibration": {}}):
        with pytest.raises(ValueError, match=next(iter(facts))):
            save_bundle(tmp_path / "new", "test", bundle.network, bundle.grid, CALIBRATION, facts)
    assert not (tmp_path / "new").exists()


def test_network_that_does_not_fit_half_precision_is_refused(tmp_path: Path, bundle: ModelBundle) -> None:
    network = GeoNetwork(63, len(bundle.grid), 16)
    torch.nn.init.constant_(network.region_head.bias, 1e6)
    with pytest.raises(BundleError, match="half precision"):
        save_bundle(tmp_path, "test", network, bundle.grid, CALIBRATION, {})


def test_shipped_bundle_is_intact_and_small_enough() -> None:
    bundle = load_bundle()
    size = sum(file.stat().st_size for file in bundle.folder.iterdir())
    assert size <= 30_000_000
    assert bundle.id.startswith("geotagger-b0-")
    assert bundle.grid.h3_index == build_cell_grid(load_regions()).h3_index
    assert bundle.calibration.radius_coverage == pytest.approx(0.8)


def test_shipped_bundle_gives_its_golden_answers() -> None:
    predictor = Predictor(load_bundle(), device="cpu")
    y, x = np.mgrid[0:288, 0:384]
    waves = (120 + 90 * np.sin(x / 37), 110 + 80 * np.cos(y / 23), 90 + 60 * np.sin((x + y) / 51))
    output = predictor.predict([np.stack(waves, axis=2).astype(np.uint8)])[0]
    prediction = predict_from_image(
        output, predictor.grid, predictor.calibration, predictor.model_id, predictor.device
    )
    assert predictor.model_id == "geotagger-b0-ec910fdd"
    assert [r.code for r in prediction.regions[:4]] == ["CA-NT", "US-IN", "CA-BC", "US-AR"]
    shown = [r.probability for r in prediction.regions[:4]]
    assert shown == pytest.approx([0.1086, 0.07168, 0.07105, 0.05067], abs=2e-4)
    assert prediction.position.distance_km(LatLon(38.82084, -87.07854)) < 1
    assert prediction.radius_km == pytest.approx(3102, rel=0.02)
    assert output.embedding[:4] == pytest.approx([0.0123, -0.03295, 0.04619, 0.01875], abs=2e-3)


def test_shipped_model_card_speaks_of_the_shipped_bundle() -> None:
    bundle = load_bundle()
    card = (bundle.folder / "README.md").read_text(encoding="utf-8")
    assert bundle.id in card
    ours = bundle.manifest["metrics"]["systems"][-1]
    assert ours["name"] == "ours"
    for name in ("top1_micro", "top1_macro", "top3_macro", "top5_macro", "top10_macro"):
        assert f"{ours['metrics'][name][0]:.1f}" in card, name
    assert str(bundle.manifest["metrics"]["photos"]) in card


def test_a_disk_that_fills_up_leaves_the_bundle_that_was_there(
    copy: Path, bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    flush, flushed = os.fsync, []

    def full_at_the_last(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) == len(before):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_last)
    network = GeoNetwork(63, len(bundle.grid), 16)
    with pytest.raises(OSError, match="No space left"):
        save_bundle(copy, "test", network, bundle.grid, CALIBRATION, {})
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before
    assert load_bundle(copy).id == bundle.id
