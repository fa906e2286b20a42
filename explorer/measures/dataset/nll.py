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
    "gap_errors",
    "gaussian_entropy",
    "i_mmse_of_images",
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


def gap_errors(x: Tensor, levels: Sequence[NoiseLevel]) -> list[float]:
    """Standard errors of `gap_by_level`, over images and their noise; at least two images.

    Args:
        x, levels: as for `negative_log_likelihood`.
    """
    energies = torch.stack([level.energies for level in levels], 1).numpy()  # (N, L)
    errors: list[float] = ((energies - _i_mmse_of_images(x, levels)).std(0, ddof=1) / math.sqrt(len(x))).tolist()
    return errors


def i_mmse_of_images(x: Tensor, levels: Sequence[NoiseLevel]) -> np.ndarray:
    """What `negative_log_likelihood` averages for I-MMSE, in nats, shape ``(N,)``: of one image up to a term that
    vanishes at large noise.

    Args:
        x, levels: as for `negative_log_likelihood`.
    """
    return _i_mmse_of_images(x, levels)[:, 0]


def _i_mmse_of_images(x: Tensor, levels: Sequence[NoiseLevel]) -> np.ndarray:
    relative_errors = torch.stack([level.relative_errors for level in levels], 1).numpy()  # (N, L)
    return _i_mmse(x, levels, relative_errors)


def _i_mmse_by_level(x: Tensor, levels: Sequence[NoiseLevel]) -> np.ndarray:
    return _i_mmse(x, levels, np.array([level.relative_error for level in levels]))


def _i_mmse(x: Tensor, levels: Sequence[NoiseLevel], relative_errors: np.ndarray) -> np.ndarray:
    """From errors at each level (last axis)."""
    ts = np.array([level.t for level in levels])
    if len(ts) < 2 or np.any(np.diff(ts) <= 0):
        raise ValueError("At least two noise levels in increasing order are needed.")
    removed = x[0].numel() * (1.0 - relative_errors)
    steps = 0.5 * (removed[..., 1:] + removed[..., :-1]) * np.diff(np.log(ts))
    above = np.zeros_like(removed)  # the integral from each level to the last
    above[..., :-1] = np.cumsum(steps[..., ::-1], -1)[..., ::-1]
    return gaussian_entropy(x, float(ts[-1])) - 0.5 * above
