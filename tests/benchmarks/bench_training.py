"""Prints images per second of a training step and of the input pipeline, each apart, beside torchvision's reference loop.

``python tests/benchmarks/bench_training.py [DATA]`` (a folder made by ``prepare``; made-up pictures where none is given).

The reference is the loop of torchvision's ``references/classification/train.py``: a ``DataLoader`` over JPEG files,
``RandomResizedCrop``, mirroring and normalising picture by picture, then float32, contiguous tensors, cross-entropy
and SGD. Where torchvision can be imported its own transforms are used; where not, they are said again here with
Pillow and torch. Both loops train the same network, so that the loops are compared and not the networks. Ours does
more work in a step (two heads, smoothed targets, clipping, AdamW, averaging of weights) and that is counted.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork
from trainer.batches import draw_epoch, training_batches
from trainer.config import AugmentConfig, load_config
from trainer.fine_tuning import _Training
from trainer.shards import Sample, ShardData, write_list, write_shards
from trainer.train import train

BATCH = 32
SIZE_PX = 224
WORKERS = 2
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Transform = Callable[[Image.Image], Tensor]


def reference_transform() -> tuple[Transform, str]:
    """torchvision's training preset, or the same said again, and which of the two it is."""
    try:
        from torchvision import transforms
    except (ImportError, RuntimeError, OSError):
        return restated_transform, "torchvision cannot be imported here; its transforms are said again"
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(SIZE_PX),
            transforms.RandomHorizontalFlip(),
            transforms.PILToTensor(),
            transforms.ConvertImageDtype(torch.float),
            transforms.Normalize(_MEAN, _STD),
        ]
    ), "with torchvision's own transforms"


def restated_transform(image: Image.Image) -> Tensor:
    """RandomResizedCrop (8–100 % of the area, 3:4 to 4:3, ten tries), mirroring, scaling to 0…1, normalising."""
    width, height = image.size
    box = (0, 0, width, height)
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1.0)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            left, top = random.randint(0, width - w), random.randint(0, height - h)
            box = (left, top, left + w, top + h)
            break
    image = image.crop(box).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR)
    if random.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float() / 255
    return (pixels - torch.tensor(_MEAN).view(3, 1, 1)) / torch.tensor(_STD).view(3, 1, 1)


class Files(Dataset[tuple[Tensor, int]]):
    """JPEG files with their classes, as torchvision's ``ImageFolder`` reads them."""

    def __init__(self, files: Sequence[tuple[Path, int]], transform: Transform) -> None:
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, region = self.files[index]
        with path.open("rb") as file:
            return self.transform(Image.open(file).convert("RGB")), region


class Classifier(nn.Module):
    """Our network's body with its region head alone: what the reference loop trains."""

    def __init__(self) -> None:
        super().__init__()
        network = GeoNetwork(len(load_regions()), 1, 1)
        self.body, self.head = network.body, network.region_head

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body.features(x))
        return logits


