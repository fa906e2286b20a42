"""Does an energy diffuse as densities do?

Adding noise to a density is heat flow, ``dp/dt = 1/2 laplacian p``, so that every true energy satisfies

    dU/dt = 1/2 ( laplacian U - ||grad U||^2 )        at every (y, t).

The residual, times ``t / d``, is in nats for each unit of ``log t`` and dimension: what the noise levels disagree by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from explorer.measures.consistency.chart import NOISE_AXIS, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decibels, decide, deciding, threshold_text, with_error
from explorer.measures.shared.laplacian import laplacian, trace_passes, trace_probes
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced
from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.devices import inference_batch_size
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance, short_unit

__all__ = ["HeatCheck", "HeatEquation", "HeatResidual", "heat_residuals"]

_DOUBLE_BACKWARD = 4  # a graph of the gradient holds several times the activations of a backward pass


class HeatResidual(BaseModel):
    """``(t/d) [ dU/dt - 1/2 (laplacian U - ||grad U||^2) ]`` over images at one noise level, in nats.

    Attributes:
        psnr: noise level in dB.
        mean: over images.
        standard_error: of `mean`, over images and probes.
        rms: root mean square over images, with the variance of the trace estimate taken out.
        trace_error: root mean square of the standard error of an image's trace estimate, in the same unit.
        rms_error: standard error of `rms`, over images and probes; None in reports of earlier versions.
    """

    model_config = STORED

    psnr: float
    mean: float
    standard_error: float
    rms: float
    trace_error: float
    rms_error: float | None = None


class HeatEquation(Measured):
    """Residuals of the heat equation, a noise level each."""

    levels: tuple[HeatResidual, ...] = Field(min_length=1)


@dataclass(frozen=True)
class HeatCheck(Check[HeatEquation]):
    """Do the noise levels belong to one density that diffuses?

    Attributes:
        images: how many.
        levels: number of noise levels.
        probes: of a trace that is not exact.
    """

    name = "heat_equation"
    title = "Heat equation"
    measured = HeatEquation
    threshold = 0.02
    unit = "nats/dimension/e-fold"

    levels: int
    probes: int

    def cost(self, conditions: Conditions) -> float:
        return self.images * self.levels * trace_passes(conditions.dimensions, self.probes)

    def run(self, subject: Subject, progress: Progress) -> HeatEquation:
        x = subject.x[: self.images]
        ts = log_spaced(subject.t_low, subject.t_max, self.levels)
        probes = trace_probes(subject.model.dimensions, self.probes)
        levels = heat_residuals(subject.model, x, ts, probes, subject.seed, progress)
        return HeatEquation(images=len(x), levels=tuple(levels))

    def judge(self, measured: HeatEquation, conditions: Conditions) -> Verdict:  # noqa: ARG002
        outcomes = [decide(level.rms, self.threshold, level.rms_error) for level in measured.levels]
        place = deciding(outcomes, [level.rms for level in measured.levels])
        worst, outcome, where = measured.levels[place], outcomes[place], decibels(measured.levels[place].psnr)
        how = {"passes": "belong", "does not pass": "do not belong"}.get(outcome, "may belong")
        value = with_error(worst.rms, worst.rms_error, 4, plus=False)
        sentence = (
            f"The noise levels {how} to one density that diffuses: at the worst of them, {where}, the residual is "
            f"{value} nats per dimension per e-fold of noise {threshold_text(self.threshold)}."
        )
        return self.verdict(outcome, worst.rms, f"{value} {short_unit(self.unit)}", sentence, where, worst.rms_error)

    def chart(self, measured: HeatEquation, conditions: Conditions) -> Chart:  # noqa: ARG002
        psnr, rms = [level.psnr for level in measured.levels], [level.rms for level in measured.levels]
        errors = [2 * level.rms_error for level in measured.levels if level.rms_error is not None]
        return Chart(
            title=self.title,
            sentence="Disagreement between neighboring noise levels: ∂U/∂t against ½ (ΔU − ‖∇U‖²), which are equal "
            "where noise is added to a density. Its root mean square over images should stay below the dashed line, "
            "within two standard errors.",
            x=NOISE_AXIS,
            y=Axis("residual", self.unit, ".5f", log=True),
            curves=(Curve("", psnr, rms, errors=errors if len(errors) == len(rms) else ()),),
            threshold=self.threshold,
        )


def heat_residuals(
    model: EnergyModel,
    x: Tensor,
    ts: Sequence[float],
    probes: int | None = 8,
    seed: int = 0,
    progress: Progress | None = None,
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
        for images in torch.split(x, batch):
            noise = torch.randn(images.shape, generator=generator).to(model.device)
            y = images.to(model.device) + math.sqrt(t) * noise
            result = laplacian(model, y, t, probes, generator)
            squared = sum_pixels(result.score.square())
            residual = result.time_score - 0.5 * (result.value - squared)
            residuals.append((t / d * residual).cpu().double())
            errors.append((0.5 * t / d * result.standard_error).cpu().double())
        residual, error = torch.cat(residuals), torch.cat(errors)
        trace_variance = float(error.square().mean())
        squares = residual.square() - error.square()  # each without the variance of its trace
        excess, excess_error = float(squares.mean()), float(squares.std() / len(x) ** 0.5)
        rms = math.sqrt(max(0.0, excess)) if math.isfinite(excess) else math.inf
        results.append(
            HeatResidual(
                psnr=float(psnr_from_noise_variance(t)),
                mean=float(residual.mean()),
                standard_error=float(residual.std() / len(x) ** 0.5),
                rms=rms,
                trace_error=math.sqrt(trace_variance),
                # By how much the root rises with its square: where it is far from 0, half the relative error.
                rms_error=math.sqrt(rms**2 + excess_error) - rms if math.isfinite(rms) else None,
            )
        )
        if progress is not None:
            progress(done + 1, len(ts))
    return results
