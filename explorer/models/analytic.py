"""Distributions whose density is known exactly, behind the interface of the networks.

Every measure, page and benchmark runs on these as well as on networks: this is how the project proves itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.models.base import EnergyModel, sum_pixels

__all__ = ["Gaussian", "GaussianScaleMixture", "SubspaceMixture", "power_law_covariance"]


def power_law_covariance(size: int, pixel_variance: float, exponent: float = 2.0) -> Tensor:
    """Covariance of stationary images whose power spectrum falls as ``1 / f^exponent``, as that of natural images does.

    Periodic boundaries, ``f`` in cycles per image, the mean of an image with the power of ``f = 1``; float64.

    Args:
        size: height and width in pixels.
        pixel_variance: of each pixel.
        exponent: of the spectrum.

    Returns:
        Shape ``(size^2, size^2)``.
    """
    f = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64)
    power = (f[:, None].square() + f.square()).clamp_min(1) ** (-exponent / 2)
    kernel = torch.fft.ifft2(power * (pixel_variance / power.mean())).real
    index = torch.arange(size)
    shift = (index[:, None] - index) % size
    covariance: Tensor = kernel[shift[:, None, :, None], shift[None, :, None, :]].reshape(size**2, size**2)
    return covariance


class Gaussian(EnergyModel):
    """``x ~ N(mean, covariance)``: ``y ~ N(mean, covariance + t I)``,

        U(y, t) = 1/2 sum_i [ log(2 pi (lambda_i + t)) + <e_i, y - mean>^2 / (lambda_i + t) ]

    with ``lambda_i, e_i`` the eigenvalues and eigenvectors of the covariance.

    Args:
        mean: shape ``(C, H, W)``.
        covariance: symmetric positive semidefinite, shape ``(d, d)``.
        t0: noise variance at which log p is reported; must be positive when the covariance is singular.

    Raises:
        ValueError: shapes do not fit, or the covariance is not symmetric positive semidefinite.
    """

    mean: Tensor
    eigenvalues: Tensor
    eigenvectors: Tensor

    def __init__(self, mean: Tensor, covariance: Tensor, t0: float = 0.0) -> None:
        super().__init__()
        channels, height, width = mean.shape
        self.image_shape = (channels, height, width)
        self.t0 = t0
        if covariance.shape != (mean.numel(), mean.numel()):
            raise ValueError(f"A covariance of shape {(mean.numel(),) * 2} is needed, not {tuple(covariance.shape)}.")
        if not torch.allclose(covariance, covariance.T, rtol=1e-4, atol=1e-8):
            raise ValueError("The covariance is not symmetric.")
        eigenvalues, eigenvectors = torch.linalg.eigh(covariance.double())
        if eigenvalues[0] < -1e-6 * eigenvalues[-1].abs():
            raise ValueError("The covariance has negative eigenvalues.")
        self.register_buffer("mean", mean.clone())
        self.register_buffer("eigenvalues", eigenvalues.clamp_min(0).to(mean.dtype))
        self.register_buffer("eigenvectors", eigenvectors.to(mean.dtype))

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        z = (y - self.mean).flatten(1) @ self.eigenvectors
        total = self.eigenvalues + t[:, None]
        return sum_pixels(0.5 * (torch.log(2 * math.pi * total) + z.square() / total))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, shape ``(count, C, H, W)``."""
        z = torch.randn(count, self.dimensions, generator=generator, dtype=self.mean.dtype)
        x = (z.to(self.mean.device) * self.eigenvalues.sqrt()) @ self.eigenvectors.T
        return self.mean + x.view(count, *self.image_shape)

    def dimensionality(self, t: float) -> float:
        """``sum_i lambda_i / (lambda_i + t)``, the local dimensionality, the same for every image."""
        eigenvalues = self.eigenvalues.cpu().double()
        return float((eigenvalues / (eigenvalues + t)).sum())


