"""``geotagger version``: the program, its model, torch and Qt."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

import typer

from geotagger import __version__
from geotagger.cli.output import emit, say
from geotagger.core.errors import GeotaggerError
from geotagger.core.settings import load_settings, model_folder


def command() -> None:
    """Print the version, the model bundle's id, and the versions of torch and Qt."""
    from geotagger.inference import load_bundle  # torch takes seconds to load

    emit(f"geotagger {__version__}")
    try:
        emit(f"model {load_bundle(model_folder(load_settings())).id}")
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(1) from error
    finally:
        for name, package in (("torch", "torch"), ("qt", "PySide6")):
            emit(f"{name} {_version_of(package)}")


def _version_of(package: str) -> str:
    try:
        return installed_version(package)
    except PackageNotFoundError:
        return "not installed"
