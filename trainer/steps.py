"""The commands that lead from a list of photos to a bundle: prepare, train, calibrate, evaluate, report, export."""

from __future__ import annotations

import argparse
import datetime
import json
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geotagger.core.cells import CellGrid
from geotagger.inference.device import DEVICES
from geotagger.inference.network import GeoNetwork
from trainer.answers import answer
from trainer.calibrate import calibrate, cross_coverage
from trainer.compare import baselines_on, compare
from trainer.config import SETTINGS_FILE, Config, load_config
from trainer.evaluate import Evaluation, evaluate_network, neighbour_baseline, prior_baseline
from trainer.export import export
from trainer.files import file_ending, write_file
from trainer.prepare import prepare
from trainer.processes import Ranks, computing_device, training_together
from trainer.report import write_report
from trainer.run_folder import (
    AVERAGED_FILE,
    CALIBRATION_FILE,
    METRICS_FILE,
    learned_from,
    load_trained,
    read_calibration,
    settings_of,
)
from trainer.shards import SPLITS, DataError, ShardData, splits_named
from trainer.train import train

_MOST_REFUSALS_SHOWN = 10


def add_step_arguments(commands: Any) -> None:
    """Give a parser's subparsers the commands of this module."""
    step = commands.add_parser("prepare", help="check, scale and split photos into tar shards")
    step.add_argument(
        "list", type=Path, help="CSV list of photos (columns file, region, lat, lon, photographer)"
    )
    step.add_argument("--out", type=Path, required=True)
    _add_settings(step)

    step = commands.add_parser("train", help="train our network on prepared data")
    step.add_argument("data", type=Path, help="folder made by prepare")
    step.add_argument("--out", type=Path, required=True)
    step.add_argument("--backbone", type=Path, help="ImageNet weights of tf_efficientnetv2_b0 (safetensors)")
    step.add_argument("--resume", action="store_true", help="go on where an earlier run into --out stopped")
    _add_settings(step)

    step = commands.add_parser("calibrate", help="measure how far the probabilities can be trusted")
    add_run(step, "validation,calibration")
    step.add_argument("--coverage", type=_share, default=0.8, help="of radius and region set; default 0.8")

    step = commands.add_parser("evaluate", help="measure on photographers never seen, beside the baselines")
    add_run(step, "test")
    step.add_argument("--json", action="store_true", help="print all metrics as JSON instead of a table")

    step = commands.add_parser("report", help="write an HTML page about a training")
    add_run(step, "test")
    step.add_argument("--out", type=file_ending(".html"), required=True, metavar="FILE.html")

    step = commands.add_parser("export", help="write the bundle")
    step.add_argument("run", type=Path, help="folder made by train")
    step.add_argument("--out", type=Path, required=True)
    step.add_argument(
        "--measured", type=Path, help="folder with calibration and metrics, if not those of the run itself"
    )
    step.add_argument("--facts", type=Path, help="JSON file with further entries for the manifest")


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("must be above 0 and below 1")
    return value


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="TOML file with settings")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.NAME=VALUE", dest="assignments"
    )


def add_run(parser: argparse.ArgumentParser, splits: str) -> None:
    """Arguments of a command that measures a run on data; ``splits`` where none are named."""
    parser.add_argument("run", type=Path, help="folder made by train")
    parser.add_argument("data", type=Path, help="folder made by prepare")
    parser.add_argument("--splits", default=splits, help=f"which of {', '.join(SPLITS)} (default {splits})")
    parser.add_argument("--device", default="auto", choices=DEVICES, help="to compute on (default auto)")


def trained_network(arguments: argparse.Namespace) -> tuple[GeoNetwork, CellGrid]:
    """The network of the run that was asked for, on the device that was asked for.

    Raises:
        DeviceError, TrainingError: there is no such device; the training is not finished, or its weights do not fit.
    """
    network, grid = load_trained(arguments.run)
    return network.to(computing_device(arguments.device, Ranks())), grid


def run_step(arguments: argparse.Namespace) -> None:
    """Carry out a command.

    Raises:
        GeotaggerError: with a sentence that says why it could not be.
    """
    steps: dict[str, Callable[[argparse.Namespace], None]] = {
        "prepare": _prepare,
        "train": _train,
        "calibrate": _calibrate,
        "evaluate": _evaluate,
        "report": _report,
        "export": _export,
    }
    steps[arguments.command](arguments)


def _prepare(arguments: argparse.Namespace) -> None:
    made = prepare(arguments.list, arguments.out, load_config(arguments.config, arguments.assignments))
    counts = Counter(sample.split for sample in made.samples)
    groups = {split: len({s.group for s in made.samples if s.split == split}) for split in SPLITS}
    for split in SPLITS:
        print(f"{split}: photos {counts[split]}, photographers {groups[split]}")
    empty = [split for split in SPLITS if not counts[split]]
    if empty:
        print(
            f"No photos fell into {', '.join(empty)}. The photos of a photographer stay together; more photographers "
            "(or subfolders, for “collect folder”), another prepare.salt or other shares change that.",
            file=sys.stderr,
        )
    for name, reason in made.refused[:_MOST_REFUSALS_SHOWN]:
        print(f"left out {name}: {reason}")
    print(f"{len(made.samples)} photos in all, {len(made.refused)} left out, list {made.list_hash}")


def _train(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.config, arguments.assignments)
    with training_together(config.train.device) as ranks:
        train(
            arguments.data,
            arguments.out,
            config,
            backbone=arguments.backbone,
            resume=arguments.resume,
            ranks=ranks,
            say=lambda text: print(text, flush=True),
        )


