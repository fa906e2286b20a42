"""What a model does at each noise level, averaged over images: denoising, time score, energy.

With ``y = x + sqrt(t) eps``, everything at one noise level comes from one backward pass per image: the denoising error
``||x - D(y, t)||^2 = t ||sqrt(t) grad_y U - eps||^2``, the time score ``dU/dt`` and the energy itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import torch
from torch import Tensor

from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.models.devices import inference_batch_size
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["NoiseLevel", "log_spaced", "noise_levels"]


@dataclass(frozen=True)
class NoiseLevel:
    """Averages over images at one noise variance.

    Attributes:
        t: noise variance.
        psnr: the same in dB.
        relative_error: ``E ||x - D(y, t)||^2 / (t d)``, the denoising error as a share of the noise.
        denoised_psnr: ``-10 log10(E ||x - D||^2 / d)`` in dB.
        mean_energy: ``E U(y, t)`` in nats; ``1/2 (||eps||^2 - d)``, of mean zero, is taken out of it.
        mean_time_score: ``E t dU/dt / d``; zero for a normalized model.
        time_error: ``E ((1 - ||eps||^2/d)/2 - t dU/dt / d)^2``, over ``1 / (2 d)``, the variance of its target.
        relative_errors, energies: what `relative_error` and `mean_energy` are means of, an image each, shape ``(N,)``.
    """

    t: float
    psnr: float
    relative_error: float
    denoised_psnr: float
    mean_energy: float
    mean_time_score: float
    time_error: float
    relative_errors: Tensor = field(repr=False, compare=False)
    energies: Tensor = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, float]:
        """The averages as plain numbers, for JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.compare}


def log_spaced(t_low: float, t_high: float, count: int) -> list[float]:
    """`count` noise variances from `t_low` to `t_high`, evenly spaced in ``log t``."""
    return [float(t) for t in np.geomspace(t_low, t_high, count)]


def noise_levels(
    model: EnergyModel,
    x: Tensor,
    ts: Sequence[float],
    seed: int = 0,
    progress: Progress | None = None,
) -> list[NoiseLevel]:
    """Measure `model` on images at several noise variances, with fresh noise for each.

    Args:
        model: an energy model.
        x: clean (dequantized) images, shape ``(N, C, H, W)``.
        ts: noise variances, all positive.
        seed: of the noise.
        progress: called with (levels done, levels in all).
    """
    generator = noise_generator(seed)
    d = model.dimensions
    batch = inference_batch_size(d, model.device)
    results = []
    for done, t in enumerate(ts):
        parts = []
        for images in torch.split(x, batch):
            eps = torch.randn(images.shape, generator=generator).to(model.device)
            clean = images.to(model.device)
            result = model.derivatives(clean + math.sqrt(t) * eps, t)
            error = (-math.sqrt(t) * result.score - eps).square().flatten(1).mean(1)
            target = 0.5 * (1 - eps.square().flatten(1).mean(1))
            # Most of the fluctuation of the energy is that of the norm of the noise.
            energy = result.energy + d * target
            time_score = t * result.time_score / d
            time_error = (target - time_score).square() * 2 * d
            parts.append(torch.stack((error, energy, time_score, time_error)).cpu().double())
        columns = torch.cat(parts, 1)
        relative_error, mean_energy, mean_time_score, mean_time_error = columns.mean(1).tolist()
        results.append(
            NoiseLevel(
                t=t,
                psnr=float(psnr_from_noise_variance(t)),
                relative_error=relative_error,
                denoised_psnr=float(psnr_from_noise_variance(max(t * relative_error, 1e-30))),
                mean_energy=mean_energy,
                mean_time_score=mean_time_score,
                time_error=mean_time_error,
                relative_errors=columns[0],
                energies=columns[1],
            )
        )
        if progress is not None:
            progress(done + 1, len(ts))
    return results
