"""Four ways from large noise to an image of a model.

All follow the noise variances that they are given, from images at the first, and yield a `State` at each. All but MALA
need the score alone. Errors are those of the discretization, in steps ``h`` of ``log t``; a sampler cannot mend an
energy that is wrong.

| sampler     | gradients per image, K steps   | error of the distribution                                  |
| ancestral   | K + 1                          | O(h)                                                       |
| flow        | 2 K + 1                        | O(h^2), deterministic                                      |
| corrector   | (1 + corrections) (K + 1)      | O(h) of the steps, mended in part; O(step) of the moves    |
| mala        | (2 + moves) K + 1 + moves      | O(h^2) of the steps, mended in part; none of the moves     |
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from explorer.measures.sampling.moves import langevin_move, mala_move, move_down
from explorer.measures.sampling.state import Sampler, State, batched_derivatives, variances_in_order
from explorer.models.base import EnergyModel

__all__ = ["SAMPLERS", "ancestral", "corrector", "flow", "gradients_needed", "mala", "mala_step"]

_MALA_SCALE = 1.36
_BEST_ACCEPTANCE = 0.574  # of Langevin moves in many dimensions (Roberts and Rosenthal 1998)
_CORRECTOR_STEP = 0.05
_CORRECTIONS = 1
_MOVES = 1


def ancestral(
    model: EnergyModel, y: Tensor, ts: Sequence[float], generator: torch.Generator, *, beta: float = 0.5
) -> Iterator[State]:
    """Denoise in part, add noise in part (Kadkhodaie and Simoncelli 2021, arXiv 2007.13640); see `move_down`.

    Their sampler estimates the noise level from the image, ``sigma = ||D(y) - y|| / sqrt(d)``; a model that is told
    the noise level needs no estimate.

    Args:
        model: an energy model.
        y: images at ``ts[0]``, shape ``(n, C, H, W)``, on the model's device.
        ts: noise variances, positive, none larger than the one before.
        generator: of the noise, on the CPU.
        beta: the smaller, the more noise is drawn, in (0, 1].

    Raises:
        ValueError: noise variances out of order, or `beta` out of range.
    """
    ts = variances_in_order(ts)
    for k, t in enumerate(ts):
        now = batched_derivatives(model, y, t)
        yield State.of(y, t, now, k + 1)
        if k + 1 < len(ts):
            y = move_down(y, now.score, t, ts[k + 1], beta, generator)


def flow(
    model: EnergyModel, y: Tensor, ts: Sequence[float], _generator: torch.Generator | None = None
) -> Iterator[State]:
    """The probability flow ``dy/dt = 1/2 grad U``, in ``sigma``: ``dy/dsigma = -sigma score``, by Heun's method.

    Second order, nothing is drawn on the way (Karras et al. 2022, arXiv 2206.00364, algorithm 1; Song et al. 2021).

    Args:
        model, y, ts: as for `ancestral`.

    Raises:
        ValueError: noise variances out of order.
    """
    ts = variances_in_order(ts)
    now = batched_derivatives(model, y, ts[0])
    yield State.of(y, ts[0], now, 1)
    for k, (t, t_next) in enumerate(itertools.pairwise(ts)):
        y = _heun(model, y, now.score, t, t_next)
        now = batched_derivatives(model, y, t_next)
        yield State.of(y, t_next, now, 2 * k + 3)


def corrector(
    model: EnergyModel,
    y: Tensor,
    ts: Sequence[float],
    generator: torch.Generator,
    *,
    corrections: int = _CORRECTIONS,
    step: float = _CORRECTOR_STEP,
) -> Iterator[State]:
    """Predictor-corrector (Song et al. 2021, arXiv 2011.13456): Langevin moves at each level, then an Euler step of
    the probability flow.

    Args:
        model, y, ts, generator: as for `ancestral`.
        corrections: Langevin moves at each level.
        step: of the moves, in units of the noise variance. They leave directions that are noise alone with a variance
            that is too large by a share ``step / 2``.

    Raises:
        ValueError: as `ancestral`.
    """
    ts = variances_in_order(ts)
    for k, t in enumerate(ts):
        for _ in range(corrections):
            y = langevin_move(y, batched_derivatives(model, y, t).score, t, step, generator)
        now = batched_derivatives(model, y, t)
        yield State.of(y, t, now, (k + 1) * (1 + corrections))
        if k + 1 < len(ts):
            y = move_down(y, now.score, t, ts[k + 1], 1.0, generator)


def mala(
    model: EnergyModel,
    y: Tensor,
    ts: Sequence[float],
    generator: torch.Generator,
    *,
    moves: int = _MOVES,
    step: float | None = None,
) -> Iterator[State]:
    """Metropolis-adjusted Langevin moves at each level, then a Heun step of the probability flow: what an energy can do
    and a score cannot. The moves are exact for the energy of their level alone; the other samplers need levels that
    agree with each other.

    The step of the moves is the same for all images at a level. It begins as `mala_step`, and from level to level it
    is multiplied by ``exp(acceptance - 0.574)``: where little noise is left, a density of images is wide beside it, and
    moves can be several times as large. At a level that is given several times nothing but moves of one step takes
    place, so that ``[t] * K`` is a chain that leaves ``p(., t)`` unchanged.

    Args:
        model, y, ts, generator: as for `ancestral`.
        moves: at each level, at least 1.
        step: of the moves at the first level, in units of the noise variance; `mala_step` when None.

    Raises:
        ValueError: as `ancestral`, or no moves.
    """
    if moves < 1:
        raise ValueError("At least one move at each level is needed.")
    ts = variances_in_order(ts)
    step = mala_step(model.dimensions) if step is None else step
    now, gradients = batched_derivatives(model, y, ts[0]), 1
    for t, t_next in itertools.pairwise([*ts, ts[-1]]):
        accepted = 0.0
        for _ in range(moves):
            y, now, moved = mala_move(model, y, now, t, step, generator)
            accepted += float(moved.double().mean()) / moves
        gradients += moves
        yield State.of(y, t, now, gradients, accepted, step)
        if t_next < t:
            y = _heun(model, y, now.score, t, t_next)
            now = batched_derivatives(model, y, t_next)
            gradients += 2
            step *= math.exp(accepted - _BEST_ACCEPTANCE)


def mala_step(dimensions: int) -> float:
    """``1.36 d^(-1/3)``, in units of the noise variance: the step at which 57 % of the moves are accepted where ``p``
    is noise alone, the best in many dimensions (Roberts and Rosenthal 1998)."""
    return _MALA_SCALE / math.cbrt(dimensions)


SAMPLERS: dict[str, Sampler] = {"ancestral": ancestral, "flow": flow, "corrector": corrector, "mala": mala}
"""Name -> sampler, each with its own defaults."""


def gradients_needed(sampler: str, levels: int) -> int:
    """Gradients per image that a sampler of `SAMPLERS` takes for so many noise variances, at least 1."""
    return {
        "ancestral": levels,
        "flow": 2 * levels - 1,
        "corrector": (1 + _CORRECTIONS) * levels,
        "mala": (2 + _MOVES) * (levels - 1) + 1 + _MOVES,
    }[sampler]


def _heun(model: EnergyModel, y: Tensor, score: Tensor, t: float, t_next: float) -> Tensor:
    """A step of the flow from images at `t` and their scores to `t_next`; one gradient."""
    sigma, sigma_next = math.sqrt(t), math.sqrt(t_next)
    guess = y + (sigma_next - sigma) * (-sigma * score)
    slopes = -sigma * score - sigma_next * batched_derivatives(model, guess, t_next).score
    return y + 0.5 * (sigma_next - sigma) * slopes
