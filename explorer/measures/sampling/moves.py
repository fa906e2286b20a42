"""Single moves of noisy images: down to a smaller noise level, or about at one level.

**Down**, from ``t`` to ``t' < t`` (Kadkhodaie and Simoncelli 2021, arXiv 2007.13640, with known noise levels):

    y' = y + h (D(y, t) - y) + gamma z,      h = (1 - sqrt(t' / t)) / beta,      gamma^2 = t' - t (1 - h)^2

(``h`` at most 1, a step all the way to ``D``), so that the noise of variance ``t (1 - h)^2`` which the step leaves and
the fresh one add up to ``t'``. With ``beta = 1`` nothing is drawn, and it is an Euler step of the probability flow; to
first order in ``h``, ``beta = 1/2`` is the ancestral step of a diffusion model; the smaller beta, the more is drawn.

**At one level**, Langevin moves with a step ``s = step t`` that depends on nothing but the level:

    y' = y + s score(y) + sqrt(2 s) z .

As it stands the move leaves ``p(., t)`` unchanged up to an error of the order of `step`. An energy, unlike a score,
can tell how much more probable the proposal is, and so take it with the probability (Metropolis-adjusted, MALA;
Roberts and Tweedie 1996)

    min(1, exp( U(y) - U(y') + [ ||y' - y - s score(y)||^2 - ||y - y' - s score(y')||^2 ] / (4 s) )),

which leaves ``p(., t)`` unchanged exactly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.measures.sampling.state import batched_derivatives
from explorer.models.base import Derivatives, EnergyModel, sum_pixels

__all__ = ["Moved", "langevin_move", "mala_move", "move_down"]


def move_down(y: Tensor, score: Tensor, t: float, t_next: float, beta: float, generator: torch.Generator) -> Tensor:
    """Images at the noise variance `t_next`, from images at `t` and their scores, all of shape ``(n, C, H, W)``.

    Args:
        y, score: images and ``-grad_y U`` there.
        t, t_next: noise variances, ``t_next <= t``.
        beta: in (0, 1], see the module's docstring; 1 draws no noise.
        generator: of the noise, on the CPU.

    Raises:
        ValueError: `beta` is out of range.
    """
    if not 0 < beta <= 1:
        raise ValueError("The share beta must be in (0, 1].")
    h = min(1.0, (1 - math.sqrt(t_next / t)) / beta)
    moved = y + h * t * score
    variance = t_next - t * (1 - h) ** 2
    if beta == 1 or variance <= 0:
        return moved
    return moved + math.sqrt(variance) * _normal(y, generator)


def langevin_move(y: Tensor, score: Tensor, t: float, step: float, generator: torch.Generator) -> Tensor:
    """Images after a Langevin move at the noise variance `t`, without an accept test.

    Args:
        y, score: images and ``-grad_y U`` there, shape ``(n, C, H, W)``.
        t: noise variance.
        step: size of the move in units of `t`, positive; moves are unstable from 2 on.
        generator: of the noise, on the CPU.
    """
    size = step * t
    return y + size * score + math.sqrt(2 * size) * _normal(y, generator)


class Moved(NamedTuple):
    """After a move with an accept test.

    Attributes:
        y: images, where the test failed the old ones, shape ``(n, C, H, W)``.
        derivatives: there.
        accepted: which images moved, bool ``(n,)``.
    """

    y: Tensor
    derivatives: Derivatives
    accepted: Tensor


def mala_move(
    model: EnergyModel, y: Tensor, now: Derivatives, t: float, step: float, generator: torch.Generator
) -> Moved:
    """A Langevin move at the noise variance `t` with the exact accept test; one gradient.

    Args:
        model: an energy model.
        y: images, shape ``(n, C, H, W)``.
        now: derivatives there.
        t: noise variance.
        step: size of the move in units of `t`, positive.
        generator: of noise and chance, on the CPU.
    """
    size = step * t
    proposed = langevin_move(y, now.score, t, step, generator)
    then = batched_derivatives(model, proposed, t)
    forth = sum_pixels((proposed - y - size * now.score).square())
    back = sum_pixels((y - proposed - size * then.score).square())
    log_ratio = now.energy - then.energy + (forth - back) / (4 * size)
    chance = torch.rand(len(y), generator=generator, dtype=y.dtype).to(y.device)
    accepted = torch.log(chance) < log_ratio
    mask = accepted.view(-1, 1, 1, 1)
    derivatives = Derivatives(
        torch.where(accepted, then.energy, now.energy),
        torch.where(mask, then.score, now.score),
        torch.where(accepted, then.time_score, now.time_score),
    )
    return Moved(torch.where(mask, proposed, y), derivatives, accepted)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)
