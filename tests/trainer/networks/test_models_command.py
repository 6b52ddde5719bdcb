"""``python -m trainer models``: names and parameter counts."""

from __future__ import annotations

import argparse
import json

import pytest

from trainer.networks.command import add_arguments, run


def models(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(words))


def test_one_network_is_listed_with_all_its_layers(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("geocnn") == 0
    output = capsys.readouterr().out
    assert "26,149 parameters" in output
    for count in ("896", "64", "18,496", "128", "3,250", "3,213", "102"):
        assert f" {count}  " in output


def test_all_networks_are_listed_with_their_backbones_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert models() == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split(":")[0] for line in lines if not line.startswith(" ")]
    assert names == ["geocnn", "geocnn_residual", "alexnet_geo", "geonet", "ours"]
    assert sum("85,798,656  backbone" in line and line.endswith("frozen") for line in lines) == 1
    assert sum("2,469,696  backbone" in line for line in lines) == 1
    assert len(lines) < 60


def test_json_gives_the_recipe_and_what_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("alexnet_geo", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["recipe"]["rate"] == 1e-3
    assert facts["recipe"]["patience"] == 5
    assert facts["needs_weights_of"].startswith("torchvision's alexnet")
    assert facts["parameters"] == sum(layer["parameters"] for layer in facts["layers"])
    assert facts["trained"] == 9216 * 244 + 244 + 244 * 63 + 63 + 244 * 2 + 2


def test_an_unknown_network_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("resnet") == 2
    assert "There is no network “resnet”" in capsys.readouterr().err
