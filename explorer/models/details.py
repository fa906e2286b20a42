"""The density of Haar details given a coarse image: what every model of it offers, and how it is an energy model.

In the units of `explorer.models.conditional`: images have values in [0, 1], the coarse image is the mean of four
pixels, and the details are orthonormal. *Level* ``l`` counts how often the photograph was halved before the step.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from explorer.models.base import Derivatives, EnergyModel, GaussianEnergy, sum_pixels

__all__ = ["ConditionalModel", "GivenCoarse"]


class ConditionalModel(nn.Module):
    """Base class: a density of details given a coarse image. A subclass implements `local_energy`.

    Shapes: details ``(B, 3C, h, w)``, noise variances ``(B,)``, coarse images ``(B, C, h, w)``; units and levels are
    those of the module's docstring.

    Attributes:
        t_min, t_max: range of noise variances in which the energy of details of level 0 can be trusted.
    """

    t_min: float = 1e-6
    t_max: float = 100.0

    def gaussian(self, coarse: Tensor) -> GaussianEnergy | None:  # noqa: ARG002
        """The Gaussian that the details of one coarse image, shape ``(1, C, h, w)``, are at large noise; None where
        it is not known."""
        return None

    def local_energy(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
        """Energy of each position in nats, shape ``(B, h, w)``; their sum is the energy.

        Args:
            details: with noise of variance `t`.
            t: noise variances, shape ``(B,)``.
            coarse: with the noise of its level.
            level: how often the image was halved before, shape ``(B,)``.
        """
        raise NotImplementedError

    def energy(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
        """``U(d, t | c)`` in nats, shape ``(B,)``; arguments as for `local_energy`."""
        return sum_pixels(self.local_energy(details, t, coarse, level))

    def forward(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
        """Same as `energy`."""
        return self.energy(details, t, coarse, level)

    def derivatives(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Derivatives:
        """Energy, score in the details and time score, from one backward pass; arguments as for `local_energy`."""
        with torch.enable_grad():
            t = t.detach().clone().requires_grad_()
            details = details.detach().requires_grad_()
            energy = self.energy(details, t, coarse, level)
            grad_details, grad_t = torch.autograd.grad(energy.sum(), (details, t))
        return Derivatives(energy.detach(), -grad_details, grad_t)

    def denoise(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
        """``E[d | noisy details, c]`` (Tweedie), of the shape of `details`; arguments as for `local_energy`."""
        return details + t.view(-1, 1, 1, 1) * self.derivatives(details, t, coarse, level).score


class GivenCoarse(EnergyModel):
    """The density of the details of one coarse image, as an `EnergyModel`: what samplers and measures work on.

    Args:
        model: a conditional model.
        coarse: one coarse image, with the noise of its level, shape ``(1, C, h, w)``.
        level: how often the image was halved before.
        t0: noise variance of the details at which log p is reported.

    Attributes:
        image_shape: of the details, ``(3C, h, w)``.
        gaussian: what they are at large noise; None where it is not known.
        t_min, t_max: range of noise variances. The least is that of the level, ``t_min / 4^l`` of the model; the
            greatest that of level 0, where the Gaussian leads.
    """

    coarse: Tensor

    def __init__(self, model: ConditionalModel, coarse: Tensor, level: int, t0: float) -> None:
        super().__init__()
        self.model = model
        self.level = level
        self.t0 = t0
        self.t_min, self.t_max = model.t_min / 4**level, model.t_max
        self.gaussian = model.gaussian(coarse)
        self.register_buffer("coarse", coarse)
        _, channels, height, width = coarse.shape
        self.image_shape = (3 * channels, height, width)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        return self.model.energy(y, t, self.coarse.expand(len(y), -1, -1, -1), torch.full_like(t, self.level))
