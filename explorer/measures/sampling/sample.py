"""Images drawn from a model: the whole way, or state by state.

    samples = sample(model, 16, sampler="flow", steps=60)

draws them all. To watch, or to stop early, take one state at a time:

    way = plan(model, "flow", 60)
    for state in follow(model, way, 16, seed=0):
        show(state.denoised, state.t, state.energy)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.sampling.samplers import SAMPLERS, gradients_needed
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.sampling.start import late_start, start
from explorer.measures.sampling.state import State
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["Plan", "Samples", "follow", "plan", "sample"]


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


@dataclass(frozen=True)
class Samples:
    """Images of a model, and the way to them. Tensors are on the CPU.

    Attributes:
        images: ``D(y, t)``, the last denoised images, in the model's values, shape ``(n, C, H, W)``; not clipped.
        y: samples of ``p(., t)``, shape ``(n, C, H, W)``.
        t: the last noise variance.
        log_prob: ``log p(y, t)`` in nats, shape ``(n,)``.
        psnr: noise levels of the way in dB, increasing, shape ``(K,)``.
        energies: ``U(y, t)`` on the way, in nats, shape ``(K, n)``.
        acceptance: share of the moves that were accepted at each level, shape ``(K,)``; None for samplers that accept
            all of them.
        plan: what was done.
    """

    images: Tensor
    y: Tensor
    t: float
    log_prob: Tensor
    psnr: np.ndarray
    energies: np.ndarray
    acceptance: np.ndarray | None
    plan: Plan


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


def sample(
    model: EnergyModel,
    count: int = 16,
    *,
    sampler: str = "flow",
    steps: int = 60,
    seed: int = 0,
    t_start: float | None = None,
    t_end: float | None = None,
    late: bool = False,
    progress: Progress | None = None,
) -> Samples:
    """Draw images from a model.

    Args:
        model: an energy model.
        count: number of images, at least 1.
        sampler: ``"ancestral"``, ``"flow"``, ``"corrector"`` or ``"mala"``; see
            `explorer.measures.sampling.samplers`.
        steps: from large to small noise, at least 1.
        seed: of all that is drawn.
        t_start: largest noise variance, far above every variance of the data; the model's `t_max` when None.
        t_end: smallest noise variance; the model's `t_low` when None.
        late: start at the noise level at which the model is its Gaussian, which saves the steps above.
        progress: called with (levels done, levels in all).

    Raises:
        ExplorerError: what is asked for cannot be done; the message says what can.
        ValueError: the model does not say its noise range and it is not given, or it is out of order.
    """
    way = plan(model, sampler, steps, t_start=t_start, t_end=t_end, late=late)
    energies, acceptance = [], []
    for done, state in enumerate(follow(model, way, count, seed), 1):
        energies.append(state.energy.cpu().double().numpy())
        acceptance.append(state.acceptance)
        if progress is not None:
            progress(done, len(way.ts))
    return Samples(
        images=state.denoised.cpu(),
        y=state.y.cpu(),
        t=state.t,
        log_prob=-state.energy.cpu(),
        psnr=np.asarray(psnr_from_noise_variance(np.array(way.ts))),
        energies=np.stack(energies),
        acceptance=None if acceptance[0] is None else np.array(acceptance),
        plan=way,
    )