def reference_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: Any, steps: int
) -> Iterator[None]:
    """torchvision's ``train_one_epoch``: one step at a time."""
    model.train()
    for (x, target), _ in zip(batches, range(steps), strict=False):
        loss = F.cross_entropy(model(x), target, label_smoothing=0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield


def our_steps(
    data: Path, batch: Tensor | None, steps: int, threads: int, *, compiled: bool = False
) -> list[tuple[float, float]]:
    """Wall and processor time at the end of each step of ``train``; with ``batch``, of the same photos at each.

    Args:
        compiled: the network goes through ``torch.compile`` first, as the trainer does not do.
    """
    marks: list[tuple[float, float]] = []

    def mark(step: int) -> bool:
        marks.append((time.perf_counter(), time.process_time()))
        return len(marks) > steps

    def same_batch(*_: Any, **__: Any) -> Iterator[tuple[Tensor, np.ndarray]]:
        while True:
            yield batch, np.arange(BATCH)

    settings = (
        f"train.batch={BATCH}",
        f"train.crop_px={SIZE_PX}",
        "train.epochs=1000",
        "train.head_epochs=0",
        "train.splits=train,validation,calibration,test",
        f"train.threads={threads}",
        "train.device=cpu",
    )
    with tempfile.TemporaryDirectory() as run, ExitStack() as replaced:
        if batch is not None:
            replaced.enter_context(mock.patch("trainer.fine_tuning.training_batches", same_batch))
        if compiled:
            replaced.enter_context(mock.patch("trainer.fine_tuning._Training", _compiled))
        train(data, Path(run), load_config(None, settings), backbone=None, say=str, stop_after=mark)
    return marks


def _compiled(network: GeoNetwork) -> Any:
    return torch.compile(_Training(network))


def made_up(folder: Path, count: int) -> Path:
    """Prepared data of pictures with some structure; as large as ``prepare`` makes them."""
    rng = np.random.default_rng(0)

    def photos() -> Iterator[tuple[dict[str, Any], bytes]]:
        for number in range(count):
            small = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
            file = folder / f"{number}.jpg"
            Image.fromarray(small).resize((400, 300), Image.Resampling.BICUBIC).save(file, quality=92)
            place = {"lat_deg": 45.0, "lon_deg": -100.0, "region": number % 63}
            yield {"key": str(number), "group": str(number % 9), "split": "train", **place}, file.read_bytes()

    write_list(folder, write_shards(folder, photos(), 512), {})
    return folder


def ratio(ours: Sequence[float], reference: Sequence[float]) -> str:
    """How many times as fast as the reference: the median over the rounds, and the range."""
    ratios = sorted(r / o for o, r in zip(ours, reference, strict=True))
    return f"{np.median(ratios):.2f}× ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def report(name: str, seconds: dict[str, list[float]], unit: str) -> None:
    """A line per way: images per second of the median round, and the ratio to the reference, which is the first."""
    reference = next(iter(seconds.values()))
    print(f"\n{name}, {unit}")
    for way, rounds in seconds.items():
        compared = "" if rounds is reference else f"   {ratio(rounds, reference)} the reference"
        print(f"  {way:<46} {1 / np.median(rounds):8.1f} images/s{compared}")


def measure_steps(data: Path, batch: Tensor, regions: Tensor, rounds: int, steps: int) -> None:
    """One step, the photos being there already."""
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    wall: dict[str, list[float]] = {
        "reference": [],
        "ours (bf16 where it helps, channels-last)": [],
        "ours, compiled": [],
    }
    cores: dict[str, list[float]] = {name: [] for name in wall}
    for _ in range(rounds):
        marks = []
        for _ in reference_epoch(
            model, optimizer, iter([(batch.contiguous(), regions)] * (steps + 1)), steps + 1
        ):
            marks.append((time.perf_counter(), time.process_time()))
        ours = our_steps(data, batch, steps, WORKERS)
        compiled = our_steps(data, batch, steps, WORKERS, compiled=True)
        for name, found in zip(wall, (marks, ours, compiled), strict=True):
            wall[name].append((found[-1][0] - found[0][0]) / (BATCH * (len(found) - 1)))
            cores[name].append((found[-1][1] - found[0][1]) / (BATCH * (len(found) - 1)))
    report(f"One step, batch {BATCH}, {SIZE_PX} px", wall, f"{torch.get_num_threads()} threads, wall time")
    report("The same", cores, "per second of one core")


def measure_input(
    data: ShardData, samples: Sequence[Sample], files: Dataset[tuple[Tensor, int]], rounds: int
) -> None:
    """From JPEG to batch, without any network."""
    order = draw_epoch(np.ones(len(samples)), 0, 0)
    photos = len(order) // BATCH * BATCH
    same = AugmentConfig(crop=0.08, colour=0.0, greyscale=0.0)

    # Its processes live from epoch to epoch, as in a long training.
    loaders = {
        n: DataLoader(files, BATCH, shuffle=True, num_workers=n, drop_last=True, persistent_workers=n > 0)
        for n in (0, WORKERS)
    }

    def reference(workers: int) -> None:
        for _ in loaders[workers]:
            pass

    def ours(augment: AugmentConfig, threads: int) -> None:
        for _ in training_batches(
            data,
            samples,
            order,
            batch=BATCH,
            size_px=SIZE_PX,
            augment=augment,
            seed=(0, 0),
            threads=threads,
        ):
            pass

    ways: dict[str, Callable[[int], None]] = {
        "reference": reference,
        "ours, cropping and mirroring": lambda n: ours(same, n),
        "ours, with all its random changes": lambda n: ours(AugmentConfig(), n),
    }
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cores: dict[str, list[float]] = {name: [] for name in ways}
    reference(WORKERS)
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way(WORKERS)
            wall[name].append((time.perf_counter() - started) / photos)
        torch.set_num_threads(1)  # else threads that wait for work would count as work
        for name, way in ways.items():
            started = time.process_time()
            way(1 if name != "reference" else 0)
            cores[name].append((time.process_time() - started) / photos)
        torch.set_num_threads(WORKERS)
    report("Input pipeline", wall, f"{WORKERS} workers, wall time")
    report("The same", cores, "one worker, per second of one core")


def measure_loop(data: Path, files: Dataset[tuple[Tensor, int]], rounds: int, steps: int) -> None:
    """Both together, as a training runs."""
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    wall: dict[str, list[float]] = {"reference": [], "ours": []}
    for _ in range(rounds):
        loader = DataLoader(files, BATCH, shuffle=True, num_workers=WORKERS, drop_last=True)
        marks = [time.perf_counter() for _ in reference_epoch(model, optimizer, loader, steps + 1)]
        wall["reference"].append((marks[-1] - marks[0]) / (BATCH * (len(marks) - 1)))
        found = our_steps(data, None, steps, WORKERS)
        wall["ours"].append((found[-1][0] - found[0][0]) / (BATCH * (len(found) - 1)))
    report("Training, input and step together", wall, f"{WORKERS} workers, wall time")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="folder made by prepare")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="steps per round")
    arguments = parser.parse_args()
    torch.set_num_threads(WORKERS)
    transform, which = reference_transform()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepared = arguments.data or made_up(root, (arguments.steps + 2) * BATCH)
        data = ShardData(prepared)
        samples = data.samples[: (arguments.steps + 2) * BATCH]
        files = []
        for number, sample in enumerate(samples):
            (root / f"file-{number}.jpg").write_bytes(data.jpeg(sample))
            files.append((root / f"file-{number}.jpg", sample.region))
        reference = Files(files, transform)
        print(
            f"torch {torch.__version__}; {len(samples)} photos; median of {arguments.rounds} rounds, in turn"
        )
        print(f"Reference: torchvision's classification loop, {which}.")
        batch = torch.stack([transform(data.image(sample)) for sample in samples[:BATCH]])
        batch = batch.contiguous(memory_format=torch.channels_last)
        regions = torch.tensor([sample.region for sample in samples[:BATCH]])
        measure_input(data, samples, reference, arguments.rounds)
        measure_steps(prepared, batch, regions, arguments.rounds, arguments.steps)
        measure_loop(prepared, reference, arguments.rounds, arguments.steps)


if __name__ == "__main__":
    main()
