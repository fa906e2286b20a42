"""Does an energy diffuse as densities do?

Adding noise to a density is heat flow, ``dp/dt = 1/2 laplacian p``, so that every true energy satisfies

    dU/dt = 1/2 ( laplacian U - ||grad U||^2 )        at every (y, t).

The residual, times ``t / d``, is in nats for each unit of ``log t`` and dimension: what the noise levels disagree by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from explorer.measures.shared.laplacian import laplacian
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.devices import inference_batch_size
from explorer.units import psnr_from_noise_variance

__all__ = ["HeatResidual", "heat_residuals"]

_DOUBLE_BACKWARD = 4  # a graph of the gradient holds several times the activations of a backward pass


class HeatResidual(BaseModel):
    """``(t/d) [ dU/dt - 1/2 (laplacian U - ||grad U||^2) ]`` over images at one noise level, in nats.

    Attributes:
        psnr: noise level in dB.
        mean: over images.
        standard_error: of `mean`, over images and probes.
        rms: root mean square over images, with the variance of the trace estimate taken out.
        trace_error: root mean square of the standard error of an image's trace estimate, in the same unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    psnr: float
    mean: float
    standard_error: float
    rms: float
    trace_error: float


def heat_residuals(
    model: EnergyModel,
    x: Tensor,
    ts: Sequence[float],
    probes: int | None = 8,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[HeatResidual]:
    """Residual of the heat equation on noisy images at several noise levels.

    Args:
        model: an energy model.
        x: clean images as the model reads them, shape ``(N, C, H, W)``, N at least 2.
        ts: noise variances, all positive.
        probes: of the trace, see `explorer.measures.shared.laplacian`; None for the exact trace.
        seed: of noise and probes.
        progress: called with (levels done, levels in all).
    """
    generator = noise_generator(seed)
    d = model.dimensions
    batch = max(1, inference_batch_size(d, model.device) // _DOUBLE_BACKWARD)
    results = []
    for done, t in enumerate(ts):
        residuals, errors = [], []
        for images in x.split(batch):
            noise = torch.randn(images.shape, generator=generator).to(model.device)
            y = images.to(model.device) + math.sqrt(t) * noise
            result = laplacian(model, y, t, probes, generator)
            squared = sum_pixels(result.score.square())
            residual = result.time_score - 0.5 * (result.value - squared)
            residuals.append((t / d * residual).cpu().double())
            errors.append((0.5 * t / d * result.standard_error).cpu().double())
        residual, error = torch.cat(residuals), torch.cat(errors)
        trace_variance = float(error.square().mean())
        excess = float(residual.square().mean()) - trace_variance
        results.append(
            HeatResidual(
                psnr=float(psnr_from_noise_variance(t)),
                mean=float(residual.mean()),
                standard_error=float(residual.std() / len(x) ** 0.5),
                rms=math.sqrt(max(0.0, excess)) if math.isfinite(excess) else math.inf,
                trace_error=math.sqrt(trace_variance),
            )
        )
        if progress is not None:
            progress(done + 1, len(ts))
    return results
