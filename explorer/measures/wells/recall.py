"""Does a model bring a training image back? Start at the image with noise, follow the flow, see where it ends.

From ``y = x + sqrt(t) eps`` the probability flow of the model leads to an image. At little noise it ends near ``x``,
whatever the model: enough of ``x`` is left. Memory shows where much noise leaves little of ``x`` and it comes back all
the same. The exact density of N stored images, of variance ``v`` in ``d`` independent directions, tells the one that
``y`` was made of from all others up to the collapse (Biroli et al. 2024, arXiv 2402.18491),

    d/2 log(1 + v/t) = log N,        t = v / (N^(2/d) - 1),

about ``1 / (4 log N)`` of their squared distances ``2 d v`` where that is far above ``v``. So two things are measured
at each noise level, for own and for fresh images: the share whose end is nearer to ``x`` than to any other image of the
set that ``x`` is from, and how near it is. Fresh images tell what a model does that has not seen them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.images import Values
from explorer.measures.sampling.nearest import nearest_images
from explorer.measures.sampling.samplers import flow
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["Recall", "recall"]


@dataclass(frozen=True)
class Recall:
    """Where images with noise of one variance end.

    Attributes:
        t: noise variance at the start.
        back: which are nearer to their own beginning than to any other image of the set, bool ``(n,)``.
        distance: root mean square difference of the end and the beginning, in [0, 1], shape ``(n,)``.
        ends: the images, uint8 ``(n, C, H, W)``.
        nearest: index of the nearest image of the set, shape ``(n,)``.
    """

    t: float
    back: np.ndarray
    distance: np.ndarray
    ends: np.ndarray
    nearest: np.ndarray

    @property
    def psnr(self) -> float:
        """`t` in dB."""
        return float(psnr_from_noise_variance(self.t))

    @property
    def share(self) -> float:
        """Of the images that come back, in [0, 1]."""
        return float(self.back.mean())


def recall(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    places: Sequence[int],
    ts: Sequence[float],
    *,
    steps: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Recall]:
    """Start at images of a set with noise, denoise, and look for the nearest image of the set.

    Args:
        model: an energy model.
        values: how it reads 8-bit pixels.
        pixels: the set, uint8, shape ``(N, C, H, W)``.
        places: of the images to start at.
        ts: noise variances of the start, above the model's `t_low`.
        steps: of the flow from each to `t_low`; two gradients each.
        seed: of noise and dequantization.
        progress: called with (levels done, levels in all).

    Raises:
        ExplorerError: the model is known at one noise level alone.
    """
    model.need_noise_levels("Recall")
    generator = noise_generator(seed)
    begin = np.array(pixels[list(places)])
    x: Tensor = values.dequantized(torch.from_numpy(begin), generator)
    found = []
    for done, t in enumerate(ts, 1):
        y = (x + math.sqrt(t) * torch.randn(x.shape, generator=generator)).to(model.device)
        ends = begin
        for state in flow(model, y, even_schedule(t, model.t_low, steps)):
            ends = values.to_pixels(state.denoised.cpu()).numpy()
        nearest = nearest_images(ends, pixels)
        away = (ends.astype(float) - begin.astype(float)).reshape(len(ends), -1) / 255
        found.append(
            Recall(
                t=t,
                back=nearest.place == np.asarray(places),
                distance=np.sqrt((away**2).mean(1)),
                ends=ends,
                nearest=nearest.place,
            )
        )
        if progress is not None:
            progress(done, len(ts))
    return found