def _calibrate(arguments: argparse.Namespace) -> None:
    network, grid = trained_network(arguments)
    data = ShardData(arguments.data)
    splits = unseen_splits(arguments, data)
    samples = data.of(*splits)
    answers = answer(network, data, samples)
    photographers = len({s.group for s in samples})
    method = (
        f"Temperature scaling and split conformal prediction on {len(samples)} photos by {photographers} "
        f"photographers that the measured training did not see ({', '.join(splits)})."
    )
    calibration = calibrate(answers, samples, grid, coverage=arguments.coverage, method=method)
    cross = cross_coverage(answers, samples, grid, coverage=arguments.coverage)
    measured = {name: value if math.isfinite(value) else None for name, value in asdict(cross).items()}
    document = {"calibration": calibration.to_json(), "cross_coverage": measured}
    text = json.dumps(document, indent=2)
    write_file(arguments.run / CALIBRATION_FILE, text + "\n")
    (arguments.run / METRICS_FILE).unlink(missing_ok=True)  # measured with the calibration before
    print(text)


def _evaluate(arguments: argparse.Namespace) -> None:
    network, grid = trained_network(arguments)
    data = ShardData(arguments.data)
    splits = unseen_splits(arguments, data)
    samples, seen = data.of(*splits), data.of(*settings_of(arguments.run).train.splits)
    answers, of_training = answer(network, data, samples), answer(network, data, seen)
    calibration = read_calibration(arguments.run)
    evaluations: list[Evaluation] = [
        prior_baseline(seen, samples, grid),
        neighbour_baseline(seen, of_training.embeddings, samples, answers.embeddings, grid),
        evaluate_network("ours", answers, samples, grid, calibration),
    ]
    document = {
        "splits": splits,
        "photos": len(samples),
        "photographers": len({s.group for s in samples}),
        "list_hash": data.list_hash,
        "learned_from": learned_from(arguments.run),
        "date": datetime.date.today().isoformat(),
        "command": f"python -m trainer evaluate RUN DATA --splits {','.join(splits)}",
        "systems": [evaluation.to_json() for evaluation in evaluations],
    }
    text = json.dumps(document, indent=1)
    file = arguments.run / METRICS_FILE
    write_file(file, text + "\n")
    print(text if arguments.json else compare([file]))


def _report(arguments: argparse.Namespace) -> None:
    network, grid = trained_network(arguments)
    data = ShardData(arguments.data)
    splits = unseen_splits(arguments, data)
    samples = data.of(*splits)
    calibration = read_calibration(arguments.run)
    answers = answer(network, data, samples)
    baselines = baselines_on(arguments.run, data.list_hash, splits)
    write_report(arguments.out, arguments.run, answers, data, samples, grid, calibration, baselines)
    print(f"Wrote {arguments.out}.")


def _export(arguments: argparse.Namespace) -> None:
    measured = arguments.measured or arguments.run
    facts: dict[str, Any] = {}
    if arguments.facts is not None:
        facts |= _object_in(arguments.facts)
    facts["training"] = _object_in(arguments.run / SETTINGS_FILE)
    averaged = arguments.run / AVERAGED_FILE
    if averaged.exists():
        facts["averaged"] = _json_in(averaged)
    metrics = measured / METRICS_FILE
    if metrics.exists():
        facts["metrics"] = _object_in(metrics)
    calibration = read_calibration(measured)
    told = facts.get("data", {})
    if not isinstance(told, dict):
        raise DataError(f"“data” in {arguments.facts} is no JSON object.")
    facts["data"] = told | learned_from(arguments.run)
    facts["cross_coverage"] = _object_in(measured / CALIBRATION_FILE).get("cross_coverage")
    print(f"Wrote {export(arguments.run, arguments.out, calibration, facts)} to {arguments.out}.")


def _json_in(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is damaged: {error}.") from error


def _object_in(file: Path) -> dict[str, Any]:
    document = _json_in(file)
    if not isinstance(document, dict):
        raise DataError(f"{file} holds no JSON object.")
    return document


def unseen_splits(arguments: argparse.Namespace, data: ShardData) -> tuple[str, ...]:
    """The splits that were asked for, where the training has not seen them.

    Raises:
        DataError: it has or may have, so that the numbers would say nothing of strangers; or there is no such split.
    """
    splits = splits_named(arguments.splits)
    settings = settings_of(arguments.run)
    seen = [split for split in splits if split in settings.train.splits]
    if seen:
        raise DataError(f"The training has seen the photos of {seen[0]}; measure on other splits.")
    _check_same_way_of_splitting(arguments.run, settings, data)
    return splits


def _check_same_way_of_splitting(run: Path, settings: Config, data: ShardData) -> None:
    """A split is by hash, so photographers stay where they are in every list that is split in the same way."""
    if learned_from(run).get("list_hash", data.list_hash) == data.list_hash:
        return
    known = (data.folder / SETTINGS_FILE).exists()
    ways = [
        (p.split, p.salt, p.train, p.validation, p.calibration)
        for p in (settings.prepare, settings.prepared_as(data.folder).prepare)
    ]
    if not known or ways[0] != ways[1]:
        raise DataError(
            f"The training in {run} learned from other data, and the photos in {data.folder} are split otherwise: it may "
            "have seen photographers that are to be strangers. Prepare them with the salt and shares of its data."
        )
