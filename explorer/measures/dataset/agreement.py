"""How much two models agree on the log p of the same images.

With ``a_i`` and ``b_i`` the log p of image ``i`` by two models, in nats, and ``delta_i = b_i - a_i``:

    RMS difference      sqrt(mean delta^2)
    mean difference     m = mean delta, above zero where the second finds the images more probable on the whole
    spread              sqrt(mean (delta - m)^2), what is left without the mean: RMS^2 = m^2 + spread^2
    correlation         Pearson's, of a and b
    rank correlation    Pearson's, of their ranks (Spearman 1904); equal values share the mean of their ranks

Models that were trained on different images and agree know the distribution that the images come from, and not the
sample.

Reference: Guth, Kadkhodaie, Simoncelli, Learning normalized image densities via dual score matching (2025), which
compares models trained on disjoint halves of a data set so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

__all__ = ["Agreement", "agreement"]


class Agreement(NamedTuple):
    """How much two models agree. Differences are log p of the second minus that of the first, in nats per image.

    Attributes:
        rms, mean, spread: of the differences, see the module.
        correlation, rank_correlation: of log p; NaN where one of the two does not vary.
        second_higher: share of the images that are more probable for the second model.
    """

    rms: float
    mean: float
    spread: float
    correlation: float
    rank_correlation: float
    second_higher: float


def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """The numbers of the module.

    Args:
        first, second: log p by two models, nats, finite, both of shape ``(N,)``, N at least 1.
    """
    delta = second - first
    return Agreement(
        rms=math.sqrt(float(np.square(delta).mean())),
        mean=float(delta.mean()),
        spread=float(delta.std()),
        correlation=_correlation(first, second),
        rank_correlation=_correlation(_ranks(first), _ranks(second)),
        second_higher=float((delta > 0).mean()),
    )


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation; NaN where one of the two does not vary."""
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, those of equal values averaged. `scipy.stats.rankdata` takes several times as long."""
    order = np.argsort(values)
    ordered = values[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[begins[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((begins + ends - 1) / 2, ends - begins)
    return ranks
