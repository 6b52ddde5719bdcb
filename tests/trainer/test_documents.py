"""The tables of the documentation are what the commands print of the measurements that lie beside them."""

from __future__ import annotations

import json
from pathlib import Path

from trainer.compare import compare
from trainer.networks.command import network_facts
from trainer.networks.registry import NETWORKS
from trainer.originals.ablation import tables_of

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_all_networks_is_what_compare_prints() -> None:
    printed = compare(sorted((DOCS / "measured").iterdir()))
    photos, table = printed.split("\n\n")[:2]
    text = (DOCS / "model.md").read_text(encoding="utf-8")
    assert f"{photos}\n\n{table}\n" in text
    for name in ("geocnn", "geocnn_residual", "alexnet_geo", "geonet", "ours"):
        assert f"| {name}" in table
        assert f"- {name}: 2026-" in printed


def test_the_tables_of_augmentations_are_what_ablate_prints() -> None:
    document = json.loads((DOCS / "ablation.json").read_text(encoding="utf-8"))
    text = (DOCS / "originals.md").read_text(encoding="utf-8")
    assert tables_of(document) in text
    assert f"{document['photos']} photos by {document['photographers']} photographers" in text
    assert document["list_hash"] in text
    assert document["date"] in text


def test_the_numbers_of_parameters_are_those_of_the_networks() -> None:
    text = (DOCS / "originals.md").read_text(encoding="utf-8")
    for name, entry in NETWORKS.items():
        if entry.recipe is not None:
            (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
            assert f"| {network_facts(entry)['trained']:,} |".replace(",", " ") in row
