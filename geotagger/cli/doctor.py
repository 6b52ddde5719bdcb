"""``geotagger doctor``: checks what the program stands on, and says how to mend what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from geotagger.cli.output import emit, emit_json
from geotagger.core import paths
from geotagger.core.errors import GeotaggerError, UserFolderError
from geotagger.core.regions import load_regions
from geotagger.core.settings import Device, load_settings, model_folder
from geotagger.metadata import open_journal

_REINSTALL = "Install the program again."


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; ``remedy`` says how to mend what is wrong."""

    check: str
    ok: bool
    detail: str
    remedy: str | None = None


def command(
    json: Annotated[bool, typer.Option("--json", help="One JSON object per check and line.")] = False,
) -> None:
    """Check device, model bundle, map and folders; say what is wrong and how to mend it."""
    healthy = True
    for finding in findings():
        healthy &= finding.ok
        if json:
            emit_json(asdict(finding))
        else:
            remedy = f" {finding.remedy}" if finding.remedy else ""
            emit(f"{'ok   ' if finding.ok else 'WRONG'} {finding.check}: {finding.detail}{remedy}")
    if not healthy:
        raise typer.Exit(1)


def findings() -> Iterator[Finding]:
    """Run every check; a check that fails does not keep the others from running."""
    of_bundle = (
        "Choose another folder for it in the settings, or none." if load_settings().model_dir else _REINSTALL
    )
    checks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("regions", _regions, _REINSTALL),
        ("map", _map, _REINSTALL),
        ("window", _window, "Install PySide6 with its WebEngine (the PySide6 package holds both)."),
        ("model bundle", _bundle, of_bundle),
        (
            "journal of writes",
            _journal,
            "If it is damaged, move geotagger.sqlite3 out of the data folder: a new one knows no earlier runs and photos.",
        ),
        ("interrupted writes", _interrupted, "Compare each file with its copy, and delete the copy."),
        ("device", _device, "Choose another device in the settings, or mend the driver."),
    )
    for name, check, remedy in checks:
        try:
            yield Finding(name, True, check())
        except GeotaggerError as error:
            yield Finding(name, False, str(error), remedy)
    for name, folder in (
        ("data folder", paths.data_dir),
        ("settings folder", paths.config_dir),
        ("cache folder", paths.cache_dir),
        ("log folder", paths.log_dir),
    ):
        yield _folder(name, folder)


def _regions() -> str:
    return f"{len(load_regions())} regions."


def _map() -> str:
    files = [path for path in paths.resource_path("map").rglob("*") if path.is_file()]
    basemap = [path for path in paths.resource_path("basemap").rglob("*") if path.is_file()]
    if not files or not basemap:
        raise GeotaggerError("The files of the map are missing.")
    return f"{len(files)} page files and {len(basemap)} basemap files, all offline."


def _window() -> str:
    if find_spec("PySide6") is None or find_spec("PySide6.QtWebEngineWidgets") is None:
        raise GeotaggerError("Qt or its WebEngine is not installed.")
    return "Qt and its WebEngine are installed."


def _bundle() -> str:
    from geotagger.inference import load_bundle

    bundle = load_bundle(model_folder(load_settings()))
    return f"{bundle.id}, hash verified."


def _journal() -> str:
    with open_journal() as journal:
        journal.check()
        return f"{len(journal.runs())} runs."


def _interrupted() -> str:
    with open_journal() as journal:
        kept, away = journal.kept_copies(), journal.out_of_reach()
    if kept:
        raise GeotaggerError("Copies were kept: {copies}.", copies=", ".join(str(one.copy) for one in kept))
    if away:
        return f"To be settled when their folders are there again: {', '.join(map(str, away))}."
    return "All are settled."


def _device() -> str:
    from geotagger.inference import Predictor, load_bundle

    settings = load_settings()
    chosen = settings.device
    predictor = Predictor(load_bundle(model_folder(settings)), device=chosen.value)
    automatic = " (chosen automatically)" if chosen is Device.AUTO else ""
    return f"{predictor.device_label}{automatic}."


def _folder(name: str, folder: Callable[[], Path]) -> Finding:
    try:
        path = folder()
    except UserFolderError as error:
        return Finding(name, False, str(error), "Check the rights of its parent folder.")
    if not os.access(path, os.W_OK):
        return Finding(
            name, False, f"{path} cannot be written to.", "Give yourself the right to write there."
        )
    return Finding(name, True, str(path))
