"""Dual score matching (Guth, Kadkhodaie, Simoncelli 2025, arXiv 2506.05310).

With ``y = x + sqrt(t) eps``, ``eps ~ N(0, I)``, both derivatives of the energy are regressed on what is known of them:

    space:  || sqrt(t) grad_y U - eps ||^2 / d                      (the denoising error divided by t)
    time:   ( (1 - ||eps||^2 / d) / 2  -  t dU/dt / d )^2           (irreducible part 1 / (2 d))

The space term determines the energy up to a constant for each noise level; the time term ties the levels together.
Both constrain the energy only at images with as much noise as their level says. Elsewhere, at a clean image and a large
``t`` for instance, a network has to extrapolate, and a third term asks it to do so as a density that diffuses:

    heat:   ( (2 t dU/dt - t laplacian U + t ||grad_y U||^2) / d )^2

The heat equation holds everywhere, and needs no samples of the noisy data. What it improves depends on the points.
With ``r`` the residual, ``Z(t)`` the integral of ``exp(-U(., t))`` and ``E_p`` the mean over the model's own density
``p = exp(-U) / Z`` at ``t``, the Laplacian integrates to zero and

    d log Z / d log t  =  - d/2 E_p r,

so that a model stays normalized from large noise down to small if ``r`` vanishes at its own noisy images. A residual of
mean zero is not enough: along a path from large noise the residuals add up to an error of log p, and the mean of its
exponential grows with its variance. For images of few pixels, where `explorer.measures.consistency.normalization` can
tell, part of the points should be noisy images (`TrainingConfig.heat_noisy`), with a large weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.models.dual import NoiseRange

__all__ = [
    "HEAT_EVALUATIONS",
    "DualLosses",
    "Objective",
    "dual_score_losses",
    "heat_losses",
    "irreducible_time_loss",
    "stratified_noise_variances",
    "training_noise_variances",
]

HEAT_EVALUATIONS = 5
"""Gradients that `heat_losses` takes at each point."""

# Images in [0, 1] have a pixel variance of at most 1/4: above this variance an anchored model is nearly Gaussian.
_FAR = 1.0
_FAR_SHARE = 1 / 16

# Step of the finite difference, in units of the noise: far above the rounding of float32, and of bfloat16 layers.
_DIFFERENCE = 0.05
# Residuals per dimension beyond which a point is discounted, so that a few wild ones do not take over a batch.
_WILD = 0.1


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


def heat_losses(
    energy: Callable[[Tensor, Tensor], Tensor], y: Tensor, t: Tensor, first: Tensor, second: Tensor
) -> Tensor:
    """The squared residual of the heat equation at each point, estimated without bias; shape ``(B,)``.

    The Laplacian is Hutchinson's ``E <p, H p>``, with ``H p`` a central difference of gradients, which takes no third
    derivative. Two independent probes give two residuals, whose product has the square as its mean: the square of one
    would add the variance of the probes. Beyond 0.1 per dimension residuals are discounted.

    Args:
        energy: ``(B, C, H, W), (B,) -> (B,)`` nats.
        y: points, shape ``(B, C, H, W)``.
        t: noise variances, shape ``(B,)``.
        first, second: independent random signs, of the shape of `y`.
    """
    count, dimensions = len(y), y[0].numel()
    sigma = t.sqrt().view(-1, 1, 1, 1)
    steps = [_DIFFERENCE * sigma * probe for probe in (first, -first, second, -second)]
    points = torch.cat([y, *(y + step for step in steps)])

    def total_energy(y: Tensor, t: Tensor) -> Tensor:
        return energy(y, t).sum()

    grad_y, grad_t = torch.func.grad(total_energy, argnums=(0, 1))(points, t.repeat(HEAT_EVALUATIONS))
    here, *around = (grad_y * sigma.repeat(HEAT_EVALUATIONS, 1, 1, 1)).flatten(1).chunk(HEAT_EVALUATIONS)
    rest = 2 * t * grad_t[:count] + here.square().sum(1)
    residuals = [
        (rest - ((after - before) * probe.flatten(1)).sum(1) / (2 * _DIFFERENCE)) / dimensions
        for probe, after, before in ((first, *around[:2]), (second, *around[2:]))
    ]
    wildness = torch.maximum(residuals[0].abs(), residuals[1].abs()).detach() / _WILD
    discounted: Tensor = residuals[0] * residuals[1] / (1 + wildness.square())
    return discounted


def stratified_noise_variances(count: int, t_min: float, t_max: float, generator: torch.Generator) -> Tensor:
    """`count` noise variances with ``log t`` uniform, one in each of `count` equal slices of the range; shape ``(B,)``.

    Every single value is uniform in ``log t`` up to its slice, and a batch covers the range evenly, which lowers the
    variance of the gradient. The order is not shuffled; images are drawn at random anyway.
    """
    low, high = math.log(t_min), math.log(t_max)
    place = generator.device
    u = torch.rand(count, generator=generator, dtype=torch.float64, device=place)
    u = (torch.arange(count, device=place) + u) / count
    return (low + (high - low) * u).exp().float()


def training_noise_variances(count: int, noise: NoiseRange, anchored: bool, generator: torch.Generator) -> Tensor:
    """Noise variances of a batch, in random order, on the generator's device; shape ``(count,)``.

    ``log t`` is uniform over the range. With a Gaussian anchor, which is nearly exact at ``t > 1``, only a sixteenth of
    the batch is from there (otherwise a fifth, of a range that ends at 100).
    """
    parts = [(count, noise.t_min, noise.t_max)]
    if anchored and noise.t_min < _FAR < noise.t_max:
        far = max(1, round(count * _FAR_SHARE)) if count > 1 else 0
        parts = [(count - far, noise.t_min, _FAR), (far, _FAR, noise.t_max)]
    t = torch.cat([stratified_noise_variances(n, low, high, generator) for n, low, high in parts])
    return t[torch.randperm(count, generator=generator, device=generator.device)]
