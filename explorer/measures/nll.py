"""The negative log-likelihood of a data set, read twice.

1. From the energy: ``E U(y, t0)``, ``y = x + sqrt(t0) eps``.
2. From the denoising error (I-MMSE; Guo, Shamai and Verdu 2005; Kong, Brekelmans and Ver Steeg 2023): with
   ``mse(t) = E ||x - D(y, t)||^2`` of any denoiser ``D``, and ``T`` large,

       NLL(t0)  =  1/2 sum_i log(2 pi e (lambda_i + T))  -  1/2 integral_{log t0}^{log T} (d - mse(t) / t) d log t ,

   an upper bound on the entropy of the noisy data that no model can flatter.

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

from explorer.measures.noise_levels import NoiseLevel
from explorer.models.anchor import SpectralGaussian

__all__ = ["NegativeLogLikelihood", "gaussian_entropy", "negative_log_likelihood"]


@dataclass(frozen=True)
class NegativeLogLikelihood:
    """Negative log-likelihood of a data set at `t0`, in nats an image, read twice.

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
        """``energy - i_mmse`` in nats an image."""
        return self.energy - self.i_mmse

    def bits_per_dimension(self, levels: int | None = None) -> dict[str, float]:
        """Both readings and the gap in bits/dimension.

        Args:
            levels: number of cells a value; when given, ``log2(levels)`` is added to both readings, which makes them
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

    For `t` well above every variance this is the entropy of the noisy data, whatever their law.
    """
    gaussian = SpectralGaussian(tuple(x.shape[1:])).fit(x)
    return float(0.5 * torch.log(2 * math.pi * math.e * (gaussian.variances.double() + t)).sum())


def negative_log_likelihood(x: Tensor, levels: Sequence[NoiseLevel]) -> NegativeLogLikelihood:
    """Both readings from measurements at many noise levels.

    Args:
        x: the images that were measured, shape ``(N, C, H, W)``.
        levels: measurements from ``t0`` (first) to ``T`` (last), increasing in ``t``, evenly spaced or not; the
            trapezoidal rule in ``log t`` joins them.

    Raises:
        ValueError: fewer than two levels, or not in increasing order.
    """
    ts = np.array([level.t for level in levels])
    if len(ts) < 2 or np.any(np.diff(ts) <= 0):
        raise ValueError("At least two noise levels in increasing order are needed.")
    d = x[0].numel()
    removed = d * (1.0 - np.array([level.relative_error for level in levels]))
    i_mmse = gaussian_entropy(x, float(ts[-1])) - 0.5 * float(np.trapezoid(removed, np.log(ts)))
    return NegativeLogLikelihood(levels[0].mean_energy, i_mmse, float(ts[0]), d, len(x))
