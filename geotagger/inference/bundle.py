"""Model bundles: a folder with weights (safetensors), a cell grid and a manifest; nothing in it can run code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.errors import BundleError, ResourceError
from geotagger.core.paths import replace_files, resource_path
from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork, remembered_photos
from geotagger.inference.preprocessing import INPUT_SIZES

MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "model.safetensors"
CELLS_FILE = "cells.json"
FORMAT_VERSION = 1
NETWORK_NAME = "efficientnetv2_b0-geo3"
_LONGEST_PROBLEM = 200


@dataclass(frozen=True, slots=True, eq=False)
class ModelBundle:
    """A verified model bundle.

    Attributes:
        id: name and first eight hexadecimal digits of the SHA-256 of the weights.
        grid: the cells that the network tells apart.
        calibration: how its numbers become probabilities, a radius and a region set.
        manifest: all facts of the manifest, such as ``metrics`` and ``training``.
        folder: where the bundle lies.
        network: the network with its weights, in float32, in evaluation mode, on the CPU.
    """

    id: str
    grid: CellGrid
    calibration: Calibration
    manifest: Mapping[str, Any]
    folder: Path
    network: GeoNetwork


def load_bundle(path: Path | None = None) -> ModelBundle:
    """Read and verify a model bundle.

    Args:
        path: its folder; the bundle that ships with the program where None.

    Raises:
        BundleError: it is missing, damaged (a hash differs), or made for another version.
    """
    folder = path if path is not None else _shipped_folder()
    manifest = _read_manifest(folder)
    try:
        weights = _read_verified(folder, manifest["files"][WEIGHTS_FILE], WEIGHTS_FILE)
        cells = _read_verified(folder, manifest["files"][CELLS_FILE], CELLS_FILE)
        grid = CellGrid.from_json(json.loads(cells))
        if set(grid.region.tolist()) != set(range(len(load_regions()))):
            raise ValueError("its cells are not those of the regions")
        calibration = Calibration.from_json(manifest["calibration"])
        network = _build_network(len(grid), int(manifest["embedding_dimensions"]), weights)
        return ModelBundle(_checked_id(manifest, weights), grid, calibration, manifest, folder, network)
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError, SafetensorError) as error:
        raise BundleError(
            "The model bundle in {folder} does not fit this version ({problem}).",
            folder=folder,
            problem=" ".join(str(error).split())[:_LONGEST_PROBLEM],
        ) from error


def _shipped_folder() -> Path:
    try:
        return resource_path("model")
    except ResourceError as error:
        raise BundleError("The program came without its model; please install the program again.") from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BundleError(
            "There is no model bundle in {folder}: {name} is missing.", folder=folder, name=MANIFEST_FILE
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(
            "The manifest of the model bundle in {folder} cannot be read.", folder=folder
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT_VERSION:
        raise BundleError(
            "The model bundle in {folder} was made for another version of the program.", folder=folder
        )
    if manifest.get("network") != NETWORK_NAME or manifest.get("input_sizes") != [
        list(s) for s in INPUT_SIZES
    ]:
        raise BundleError(
            "The model bundle in {folder} holds a network that this version does not know.", folder=folder
        )
    if manifest.get("regions") != list(load_regions().codes):
        raise BundleError(
            "The model bundle in {folder} knows other regions than this version.", folder=folder
        )
    return manifest


def _read_verified(folder: Path, entry: Mapping[str, Any], name: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(
            "The file {name} of the model bundle in {folder} cannot be read.", name=name, folder=folder
        ) from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise BundleError(
            "The file {name} of the model bundle in {folder} is damaged: its SHA-256 is not the one in the manifest.",
            name=name,
            folder=folder,
        )
    return content


def _checked_id(manifest: Mapping[str, Any], weights: bytes) -> str:
    """The id, which the predictions of a photo are kept under: that of other weights would speak for them."""
    identifier, digest = str(manifest["id"]), hashlib.sha256(weights).hexdigest()[:8]
    if not re.fullmatch(rf"[\w.-]{{1,64}}-{digest}", identifier):
        raise ValueError("its id is not that of its weights")
    return identifier


def _build_network(cells: int, embedding_dimensions: int, weights: bytes) -> GeoNetwork:
    state = {name: tensor.float() for name, tensor in load_safetensors(weights).items()}
    with torch.device("meta"):
        network = GeoNetwork(len(load_regions()), cells, embedding_dimensions, remembered_photos(state))
    network.load_state_dict(state, strict=False, assign=True)
    missing = {name for name, tensor in network.state_dict().items() if tensor.is_meta}
    if missing or state.keys() - network.state_dict().keys():
        raise ValueError("its weights are not those of the network")
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise ValueError("its weights are not all numbers")
    return network.requires_grad_(False).eval()


def save_bundle(
    folder: Path,
    name: str,
    network: GeoNetwork,
    grid: CellGrid,
    calibration: Calibration,
    facts: Mapping[str, Any],
) -> str:
    """Write a bundle, weights in half precision, and give its id.

    Args:
        name: first part of the id, such as ``geotagger-b0``.
        facts: further entries of the manifest, such as ``metrics``, ``training`` and ``licence``.

    Raises:
        BundleError: a weight is too large for half precision, or no number.
        ValueError: ``facts`` name an entry that is the bundle's own.
        OSError: it cannot be written; a bundle that lay there before is as it was.
    """
    state = {
        key: tensor.detach().cpu().to(torch.float16).contiguous()
        for key, tensor in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise BundleError("The network holds weights that are too large for half precision, or not numbers.")
    contents = {
        WEIGHTS_FILE: save_safetensors(state),
        CELLS_FILE: json.dumps(grid.to_json(), separators=(",", ":")).encode(),
    }
    files: dict[str, dict[str, Any]] = {
        key: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for key, data in contents.items()
    }
    bundle_id = f"{name}-{files[WEIGHTS_FILE]['sha256'][:8]}"
    manifest: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "id": bundle_id,
        "network": NETWORK_NAME,
        "input_sizes": [list(size) for size in INPUT_SIZES],
        "embedding_dimensions": network.embedding_head.out_features,
        "regions": list(load_regions().codes),
        "files": files,
        "calibration": calibration.to_json(),
    }
    taken = sorted(manifest.keys() & facts.keys())
    if taken:
        raise ValueError(f"“{taken[0]}” is not a fact that can be told of a bundle; it says that itself")
    manifest |= facts
    contents[MANIFEST_FILE] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    replace_files({folder / key: data for key, data in contents.items()})
    return bundle_id
