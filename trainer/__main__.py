"""``python -m trainer collect|prepare|train|average|calibrate|evaluate|compare|report|export|card|outputs|models|original|ablate``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from geotagger.core.errors import GeotaggerError
from trainer import average, card, compare, outputs
from trainer.collect import command as collect
from trainer.networks import command as networks
from trainer.originals import ablation
from trainer.originals import command as originals
from trainer.steps import add_step_arguments, run_step

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""
_ANEW = "Please start the command anew."
_AFTER_INTERRUPTION = {
    "collect": "What was collected is kept; the same command goes on from there.",
    "train": "The same command with --resume goes on after the last whole epoch.",
    "original": "A training goes on after its last whole epoch with --resume.",
    "ablate": "The same command goes on after the last whole epoch.",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it was done, 1 with a sentence when it could not be, 2 for wrong usage, 130 after Ctrl-C."""
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
    average.add_arguments(commands.add_parser("average", help="one network from several trainings"))
    compare.add_arguments(commands.add_parser("compare", help="several trainings in one table"))
    card.add_arguments(commands.add_parser("card", help="what was measured of a bundle"))
    ablation.add_arguments(commands.add_parser("ablate", help="what each augmentation is worth"))
    arguments = parser.parse_args(argv)
    commands_of_their_own = {"collect": collect.run, "models": networks.run, "original": originals.run}
    try:
        if arguments.command in commands_of_their_own:
            return commands_of_their_own[arguments.command](arguments)
        steps = {
            "ablate": ablation.run,
            "average": average.run,
            "card": card.run,
            "compare": compare.run,
            "outputs": outputs.run,
        }
        steps.get(arguments.command, run_step)(arguments)
    except GeotaggerError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else "A file could not be read or written: "
        print(f"{where}{error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"Interrupted. {_AFTER_INTERRUPTION.get(arguments.command, _ANEW)}", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
