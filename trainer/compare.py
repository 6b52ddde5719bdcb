"""``python -m trainer compare``: several trainings side by side, each as it was measured, on the same photos."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer.config import SETTINGS_FILE, flat_settings
from trainer.evaluate import COLUMNS, Evaluation, as_table, explained, shown
from trainer.metrics import Value
from trainer.run_folder import AVERAGED_FILE, METRICS_FILE
from trainer.shards import DataError

_ALL = "all"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one metrics file holds.

    Attributes:
        name: of the training: the shortest end of its folder's path that no other has.
        splits: that it was measured on, of the data list with this hash.
        by: date and command of the measurement.
        settings: of the training, by dotted name.
    """

    name: str
    list_hash: str
    splits: tuple[str, ...]
    by: str
    systems: tuple[Evaluation, ...]
    settings: Mapping[str, Any]

    @property
    def grounds(self) -> tuple[str, ...]:
        """What has to be the same for numbers to stand side by side: the data list and the splits."""
        return self.list_hash, *sorted(self.splits)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``compare``; ``run`` takes what they are parsed to."""
    parser.add_argument(
        "runs", type=Path, nargs="+", help="folders that evaluate was run on, or metrics files that it wrote"
    )
    parser.add_argument(
        "--metrics",
        help=f"which, with commas between (default {','.join(COLUMNS)}); “{_ALL}” for a row per metric",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the tables.

    Raises:
        DataError: a file is missing or damaged, or the runs were not measured on the same photos.
    """
    print(compare(arguments.runs, arguments.metrics))


def compare(runs: Sequence[Path], metrics: str | None = None) -> str:
    """Markdown: a table of all systems, the worst first, what settings differ, and how it was measured.

    Args:
        runs: folders of trainings, or metrics files in them.
        metrics: names with commas between, ``all`` for every one; the usual ones where None.

    Raises:
        DataError: a file is missing or damaged, there is no such metric, or they were not measured on the same
            photos.
    """
    files = dict.fromkeys((path / METRICS_FILE if path.is_dir() else path).resolve() for path in runs)
    ends = _shortest_ends([file.parent for file in files])
    measured = [_read(file, ends[file.parent]) for file in files]
    grounds = {one.grounds: one for one in measured}
    if len(grounds) != 1:
        names = " and ".join(one.name for one in grounds.values())
        raise DataError(
            f"{names} were not measured on the same photos; their numbers cannot stand side by side."
        )
    systems = sorted(_named_apart(measured), key=_worth)
    first = measured[0]
    alone = systems[0].photographers == 1
    intervals = "one alone gives no interval" if alone else "brackets: 95 % interval over photographers"
    parts = [
        f"{systems[0].photos} photos by {systems[0].photographers} photographers "
        f"({', '.join(first.splits)} of list {first.list_hash}); {intervals}.",
        long_table(systems) if metrics == _ALL else as_table(systems, _columns(systems, metrics)),
        *_differing_settings(measured),
        "\n".join(f"- {one.name}: {one.by}" for one in measured),
    ]
    return "\n\n".join(parts)


def baselines_on(run: Path, list_hash: str, splits: Sequence[str]) -> tuple[Evaluation, ...]:
    """The baselines of a training, where ``evaluate`` has measured them on these photos; none where it has not.

    Raises:
        DataError: the file that it wrote is damaged.
    """
    file = run / METRICS_FILE
    if not file.exists():
        return ()
    found = _read(file, run.name)
    return found.systems[:-1] if found.grounds == (list_hash, *sorted(splits)) else ()


def _shortest_ends(folders: Sequence[Path]) -> dict[Path, str]:
    """The name of each folder, with as many of the folders above it as it takes to tell it from the others."""
    names = {}
    for folder in folders:
        parts = folder.parts
        ends = {length: parts[-length:] for length in range(1, len(parts) + 1)}
        others = [other.parts for other in folders if other != folder]
        length = next(n for n, end in ends.items() if all(other[-n:] != end for other in others))
        names[folder] = Path(*ends[length]).as_posix()
    return names


