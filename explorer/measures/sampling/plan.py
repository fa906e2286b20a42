"""A sampler's way from large noise to an image of a model, and its states one by one.

way = plan(model, "flow", 60)
for state in follow(model, way, 16, seed=0):
    show(state.denoised, state.t, state.energy)      # to stop early, ask for no more
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from explorer.errors import ExplorerError
from explorer.measures.sampling.samplers import SAMPLERS, gradients_needed
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.sampling.start import late_start, start
from explorer.measures.sampling.state import State
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.units import psnr_from_noise_variance

__all__ = ["Plan", "follow", "plan"]


@dataclass(frozen=True)
class Plan:
    """A sampler and the noise variances that it visits.

    Attributes:
        sampler: name, a key of `SAMPLERS`.
        ts: noise variances, decreasing.
        gradients: per image.
        saved: gradients per image that a late start saves.
    """

    sampler: str
    ts: tuple[float, ...]
    gradients: int
    saved: int


def plan(
    model: EnergyModel,
    sampler: str = "flow",
    steps: int = 60,
    *,
    t_start: float | None = None,
    t_end: float | None = None,
    late: bool = False,
) -> Plan:
    """Which noise variances a sampler visits, and what that costs.

    Args:
        model: an energy model.
        sampler: a key of `SAMPLERS`.
        steps: from `t_start` to `t_end`, at least 1.
        t_start: largest noise variance, far above every variance of the data; the model's `t_max` when None.
        t_end: smallest noise variance; the model's `t_low` when None.
        late: leave out the steps above the noise level at which the model is its Gaussian; see `late_start`.

    Raises:
        ExplorerError: the sampler is not known, there are no steps, a late start of a model without a Gaussian, or a
            model of one noise level.
        ValueError: not ``0 < t_end < t_start``.
    """
    if t_start is None or t_end is None:
        model.need_noise_levels("Sampling")
    if sampler not in SAMPLERS:
        raise ExplorerError(f"There is no sampler {sampler!r}. Choose {', '.join(SAMPLERS)}.")
    if steps < 1:
        raise ExplorerError(f"A sampler takes at least one step, not {steps}.")
    t_start = model.t_max if t_start is None else t_start
    t_end = model.t_low if t_end is None else t_end
    ts = even_schedule(t_start, t_end, steps)
    whole = gradients_needed(sampler, len(ts))
    if late:
        begin = late_start(model, t_start, t_end)
        ts = [begin, *(t for t in ts if t < begin)]
    gradients = gradients_needed(sampler, len(ts))
    return Plan(sampler, tuple(ts), gradients, whole - gradients)


def follow(model: EnergyModel, plan: Plan, count: int, seed: int = 0) -> Iterator[State]:
    """The states of `count` images on the way of `plan`, from the first noise variance to the last.

    Each state is computed when it is asked for, so the caller stops by asking for no more.

    Args:
        model: an energy model.
        plan: see `plan`.
        count: number of images, at least 1.
        seed: of all that is drawn.

    Raises:
        ExplorerError: no images, or an energy that is not finite.
    """
    if count < 1:
        raise ExplorerError(f"At least one image must be drawn, not {count}.")
    generator = noise_generator(seed)
    y = start(model, plan.ts[0], count, generator)
    states = SAMPLERS[plan.sampler](model, y, plan.ts, generator)
    for state in states:
        if not torch.isfinite(state.energy).all():
            raise ExplorerError(
                f"The model gives no finite energy at {psnr_from_noise_variance(state.t):.1f} dB on the way to its "
                "samples. Take more steps; if that does not help, its training failed."
            )
        yield state
