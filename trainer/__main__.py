"""``python -m trainer collect|prepare|train|calibrate|evaluate|compare|report|export|outputs|models|original|ablate``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from geotagger.core.errors import GeotaggerError
from trainer import compare, outputs
from trainer.collect import command as collect
from trainer.networks import command as networks
from trainer.originals import ablation
from trainer.originals import command as originals
from trainer.steps import add_step_arguments, run_step


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it was done, 1 with a sentence when it could not be, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="Makes model bundles for Geotagger."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    collect.add_arguments(commands.add_parser("collect", help="gather located photos"))
    add_step_arguments(commands)
    networks.add_arguments(commands.add_parser("models", help="the networks and their parameter counts"))
    originals.add_arguments(commands.add_parser("original", help="train the class project's networks"))
    outputs.add_arguments(
        commands.add_parser("outputs", help="keep what a network says of photos it has not seen")
    )
    compare.add_arguments(commands.add_parser("compare", help="several trainings in one table"))
    ablation.add_arguments(commands.add_parser("ablate", help="what each augmentation is worth"))
    arguments = parser.parse_args(argv)
    if arguments.command == "collect":
        return collect.run(arguments)
    if arguments.command == "models":
        return networks.run(arguments)
    if arguments.command == "original":
        return originals.run(arguments)
    try:
        if arguments.command == "ablate":
            ablation.run(arguments)
        elif arguments.command == "compare":
            compare.run(arguments)
        elif arguments.command == "outputs":
            outputs.run(arguments)
        else:
            run_step(arguments)
    except GeotaggerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
