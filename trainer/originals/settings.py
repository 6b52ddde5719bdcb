"""What one training of a network of the class project is made with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from geotagger.core.errors import SettingsError
from trainer.config import SEED_BOUNDS, THREAD_BOUNDS, AugmentConfig, refuse_out_of_bounds
from trainer.files import write_file
from trainer.networks.registry import Recipe, find_network

ORIGINAL_AUGMENT = AugmentConfig(
    crop=0.6, flip=0.0, colour=0.2, greyscale=0.1, perspective=0.1, rotation_deg=10.0
)
"""The class project's five: cropping, colour jitter, greyscale, random perspective, random rotation. Their
strengths are ours; the report names only the kinds."""

AUGMENTATIONS: dict[str, dict[str, float]] = {
    "crop": {"crop": 1.0},
    "colour": {"colour": 0.0},
    "greyscale": {"greyscale": 0.0},
    "perspective": {"perspective": 0.0},
    "rotation": {"rotation_deg": 0.0},
}
"""The class project's augmentations by name, each with the setting that switches it off."""


def augment_without(augment: AugmentConfig, names: Sequence[str]) -> AugmentConfig:
    """The same augmentations with some switched off by name; ``all`` switches every one off."""
    off: dict[str, Any] = {}
    for name in AUGMENTATIONS if "all" in names else names:
        off |= AUGMENTATIONS[name]
    return replace(augment, **off)


@dataclass(frozen=True, slots=True)
class OriginalSettings:
    """One training of a network of the class project.

    Attributes:
        network: name in the registry.
        recipe: the network's own, or a changed one.
        store_features: compute what a frozen backbone says of the middle square of each photo once, and train on
            that; nothing is augmented then, and an epoch takes seconds.
        bf16: run the frozen backbone in mixed precision.
    """

    network: str
    recipe: Recipe
    augment: AugmentConfig = ORIGINAL_AUGMENT
    splits: tuple[str, ...] = ("train",)
    seed: int = 0
    threads: int = 2
    random_backbone: bool = False
    store_features: bool = False
    bf16: bool = False

    def __post_init__(self) -> None:
        refuse_out_of_bounds("seed", self.seed, SEED_BOUNDS)
        refuse_out_of_bounds("threads", self.threads, THREAD_BOUNDS)
        if (self.store_features or self.bf16) and find_network(self.network).backbone is None:
            raise SettingsError(
                f"“{self.network}” stands on no frozen backbone, so there are no features to be stored or sped up."
            )

    def save(self, path: Path) -> None:
        """Write the settings as JSON, beside what was made with them."""
        write_file(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> OriginalSettings:
        """Read what ``save`` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        values["recipe"] = Recipe(**values["recipe"])
        values["augment"] = AugmentConfig(**values["augment"])
        values["splits"] = tuple(values["splits"])
        return cls(**values)


def original_settings(name: str, **changes: Any) -> OriginalSettings:
    """The settings of a network's own recipe; ``changes`` are fields of ``Recipe`` that differ.

    Raises:
        SettingsError: there is no such network, or it has no recipe of the class project.
    """
    recipe = find_network(name).recipe
    if recipe is None:
        raise SettingsError(
            f"“{name}” is not one of the class project's networks; it is trained with “train”."
        )
    return OriginalSettings(name, replace(recipe, **changes))