def _read(file: Path, name: str) -> Measured:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if not document["systems"]:
            raise ValueError("nothing was measured")
        return Measured(
            name=name,
            list_hash=str(document["list_hash"]),
            splits=tuple(map(str, document["splits"])),
            by=", ".join(document[name] for name in ("date", "command") if name in document) or "not told",
            systems=tuple(evaluation_of(system) for system in document["systems"]),
            settings=_settings(file.parent),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} is missing or holds no metrics; run “evaluate” first.") from error


def evaluation_of(system: Mapping[str, Any]) -> Evaluation:
    """What ``Evaluation.to_json`` wrote, without its regions.

    Raises:
        KeyError, TypeError, ValueError: it is none, or of an earlier version.
    """
    metrics = {
        name: Value(*(math.nan if x is None else float(x) for x in values))
        for name, values in system["metrics"].items()
    }
    missing = {"top5_macro", "log_loss"} - metrics.keys()
    if missing:
        raise KeyError(*missing)
    return Evaluation(system["name"], system["photos"], system["photographers"], metrics, {}, [])


def _settings(run: Path) -> dict[str, Any]:
    """The settings of a training; those of an average are its first training's, and how many it is of."""
    file, averaged = run / SETTINGS_FILE, run / AVERAGED_FILE
    settings = flat_settings(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
    if averaged.exists():
        settings["train.averaged"] = len(json.loads(averaged.read_text(encoding="utf-8")))
    return settings


def _named_apart(measured: Sequence[Measured]) -> list[Evaluation]:
    """Every system once, as it was measured most fully; those that share a name and differ get that of their training."""
    by_name: dict[str, list[tuple[str, Evaluation]]] = {}
    every = [(one.name, system) for one in measured for system in one.systems]
    for training, system in sorted(every, key=lambda of: -len(of[1].metrics)):
        alike = by_name.setdefault(system.name, [])
        if not any(_agree(system, other) for _, other in alike):
            alike.append((training, system))
    return [
        replace(system, name=f"{name} ({training})") if len(alike) > 1 else system
        for name, alike in by_name.items()
        for training, system in alike
    ]


def _agree(one: Evaluation, other: Evaluation) -> bool:
    """Whether two measurements give the same of every metric that both have; an earlier version had fewer."""
    shared = one.metrics.keys() & other.metrics.keys()
    return all(repr(one.metrics[name]) == repr(other.metrics[name]) for name in shared)


def _worth(system: Evaluation) -> tuple[float, float]:
    return system.metrics["top5_macro"].value, -system.metrics["log_loss"].value


def _columns(systems: Sequence[Evaluation], metrics: str | None) -> dict[str, str]:
    if metrics is None:
        return COLUMNS
    wanted = [name.strip() for name in metrics.split(",")]
    known = {name for system in systems for name in system.metrics}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise DataError(f"There is no metric “{unknown[0]}”; there are {', '.join(sorted(known))}.")
    return {name: COLUMNS.get(name, name.replace("_", " ")) for name in wanted}


def long_table(systems: Sequence[Evaluation]) -> str:
    """A Markdown table of every metric, one per row, the systems side by side."""
    names = dict.fromkeys(name for system in systems for name in system.metrics)
    lines = [
        "| | " + " | ".join(system.name for system in systems) + " |",
        "|---" * (len(systems) + 1) + "|",
    ]
    for name in names:
        cells = [shown(name, system.metrics.get(name)) for system in systems]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return explained("\n".join(lines))


def _differing_settings(measured: Sequence[Measured]) -> list[str]:
    """A table of the settings in which trainings of one kind differ, for each kind; none where none do."""
    kinds: dict[frozenset[str], list[Measured]] = {}
    for one in measured:
        kinds.setdefault(frozenset(name.split(".")[0] for name in one.settings), []).append(one)
    tables = []
    for alike in kinds.values():
        names = dict.fromkeys(name for one in alike for name in one.settings)
        differing = [name for name in names if len({json.dumps(one.settings.get(name)) for one in alike}) > 1]
        if differing:
            lines = ["| settings that differ | " + " | ".join(one.name for one in alike) + " |"]
            lines.append("|---" * (len(alike) + 1) + "|")
            for name in differing:
                lines.append(
                    f"| {name} | " + " | ".join(str(o.settings.get(name, "–")) for o in alike) + " |"
                )
            tables.append("\n".join(lines))
    return tables
