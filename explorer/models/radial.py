"""An energy that depends on the norm of the image alone.

A density that is radial in every dimension is a scale mixture of Gaussians (Schoenberg 1938), and the logarithm of such
a mixture is convex in ``rho = ||y||^2 / d``. `RadialEnergy` is a network of that class: the log-sum-exp of affine
functions of ``rho``, whose coefficients are networks of ``log t``,

    U(y, t) = d/2 log(2 pi (v + t)) - log sum_k exp( -d [ 1/2 exp(g_k(t)) rho / (v + t) + c_k(t) ] ) + constant,

with ``v`` the mean square of the data. Nothing ties its noise levels together: ``c_k(t)``, the heights of the affine
pieces, are free functions of ``t``. Where pieces do not touch the data at once, denoising leaves their heights
undetermined, which is what the time score is for (Guth, Kadkhodaie and Simoncelli 2025, arXiv 2506.05310, figure 1).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.dual import LogNoiseFeatures, NoiseRange

__all__ = ["RadialEnergy"]


class RadialEnergy(EnergyModel):
    """See the module's docstring.

    Args:
        image_shape: ``(C, H, W)``.
        noise: range of noise variances.
        mean_square: ``v``, the mean of ``||x||^2 / d`` over the data.
        pieces: number of affine functions.
        width: of the hidden layers of the networks of ``log t``.
        spread: the pieces begin as tangents of ``1/2 log rho`` at points evenly spaced in ``log rho``, from
            ``exp(-spread)`` to ``exp(spread)`` times ``v + t``.
    """

    constant: Tensor

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        noise: NoiseRange,
        mean_square: float,
        pieces: int = 8,
        width: int = 64,
        spread: float = 2.5,
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.t_min, self.t0, self.t_max = noise.t_min, noise.t0, noise.t_max
        self.noise = noise
        self.mean_square = mean_square
        self.features = LogNoiseFeatures(noise, 4)
        first, second, last = nn.Linear(8, width), nn.Linear(width, width), nn.Linear(width, 2 * pieces)
        self.coefficients = nn.Sequential(first, nn.SiLU(), second, nn.SiLU(), last)
        points = torch.linspace(-spread, spread, pieces)
        nn.init.normal_(last.weight, std=0.01)
        with torch.no_grad():
            last.bias.copy_(torch.cat((-points, 0.5 * points)))
        self.register_buffer("constant", torch.zeros(()))

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        total = self.mean_square + t
        rho = sum_pixels(y.square()) / (self.dimensions * total)
        slopes, heights = self.coefficients(self.features(t)).chunk(2, 1)
        pieces = self.dimensions * (0.5 * slopes.exp() * rho[:, None] + heights)
        return 0.5 * self.dimensions * torch.log(2 * math.pi * total) - torch.logsumexp(-pieces, 1) + self.constant

    @torch.no_grad()
    def normalize(self, images: Tensor, generator: torch.Generator) -> None:
        """Fix the constant at ``t_max``, where the noisy data are Gaussian of variance ``v + t_max``."""
        t = torch.full((len(images),), self.noise.t_max, device=images.device)
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        noisy = images + math.sqrt(self.noise.t_max) * noise
        entropy = 0.5 * self.dimensions * math.log(2 * math.pi * math.e * (self.mean_square + self.noise.t_max))
        self.constant.add_(entropy - self.energy(noisy, t).cpu().double().mean())
