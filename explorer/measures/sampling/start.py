"""Where a sampler starts: at large noise, or as late as the data are still Gaussian.

At the noise variance ``t`` the Gaussian with the data's mean and covariance is ``q_t = N(mean, covariance + t I)``. At
large ``t`` it is what the noisy data are distributed as, however far from Gaussian the data themselves; a sampler that
starts from it at a smaller ``t`` (late initialization; Raya and Ambrogioni 2023, arXiv 2305.19693) makes all steps
above that in one, exact draw.

How far is late? With ``L = U(y, t) - U_gauss(y, t)``, ``y ~ q_t``, the divergence of the model from the Gaussian is
``KL(q_t || p_t) = E L``, and since ``E exp(-L) = 1``, to second order ``E L = Var(L) / 2``. The variance does not
change with an additive constant of the energy, so it is what is taken: an error of the normalization, of a few nats at
large noise, would hide it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.base import EnergyModel, GaussianEnergy

__all__ = ["DIVERGENCE", "divergence_from_gaussian", "gaussian_of", "late_start", "start"]

DIVERGENCE = 0.1
"""Nats an image by which the data may differ from a Gaussian where a sampler starts late. No event is then more than
0.22 more or less probable than it should be (Pinsker), however many pixels an image has; with 0.7 a decision between
two halves of the data could already have been lost."""

_HALVINGS = 6  # of the range of log t, to a factor of 1.4 from end to end of natural images


def gaussian_of(model: EnergyModel) -> GaussianEnergy | None:
    """The Gaussian with the statistics of the model's data; None for a model that has none."""
    gaussian = getattr(model, "gaussian", model)
    return gaussian if isinstance(gaussian, GaussianEnergy) else None


def start(model: EnergyModel, t: float, count: int, generator: torch.Generator) -> Tensor:
    """Images at the noise variance `t`, shape ``(count, C, H, W)``, on the model's device.

    From the Gaussian of the model's data; where the model has none, from ``N(D, t I)`` with ``D`` what the model makes
    of a gray image at `t`. The latter is right where `t` is far above every variance of the data (of whole images, not
    of pixels: their mean alone can vary by tens).

    Args:
        model: an energy model.
        t: noise variance.
        count: number of images.
        generator: of the draws, on the CPU.
    """
    gaussian = gaussian_of(model)
    if gaussian is not None:
        return gaussian.draw(t, torch.randn(count, *model.image_shape, generator=generator))
    dtype = next((tensor.dtype for tensor in (*model.parameters(), *model.buffers())), torch.float32)
    gray = torch.full((1, *model.image_shape), 0.5, dtype=dtype, device=model.device)
    noise = torch.randn(count, *model.image_shape, generator=generator, dtype=dtype).to(model.device)
    return model.denoise(gray, t) + math.sqrt(t) * noise


def divergence_from_gaussian(model: EnergyModel, t: float, draws: int = 32, seed: int = 0) -> float:
    """``Var(L) / 2`` in nats, see the module's docstring; `draws` forward passes.

    Args:
        model: an energy model with a Gaussian.
        t: noise variance.
        draws: of the Gaussian, at least 2; the same at each `t`.
        seed: of the draws.

    Raises:
        ExplorerError: the model has no Gaussian.
    """
    gaussian = gaussian_of(model)
    if gaussian is None:
        raise ExplorerError("This model has no Gaussian to start from. Start at large noise.")
    y = gaussian.draw(t, torch.randn(draws, *model.image_shape, generator=noise_generator(seed)))
    difference = log_prob_batched(gaussian, y, t).double() - log_prob_batched(model, y, t).double()
    return 0.5 * float(difference.var())


def late_start(
    model: EnergyModel, t_start: float, t_end: float, tolerance: float = DIVERGENCE, draws: int = 32, seed: int = 0
) -> float:
    """The smallest noise variance, to a factor of 1.4 or so, at which the model is its Gaussian.

    By bisection in ``log t``, about ``7 draws`` forward passes in all.

    Args:
        model: an energy model with a Gaussian.
        t_start, t_end: between which it is sought; `t_start` when the model is its Gaussian nowhere below.
        tolerance: of `divergence_from_gaussian`, in nats.
        draws, seed: as for `divergence_from_gaussian`.

    Raises:
        ExplorerError: the model has no Gaussian.
    """
    low, high = math.log(t_end), math.log(t_start)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if divergence_from_gaussian(model, math.exp(middle), draws, seed) <= tolerance:
            high = middle
        else:
            low = middle
    return t_start if high == math.log(t_start) else math.exp(high)
