"""The negative log-likelihood of a data set, by two estimates.

1. From the energy: ``E U(y, t0)``, ``y = x + sqrt(t0) eps``.
2. From the denoising error (I-MMSE; Guo, Shamai and Verdu 2005; Kong, Brekelmans and Ver Steeg 2023): with
   ``mse(t) = E ||x - D(y, t)||^2`` of any denoiser ``D``, and ``T`` large,

       NLL(t0)  =  1/2 sum_i log(2 pi e (lambda_i + T))  -  1/2 integral_{log t0}^{log T} (d - mse(t) / t) d log t ,

   an upper bound on the entropy of the noisy data.

For a normalized energy whose score is its own gradient both agree; the gap is the model's honesty and is reported with
every NLL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.measures.shared.noise_levels import NoiseLevel
from explorer.models.anchor import SpectralGaussian

__all__ = [
    "NegativeLogLikelihood",
    "gap_by_level",
    "gaussian_entropy",
    "negative_log_likelihood",
]


@dataclass(frozen=True)
class NegativeLogLikelihood:
    """Negative log-likelihood of a data set at `t0`, in nats per image, by two estimates.

    Attributes:
        energy: from the mean energy at `t0`.
        i_mmse: from the denoising error.
        t0: noise variance.
        dimensions: ``d``.
        images: number of images averaged over.
    """

    energy: float
    i_mmse: float
    t0: float
    dimensions: int
    images: int

    @property
    def gap(self) -> float:
        """``energy - i_mmse`` in nats per image."""
        return self.energy - self.i_mmse

    def bits_per_dimension(self, levels: int | None = None) -> dict[str, float]:
        """Both estimates and the gap in bits/dimension.

        Args:
            levels: number of cells per value; when given, ``log2(levels)`` is added to both, which makes them
                code lengths (bits/pixel of 8-bit images for 256).
        """
        scale = 1.0 / (self.dimensions * math.log(2.0))
        shift = math.log2(levels) if levels else 0.0
        return {
            "energy": self.energy * scale + shift,
            "i_mmse": self.i_mmse * scale + shift,
            "gap": self.gap * scale,
        }

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, for JSON."""
        return asdict(self)


def gaussian_entropy(x: Tensor, t: float) -> float:
    """``1/2 sum_i log(2 pi e (lambda_i + t))`` in nats, with ``lambda`` the DCT variances of images ``(N, C, H, W)``.

    For `t` well above every variance this is the entropy of the noisy data, whatever their distribution.
    """
    _, channels, height, width = x.shape
    gaussian = SpectralGaussian((channels, height, width)).fit(x)
    return float(0.5 * torch.log(2 * math.pi * math.e * (gaussian.variances.double() + t)).sum())


def negative_log_likelihood(x: Tensor, levels: Sequence[NoiseLevel]) -> NegativeLogLikelihood:
    """Both estimates from measurements at many noise levels.

    Args:
        x: the images that were measured, shape ``(N, C, H, W)``.
        levels: measurements from ``t0`` (first) to ``T`` (last), increasing in ``t``, evenly spaced or not; the
            trapezoidal rule in ``log t`` joins them.

    Raises:
        ValueError: fewer than two levels, or not in increasing order.
    """
    i_mmse = _i_mmse_by_level(x, levels)
    return NegativeLogLikelihood(levels[0].mean_energy, float(i_mmse[0]), levels[0].t, x[0].numel(), len(x))


def gap_by_level(x: Tensor, levels: Sequence[NoiseLevel]) -> list[float]:
    """Where the gap arises: at each level ``t``, mean energy minus I-MMSE estimate of the NLL at that ``t``, in nats.

    It begins at the whole gap at ``t0`` and ends at the error of the normalization at ``T``; a step between two levels
    is what the mean time score and the denoising error between them disagree by.

    Args:
        x, levels: as for `negative_log_likelihood`.

    Raises:
        ValueError: fewer than two levels, or not in increasing order.
    """
    energies = np.array([level.mean_energy for level in levels])
    differences: list[float] = (energies - _i_mmse_by_level(x, levels)).tolist()
    return differences


def _i_mmse_by_level(x: Tensor, levels: Sequence[NoiseLevel]) -> np.ndarray:
    ts = np.array([level.t for level in levels])
    if len(ts) < 2 or np.any(np.diff(ts) <= 0):
        raise ValueError("At least two noise levels in increasing order are needed.")
    removed = x[0].numel() * (1.0 - np.array([level.relative_error for level in levels]))
    steps = 0.5 * (removed[1:] + removed[:-1]) * np.diff(np.log(ts))
    above = np.append(np.cumsum(steps[::-1])[::-1], 0.0)  # the integral from each level to the last
    return gaussian_entropy(x, float(ts[-1])) - 0.5 * above