class GaussianScaleMixture(EnergyModel):
    """``x = mean + s g`` with ``g ~ N(0, covariance)`` and a scale ``s`` from a finite set.

    ``p(y, t) = sum_k w_k N(y; mean, s_k^2 covariance + t I)``, computed with log-sum-exp.

    Args:
        mean: shape ``(C, H, W)``.
        covariance: shape ``(d, d)``.
        scales: the values of ``s``, positive.
        weights: their probabilities; equal when None.
        t0: noise variance at which log p is reported.

    Raises:
        ValueError: as `Gaussian`, or scales and weights of different number, or weights that are not probabilities.
    """

    scales: Tensor
    log_weights: Tensor

    def __init__(
        self,
        mean: Tensor,
        covariance: Tensor,
        scales: Sequence[float],
        weights: Sequence[float] | None = None,
        t0: float = 0.0,
    ) -> None:
        super().__init__()
        self.base = Gaussian(mean, covariance, t0)
        self.image_shape = self.base.image_shape
        self.t0 = t0
        weights = [1.0 / len(scales)] * len(scales) if weights is None else list(weights)
        if len(weights) != len(scales) or min(scales) <= 0 or min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
            raise ValueError("One positive weight is needed for each positive scale, and the weights must sum to 1.")
        self.register_buffer("scales", torch.tensor(scales, dtype=mean.dtype, device=mean.device))
        self.register_buffer("log_weights", torch.tensor(weights, dtype=mean.dtype, device=mean.device).log())

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        z = ((y - self.base.mean).flatten(1) @ self.base.eigenvectors).square()[:, None, :]
        total = self.scales.square()[None, :, None] * self.base.eigenvalues + t[:, None, None]
        energies = 0.5 * (torch.log(2 * math.pi * total) + z / total).sum(2)
        return -torch.logsumexp(self.log_weights - energies, 1)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, shape ``(count, C, H, W)``."""
        which = torch.multinomial(self.log_weights.exp().cpu(), count, replacement=True, generator=generator)
        scales = self.scales[which.to(self.scales.device)].view(-1, 1, 1, 1)
        return self.base.mean + scales * (self.base.sample(count, generator) - self.base.mean)


class SubspaceMixture(EnergyModel):
    """Images on linear subspaces: ``x = B_k z`` with equal probability for each ``k``, ``z ~ N(0, variance I)``.

    With ``m_k`` the dimension of subspace ``k`` and ``a = B_k^T y``, ``p(y, t) = mean_k exp(-U_k)`` where

        U_k(y, t) = m_k/2 log(2 pi (variance + t)) + ||a||^2 / (2 (variance + t))
                    + (d - m_k)/2 log(2 pi t) + (||y||^2 - ||a||^2) / (2 t).

    The local dimensionality of an image on subspace ``k`` is ``m_k variance / (variance + t)`` while ``t`` is small
    enough that the subspaces are told apart.

    Args:
        image_shape: ``(C, H, W)``.
        bases: orthonormal columns, each of shape ``(d, m_k)``, in one floating-point type.
        variance: of each coordinate within a subspace.
        t0: noise variance at which log p is reported, positive.

    Raises:
        ValueError: a basis has the wrong height or is not orthonormal.
    """

    def __init__(self, image_shape: tuple[int, int, int], bases: Sequence[Tensor], variance: float, t0: float) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.variance = variance
        self.t0 = t0
        for k, basis in enumerate(bases):
            identity = torch.eye(basis.shape[1], dtype=basis.dtype, device=basis.device)
            if basis.shape[0] != self.dimensions or not torch.allclose(basis.T @ basis, identity, atol=1e-5):
                raise ValueError(f"A basis needs {self.dimensions} rows and orthonormal columns.")
            self.register_buffer(f"basis_{k}", basis)
        self.count = len(bases)

    @property
    def bases(self) -> list[Tensor]:
        """Orthonormal columns of each subspace."""
        return [self.get_buffer(f"basis_{k}") for k in range(self.count)]

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        flat = y.flatten(1)
        squared = flat.square().sum(1)
        total = self.variance + t
        energies = []
        for basis in self.bases:
            inside = (flat @ basis).square().sum(1)
            m = basis.shape[1]
            energies.append(
                0.5 * (m * torch.log(2 * math.pi * total) + inside / total)
                + 0.5 * ((self.dimensions - m) * torch.log(2 * math.pi * t) + (squared - inside) / t)
            )
        return math.log(self.count) - torch.logsumexp(-torch.stack(energies), 0)

    def sample_from(self, which: int, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images on subspace `which`, shape ``(count, C, H, W)``."""
        basis = self.bases[which]
        z = math.sqrt(self.variance) * torch.randn(count, basis.shape[1], generator=generator, dtype=basis.dtype)
        return (z.to(basis.device) @ basis.T).view(count, *self.image_shape)
