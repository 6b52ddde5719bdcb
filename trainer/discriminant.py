"""A linear discriminant over what the trained body shows: fitted, not trained, it overfits less than the trained head.

Every region is a Gaussian around its mean, all with one covariance (R. A. Fisher, 1936), over the spatial means and
deviations of the last two stages. Two things keep it steady where a region has few photos by few people: the covariance is
mixed with a multiple of the identity (J. H. Friedman, "Regularized Discriminant Analysis", 1989), and the mean of
a region is drawn to the mean of all by how few photographers it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_LEAST_VARIANCE = 0.1

Array = npt.NDArray[np.float64]


def discriminant(
    statistics: Array,
    regions: npt.NDArray[np.integer],
    groups: Sequence[str],
    region_targets: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    *,
    shrinkage: float,
    prior: float,
) -> tuple[Array, Array]:
    """The linear discriminant of regularised Gaussians with one covariance.

    Args:
        statistics: (views, n, d).
        regions: (n,) true region of each sample.
        groups: (n,) photographer of each sample.
        region_targets: (n, regions) shares that each sample has in the regions' means.
        weights: (n,) how much each sample counts.
        shrinkage: from 0 to 1, share of a multiple of the identity in the covariance.
        prior: number of photographers at the mean of all that is mixed into the mean of each region.

    Returns:
        weight (regions, d) and bias (regions,) of the logits, whose mean over the regions is 0.
    """
    scale_mean, scale = statistics[0].mean(axis=0), statistics[0].std(axis=0) + 1e-3
    standard = (statistics - scale_mean) / scale
    shares = region_targets.astype(np.float64) * weights[:, None]
    # A region without photos and neighbours keeps the mean of all.
    totals = np.maximum(shares.sum(axis=0), 1e-12)[:, None]
    centre = np.average(standard.mean(axis=0), axis=0, weights=weights)
    means = shares.T @ standard.mean(axis=0) / totals
    people = _effective_groups(shares, groups)[:, None]
    residuals = standard - means[regions]
    covariance = np.einsum("vni,vnj->ij", residuals * weights[:, None], residuals, optimize=True)
    covariance /= weights.sum() * len(standard)
    dimensions = len(covariance)
    # Not below a floor: a body that shows next to the same of all photos would get boundless weights.
    variance = max(float(np.trace(covariance)) / dimensions, _LEAST_VARIANCE)
    covariance = (1 - shrinkage) * covariance + shrinkage * variance * np.eye(dimensions)
    means = centre + (means - centre) * people / (people + prior)
    weight = np.linalg.solve(covariance, means.T).T
    bias = -0.5 * (means * weight).sum(axis=1)
    weight -= weight.mean(axis=0)
    bias -= bias.mean()
    weight /= scale
    return weight, bias - weight @ scale_mean


def _effective_groups(shares: Array, groups: Sequence[str]) -> Array:
    """(regions,) number of photographers behind each region's mean, fewer where some of them weigh most."""
    places = {group: place for place, group in enumerate(sorted(set(groups)))}
    of_group = np.zeros((len(places), shares.shape[1]))
    np.add.at(of_group, [places[group] for group in groups], shares)
    return np.asarray(of_group.sum(axis=0) ** 2 / np.maximum((of_group**2).sum(axis=0), 1e-24))
