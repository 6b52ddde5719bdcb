"""The registry: every network by name, with what it needs and the recipe it was trained with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from geotagger.core.cells import build_cell_grid
from geotagger.core.errors import SettingsError
from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork
from trainer.networks.alexnet import AlexNetGeo
from trainer.networks.geocnn import GeoCNN, GeoCNNResidual
from trainer.networks.geonet import GeoNet
from trainer.networks.weights import load_backbone
from trainer.run_folder import EMBEDDING_DIMENSIONS


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network of the class project was trained: SGD, and for some a rate that falls on a plateau.

    Attributes:
        patience: epochs without a better validation loss before the rate falls; None for a constant rate.
        factor: what the rate is multiplied with then.
        coordinate_weight: weight of the coordinates' squared error beside the regions' cross-entropy.
        input_px: side of the square pictures.
    """

    rate: float = 1e-2
    momentum: float = 0.9
    batch: int = 32
    epochs: int = 15
    patience: int | None = None
    factor: float = 0.1
    coordinate_weight: float = 1.0
    input_px: int = 128

    def __post_init__(self) -> None:
        """Refuse what no training can be made with.

        Raises:
            SettingsError: a value makes no sense.
        """
        if self.epochs < 1 or self.batch < 2 or self.input_px < 16 or not self.rate > 0:
            raise SettingsError(
                "A recipe needs a rate above 0, a batch of at least 2, pictures of at least 16 pixels, and at least one "
                "epoch."
            )


@dataclass(frozen=True, slots=True)
class Backbone:
    """Published weights that a network stands on.

    Attributes:
        published_as: whose weights, for messages.
        classifier: prefix of the published classifier's parameters, which are left out.
    """

    published_as: str
    classifier: str


@dataclass(frozen=True, slots=True)
class Network:
    """One entry of the registry.

    Attributes:
        build: makes the network with random weights, for so many regions.
        recipe: None for ``ours``, whose settings are those of ``train``.
    """

    name: str
    summary: str
    build: Callable[[int], nn.Module]
    recipe: Recipe | None
    backbone: Backbone | None = None


def _ours(regions: int) -> nn.Module:
    return GeoNetwork(regions, len(build_cell_grid(load_regions())), EMBEDDING_DIMENSIONS)


_BASELINE = Recipe()
_ALEXNET = Recipe(rate=1e-3, epochs=80, patience=5, factor=0.1, input_px=224)
_VIT = Recipe(input_px=224)

NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network("geocnn", "the class project's baseline: two convolutions", GeoCNN, _BASELINE),
        Network("geocnn_residual", "three convolutions and a residual block", GeoCNNResidual, _BASELINE),
        Network(
            "alexnet_geo",
            "frozen AlexNet features with two heads",
            AlexNetGeo,
            _ALEXNET,
            Backbone("torchvision's alexnet (IMAGENET1K_V1)", "classifier."),
        ),
        Network(
            "geonet",
            "frozen ViT-B/16 features with four layers and two heads",
            GeoNet,
            _VIT,
            Backbone("timm's vit_base_patch16_224 (augreg_in21k)", "head."),
        ),
        Network("ours", "EfficientNetV2-B0, all layers trained, with region and cell heads", _ours, None),
    )
}


def find_network(name: str) -> Network:
    """The entry of a name.

    Raises:
        SettingsError: there is no such network.
    """
    try:
        return NETWORKS[name]
    except KeyError as error:
        raise SettingsError(f"There is no network “{name}”; there are {', '.join(NETWORKS)}.") from error


def build_network(
    name: str, regions: int, *, seed: int, weights: Path | None = None, random_backbone: bool = False
) -> nn.Module:
    """A network ready for training: random where it is trained, published weights where it stands on them.

    Args:
        random_backbone: leave the backbone random, to try things out where its weights are not at hand.

    Raises:
        SettingsError: there is no such network.
        WeightsError: the network needs published weights, and the file is missing or does not fit.
    """
    entry = find_network(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = entry.build(regions)
    if entry.backbone is not None and not random_backbone:
        backbone = network.get_submodule("backbone")
        load_backbone(backbone, weights, entry.backbone.published_as, entry.backbone.classifier)
    return network


def parameters_by_layer(network: nn.Module) -> list[tuple[str, str, int, bool]]:
    """Name, kind, number of parameters and whether they are trained, for each layer that has any."""
    table = []
    for name, module in network.named_modules():
        own = list(module.parameters(recurse=False))
        if own:
            count = sum(parameter.numel() for parameter in own)
            table.append((name, type(module).__name__, count, any(p.requires_grad for p in own)))
    return table
