"""The settings of the trainer: dataclasses, a TOML file over them, and ``--set section.name=value`` over that."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from geotagger.core.errors import SettingsError
from trainer.files import write_file

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


SETTINGS_FILE = "config.json"
"""What the resolved settings are called beside what was made with them."""


@dataclass(frozen=True)
class PrepareConfig:
    """What ``prepare`` makes of a list of photos.

    Attributes:
        split: ``group`` keeps all photos of a photographer (or place) in one split, ``random`` is the class
            project's split by photo, kept for comparison.
        salt: changes which photographers fall into which split.
        train, validation, calibration: shares of the groups; the rest is the test split.
        side_px: longer side of the stored pictures; smaller ones stay as they are.
        cut_bottom_px: height of a label band that is cut off all photos (it can give the place away); off those
            whose ``label`` is ``streetview`` at least 30 pixels are cut anyway.
        shard_photos: photos per tar shard.
    """

    split: str = "group"
    salt: str = "geotagger"
    train: float = 0.7
    validation: float = 0.1
    calibration: float = 0.1
    side_px: int = 400
    cut_bottom_px: int = 0
    shard_photos: int = 512

    def __post_init__(self) -> None:
        if self.split not in ("group", "random"):
            raise SettingsError(f"prepare.split must be group or random, not {self.split}.")
        shares = (self.train, self.validation, self.calibration)
        if not all(0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
            raise SettingsError(
                "The shares of train, validation and calibration must not be negative nor exceed 1 together."
            )
        if self.side_px < 1 or self.shard_photos < 1 or self.cut_bottom_px < 0:
            raise SettingsError(
                "prepare.side_px and prepare.shard_photos must be at least 1, and prepare.cut_bottom_px not negative."
            )


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of the training pictures; 0 switches one off, but for ``crop``.

    Attributes:
        crop: smallest share of the picture's area that a crop takes; the network sees the square in its middle. With 1
            that is a square of nearly the shorter side, still at a random place.
        flip: probability of mirroring.
        colour: strength of changes of brightness, contrast, saturation and white balance.
        greyscale: probability of taking the colour away.
        perspective: largest shift of a corner, as a share of the side.
        rotation_deg: largest turn to either side.
    """

    crop: float = 0.35
    flip: float = 0.5
    colour: float = 0.4
    greyscale: float = 0.1
    perspective: float = 0.0
    rotation_deg: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.crop <= 1:
            raise SettingsError("augment.crop must be above 0 and at most 1.")
        if not 0 <= self.perspective < 0.5:
            raise SettingsError(
                "augment.perspective must be at least 0 and below 0.5: corners must not meet."
            )
        for name in ("flip", "greyscale"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"augment.{name} is a probability: at least 0 and at most 1.")
        for name in ("colour", "rotation_deg"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SettingsError(f"augment.{name} must be a number that is not negative.")


@dataclass(frozen=True)
class TrainConfig:
    """One training.

    Attributes:
        network: always ``ours``; the class project's networks have settings of their own.
        splits: the splits that are trained on.
        epochs: passes over as many photos as the splits hold, drawn with the sampling weights.
        head_epochs: passes of the heads alone over stored features, before the body moves.
        body_rate, head_rate: highest learning rates; ``layer_decay`` per stage towards the input.
        sampling: ``balanced`` draws a photo with 1/√(photos of its region · photos of its region and
            photographer), ``plain`` all alike.
        target_mix: weight of the true region in the target; the rest is spread over regions by their distance.
        target_km: scale of that spreading; ``cell_km`` the one of the cell targets.
        cell_weight: weight of the cell loss beside the region loss.
        mixup: the photos of a batch and what is asked of them are mixed two by two, in shares drawn from
            Beta(mixup, mixup); 0 mixes none.
        average: decay per step of the moving average of the weights, which is what is kept.
        discriminant_weight: what the logits of the linear discriminant count beside those of the trained head.
        discriminant_shrinkage: share of a multiple of the identity in its covariance.
        discriminant_prior: as many photographers without any preference are mixed into the mean of each region.
        neighbour_weight: what the vote of the training photos counts beside the trained head.
        neighbour_scale: cosine of embeddings over which a photo's votes grow by e.
        frequency_correction: the logits of each region lose so much for each e-fold of photos that it has.
        bf16: mixed precision where the device can.
        threads: that compute on the CPU, and that make batches ready.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for CUDA where it is there.
    """

    network: str = "ours"
    splits: tuple[str, ...] = ("train",)
    seed: int = 0
    epochs: int = 9
    head_epochs: int = 30
    batch: int = 32
    crop_px: int = 224
    body_rate: float = 3e-4
    head_rate: float = 3e-4
    layer_decay: float = 0.8
    weight_decay: float = 0.05
    dropout: float = 0.4
    sampling: str = "balanced"
    target_mix: float = 0.5
    target_km: float = 180.0
    cell_km: float = 120.0
    cell_weight: float = 0.3
    mixup: float = 0.4
    average: float = 0.995
    discriminant_weight: float = 0.3
    discriminant_shrinkage: float = 0.7
    discriminant_prior: float = 8.0
    neighbour_weight: float = 0.3
    neighbour_scale: float = 0.1
    frequency_correction: float = 0.45
    bf16: bool = True
    threads: int = 2
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.sampling not in ("balanced", "plain"):
            raise SettingsError(f"train.sampling must be balanced or plain, not {self.sampling}.")
        if self.network != "ours":
            raise SettingsError("train.network can only be ours; others are trained with “original train”.")
        for name, bounds in _TRAIN_BOUNDS.items():
            refuse_out_of_bounds(f"train.{name}", getattr(self, name), bounds)


SEED_BOUNDS = (0, 2**32 - 1)
THREAD_BOUNDS = (1, 1024)
_TRAIN_BOUNDS = {
    **dict.fromkeys(("epochs", "head_epochs", "body_rate", "head_rate", "weight_decay"), (0, math.inf)),
    **dict.fromkeys(("cell_weight", "mixup", "discriminant_weight", "neighbour_weight"), (0, math.inf)),
    "frequency_correction": (0, math.inf),
    **dict.fromkeys(("target_mix", "average", "layer_decay"), (0, 1)),
    **dict.fromkeys(("batch", "target_km", "cell_km"), (1, math.inf)),
    "seed": SEED_BOUNDS,
    "threads": THREAD_BOUNDS,
    "crop_px": (32, math.inf),
    "dropout": (0, 0.99),
    "discriminant_shrinkage": (1e-3, 1),
    "discriminant_prior": (0, math.inf),
    "neighbour_scale": (1e-3, math.inf),
}
"""The least and the most that a setting may be; what is no number lies within no bounds."""


def refuse_out_of_bounds(name: str, value: float, bounds: tuple[float, float]) -> None:
    """See that a setting is at least the one and at most the other, and finite.

    Raises:
        SettingsError: it is not.
    """
    least, most = bounds
    if not (least <= value <= most and value < math.inf):
        told = f"at least {least:.10g}" + (f" and at most {most:.10g}" if most < math.inf else "")
        raise SettingsError(f"{name} must be {told}, not {value:.10g}.")


@dataclass(frozen=True)
class Config:
    """All settings."""

    prepare: PrepareConfig = field(default_factory=PrepareConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def save(self, path: Path) -> None:
        """Write the resolved settings as JSON, beside what was made with them."""
        write_file(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load_saved(cls, path: Path) -> Config:
        """Read what ``save`` wrote."""
        return resolve(json.loads(path.read_text(encoding="utf-8")), [])

    def prepared_as(self, data_folder: Path) -> Config:
        """The same with the preparation that a folder made by ``prepare`` says it had, where it says so.

        Raises:
            SettingsError: what it says cannot be read.
        """
        path = data_folder / SETTINGS_FILE
        try:
            # The other sections were written by another command, perhaps of another version.
            section = json.loads(path.read_text(encoding="utf-8"))["prepare"]
            return dataclasses.replace(self, prepare=resolve({"prepare": section}, []).prepare)
        except FileNotFoundError:
            return self
        except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
            raise SettingsError(f"How the data was prepared cannot be read from {path}: {error}") from error


def flat_settings(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat_settings(value, f"{prefix}{name}.")
        else:
            result[prefix + name] = value
    return result


def refuse_other_settings(folder: Path, before: Any, now: Any, may_differ: Sequence[str]) -> None:
    """See that a training goes on with the settings that it began with.

    Args:
        folder: of the run.
        before, now: settings (of one dataclass) of the interrupted training and of this command.
        may_differ: dotted names of settings that change nothing of what is learned.

    Raises:
        SettingsError: it would not; names the settings that differ.
    """
    old, new = (flat_settings(dataclasses.asdict(settings)) for settings in (before, now))
    differing = [name for name in new if name not in may_differ and old[name] != new[name]]
    if differing:
        told = "; ".join(f"{name} was {old[name]} and is now {new[name]}" for name in differing)
        raise SettingsError(
            f"The interrupted training in {folder} cannot go on with other settings: {told}. Give it those that it "
            "began with, or train anew into another folder."
        )


def load_config(path: Path | None, assignments: Sequence[str]) -> Config:
    """The settings of a TOML file (defaults where None) with ``section.name=value`` assignments over them.

    Raises:
        SettingsError: a name is unknown or a value does not fit.
    """
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:  # also where it is no UTF-8
            problem = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(f"The settings in {path} cannot be read: {problem}.") from error
    return resolve(document, assignments)


def resolve(document: Mapping[str, Any], assignments: Sequence[str]) -> Config:
    """Settings from nested values and assignments; unknown names are refused."""
    sections: dict[str, dict[str, Any]] = {f.name: {} for f in dataclasses.fields(Config)}
    if not isinstance(document, Mapping):
        raise SettingsError("The settings are no table of sections.")
    for section, values in document.items():
        if section not in sections or not isinstance(values, Mapping):
            raise SettingsError(f"There is no section [{section}] in the settings.")
        sections[section].update(values)
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (equals and dot) or section not in sections:
            raise SettingsError(f"“{assignment}” is not of the form section.name=value.")
        sections[section][key] = text.strip()
    kinds = get_type_hints(Config)
    return Config(**{section: _fill(kinds[section], section, values) for section, values in sections.items()})


def _fill(kind: Any, section: str, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    filled = {}
    for key, value in values.items():
        if key not in hints:
            raise SettingsError(f"There is no setting {section}.{key}.")
        try:
            filled[key] = _convert(hints[key], value)
        except (TypeError, ValueError) as error:
            raise SettingsError(f"{section}.{key} cannot be “{value}”.") from error
    return kind(**filled)


def _convert(hint: Any, value: Any) -> Any:
    if hint is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower()) or _false(value)
    if hint is int and isinstance(value, (bool, float)):
        raise ValueError(value)  # 2.7 epochs are a mistake, not two
    if hint in (int, float, str):
        return hint(value)
    items = value.split(",") if isinstance(value, str) else value
    return tuple(str(item) for item in items)


def _false(value: Any) -> bool:
    if str(value).lower() in ("false", "0"):
        return False
    raise ValueError(value)
