"""From a finished training to the bundle that the application ships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geotagger.core.calibration import Calibration
from geotagger.inference.bundle import load_bundle, save_bundle
from trainer.files import NotWrittenError
from trainer.run_folder import load_trained
from trainer.shards import DataError

NAME = "geotagger-b0"


def export(run: Path, output: Path, calibration: Calibration, facts: Mapping[str, Any]) -> str:
    """Write the bundle of a training, read it back, and give its id.

    Args:
        facts: entries of the manifest: ``metrics``, ``training``, ``data``, ``licence``.

    Raises:
        GeotaggerError: the training is not finished, a fact is none, or the bundle cannot be written; one that lay
            there before is as it was.
    """
    network, grid = load_trained(run)
    try:
        bundle_id = save_bundle(output, NAME, network, grid, calibration, facts)
    except ValueError as error:
        raise DataError(f"The facts for the bundle cannot be used: {error}.") from error
    except OSError as error:
        raise NotWrittenError(output, error) from error
    if load_bundle(output).id != bundle_id:
        raise RuntimeError("the bundle that was read back is another one")
    return bundle_id
