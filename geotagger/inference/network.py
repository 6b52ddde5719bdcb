"""The network: an EfficientNetV2-B0 body and its heads, as one torch module.

The body follows M. Tan and Q. V. Le, "EfficientNetV2: Smaller Models and Faster Training" (2021), in the
TensorFlow variant: "same" padding and a batch-norm epsilon of 1e-3. Parameter names are those of timm's
``tf_efficientnetv2_b0``, so that its published state dicts load strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BODY_CHANNELS = 192
"""Channels of the last block."""
TOP_CHANNELS = 1280
"""Channels after ``conv_head``."""
FEATURES = BODY_CHANNELS + TOP_CHANNELS
"""What the geographic heads read: spatial means of both."""
MIDDLE_CHANNELS = 112
"""Channels of the stage before the last."""
STATISTICS = 2 * (MIDDLE_CHANNELS + BODY_CHANNELS)
"""What the discriminant reads: spatial means and standard deviations of the last two stages."""
_BN_EPS = 1e-3
_LEAST_VOTE = 1e-4


class SameConv2d(nn.Conv2d):
    """Convolution whose output is ``ceil(input / stride)``; uneven padding goes to the right and the bottom."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, in, h, w) → (n, out, ceil(h / stride), ceil(w / stride))."""
        height, width = x.shape[-2:]
        pad_h = _same_padding(height, self.kernel_size[0], self.stride[0])
        pad_w = _same_padding(width, self.kernel_size[1], self.stride[1])
        if pad_h % 2 == 0 and pad_w % 2 == 0:
            return F.conv2d(x, self.weight, self.bias, self.stride, (pad_h // 2, pad_w // 2), 1, self.groups)
        x = F.pad(x, (pad_w // 2, pad_w - pad_w // 2, pad_h // 2, pad_h - pad_h // 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)


def _same_padding(size: int, kernel: int, stride: int) -> int:
    return max((-(-size // stride) - 1) * stride + kernel - size, 0)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_BN_EPS)


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> SameConv2d:
    return SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)


class _SqueezeExcite(nn.Module):
    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, reduced, 1)
        self.conv_expand = nn.Conv2d(reduced, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = x.mean((2, 3), keepdim=True)
        gate: Tensor = self.conv_expand(F.silu(self.conv_reduce(squeezed)))
        return x * gate.sigmoid()


class _Plain(nn.Module):
    """One convolution without expansion."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.conv = _conv(inputs, outputs, 3, stride)
        self.bn1 = _norm(outputs)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.bn1(self.conv(x)))
        return x + y if self.skip else y


class _FusedBottleneck(nn.Module):
    """Fused-MBConv: a full 3×3 convolution that expands, a 1×1 that projects."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.conv_exp = _conv(inputs, middle, 3, stride)
        self.bn1 = _norm(middle)
        self.conv_pwl = _conv(middle, outputs, 1)
        self.bn2 = _norm(outputs)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.bn1(self.conv_exp(x)))
        projected: Tensor = self.bn2(self.conv_pwl(y))
        return x + projected if self.skip else projected


class _Bottleneck(nn.Module):
    """MBConv: 1×1 expansion, depthwise 3×3, squeeze-and-excitation, 1×1 projection."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.conv_pw = _conv(inputs, middle, 1)
        self.bn1 = _norm(middle)
        self.conv_dw = _conv(middle, middle, 3, stride, groups=middle)
        self.bn2 = _norm(middle)
        self.se = _SqueezeExcite(middle, inputs // 4)
        self.conv_pwl = _conv(middle, outputs, 1)
        self.bn3 = _norm(outputs)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.bn1(self.conv_pw(x)))
        y = F.silu(self.bn2(self.conv_dw(y)))
        projected: Tensor = self.bn3(self.conv_pwl(self.se(y)))
        return x + projected if self.skip else projected


@dataclass(frozen=True, slots=True)
class _Stage:
    block: type[nn.Module]
    repeats: int
    channels: int
    stride: int
    expansion: int


_STAGES = (
    _Stage(_Plain, 1, 16, 1, 1),
    _Stage(_FusedBottleneck, 2, 32, 2, 4),
    _Stage(_FusedBottleneck, 2, 48, 2, 4),
    _Stage(_Bottleneck, 3, 96, 2, 4),
    _Stage(_Bottleneck, 5, MIDDLE_CHANNELS, 1, 6),
    _Stage(_Bottleneck, 8, BODY_CHANNELS, 2, 6),
)


class EfficientNetV2B0(nn.Module):
    """The body, with the ImageNet classifier where ``classes`` is given (7 139 704 parameters with 1000).

    ``forward`` gives class logits; ``features`` what the geographic heads read.
    """

    def __init__(self, classes: int | None = None) -> None:
        super().__init__()
        self.conv_stem = _conv(3, 32, 3, 2)
        self.bn1 = _norm(32)
        stages: list[nn.Module] = []
        channels = 32
        for stage in _STAGES:
            blocks: list[nn.Module] = []
            for index in range(stage.repeats):
                stride = stage.stride if index == 0 else 1
                blocks.append(stage.block(channels, stage.channels, stride, stage.expansion))
                channels = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = _conv(BODY_CHANNELS, TOP_CHANNELS, 1)
        self.bn2 = _norm(TOP_CHANNELS)
        self.classifier = nn.Linear(TOP_CHANNELS, classes) if classes is not None else None

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What three layers show of a batch.

        Args:
            x: (n, 3, h, w) normalised.

        Returns:
            the stage before the last (n, 112, h/16, w/16), the last (n, 192, h/32, w/32), the top (n, 1280, h/32, w/32).
        """
        middle = self.blocks[:-1](F.silu(self.bn1(self.conv_stem(x))))
        last = self.blocks[-1](middle)
        return middle, last, F.silu(self.bn2(self.conv_head(last)))

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) normalised → (n, ``FEATURES``)."""
        return features_of_maps(*self.maps(x)[1:])

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) normalised → (n, classes) logits."""
        if self.classifier is None:
            raise TypeError("this body was made without a classifier")
        top = self.maps(x)[2]
        logits: Tensor = self.classifier(top.mean((2, 3)))
        return logits


def features_of_maps(last: Tensor, top: Tensor) -> Tensor:
    """(n, 192, ·, ·) last stage and (n, 1280, ·, ·) top → (n, ``FEATURES``): their spatial means."""
    return torch.cat([last.mean((2, 3)), top.mean((2, 3))], dim=1)


def statistics_of_maps(middle: Tensor, last: Tensor) -> Tensor:
    """(n, 112, ·, ·) and (n, 192, ·, ·) last two stages → (n, ``STATISTICS``): means, deviations, of each in turn."""
    parts = []
    for stage in (middle, last):
        parts += [stage.mean((2, 3)), stage.std((2, 3), correction=0)]
    return torch.cat(parts, dim=1)


class NeighbourHead(nn.Module):
    """What the training photos that look most alike say of the region: a vote by the nearness of embeddings.

    Args:
        photos: how many photos it remembers; none says nothing.
        dimensions: length of the embedding.
        regions: how many regions it votes on.
    """

    embeddings: Tensor
    shares: Tensor
    scale: Tensor
    weight: Tensor

    def __init__(self, photos: int, dimensions: int, regions: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(photos, dimensions))
        self.register_buffer("shares", torch.zeros(photos, regions))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("weight", torch.zeros(()))

    def forward(self, embedding: Tensor) -> Tensor:
        """(n, dimensions) of unit length → (n, regions) logits: ``weight`` times the logarithm of each region's votes.

        A remembered photo has exp(cosine / ``scale``) votes, which its ``shares`` spread over the regions.
        """
        votes = (embedding @ self.embeddings.T / self.scale).softmax(1) @ self.shares
        # A region that no neighbour speaks for is unlikely, not impossible.
        logits: Tensor = self.weight * (votes / votes.sum(1, keepdim=True) + _LEAST_VOTE).log()
        return logits


class GeoNetwork(nn.Module):
    """The body with its geographic heads; what a model bundle holds.

    Three heads speak on regions, and their logits add up: ``region_head``, which was trained with the body, and two
    that were fitted afterwards and overfit less: ``discriminant_head``, a linear discriminant, and
    ``neighbour_head``, the vote of the training photos that look most alike.

    Args:
        regions, cells: how many regions and cells the heads tell apart.
        embedding_dimensions: length of the embedding.
        remembered: how many training photos vote.
    """

    def __init__(self, regions: int, cells: int, embedding_dimensions: int, remembered: int = 0) -> None:
        super().__init__()
        self.body = EfficientNetV2B0()
        self.region_head = nn.Linear(FEATURES, regions)
        self.discriminant_head = nn.Linear(STATISTICS, regions)
        self.cell_head = nn.Linear(FEATURES, cells)
        self.embedding_head = nn.Linear(FEATURES, embedding_dimensions)
        self.neighbour_head = NeighbourHead(remembered, embedding_dimensions, regions)
        nn.init.zeros_(self.discriminant_head.weight)
        nn.init.zeros_(self.discriminant_head.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, 3, h, w) normalised → region logits, cell logits, embedding of unit length."""
        middle, last, top = self.body.maps(x)
        features = features_of_maps(last, top)
        embedding = F.normalize(self.embedding_head(features), dim=1)
        regions = self.region_head(features) + self.discriminant_head(statistics_of_maps(middle, last))
        if len(self.neighbour_head.embeddings):
            regions = regions + self.neighbour_head(embedding)
        return regions, self.cell_head(features), embedding


def device_of(network: nn.Module) -> torch.device:
    """The device that a network's weights lie on."""
    return next(network.parameters()).device


def remembered_photos(state: Mapping[str, Tensor]) -> int:
    """How many training photos vote in a saved ``GeoNetwork``.

    Raises:
        ValueError: it is the state of another network.
    """
    embeddings = state.get("neighbour_head.embeddings")
    if embeddings is None or embeddings.ndim != 2:
        raise ValueError("its weights are not those of the network")
    return len(embeddings)
