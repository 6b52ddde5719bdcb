"""``python -m trainer card``: what was measured of a bundle, as its model card shows it, out of its own manifest."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from geotagger.inference.bundle import ModelBundle, load_bundle
from trainer.compare import evaluation_of, long_table
from trainer.evaluate import Evaluation
from trainer.files import write_file
from trainer.shards import DataError

CARD_FILE = "README.md"
_BEGIN, _END = "<!-- measured: printed by “python -m trainer card” -->", "<!-- end of what was measured -->"
_AIMS = {"top1_micro": 25.0, "top3_macro": 32.1, "top5_macro": 43.5, "top10_macro": 62.3}
"""What was aimed at: three of them are the class project's, which were measured on another kind of photos."""
_COVERAGE = ("radius_coverage", "set_coverage", "median_radius_km", "mean_set_size")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``card``; ``run`` takes what they are parsed to."""
    parser.add_argument("bundle", type=Path, help="folder made by export")
    parser.add_argument(
        "--write", action="store_true", help=f"put it into the {CARD_FILE} of the bundle, between its marks"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print what was measured, or write it into the model card.

    Raises:
        GeotaggerError: the bundle cannot be read, or holds no metrics; its card has no place for them.
    """
    measured = measured_text(load_bundle(arguments.bundle))
    if not arguments.write:
        print(measured)
        return
    card = arguments.bundle / CARD_FILE
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{card} cannot be read.") from error
    before, begun, rest = text.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not (begun and ended):
        raise DataError(f"{card} has no lines “{_BEGIN}” and “{_END}” to write between.")
    write_file(card, f"{before}{_BEGIN}\n{measured}\n{_END}{after}")
    print(f"Wrote what was measured into {card}.")


def measured_text(bundle: ModelBundle) -> str:
    """Markdown: all metrics beside the baselines, coverage, aims, and what the bundle holds.

    Raises:
        DataError: the bundle holds no metrics.
    """
    try:
        return _text(bundle, bundle.manifest["metrics"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(f"The bundle in {bundle.folder} holds no metrics that can be shown.") from error


def _text(bundle: ModelBundle, metrics: Mapping[str, Any]) -> str:
    cross = bundle.manifest.get("cross_coverage")
    # Where strangers' coverage is told, that of the photos which the calibration was fitted to would only mislead.
    left_out = _COVERAGE if cross is not None else ()
    systems = [
        replace(one, metrics={name: value for name, value in one.metrics.items() if name not in left_out})
        for one in map(evaluation_of, metrics["systems"])
    ]
    ours = systems[-1]
    parts = [
        f"`{bundle.id}`: {_megabytes(bundle):.1f} MB of weights in half precision, {len(bundle.grid):,} cells, "
        f"{len(bundle.network.neighbour_head.embeddings):,} remembered photos.{_learned_from(bundle)}",
        f"Measured on **{ours.photos} photos by {ours.photographers} photographers that the measured network had not "
        f"seen** ({', '.join(metrics['splits'])} of data list {metrics['list_hash']}), {metrics['date']}, by "
        f"`{metrics['command']}`. Shares in %; score: the mean of exp(-d/1160 km). Brackets: 95 % interval over "
        f"photographers.",
    ]
    if "photos" in (learned := metrics.get("learned_from", {})):
        parts.append(f"The measured network learned from {_counted(learned)}.")
    if "metrics_of" in bundle.manifest:
        parts.append(f"The measured network: {bundle.manifest['metrics_of']}.")
    parts += [long_table(systems), _aims(ours)]
    if cross is not None:
        parts.append(_coverage(cross, bundle))
    return "\n\n".join(parts)


def _learned_from(bundle: ModelBundle) -> str:
    data = bundle.manifest.get("data", {})
    return f" Learned from {_counted(data)}." if "photos" in data else ""


def _counted(data: Mapping[str, Any]) -> str:
    return (
        f"{int(data['photos']):,} photos by {int(data['photographers']):,} photographers in {int(data['regions'])} regions "
        f"(data list {data['list_hash']})"
    )


def _megabytes(bundle: ModelBundle) -> float:
    return sum(int(entry["bytes"]) for entry in bundle.manifest["files"].values()) / 1e6


def _aims(ours: Evaluation) -> str:
    told = []
    for name, aim in _AIMS.items():
        value = ours.metrics[name].value
        verdict = "reached" if value > aim else "**missed**"
        told.append(f"{name.replace('_', ' ')} above {aim} %: {value:.1f}, {verdict}")
    return f"Aims: {'; '.join(told)}."


def _coverage(cross: Mapping[str, Any], bundle: ModelBundle) -> str:
    """What strangers get, by leaving photographers out of the calibration in turn."""

    def share(name: str) -> str:
        value = math.nan if cross[name] is None else 100 * float(cross[name])
        return f"{value:.1f} %" if math.isfinite(value) else "an unknown share"

    promised = bundle.calibration
    return (
        f"On photographers left out of the calibration in turn ({cross['photographers']} of them, {cross['photos']} photos) "
        f"the {100 * promised.radius_coverage:.0f} % radius (median {float(cross['median_radius_km']):.0f} km) held the true "
        f"place of {share('radius')} of the photos, and the {100 * promised.set_coverage:.0f} % region set (of "
        f"{float(cross['mean_set_size']):.1f} regions on average) the true region of {share('region_set')}; averaged over "
        f"photographers {share('radius_by_photographer')} and {share('set_by_photographer')}."
    )
