"""Why the network names a region: how much each part of a photo speaks for it.

The heads are linear in the spatial means and standard deviations of the body's maps, and a deviation is itself a mean: of
(x - mean)² / deviation. So the logit of a region is, but for rounding, the mean over the places of the map of what each
place adds to it (a class activation map: B. Zhou et al., "Learning Deep Features for Discriminative Localization", 2016).
The vote of the training photos that look alike is about the whole photo and is left out.
What speaks for a region rather than for the others is
the difference to what the place adds to them, each other region weighed by how likely it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from geotagger.core.prediction import FloatVector
from geotagger.core.regions import load_regions
from geotagger.inference.network import GeoNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """What each part of one photo adds to each region.

    Attributes:
        added: (regions, rows, columns) what each part of the network's input adds to the logits, without the bias.
        probabilities: (regions,) calibrated, of the photo judged by itself.
        width_px, height_px: the network's input: the centre of the upright photo, cropped to this aspect ratio.
    """

    added: FloatVector
    probabilities: FloatVector
    width_px: int
    height_px: int

    def heat(self, region_code: str) -> FloatVector:
        """(rows, columns) from 0 to 1: what speaks for a region rather than for the others.

        The tenth of the parts that speaks most for it has about 1, parts that speak against it have 0; so have all,
        where none speaks for it.
        """
        region = load_regions().codes.index(region_code)
        others = self.probabilities.copy()
        others[region] = 0.0
        others /= max(float(others.sum()), 1e-12)
        speaks = np.maximum(self.added[region] - np.tensordot(others, self.added, 1), 0.0)
        most = np.sort(speaks, axis=None)[-max(1, speaks.size // 10) :]
        return np.asarray(np.minimum(speaks / max(float(most.mean()), 1e-6), 1.0), np.float32)


def attention_of(network: GeoNetwork, batch: Tensor, probabilities: FloatVector) -> Attention:
    """What each part of one photo adds to each region.

    Args:
        batch: (1, 3, height, width) normalised, on the network's device.
        probabilities: (regions,) what the network says of the photo, calibrated.
    """
    with torch.inference_mode():
        middle, last, top = network.body.maps(batch)
        rows, columns = last.shape[-2:]
        added = _added(network.region_head.weight, torch.cat([last, top], dim=1))
        parts = []
        for stage in (middle, last):
            # Not below zero deviation: a map without any adds nothing.
            deviation = stage.std((2, 3), correction=0, keepdim=True).clamp_min(1e-6)
            spread = (stage - stage.mean((2, 3), keepdim=True)) ** 2 / deviation
            parts += [F.adaptive_avg_pool2d(part, (rows, columns)) for part in (stage, spread)]
        added = added + _added(network.discriminant_head.weight, torch.cat(parts, dim=1))
    height, width = batch.shape[-2:]
    return Attention(added.cpu().float().numpy(), np.asarray(probabilities), int(width), int(height))


def _added(weight: Tensor, maps: Tensor) -> Tensor:
    """(regions, channels) weights and (1, channels, rows, columns) maps → (regions, rows, columns)."""
    return torch.einsum("rc,chw->rhw", weight, maps[0])
