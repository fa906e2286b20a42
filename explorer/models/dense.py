"""An energy without convolutions, for images of few pixels whose content is not local.

    U(y, t) = U_gauss(y, t) + w(t) [ 1/2 ||n - f||^2 - 1/2 ||n||^2 + s + d c(t) ],      w(t) = var / (var + t)

with `U_gauss` the anchor (`SpectralGaussian`), ``n = sqrt(t) z / (lambda + t)`` what its Wiener filter takes for noise,
in units of ``sqrt(t)`` and in DCT coordinates, ``f`` and ``s`` a vector and a scalar from a residual network of dense
layers that reads ``z / sqrt(lambda + t)``, ``z / sqrt(var + t)`` and ``log t``, and ``c`` a Fourier series in
``log t``. Where an image is known but for the noise on it, ``n - f`` is that noise, and the energy is half its square,
as the energy of a density near a manifold is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.models.anchor import SpectralGaussian
from explorer.models.base import EnergyModel
from explorer.models.dual import LogNoiseFeatures, NoiseRange

__all__ = ["DenseEnergy"]

_FREQUENCIES = 16
_EMBEDDING = 128
_STANDARDIZED_GAIN = 4.0  # the standardized coefficients are small but for the lowest
_SCALAR_GAIN = 16.0  # the scalar is of the order of the number of pixels, weights are of the order of one


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
        return h + self.outer(F.silu(self.inner(h)) * (1 + self.condition(embedding)))


class DenseEnergy(EnergyModel):
    """See the module's docstring. It begins as the anchor.

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
        self.t0 = noise.t0
        self.gaussian = SpectralGaussian(self.image_shape, noise.t0).fit(images)
        self.register_buffer("pixel_variance", self.gaussian.variances.mean())
        self.noise_features = LogNoiseFeatures(noise, _FREQUENCIES)
        self.embedding = nn.Sequential(
            nn.Linear(2 * _FREQUENCIES, _EMBEDDING), nn.SiLU(), nn.Linear(_EMBEDDING, _EMBEDDING), nn.SiLU()
        )
        self.first = nn.Linear(2 * self.dimensions, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.vector = nn.Linear(width, self.dimensions)
        self.scalar = nn.Linear(width, 1)
        self.offset = nn.Linear(2 * _FREQUENCIES, 1, bias=False)
        for layer in (self.vector, self.scalar, self.offset):
            nn.init.zeros_(layer.weight)
        for layer in (self.vector, self.scalar):
            nn.init.zeros_(layer.bias)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        z = self.gaussian.coefficients(y)
        variance = t.view(-1, 1, 1, 1)
        total = self.gaussian.variances + variance
        noise = (variance.sqrt() * z / total).flatten(1)
        whitened, standardized = z / total.sqrt(), z / (self.pixel_variance + variance).sqrt()
        h = self.first(torch.cat((whitened.flatten(1), _STANDARDIZED_GAIN * standardized.flatten(1)), 1))
        features = self.noise_features(t)
        embedding = self.embedding(features)
        for block in self.blocks:
            h = block(h, embedding)
        f = self.vector(h)
        correction = (f * (0.5 * f - noise)).sum(1) + _SCALAR_GAIN * self.scalar(F.silu(h)).squeeze(1)
        correction = correction + self.dimensions * self.offset(features).squeeze(1)
        weight = self.pixel_variance / (self.pixel_variance + t)
        return self.gaussian.energy_of_coefficients(z, t) + weight * correction
