"""The energy network: a U-Net made into an energy by an inner product, around a Gaussian.

Guth, Kadkhodaie and Simoncelli (2025, arXiv 2506.05310) turn a score network ``s`` into an energy by

    U(y, t) = 1/2 <y, s(y, t)>,

whose gradient is again ``s`` when ``s`` is homogeneous and conservative. With the Gaussian anchor the network only
describes what is not Gaussian:

    U(y, t) = U_gauss(y, t) + w(t) [ 1/2 <v, f(u, v; e)> + sum g(u, v; e) + d r(e) + d c(t) ],   w(t) = var / (var + t),

where ``U_gauss`` is `SpectralGaussian`; ``u = (y - mean) / sqrt(var + t)`` is the standardized image (``var`` the mean
pixel variance), ``v`` the whitened one (each DCT coefficient divided by ``sqrt(lambda_i + t)``); the U-Net has one
output ``f`` for the inner product and one, ``g``, that is an energy of each pixel itself; ``c`` is a truncated Fourier
series in ``log t``. As ``w -> 0`` at large noise, the model is normalized by construction.

The U-Net is conditioned on an embedding ``e`` of ``log t`` and of the *amplitude* of the image: the logarithm, in
octave bands of frequency, of ``mean(z_i^2 / (lambda_i + t)) + 0.3 mean(t / (lambda_i + t))``, ``z`` the DCT
coefficients; ``r`` is linear in ``e``. Natural images come at many contrasts and with many spectra, and their energy
depends on it: that of an image of vanishing contrast follows ``d log(contrast)`` until the noise hides it. The second
term is a share of what the noise alone puts into the band, so that the logarithm bends where the contrast drowns in
noise and not where it is zero: at a clean image and a large ``t``, far from every noisy image of the training, the
energy stays smooth. For the same reason the layers do not normalize (`explorer.models.unet.ConditionalScale`).
Amplitudes that no image of the data has, but images of noise do, are kept from the network: ``u``, ``v`` and the
logarithms saturate where a mean square passes 8 or, of a band, 32. The correction stays bounded, and what is left is
the energy of the Gaussian, which noise does not escape.

With *amplitude* switched off the network is the paper's: layers that normalize, inputs ``u^``, ``v^`` divided by their
root mean square, conditioned on ``t`` alone, and

    U(y, t) = U_gauss(y, t) + w(t) [ 1/2 mean(v^2) <v^, f(u^, v^; e)> + d c(t) ],

whose correction is homogeneous of degree two but for ``c``. It cannot know how large its input is.

Without the anchor ``d/2 log(2 pi (var + t)) + constant`` takes the place of ``U_gauss``, ``u`` that of ``v``, and
``w = 1``; the constant is fixed at large ``t``, where ``E U = d/2 log(2 pi e t)``, by `DualEnergy.normalize`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from explorer.models.anchor import SpectralGaussian
from explorer.models.base import EnergyModel
from explorer.models.conditioning import AmplitudeConditioning, HomogeneousConditioning, Preconditioned, Whitened
from explorer.models.unet import UNet, UNetConfig, check_image_shape_fits

__all__ = ["DualEnergy", "DualEnergyConfig", "LogNoiseFeatures", "NetworkInput", "NoiseRange"]


class NoiseRange(BaseModel):
    """Noise variances that a model was trained on, and the one at which log p is reported.

    Attributes:
        t_min, t_max: end points of training. An energy is not to be trusted at the edge of its range.
        t0: where log p is reported; 0 for models that were made to be read without noise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    t_min: float = Field(gt=0, allow_inf_nan=False)
    t0: float = Field(ge=0, allow_inf_nan=False)
    t_max: float = Field(gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> NoiseRange:
        if not max(self.t_min, self.t0) < self.t_max:
            raise ValueError("Noise variances must satisfy t_min < t_max and t0 < t_max.")
        return self


class DualEnergyConfig(BaseModel):
    """Everything that decides the architecture of a `DualEnergy`.

    Attributes:
        image_shape: ``(C, H, W)``.
        noise: range of noise variances.
        unet: shape of the network.
        anchor: add the Gaussian energy.
        amplitude: let the network know the amplitude of the image; otherwise it is homogeneous, as the paper's.
        frequencies: number of Fourier frequencies of ``log t``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_shape: tuple[int, int, int]
    noise: NoiseRange
    unet: UNetConfig = UNetConfig()
    anchor: bool = True
    amplitude: bool = True
    frequencies: int = Field(16, ge=1, le=64)

    @model_validator(mode="after")
    def _divisible(self) -> DualEnergyConfig:
        check_image_shape_fits(self.image_shape, self.unet)
        if self.noise.t0 < self.noise.t_min:
            raise ValueError("Noise variances must satisfy t_min <= t0: train below where log p is reported.")
        return self


class LogNoiseFeatures(nn.Module):
    """Cosines and sines of ``log t``, scaled so that the noise range spans half a period of the lowest; ``(B,)`` ->
    ``(B, 2 * frequencies)``."""

    multiples: Tensor

    def __init__(self, noise: NoiseRange, frequencies: int) -> None:
        super().__init__()
        self.center = 0.5 * (math.log(noise.t_min) + math.log(noise.t_max))
        self.half_width = 0.5 * (math.log(noise.t_max) - math.log(noise.t_min))
        self.register_buffer("multiples", torch.arange(1, frequencies + 1) * (math.pi / 2), persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        phase = ((torch.log(t) - self.center) / self.half_width)[:, None] * self.multiples
        return torch.cat((phase.cos(), phase.sin()), 1)


class NetworkInput(NamedTuple):
    """What a `DualEnergy` computes from noisy images before its U-Net runs.

    Attributes:
        images: the U-Net's input: ``u`` and ``v`` (without the anchor ``v`` alone), shape ``(B, channels, H, W)``.
        embedding: ``e``, shape ``(B, embedding_dim)``.
        given: ``u``, ``v`` and what they were divided by.
        z: whitened DCT coefficients, before that division, shape ``(B, C, H, W)``.
        noise_features: Fourier features of ``log t``, shape ``(B, 2 * frequencies)``.
        base: the Gaussian's energy, or the constant that stands for it, shape ``(B,)``.
        weight: ``w(t)``, shape ``(B,)``.
    """

    images: Tensor
    embedding: Tensor
    given: Preconditioned
    z: Tensor
    noise_features: Tensor
    base: Tensor
    weight: Tensor


class DualEnergy(EnergyModel):
    """Energy network trained by dual score matching.

    Args:
        config: architecture, noise range and image shape.

    Before training, call `fit_statistics` with training images; a checkpoint restores them.
    """

    pixel_variance: Tensor
    log_normalization: Tensor

    def __init__(self, config: DualEnergyConfig) -> None:
        super().__init__()
        self.config = config
        self.image_shape = config.image_shape
        self.t_min, self.t0, self.t_max = config.noise.t_min, config.noise.t0, config.noise.t_max
        channels = config.image_shape[0]
        self.gaussian = SpectralGaussian(config.image_shape, config.noise.t0)
        self.register_buffer("pixel_variance", torch.ones(()))
        self.register_buffer("log_normalization", torch.zeros(()))
        self.noise_features = LogNoiseFeatures(config.noise, config.frequencies)
        width = config.unet.embedding_dim
        self.conditioning = AmplitudeConditioning(config.image_shape) if config.amplitude else HomogeneousConditioning()
        self.radial = nn.Linear(width, 1, bias=False) if config.amplitude else None
        if self.radial is not None:
            nn.init.zeros_(self.radial.weight)
        features = 2 * config.frequencies + self.conditioning.features
        self.embedding = nn.Sequential(nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        inputs = 2 * channels if config.anchor else channels
        outputs = self.conditioning.outputs * channels
        self.unet = UNet(inputs, outputs, config.unet, normalize=self.conditioning.normalize)
        self.offset = nn.Linear(2 * config.frequencies, 1, bias=False)
        nn.init.zeros_(self.offset.weight)
        if config.anchor:
            nn.init.zeros_(self.unet.output.weight)

    def fit_statistics(self, images: Tensor) -> None:
        """Take mean and (co)variance from training images in [0, 1], shape ``(N, C, H, W)``.

        Raises:
            ValueError: fewer than two images.
        """
        self.gaussian.fit(images)
        self.pixel_variance.copy_(self.gaussian.variances.mean())

    @torch.no_grad()
    def normalize(self, images: Tensor, generator: torch.Generator) -> None:
        """Fix the additive constant where the truth is known: at ``t_max``, ``E U`` is the Gaussian's entropy.

        The entropy ``1/2 sum_i log(2 pi e (lambda_i + t_max))`` uses the data's own covariance. With the anchor the
        constant is zero by construction and this does nothing.
        """
        if self.config.anchor:
            return
        t = torch.full((len(images),), self.config.noise.t_max, device=images.device)
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        energy = self.energy(images + t.sqrt().view(-1, 1, 1, 1) * noise, t).cpu().double().mean()
        variances = self.gaussian.variances.cpu().double() + self.config.noise.t_max
        entropy = 0.5 * torch.log(2 * math.pi * math.e * variances).sum()
        self.log_normalization.add_((entropy - energy).float())

    def precondition(self, y: Tensor, t: Tensor) -> NetworkInput:
        """What is computed from noisy images ``y`` ``(B, C, H, W)`` at ``t`` ``(B,)`` before the U-Net runs."""
        variance = t.view(-1, 1, 1, 1)
        total_variance = self.pixel_variance + t
        u = (y - self.gaussian.mean) / total_variance.sqrt().view(-1, 1, 1, 1)
        z = self.gaussian.coefficients(y)
        if self.config.anchor:
            base = self.gaussian.energy_of_coefficients(z, t)
            weight = self.pixel_variance / total_variance
            total = self.gaussian.variances + variance
            z = z / total.sqrt()
            v = self.gaussian.synthesize(z)
        else:
            base = 0.5 * self.dimensions * torch.log(2 * math.pi * total_variance) + self.log_normalization
            weight = torch.ones_like(t)
            total = total_variance.view(-1, 1, 1, 1)
            z = z / total.sqrt()
            v = u
        noise_features = self.noise_features(t)
        given = self.conditioning.precondition(Whitened(u, v, z, variance, total), noise_features)
        images = torch.cat((given.u, given.v), 1) if self.config.anchor else given.v
        return NetworkInput(images, self.embedding(given.features), given, z, noise_features, base, weight)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        network = self.precondition(y, t)
        output = self.unet(network.images, network.embedding)
        levels = self.dimensions * self.offset(network.noise_features).squeeze(1)
        if self.radial is not None:
            levels = levels + self.dimensions * self.radial(network.embedding).squeeze(1)
        return network.base + network.weight * self.conditioning.correction(output, network.given, levels)
