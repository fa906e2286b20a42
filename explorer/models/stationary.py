"""Stationary Gaussian images of any size: the truth for densities that are factored over scales.

On a periodic grid a stationary Gaussian is diagonal in frequency, with a power ``S(F)`` at each, and

    U(y, t) = 1/2 sum_F [ log(2 pi (S(F) + t)) + |z(F)|^2 / (S(F) + t) ],

``z`` the orthonormal Fourier transform of ``y - mean``. One step of the Haar transform (`explorer.models.haar`) mixes a
frequency ``f`` of the half grid with its four aliases ``F = f + {0, 1/2}^2`` alone. With ``o_k`` the places of the
pixels in a block, the four coefficients have the covariance

    M(f) = 1/4 sum_F S(F) u(F) u(F)^*,        u_m(F) = sum_k H_mk exp(2 pi i <F, o_k>),

a 4 x 4 matrix for each frequency, so that both factors are exact: the coarse image is stationary with power
``M_cc(f)``, and the details given a coarse image with noise ``s`` are Gaussian with

    mean  M_dc / (M_cc + s) c(f),        covariance  M_dd - M_dc M_cd / (M_cc + s) + t .
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.details import ConditionalModel
from explorer.models.haar import haar

__all__ = ["StationaryDetails", "StationaryGaussian", "power_law_spectrum"]


def power_law_spectrum(size: int, pixel_variance: float, exponent: float = 2.0) -> Tensor:
    """Power that falls as ``1 / f^exponent``, ``f`` in cycles an image; float64, shape ``(size, size)``.

    The mean of an image has the power of ``f = 1``, and the average over frequencies is `pixel_variance`.
    """
    f = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64)
    power = (f[:, None].square() + f.square()).clamp_min(1) ** (-exponent / 2)
    spectrum: Tensor = power * (pixel_variance / power.mean())
    return spectrum


class StationaryGaussian(EnergyModel):
    """Gray images, Gaussian and stationary on a periodic grid.

    Args:
        spectrum: power of each frequency, as `torch.fft` orders them, shape ``(H, W)``.
        mean: of every pixel.
        t0: noise variance at which log p is reported.
    """

    spectrum: Tensor

    def __init__(self, spectrum: Tensor, mean: float = 0.5, t0: float = 0.0) -> None:
        super().__init__()
        self.image_shape = (1, *spectrum.shape)
        self.mean = mean
        self.t0 = t0
        self.register_buffer("spectrum", spectrum)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        power = torch.fft.fft2(y[:, 0] - self.mean, norm="ortho").abs().square()
        total = self.spectrum + t.view(-1, 1, 1)
        return sum_pixels(0.5 * (torch.log(2 * math.pi * total) + power / total))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, shape ``(count, 1, H, W)``."""
        white = torch.randn(count, *self.spectrum.shape, generator=generator, dtype=self.spectrum.dtype)
        shaped = torch.fft.fft2(white) * self.spectrum.sqrt()
        x: Tensor = torch.fft.ifft2(shaped).real[:, None]
        return self.mean + x

    def halved(self) -> StationaryGaussian:
        """The distribution of the mean of four pixels, at half the size."""
        coarse = self._step_covariance()[..., 0, 0].real / 4
        return StationaryGaussian(coarse, self.mean, self.t0 / 4)

    def details(self) -> StationaryDetails:
        """The distribution of the details of one step given the mean of four pixels with noise ``t0 / 4``."""
        covariance = self._step_covariance()
        scaled = covariance.clone()  # the coarse coefficient is twice the mean
        scaled[..., 0, :] /= 2
        scaled[..., :, 0] /= 2
        return StationaryDetails(scaled, self.mean, self.t0 / 4)

    def _step_covariance(self) -> Tensor:
        """``M(f)``, complex, shape ``(H/2, W/2, 4, 4)``."""
        height, width = self.spectrum.shape
        blocks = torch.eye(4, dtype=self.spectrum.dtype).view(4, 1, 2, 2)  # one pixel of a block after the other
        coarse, details = haar(blocks)
        signs = torch.cat((coarse, details), 1)[:, :, 0, 0].T.to(torch.complex128)
        rows = torch.fft.fftfreq(height, dtype=torch.float64)
        columns = torch.fft.fftfreq(width, dtype=torch.float64)
        turns = torch.stack([rows[:, None] * i + columns * j for i in (0, 1) for j in (0, 1)], -1)
        u = torch.exp(2j * math.pi * turns) @ signs.T
        whole = self.spectrum[..., None, None] * u[..., :, None] * u[..., None, :].conj()
        return whole.view(2, height // 2, 2, width // 2, 4, 4).sum((0, 2)) / 4


class StationaryDetails(ConditionalModel):
    """Details of one Haar step given the coarse image, jointly Gaussian and stationary.

    Args:
        covariance: of the coarse pixel and the three details at each frequency, complex, shape ``(h, w, 4, 4)``.
        mean: of the coarse pixels.
        coarse_noise: variance ``s`` of the noise of the coarse image.
    """

    gain: Tensor
    axes: Tensor
    variances: Tensor

    def __init__(self, covariance: Tensor, mean: float, coarse_noise: float) -> None:
        super().__init__()
        self.mean = mean
        joint = covariance[..., 1:, 0]
        total = covariance[..., :1, 0].real + coarse_noise
        residual = covariance[..., 1:, 1:] - joint[..., :, None] * joint[..., None, :].conj() / total[..., None]
        variances, axes = torch.linalg.eigh(residual)
        self.register_buffer("gain", joint / total)
        self.register_buffer("axes", axes)
        self.register_buffer("variances", variances.clamp_min(0))

    def local_energy(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:  # noqa: ARG002
        """See `ConditionalModel`; the level is not used."""
        c = torch.fft.fft2(coarse[:, 0] - self.mean, norm="ortho")
        d = torch.fft.fft2(details, norm="ortho").permute(0, 2, 3, 1)
        residual = d - self.gain * c[..., None]
        total = self.variances + t.view(-1, 1, 1, 1)
        # The symmetric root of the inverse covariance is that of a real filter: the whitened details are real.
        white = (self.axes @ ((self.axes.mH @ residual[..., None])[..., 0] / total.sqrt())[..., None])[..., 0]
        whitened = torch.fft.ifft2(white.permute(0, 3, 1, 2), norm="ortho").real
        constant = 0.5 * torch.log(2 * math.pi * total).sum(3).mean((1, 2))
        energy: Tensor = 0.5 * whitened.square().sum(1) + constant.view(-1, 1, 1)
        return energy
