"""The Gaussian anchor: the exact energy of the best Gaussian that is diagonal in the 2-D DCT.

With ``z`` the orthonormal 2-D DCT of ``y - mean`` (after a rotation of the color channels to their principal axes) and
``lambda_i`` the variance of each coefficient over the data, the Gaussian with that mean and covariance, blurred by
noise of variance ``t``, has the energy

    U(y, t) = 1/2 sum_i [ log(2 pi (lambda_i + t)) + z_i^2 / (lambda_i + t) ].

The DCT nearly diagonalizes the covariance of natural images, costs two small matrix products, and one variance per
coefficient generalizes better than a full sample covariance.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor

from explorer.models.base import GaussianEnergy, sum_pixels

__all__ = ["SpectralGaussian", "dct_matrix"]


def dct_matrix(n: int) -> Tensor:
    """Orthonormal DCT-II matrix ``M``, shape ``(n, n)``: ``M @ signal`` are the coefficients."""
    return torch.as_tensor(dct(np.eye(n), axis=0, norm="ortho"))


class SpectralGaussian(GaussianEnergy):
    """Gaussian with a mean image and one variance for each DCT coefficient.

    Args:
        image_shape: ``(C, H, W)``.
        t0: noise variance at which log p is reported.

    The statistics are buffers, filled by `fit` or from a checkpoint: `mean` ``(C, H, W)``, `variances` ``(C, H, W)``
    (``lambda``, in the rotated channels), `channel_axes` ``(C, C)`` (rows: principal axes of color).
    """

    mean: Tensor
    variances: Tensor
    channel_axes: Tensor
    rows: Tensor
    columns: Tensor

    def __init__(self, image_shape: tuple[int, int, int], t0: float = 0.0) -> None:
        super().__init__()
        channels, height, width = image_shape
        self.image_shape = image_shape
        self.t0 = t0
        self.register_buffer("mean", torch.zeros(image_shape))
        self.register_buffer("variances", torch.ones(image_shape))
        self.register_buffer("channel_axes", torch.eye(channels))
        self.register_buffer("rows", dct_matrix(height).float(), persistent=False)
        self.register_buffer("columns", dct_matrix(width).float(), persistent=False)

    def fit(self, images: Tensor, floor: float = 1e-7) -> SpectralGaussian:
        """Set mean and variances from data, and return the model.

        For square images the variances are averaged with their transpose: natural images have no preference between
        the two diagonals, and half the numbers estimate twice as well.

        Args:
            images: values in [0, 1], shape ``(N, C, H, W)``, N at least 2, on any device.
            floor: smallest variance kept, so that constant coefficients stay finite.

        Raises:
            ValueError: fewer than two images.
        """
        if len(images) < 2:
            raise ValueError("At least two images are needed to fit a Gaussian.")
        images = images.to(self.mean.device)
        mean = images.mean(0, dtype=torch.float64).float()
        centered = images - mean
        pixels = centered.transpose(0, 1).flatten(1).double()
        _, axes = torch.linalg.eigh(pixels @ pixels.T / pixels.shape[1])
        self.mean.copy_(mean)
        self.channel_axes.copy_(axes.T)
        variances = torch.zeros(self.image_shape, dtype=torch.float64, device=images.device)
        for chunk in torch.split(centered, 4096):
            variances += self._forward_transform(chunk).double().square().sum(0)
        variances /= len(images)
        if variances.shape[1] == variances.shape[2]:
            variances = (variances + variances.transpose(1, 2)) / 2
        self.variances.copy_(variances.clamp_min(floor))
        return self

    def _forward_transform(self, centered: Tensor) -> Tensor:
        if self.image_shape[0] > 1:
            centered = torch.einsum("kc,bchw->bkhw", self.channel_axes, centered)
        return self.rows @ centered @ self.columns.T

    def coefficients(self, y: Tensor) -> Tensor:
        """``z``: DCT coefficients of ``y - mean``, shape ``(B, C, H, W)``."""
        return self._forward_transform(y - self.mean)

    def synthesize(self, z: Tensor) -> Tensor:
        """Inverse of `coefficients` without the mean, shape ``(B, C, H, W)``."""
        pixels = self.rows.T @ z @ self.columns
        if self.image_shape[0] > 1:
            pixels = torch.einsum("kc,bkhw->bchw", self.channel_axes, pixels)
        return pixels

    def draw(self, t: float, normal: Tensor) -> Tensor:
        return self.mean + self.synthesize((self.variances + t).sqrt() * normal.to(self.variances))

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        return self.energy_of_coefficients(self.coefficients(y), t)

    def energy_of_coefficients(self, z: Tensor, t: Tensor) -> Tensor:
        """Energy from coefficients that are already known; shapes ``(B, C, H, W)``, ``(B,)`` -> ``(B,)``."""
        total = self.variances + t.view(-1, 1, 1, 1)
        return sum_pixels(0.5 * (torch.log(2 * math.pi * total) + z.square() / total))
