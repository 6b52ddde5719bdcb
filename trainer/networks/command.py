"""``python -m trainer models``: the networks, and with a name its layers with their parameter counts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from geotagger.core.errors import GeotaggerError
from geotagger.core.regions import load_regions
from trainer.networks.registry import NETWORKS, Network, build_network, find_network, parameters_by_layer

_INNER = ("backbone", "body")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``models``; ``run`` takes what they are parsed to."""
    parser.add_argument("name", nargs="?", metavar="NETWORK", help="show every layer of one network")
    parser.add_argument("--json", action="store_true", help="one JSON object per network and line")


def run(arguments: argparse.Namespace) -> int:
    """Print the registry, or the layers of one network; 2 where there is no such network."""
    try:
        entries = [find_network(arguments.name)] if arguments.name else list(NETWORKS.values())
    except GeotaggerError as error:
        print(error, file=sys.stderr)
        return 2
    for entry in entries:
        facts = network_facts(entry)
        if arguments.json:
            print(json.dumps(facts))
            continue
        print(f"{entry.name}: {entry.summary}")
        print(f"  {facts['parameters']:>11,} parameters, {facts['trained']:,} of them trained")
        for layer in facts["layers"] if arguments.name else _without_inner_layers(facts["layers"]):
            frozen = "" if layer["trained"] else "  frozen"
            print(f"  {layer['parameters']:>11,}  {layer['name']:<34} {layer['kind']}{frozen}")
    return 0


def _without_inner_layers(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The layers with those of a body or backbone as one."""
    shown: dict[str, dict[str, Any]] = {}
    for layer in layers:
        outer = layer["name"].split(".")[0]
        if outer not in _INNER:
            shown[layer["name"]] = layer
        elif outer in shown:
            shown[outer]["parameters"] += layer["parameters"]
        else:
            shown[outer] = {**layer, "name": outer, "kind": "all its layers"}
    return list(shown.values())


def network_facts(entry: Network) -> dict[str, Any]:
    """Name, parameter counts in all and by layer, recipe, and the published weights that it stands on."""
    network = build_network(entry.name, len(load_regions()), seed=0, random_backbone=True)
    layers = [
        {"name": name, "kind": kind, "parameters": count, "trained": trained}
        for name, kind, count, trained in parameters_by_layer(network)
    ]
    return {
        "name": entry.name,
        "summary": entry.summary,
        "parameters": sum(layer["parameters"] for layer in layers),
        "trained": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "needs_weights_of": entry.backbone.published_as if entry.backbone else None,
        "recipe": asdict(entry.recipe) if entry.recipe else None,
        "layers": layers,
    }
