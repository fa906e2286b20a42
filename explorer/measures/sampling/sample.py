"""Images drawn from a model, the whole way.

    samples = sample(model, 16, sampler="flow", steps=60)
    photographs = sample(density_of_any_size, 4, size=256)

To watch, or to stop early, see `explorer.measures.sampling.plan` and, for photographs of a density of any size,
`explorer.measures.sampling.scales`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.sampling.plan import Plan, follow, plan
from explorer.measures.sampling.scales import draw_photographs
from explorer.models.base import EnergyModel
from explorer.models.multiscale import MultiscaleDensity
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["Samples", "sample"]

_PERCENT = 100  # parts of the work of photographs that progress counts


@dataclass(frozen=True)
class Samples:
    """Images of a model, and the way to them. Tensors are on the CPU.

    Attributes:
        images: ``D(y, t)``, the last denoised images, in the model's values, shape ``(n, C, H, W)``; not clipped.
        y: samples of ``p(., t)``, shape ``(n, C, H, W)``.
        t: the last noise variance.
        log_prob: ``log p(y, t)`` in nats, shape ``(n,)``.
        trace: the way to them; None for a density of any size, whose photographs are drawn scale by scale.
    """

    images: Tensor
    y: Tensor
    t: float
    log_prob: Tensor
    trace: Trace | None


@dataclass(frozen=True)
class Trace:
    """The way to images.

    Attributes:
        plan: what was done.
        psnr: noise levels of the way in dB, increasing, shape ``(K,)``.
        energies: ``U(y, t)`` on the way, in nats, shape ``(K, n)``.
        acceptance: share of the moves that were accepted at each level, shape ``(K,)``; None for samplers that accept
            all of them.
    """

    plan: Plan
    psnr: np.ndarray
    energies: np.ndarray
    acceptance: np.ndarray | None


def sample(
    model: EnergyModel,
    count: int = 16,
    *,
    size: int | None = None,
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
        model: an energy model. Photographs of a density of any size are drawn at its `t0`.
        count: number of images, at least 1.
        size: pixels a side of photographs of a density of any size; the model's own when None, as for all others.
        sampler: ``"ancestral"``, ``"flow"``, ``"corrector"`` or ``"mala"``; see
            `explorer.measures.sampling.samplers`.
        steps: from large to small noise, at least 1; of photographs, at each scale.
        seed: of all that is drawn.
        t_start: largest noise variance, far above every variance of the data; the model's `t_max` when None.
        t_end: smallest noise variance; the model's `t_low` when None.
        late: start at the noise level at which the model is its Gaussian, which saves the steps above.
        progress: called with (noise levels done, in all); of photographs with (percent done, 100).

    Raises:
        ExplorerError: what is asked for cannot be done; the message says what can.
        ValueError: the model does not say its noise range and it is not given, or it is out of order.
    """
    if isinstance(model, MultiscaleDensity):
        if late or t_start is not None or t_end is not None:
            raise ExplorerError(
                "Photographs are drawn scale by scale, each from where the model's Gaussian leads: a late start, or "
                "noise levels to start and end at, cannot be asked for. Leave them out."
            )
        return _photographs(
            model, count, model.image_shape[1] if size is None else size, sampler, steps, seed, progress
        )
    _, height, width = model.image_shape
    if size is not None and (size, size) != (height, width):
        raise ExplorerError(f"This model draws images of {height} x {width} pixels alone. Leave the size out.")
    way = plan(model, sampler, steps, t_start=t_start, t_end=t_end, late=late)
    energies, acceptance = [], []
    for done, state in enumerate(follow(model, way, count, seed), 1):
        energies.append(state.energy.cpu().double().numpy())
        acceptance.append(state.acceptance)
        if progress is not None:
            progress(done, len(way.ts))
    trace = Trace(
        plan=way,
        psnr=np.asarray(psnr_from_noise_variance(np.array(way.ts))),
        energies=np.stack(energies),
        acceptance=None if acceptance[0] is None else np.array(acceptance),
    )
    return Samples(state.denoised.cpu(), state.y.cpu(), state.t, -state.energy.cpu(), trace)


def _photographs(
    model: MultiscaleDensity, count: int, size: int, sampler: str, steps: int, seed: int, progress: Progress | None
) -> Samples:
    for drawn in draw_photographs(model, size, count, sampler=sampler, steps=steps, seed=seed):
        if progress is not None:
            progress(int(_PERCENT * drawn.share), _PERCENT)
    y = drawn.y
    assert y is not None  # of the last state
    with torch.no_grad():  # large: one at a time
        log_prob = torch.cat([model.log_prob(part.to(model.device)).cpu() for part in torch.split(y, 1)])
    return Samples(drawn.images, y, model.t0, log_prob, None)
