"""Dual score matching (Guth, Kadkhodaie, Simoncelli 2025, arXiv 2506.05310).

With ``y = x + sqrt(t) eps``, ``eps ~ N(0, I)``, both derivatives of the energy are regressed on what is known of them:

    space:  || sqrt(t) grad_y U - eps ||^2 / d                      (the denoising error divided by t)
    time:   ( (1 - ||eps||^2 / d) / 2  -  t dU/dt / d )^2           (irreducible part 1 / (2 d))

The space term determines the energy up to a constant for each noise level; the time term ties the levels together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["DualLosses", "Objective", "dual_score_losses", "irreducible_time_loss", "stratified_noise_variances"]


class DualLosses(NamedTuple):
    """Losses of each image, per dimension; `space` and `time` have shape ``(B,)``."""

    space: Tensor
    time: Tensor


Objective = Callable[[Callable[[Tensor, Tensor], Tensor], Tensor, Tensor, Tensor], DualLosses]
"""``objective(network, x, eps, t)``; `dual_score_losses` is one."""


def irreducible_time_loss(dimensions: int) -> float:
    """``1 / (2 d)``: the time loss of the true energy where noise dominates or is invisible; see module docstring."""
    return 0.5 / dimensions


def dual_score_losses(energy: Callable[[Tensor, Tensor], Tensor], x: Tensor, eps: Tensor, t: Tensor) -> DualLosses:
    """Both losses of each image; differentiable in the parameters that `energy` closes over.

    Args:
        energy: ``(B, C, H, W), (B,) -> (B,)`` nats.
        x: clean images, shape ``(B, C, H, W)``.
        eps: standard normal noise, same shape.
        t: noise variances, shape ``(B,)``.
    """
    dimensions = x[0].numel()
    sigma = t.sqrt().view(-1, 1, 1, 1)

    def total_energy(y: Tensor, t: Tensor) -> Tensor:
        return energy(y, t).sum()

    grad_y, grad_t = torch.func.grad(total_energy, argnums=(0, 1))(x + sigma * eps, t)
    space = (sigma * grad_y - eps).square().flatten(1).mean(1)
    target = 0.5 * (1 - eps.square().flatten(1).mean(1))
    time = (target - t * grad_t / dimensions).square()
    return DualLosses(space, time)


def stratified_noise_variances(count: int, t_min: float, t_max: float, generator: torch.Generator) -> Tensor:
    """`count` noise variances with ``log t`` uniform, one in each of `count` equal slices of the range; shape ``(B,)``.

    Every single value is uniform in ``log t`` up to its slice, and a batch covers the range evenly, which lowers the
    variance of the gradient. The order is not shuffled; images are drawn at random anyway.
    """
    low, high = torch.log(torch.tensor([t_min, t_max], dtype=torch.float64))
    u = (torch.arange(count) + torch.rand(count, generator=generator, dtype=torch.float64)) / count
    return (low + (high - low) * u).exp().float()
