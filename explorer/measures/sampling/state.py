"""What a sampler shows at each noise level, and the gradients behind it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.models.base import Derivatives, EnergyModel
from explorer.models.devices import inference_batch_size

__all__ = ["Sampler", "State", "batched_derivatives", "variances_in_order"]


class State(NamedTuple):
    """Noisy images on their way to small noise, and what the model says of them.

    Attributes:
        y: images, distributed as ``p(., t)`` as far as the sampler is exact, shape ``(n, C, H, W)``.
        t: their noise variance.
        energy: ``U(y, t)`` in nats, shape ``(n,)``.
        denoised: ``D(y, t)``, from the same gradient, shape ``(n, C, H, W)``.
        gradients: that each image has taken so far.
        acceptance: share of the moves at this level that an accept test let through; None without such a test.
        step: size of these moves in units of the noise variance; None without such a test.
    """

    y: Tensor
    t: float
    energy: Tensor
    denoised: Tensor
    gradients: int
    acceptance: float | None = None
    step: float | None = None

    @classmethod
    def of(
        cls,
        y: Tensor,
        t: float,
        now: Derivatives,
        gradients: int,
        acceptance: float | None = None,
        step: float | None = None,
    ) -> State:
        """The state at ``(y, t)``, whose derivatives are `now`."""
        return cls(y, t, now.energy, y + t * now.score, gradients, acceptance, step)


Sampler = Callable[[EnergyModel, Tensor, Sequence[float], torch.Generator], Iterator[State]]
"""``sampler(model, y, ts, generator)``: from images `y` at ``ts[0]``, one state at each noise variance of `ts`, which
does not increase. Nothing is computed for a state before it is asked for: a caller stops by asking for no more."""


def batched_derivatives(model: EnergyModel, y: Tensor, t: float) -> Derivatives:
    """Derivatives at images ``(n, C, H, W)`` on the model's device, in batches that fit into memory."""
    size = inference_batch_size(model.dimensions, model.device)
    parts = [model.derivatives(part, t) for part in torch.split(y, size)]
    return parts[0] if len(parts) == 1 else Derivatives(*(torch.cat(column) for column in zip(*parts, strict=True)))


def variances_in_order(ts: Sequence[float]) -> list[float]:
    """Return noise variances if a sampler can follow them.

    Raises:
        ValueError: there is none, one is not positive, or one is larger than the one before.
    """
    values = [float(t) for t in ts]
    if not values or not values[-1] > 0 or any(later > earlier for earlier, later in itertools.pairwise(values)):
        raise ValueError("A sampler needs positive noise variances, none larger than the one before.")
    return values
