"""From a finished training to the bundle that the application ships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geotagger.core.calibration import Calibration
from geotagger.inference.bundle import load_bundle, save_bundle
from trainer.files import NotWrittenError
from trainer.train import load_trained

NAME = "geotagger-b0"


def export(run: Path, output: Path, calibration: Calibration, facts: Mapping[str, Any]) -> str:
    """Write the bundle of a training, read it back, and give its id.

    Args:
        facts: entries of the manifest: ``metrics``, ``training``, ``data``, ``licence``.

    Raises:
        GeotaggerError: the training is not finished, or the bundle cannot be written; one that lay there before is as it was.
    """
    network, grid = load_trained(run)
    try:
        bundle_id = save_bundle(output, NAME, network, grid, calibration, facts)
    except OSError as error:
        raise NotWrittenError(output, error) from error
    if load_bundle(output).id != bundle_id:
        raise RuntimeError("the bundle that was read back is another one")
    return bundle_id
