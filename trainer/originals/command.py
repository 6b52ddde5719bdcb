"""``python -m trainer original train|evaluate``: the class project's networks from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from geotagger.core.errors import GeotaggerError
from trainer.compare import compare
from trainer.files import write_file
from trainer.networks.registry import NETWORKS
from trainer.originals.evaluation import evaluate_original
from trainer.originals.photos import ReducedPhotos
from trainer.originals.settings import AUGMENTATIONS, OriginalSettings, augment_without, original_settings
from trainer.originals.training import train_original
from trainer.run_folder import METRICS_FILE
from trainer.shards import SPLITS, splits_named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the two subcommands; ``run`` takes what it parses."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="train|evaluate")
    train = steps.add_parser("train", help="train a network by its own recipe")
    train.add_argument("network", choices=[name for name, entry in NETWORKS.items() if entry.recipe])
    train.add_argument("data", type=Path, help="folder made by prepare")
    train.add_argument("--out", type=Path, required=True, help="folder for checkpoint, history and settings")
    train.add_argument("--weights", type=Path, help="published weights of the frozen backbone (safetensors)")
    train.add_argument(
        "--random-backbone", action="store_true", help="leave the backbone random, only to try things out"
    )
    train.add_argument("--resume", action="store_true", help="go on after the last whole epoch")
    train.add_argument("--epochs", type=int, help="instead of the recipe's")
    train.add_argument("--rate", type=float, help="learning rate, instead of the recipe's")
    train.add_argument("--batch", type=int, help="photos per step, instead of the recipe's")
    train.add_argument("--input-px", type=int, help="side of the pictures, instead of the recipe's")
    train.add_argument(
        "--store-features",
        action="store_true",
        help="run a frozen backbone once per photo and train on what it says; nothing is augmented then",
    )
    train.add_argument("--bf16", action="store_true", help="run a frozen backbone in mixed precision")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, default=2)
    train.add_argument(
        "--without",
        action="append",
        default=[],
        choices=[*AUGMENTATIONS, "all"],
        help="switch an augmentation off; may be given more than once",
    )
    evaluate = steps.add_parser("evaluate", help="measure a training on photographers it has not seen")
    evaluate.add_argument("run", type=Path, help="folder made by train")
    evaluate.add_argument("data", type=Path, help="folder made by prepare")
    evaluate.add_argument("--splits", default="test", help=f"which of {', '.join(SPLITS)} (default test)")
    evaluate.add_argument("--json", action="store_true", help="print all metrics as JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Carry out a step; 0 when it was done, 1 with a sentence when it could not be."""
    try:
        if arguments.step == "train":
            print(f"Wrote {_train(arguments)}.")
        else:
            _evaluate(arguments)
    except GeotaggerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _train(arguments: argparse.Namespace) -> Path:
    wanted = {
        "epochs": arguments.epochs,
        "rate": arguments.rate,
        "batch": arguments.batch,
        "input_px": arguments.input_px,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    settings: OriginalSettings = original_settings(arguments.network, **changes)
    settings = replace(
        settings,
        augment=augment_without(settings.augment, arguments.without),
        seed=arguments.seed,
        threads=arguments.threads,
        random_backbone=arguments.random_backbone,
        store_features=arguments.store_features,
        bf16=arguments.bf16,
    )
    if arguments.random_backbone:
        print("The backbone is random: the result says nothing of the network's worth.", file=sys.stderr)
    return train_original(
        ReducedPhotos(arguments.data, settings.recipe.input_px),
        arguments.out,
        settings,
        weights=arguments.weights,
        resume=arguments.resume,
        say=lambda text: print(text, flush=True),
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    splits = splits_named(arguments.splits)
    document = evaluate_original(arguments.data, arguments.run, splits)
    text = json.dumps(document, indent=1)
    path = arguments.run / METRICS_FILE
    write_file(path, text + "\n")
    print(text if arguments.json else compare([path]))
