"""Which computing device the network runs on."""

from __future__ import annotations

import torch

from geotagger.core.errors import DeviceError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(wanted: str) -> torch.device:
    """The device for a setting; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: the device that was asked for is not there.
    """
    if wanted not in DEVICES:
        raise DeviceError(
            "There is no device called {name}; choose one of {choices}.",
            name=wanted,
            choices=", ".join(DEVICES),
        )
    if wanted == "cpu":
        return torch.device(wanted)
    has_cuda = wanted != "mps" and torch.cuda.is_available() and _computes("cuda")
    has_mps = not has_cuda and torch.backends.mps.is_available() and _computes("mps")
    if wanted == "cuda" and not has_cuda:
        raise DeviceError(
            "No CUDA graphics card can be used here: choose auto or cpu, or install its driver."
        )
    if wanted == "mps" and not has_mps:
        raise DeviceError("Apple's MPS cannot be used here: choose auto or cpu.")
    if wanted == "auto":
        wanted = "cuda" if has_cuda else "mps" if has_mps else "cpu"
    return torch.device(wanted)


def _computes(name: str) -> bool:
    """Whether a card does what it is told: one that is too old for this PyTorch fails only when it is to compute."""
    try:
        return float((torch.ones(2, device=name) + 1).sum()) == 4.0
    except (RuntimeError, AssertionError):
        return False


def device_label(device: torch.device) -> str:
    """A name for the status bar, such as ``cuda: RTX 4070`` or ``cpu``."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device).removeprefix('NVIDIA ').removeprefix('GeForce ')}"
    return device.type
