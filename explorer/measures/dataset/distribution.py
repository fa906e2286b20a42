"""How log p is distributed over a data set.

**Gumbel distribution.** Over natural images log p is wide and skewed to high values: a few images (flat, low in
contrast) are far more probable than the rest. A Gumbel distribution (of maxima, ``scipy.stats.gumbel_r``) with location
``m`` and scale ``b`` has

    density(l) = 1/b exp(-z - exp(-z)),   z = (l - m) / b,     mean m + 0.5772 b,   standard deviation pi b / sqrt(6)

and is fitted here by maximum likelihood.

**Entropy.** The mean of ``-log p`` over images drawn from ``p`` is the differential entropy ``h`` (over images drawn
from another distribution, the cross-entropy). In dB/dimension it is ``-10 log10(e) E[log p] / d``, minus the mean of
log p in the same unit.

**How many natural images?** A distribution that is uniform over a volume ``V`` has ``h = log V``, so ``exp(h)`` is the
effective volume of natural images in the unit cube. Cut into cells of width ``1/levels``, one for each image that
`levels` values per pixel can write, of which there are ``levels^d`` in all, this volume holds

    10^N images,    N = log10 exp(h + d log(levels)) = (h + d log(levels)) / log(10) .

**Typical set** (Shannon; Cover and Thomas 2006, chapter 3). The images with ``log p`` near ``-h`` hold nearly all of
the probability, and the most probable images are not among them: they are too few. For independent pixels log p would
spread by ``sqrt(d)`` only; for images it spreads in proportion to ``d``, so the set is given as the range that holds
the middle 80 % of images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import gumbel_r

from explorer.units import convert_log_prob

__all__ = ["GaussianFit", "GumbelFit", "Summary", "fit_gaussian", "fit_gumbel", "summary"]


class GumbelFit(NamedTuple):
    """A Gumbel distribution of maxima; both numbers in the unit of the data it was fitted to."""

    location: float
    scale: float

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Log density at `values`, any shape."""
        density: np.ndarray = gumbel_r.logpdf(values, self.location, self.scale)
        return density


class GaussianFit(NamedTuple):
    """A normal distribution, for comparison."""

    mean: float
    std: float

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Log density at `values`, any shape."""
        z = (np.asarray(values) - self.mean) / self.std
        return -0.5 * z**2 - math.log(self.std * math.sqrt(2 * math.pi))


@dataclass(frozen=True)
class Summary:
    """What the distribution of log p over a data set says. All log p in nats per image.

    Attributes:
        count: number of images with a finite log p.
        dimensions: ``d``.
        levels: values that a pixel can have.
        mean, std, median, minimum, maximum: of log p.
        typical: the range of log p that holds the middle 80 % of images.
        gumbel: the fit; None when log p does not vary.
        gumbel_gain: mean log likelihood of the Gumbel distribution minus that of the best Gaussian, in nats per image:
            above zero when the Gumbel distribution fits better. None when log p does not vary.
    """

    count: int
    dimensions: int
    levels: int
    mean: float
    std: float
    median: float
    minimum: float
    maximum: float
    typical: tuple[float, float]
    gumbel: GumbelFit | None
    gumbel_gain: float | None

    @property
    def extremes_exponent(self) -> float:
        """``k``: the most probable image is ``10^k`` times as probable as the least."""
        return (self.maximum - self.minimum) / math.log(10)

    @property
    def typical_exponent(self) -> float:
        """``k``: within the typical set, probabilities differ by a factor of up to ``10^k``."""
        return (self.typical[1] - self.typical[0]) / math.log(10)

    @property
    def entropy(self) -> float:
        """Differential entropy ``-E[log p]`` in dB/dimension."""
        return -convert_log_prob(self.mean, "dB/dim", self.dimensions)

    @property
    def images_exponent(self) -> float:
        """``N``: there are about ``10^N`` natural images; see module docstring."""
        return (-self.mean + self.dimensions * math.log(self.levels)) / math.log(10)

    @property
    def all_images_exponent(self) -> float:
        """``log10(levels^d)``: there are ``10^`` this many images in all."""
        return self.dimensions * math.log10(self.levels)


def fit_gumbel(values: np.ndarray) -> GumbelFit:
    """Maximum-likelihood Gumbel distribution (of maxima: skewed to high values).

    Args:
        values: numbers in any unit, shape ``(N,)``.

    Raises:
        ValueError: fewer than two different finite values.
    """
    values = _varied(values)
    center, spread = values.mean(), values.std()
    # In standard units the solver's tolerances mean the same for nats and for dB/dimension.
    location, scale = gumbel_r.fit((values - center) / spread)
    return GumbelFit(float(center + spread * location), float(spread * scale))


def fit_gaussian(values: np.ndarray) -> GaussianFit:
    """Maximum-likelihood normal distribution.

    Args:
        values: numbers in any unit, shape ``(N,)``.

    Raises:
        ValueError: fewer than two different finite values.
    """
    values = _varied(values)
    return GaussianFit(float(values.mean()), float(values.std()))


def summary(log_prob: np.ndarray, dimensions: int, levels: int = 256) -> Summary:
    """Summarize log p over a data set.

    Args:
        log_prob: nats, shape ``(N,)``; values that are not finite are left out.
        dimensions: ``d``.
        levels: values that a pixel can have (256 for 8-bit images).

    Raises:
        ValueError: there is no finite value.
    """
    values = np.asarray(log_prob, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        raise ValueError("There is no finite log p to summarize.")
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
    varies = bool(np.ptp(values) > 0)
    gumbel = fit_gumbel(values) if varies else None
    gain = None
    if gumbel is not None:
        gain = float((gumbel.log_density(values) - fit_gaussian(values).log_density(values)).mean())
    return Summary(
        count=len(values),
        dimensions=dimensions,
        levels=levels,
        mean=float(values.mean()),
        std=float(values.std()),
        median=median,
        minimum=float(values.min()),
        maximum=float(values.max()),
        typical=(low, high),
        gumbel=gumbel,
        gumbel_gain=gain,
    )


def _varied(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) < 2 or not np.ptp(values) > 0:
        raise ValueError("A distribution can be fitted to two or more different finite values only.")
    return values
