"""Loads the published weights of a frozen backbone from a local safetensors file; nothing is ever downloaded."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from geotagger.core.errors import GeotaggerError


class WeightsError(GeotaggerError):
    """A weights file is missing, damaged, or made for another network."""


def load_backbone(backbone: nn.Module, path: Path | None, published_as: str, classifier: str) -> None:
    """Load published weights into a backbone; every one of its parameters must be there.

    Args:
        published_as: what to look for, for the message.
        classifier: prefix of the published classifier, which the backbone does without.

    Raises:
        WeightsError: no file is given, it cannot be read, or it does not fit.
    """
    if path is None:
        raise WeightsError(
            f"This network needs the weights of {published_as} as a local safetensors file, which is not part "
            "of the program and is not downloaded; please name it with --weights."
        )
    try:
        tensors = load_file(path)
    except FileNotFoundError as error:
        raise WeightsError(f"The weights file {path} is not there; it should hold {published_as}.") from error
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file ({error}).") from error
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(classifier)}
    try:
        backbone.load_state_dict(own, strict=True)
    except RuntimeError as error:
        first = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} does not hold the weights of {published_as} ({first} …).") from error
