"""Distributions whose samples are known, and what must be true of samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from explorer.models.analytic import Gaussian, GaussianScaleMixture, power_law_covariance

SIZE = 6
D = SIZE**2
T_START, T0 = 1e3, 1e-3


def gaussian() -> Gaussian:
    """Images with power spectrum ``1 / f^2``."""
    covariance = power_law_covariance(SIZE, 0.04).float()
    return Gaussian(torch.full((1, SIZE, SIZE), 0.5), covariance, T0)


def contrasts() -> GaussianScaleMixture:
    """The same at three contrasts: log p is far from normal."""
    covariance = power_law_covariance(SIZE, 0.01).float()
    return GaussianScaleMixture(torch.full((1, SIZE, SIZE), 0.5), covariance, [0.3, 1.0, 3.0], t0=T0)


def exact(density: Gaussian | GaussianScaleMixture, count: int, t: float, seed: int = 1) -> Tensor:
    """Exact samples of ``p(., t)``."""
    generator = torch.Generator().manual_seed(seed)
    x = density.sample(count, generator)
    return x + math.sqrt(t) * torch.randn(x.shape, generator=generator)


def variance_ratios(y: Tensor, density: Gaussian, t: float) -> Tensor:
    """Variance of samples along each eigenvector over the true one; 1, with a standard error of ``sqrt(2 / n)``."""
    z = (y - density.mean).flatten(1).double() @ density.eigenvectors.double()
    return z.square().mean(0) / (density.eigenvalues.double() + t)
