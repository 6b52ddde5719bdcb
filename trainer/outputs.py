"""``python -m trainer outputs``: keeps what a trained network says of photos that it did not see, for other tools.

The file is an ``.npz`` with the arrays ``name`` (photos), ``cells`` (photos × cells, float16, calibrated probabilities)
and ``embedding`` (photos × dimensions, float16, unit length), and the text ``model``. ``scripts/evaluate_evidence.py``
and ``scripts/fit_evidence.py`` read one such file, or several of trainings that each left out other photographers.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np

from geotagger.inference.predictor import calibrated_probabilities
from trainer.answers import answer
from trainer.files import file_ending, write_file
from trainer.run_folder import read_calibration
from trainer.shards import ShardData
from trainer.steps import add_run, trained_network, unseen_splits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``outputs``; ``run`` takes what they are parsed to."""
    add_run(parser, "validation,calibration,test")
    parser.add_argument("--out", type=file_ending(".npz"), required=True, metavar="FILE.npz")
    parser.add_argument("--measured", type=Path, help="folder with the calibration, if not that of the run")


def run(arguments: argparse.Namespace) -> None:
    """Write the file.

    Raises:
        GeotaggerError: the training is not finished or not calibrated, or it has seen the photos.
    """
    network, grid = trained_network(arguments)
    calibration = read_calibration(arguments.measured or arguments.run)
    data = ShardData(arguments.data)
    splits = unseen_splits(arguments, data)
    samples = data.of(*splits)
    answers = answer(network, data, samples)
    _, cells = calibrated_probabilities(answers.region_logits, answers.cell_logits, grid, calibration)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        name=np.array([sample.key for sample in samples]),
        cells=np.asarray(cells, np.float16),
        embedding=answers.embeddings.astype(np.float16),
        model=np.array(f"{arguments.run.resolve().name}, which saw none of {', '.join(splits)}"),
    )
    write_file(arguments.out, content.getvalue())
    print(
        f"Wrote what {arguments.run} says of {len(samples)} photos that it has not seen to {arguments.out}."
    )
