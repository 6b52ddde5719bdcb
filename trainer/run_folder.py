"""What a training of ours leaves in its folder, by name, and how it is read back and kept from harm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid, build_cell_grid
from geotagger.core.errors import GeotaggerError
from geotagger.core.file_lock import try_lock
from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork, remembered_photos
from trainer.config import SETTINGS_FILE, Config
from trainer.files import NotWrittenError, make_folder, write_file
from trainer.shards import LIST_FILE, Sample

EMBEDDING_DIMENSIONS = 128
WEIGHTS_FILE = "weights.safetensors"
RESUME_FILE = "resume.pt"
CHECKPOINT_FILE = "checkpoint.safetensors"
"""What a training of a class project's network leaves in place of the two above."""
HISTORY_FILE = "history.json"
AVERAGED_FILE = "averaged.json"
"""The settings of the trainings behind an average; the run's own are those of the first of them."""
CALIBRATION_FILE = "calibration.json"
METRICS_FILE = "metrics.json"
_LOCK_FILE = ".training"
_LEARNED = "learned_from"


class TrainingError(GeotaggerError):
    """The training cannot go on."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep a folder for one training alone; two would write over each other's checkpoints.

    Raises:
        TrainingError: another training is at it, or it holds prepared data, whose settings lie in a file of the same name.
        NotWrittenError: the folder cannot be made.
    """
    if (folder / LIST_FILE).exists():
        raise TrainingError(f"{folder} holds prepared data; a training needs a folder of its own.")
    make_folder(folder)
    try:
        lock = (folder / _LOCK_FILE).open("ab")
    except OSError as error:
        raise NotWrittenError(folder, error) from error
    with lock:
        if not try_lock(lock.fileno()):
            raise TrainingError(f"Another training is writing into {folder}; please choose another folder.")
        yield


def refuse_to_overwrite(folder: Path) -> None:
    """See that nothing new begins where a training, of whichever network, left its weights and settings.

    Raises:
        TrainingError: it would, or it would write over the settings of another program.
    """
    refuse_foreign(folder / SETTINGS_FILE, ("prepare", "recipe"))
    if any((folder / name).exists() for name in (RESUME_FILE, WEIGHTS_FILE, CHECKPOINT_FILE)):
        raise TrainingError(
            f"{folder} holds a training already: --resume goes on with it, another folder begins anew."
        )


def refuse_foreign(file: Path, names: Sequence[str]) -> None:
    """See that a file about to be replaced or deleted is not there, or a JSON object of ours, which holds one of these names.

    Raises:
        TrainingError: it is something else, perhaps all that somebody has of it.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError):
        document = None
    if not (isinstance(document, dict) and any(name in document for name in names)):
        raise TrainingError(
            f"{file} was not written by the trainer, or is damaged; please choose another folder."
        )


def settings_of(run: Path) -> Config:
    """What a training was made with.

    Raises:
        TrainingError, SettingsError: the settings are missing or damaged.
    """
    try:
        return Config.load_saved(run / SETTINGS_FILE)
    except (OSError, ValueError) as error:
        raise TrainingError(f"The settings of the training in {run} are missing or damaged.") from error


def facts_of(samples: Sequence[Sample], list_hash: str) -> dict[str, Any]:
    """How many photos, photographers and regions some samples of a data list are."""
    return {
        "photos": len(samples),
        "photographers": len({sample.group for sample in samples}),
        "regions": len({sample.region for sample in samples}),
        "list_hash": list_hash,
    }


def save_weights(network: GeoNetwork, output: Path, learned: Mapping[str, Any]) -> None:
    """Write the weights of a run, with what it learned from, as ``facts_of`` tells it.

    What was measured of other weights that lay there is taken away: it would be exported with these.
    """
    for name in (METRICS_FILE, CALIBRATION_FILE):
        (output / name).unlink(missing_ok=True)
    tensors = {k: v.cpu().contiguous() for k, v in network.state_dict().items()}
    # In one entry, as safetensors writes several in any order, and the same training gives the same bytes.
    write_file(output / WEIGHTS_FILE, save(tensors, {_LEARNED: json.dumps(learned)}))


def learned_from(run: Path) -> dict[str, Any]:
    """What a finished training learned from, as ``facts_of`` tells it; earlier versions told the hash alone, or nothing.

    Raises:
        TrainingError: the training in that folder is not finished, or its weights are damaged.
    """
    try:
        with safe_open(run / WEIGHTS_FILE, "pt") as file:
            told = file.metadata() or {}
        learned = dict(json.loads(told.get(_LEARNED, "{}")))
    except FileNotFoundError as error:
        raise TrainingError(f"There is no finished training in {run}.") from error
    except (OSError, TypeError, ValueError, SafetensorError) as error:
        raise TrainingError(f"The weights in {run} are damaged; please train again.") from error
    return ({"list_hash": told["list_hash"]} if "list_hash" in told else {}) | learned


def load_trained(folder: Path) -> tuple[GeoNetwork, CellGrid]:
    """The network of a finished training.

    Raises:
        TrainingError: the training in that folder is not finished, or its weights do not fit.
    """
    grid = build_cell_grid(load_regions())
    try:
        state = load_file(folder / WEIGHTS_FILE)
        network = GeoNetwork(len(load_regions()), len(grid), EMBEDDING_DIMENSIONS, remembered_photos(state))
        network.load_state_dict(state)
    except FileNotFoundError as error:
        raise TrainingError(f"There is no finished training in {folder}.") from error
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise TrainingError(
            f"The weights in {folder} are damaged or of another version; please train again."
        ) from error
    return network.eval().to(memory_format=torch.channels_last), grid  # type: ignore[call-overload]


def read_calibration(run: Path) -> Calibration:
    """What ``calibrate`` found for a training.

    Raises:
        TrainingError: it has not been calibrated, or the file is damaged.
    """
    try:
        document = json.loads((run / CALIBRATION_FILE).read_text(encoding="utf-8"))
        return Calibration.from_json(document["calibration"])
    except FileNotFoundError as error:
        raise TrainingError(f"{run} is not calibrated; run “python -m trainer calibrate” first.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"The calibration in {run} is damaged; run “python -m trainer calibrate” again."
        ) from error
