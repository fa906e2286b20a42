"""An energy without convolutions, for images of few pixels whose content is not local.

    U(y, t) = 1/2 ||n - sqrt(w) f||^2 + 1/2 sum_i log(2 pi (lambda_i + t)) + (1 - w) q(y, t) + w [ s(x^, t) + d c(t) ]

with ``w = var / (var + t)``. ``n = sqrt(t) z / (lambda + t)`` is what the Wiener filter of the anchor
(`SpectralGaussian`) takes for noise, in units of ``sqrt(t)`` and in DCT coordinates; ``f`` is what a residual network
of dense layers, which reads ``z / sqrt(lambda + t)``, ``z / sqrt(var + t)`` and ``log t``, takes back. What is left of
the image, ``x^ = y - sqrt(t) (n - sqrt(w) f)``, is the network's own estimate of the clean image, and a second network
``s`` sees the image only through it. ``q = 1/2 sum_i lambda_i z_i^2 / (lambda_i + t)^2`` makes the whole the anchor's
energy as ``w -> 0``, and ``c`` is a Fourier series in ``log t``.

Where images lie near a manifold this is the form that the energy has: half the squared distance to the manifold over
``t``, and a function of the foot point. It holds at a clean image as well, where no noise is, and where a network that
was trained on noisy images alone has to extrapolate.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.models.anchor import SpectralGaussian
from explorer.models.base import EnergyModel
from explorer.models.dual import LogNoiseFeatures, NoiseRange

__all__ = ["DenseEnergy"]

_FREQUENCIES = 4  # few: the derivative in t must be smooth where no training image is
_EMBEDDING = 128
_STANDARDIZED_GAIN = 4.0  # the standardized coefficients are small but for the lowest
_ESTIMATE_GAIN = 0.5
_SCALAR_GAIN = 16.0  # the scalar is of the order of the number of pixels, weights are of the order of one
_FOOT_WIDTH = 256


class Block(nn.Module):
    """``h + B silu(A h) (1 + C e)``, beginning as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        self.condition = nn.Linear(_EMBEDDING, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        output: Tensor = h + self.outer(F.silu(self.inner(h)) * (1 + self.condition(embedding)))
        return output


class DenseEnergy(EnergyModel):
    """See the module's docstring.

    Args:
        noise: range of noise variances.
        images: training images, for the anchor, shape ``(N, C, H, W)``.
        width: of the layers.
        depth: residual blocks.
    """

    pixel_variance: Tensor

    def __init__(self, noise: NoiseRange, images: Tensor, width: int = 512, depth: int = 3) -> None:
        super().__init__()
        channels, height, size = images.shape[1:]
        self.image_shape = (channels, height, size)
        self.t_min, self.t0, self.t_max = noise.t_min, noise.t0, noise.t_max
        self.gaussian = SpectralGaussian(self.image_shape, noise.t0).fit(images)
        self.register_buffer("pixel_variance", self.gaussian.variances.mean())
        self.noise_features = LogNoiseFeatures(noise, _FREQUENCIES)
        self.embedding = nn.Sequential(
            nn.Linear(2 * _FREQUENCIES, _EMBEDDING), nn.SiLU(), nn.Linear(_EMBEDDING, _EMBEDDING), nn.SiLU()
        )
        self.first = nn.Linear(2 * self.dimensions, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.vector = nn.Linear(width, self.dimensions)
        self.foot = nn.ModuleList((nn.Linear(self.dimensions, _FOOT_WIDTH), nn.Linear(_FOOT_WIDTH, _FOOT_WIDTH)))
        self.foot_condition = nn.Linear(_EMBEDDING, _FOOT_WIDTH)
        self.scalar = nn.Linear(_FOOT_WIDTH, 1)
        self.offset = nn.Linear(2 * _FREQUENCIES, 1, bias=False)
        for layer in (self.vector, self.scalar, self.offset):
            nn.init.zeros_(layer.weight)
        for layer in (self.vector, self.scalar):
            nn.init.zeros_(layer.bias)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        z = self.gaussian.coefficients(y)
        variances, variance = self.gaussian.variances, t.view(-1, 1, 1, 1)
        total = variances + variance
        weight = self.pixel_variance / (self.pixel_variance + t)
        noise = (variance.sqrt() * z / total).flatten(1)
        whitened, standardized = z / total.sqrt(), z / (self.pixel_variance + variance).sqrt()
        h = self.first(torch.cat((whitened.flatten(1), _STANDARDIZED_GAIN * standardized.flatten(1)), 1))
        features = self.noise_features(t)
        embedding = self.embedding(features)
        for block in self.blocks:
            h = block(h, embedding)
        noise = noise - weight[:, None].sqrt() * self.vector(h)
        estimate = z.flatten(1) - t[:, None].sqrt() * noise
        foot = F.silu(self.foot[0](_ESTIMATE_GAIN * estimate / self.pixel_variance.sqrt()))
        foot = F.silu(self.foot[1](foot) * (1 + self.foot_condition(embedding)))
        correction = _SCALAR_GAIN * self.scalar(foot).squeeze(1) + self.dimensions * self.offset(features).squeeze(1)
        volume = 0.5 * torch.log(2 * math.pi * total).flatten(1).sum(1)
        prior = 0.5 * (variances * z.square() / total.square()).flatten(1).sum(1)
        energy: Tensor = 0.5 * noise.square().sum(1) + volume + (1 - weight) * prior + weight * correction
        return energy
