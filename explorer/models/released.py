"""The energy models that Guth, Kadkhodaie and Simoncelli released with their paper (2025, arXiv 2506.05310).

    U(y, t) = 1/2 <y, s(y, t)> + constant

with ``s`` a bias-free U-Net (`explorer.models.unet`) that reads the noisy image as it is, values ``k / 255``, and is
conditioned on the noise variance itself, so that ``t = 0`` is allowed. The constant was measured at large noise.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, model_validator
from torch import Tensor, nn

from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.dual import NoiseRange
from explorer.models.unet import UNet, UNetConfig, check_image_shape_fits

__all__ = ["InnerProductConfig", "InnerProductEnergy"]

_FREQUENCIES = 32
_SHORTEST_PERIOD, _LONGEST_PERIOD = 1.0, 100.0


class InnerProductConfig(BaseModel):
    """Everything that decides the architecture of an `InnerProductEnergy`.

    Attributes:
        kind: tells this architecture from that of `explorer.models.dual`.
        image_shape: ``(C, H, W)``.
        noise: range of noise variances.
        unet: shape of the network.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["inner_product"] = "inner_product"
    image_shape: tuple[int, int, int]
    noise: NoiseRange
    unet: UNetConfig

    @model_validator(mode="after")
    def _divisible(self) -> InnerProductConfig:
        check_image_shape_fits(self.image_shape, self.unet)
        return self


class VarianceEmbedding(nn.Module):
    """Cosines and sines of ``t f`` at 32 frequencies ``f`` from 1 to 1/100, and two layers; ``(B,) -> (B, dim)``."""

    frequencies: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        periods = torch.linspace(math.log(_SHORTEST_PERIOD), math.log(_LONGEST_PERIOD), _FREQUENCIES)
        self.register_buffer("frequencies", torch.exp(-periods), persistent=False)
        self.layers = nn.Sequential(nn.Linear(2 * _FREQUENCIES, dim), nn.SiLU(), nn.Linear(dim, dim), nn.SiLU())

    def forward(self, t: Tensor) -> Tensor:
        phase = t[:, None] * self.frequencies
        embedding: Tensor = self.layers(torch.cat((phase.cos(), phase.sin()), 1))
        return embedding


class InnerProductEnergy(EnergyModel):
    """See the module's docstring.

    Args:
        config: architecture, noise range and image shape.
    """

    log_normalization: Tensor

    def __init__(self, config: InnerProductConfig) -> None:
        super().__init__()
        self.config = config
        self.image_shape = config.image_shape
        self.t_min, self.t0, self.t_max = config.noise.t_min, config.noise.t0, config.noise.t_max
        channels = config.image_shape[0]
        self.embedding = VarianceEmbedding(config.unet.embedding_dim)
        self.unet = UNet(channels, channels, config.unet)
        self.register_buffer("log_normalization", torch.zeros(()))

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        return 0.5 * sum_pixels(y * self.unet(y, self.embedding(t))) + self.log_normalization
