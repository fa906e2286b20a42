"""Can this model's probabilities be trusted? Every check that needs no ground truth, on one set of images.

- **NLL, read twice**: from the energy and from the denoising error, and where between them the gap arises.
- **A step aside**: does the code length jump when images move by single pixels, as on the grid of JPEG files?
- **On other photographs**: do the likelihood and its advantage over a codec hold on a second data set?
- **Heat equation**: do the noise levels belong to one density that diffuses?
- **Probability flow**: log p of single images by an ODE that never asks the energy at ``t0``.
- **Local dimensionality**: two pairs of readings that a true energy makes equal.
- **Normalization**: at large noise, and for images of few pixels by annealed importance sampling.

A `TrustReport` holds what was measured; `explorer.measures.consistency.verdicts` says what passes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.images import Values
from explorer.measures.consistency.heat import heat_residuals
from explorer.measures.consistency.normalization import anneal, large_noise_error
from explorer.measures.consistency.other_photographs import CODEC_IMAGES, evenly_spaced, other_photographs
from explorer.measures.consistency.step_aside import SHIFTS, SMALLEST_SIDE, step_aside
from explorer.measures.consistency.trust_report import (
    ALL_LEVELS,
    DimensionalityCheck,
    DimensionalityLevel,
    NormalizationCheck,
    TrustReport,
)
from explorer.measures.dataset.nll import NllCheck, nll_check
from explorer.measures.image.dimensionality import flipd, flipd_by_trace, local_dimensionality
from explorer.measures.image.flow import flow_log_prob
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint
from explorer.units import noise_variance_from_psnr, psnr_from_noise_variance

__all__ = ["FULL", "QUICK", "Effort", "Progress", "run_checks"]

_EXACT_TRACE = 64  # pixel values up to which a trace is not estimated
_ANNEALED = 256  # pixel values up to which annealed importance sampling says something
_STEP_PRIORITY = 8
_DIMENSIONALITY_RANGE = (0.0, 50.0)  # dB


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        name: for the report.
        nll_images, step_images, other_images, heat_images, flow_images, dimensionality_images: numbers of images.
        nll_levels, heat_levels, dimensionality_levels: numbers of noise levels.
        probes: random probes of a trace.
        flow_nodes: of the quadrature along the flow.
        annealing_levels, particles: of annealed importance sampling.
    """

    name: Literal["quick", "full"]
    nll_images: int
    nll_levels: int
    step_images: int
    other_images: int
    heat_images: int
    heat_levels: int
    flow_images: int
    flow_nodes: int
    dimensionality_images: int
    dimensionality_levels: int
    probes: int
    annealing_levels: int
    particles: int

    def fitted(self, pass_seconds: float, seconds: float) -> Effort:
        """The same with fewer images (not below two) where a model is so slow that it would take longer than `seconds`.

        Args:
            pass_seconds: time of one forward and backward pass of one image.
            seconds: what the whole may take.
        """
        share = seconds / (pass_seconds * self._passes())
        if share >= 1:
            return self
        fewer = {
            name: max(2, int(getattr(self, name) * share))
            for name in (
                "nll_images",
                "other_images",
                "heat_images",
                "flow_images",
                "dimensionality_images",
            )
        }
        # A step aside is cheap, and with few images it would stay open.
        step_images = min(self.step_images, max(2, int(self.step_images * _STEP_PRIORITY * share)))
        return replace(self, step_images=step_images, **fewer)

    def _passes(self) -> float:
        """Work in forward and backward passes of one image; a Hessian-vector product counts as two, and a forward pass
        alone as a third."""
        trace = 2 + 2 * self.probes
        return (
            (self.nll_images + self.other_images) * self.nll_levels
            + self.step_images * SHIFTS / 3
            + self.heat_images * self.heat_levels * trace
            + self.flow_images * (120 + self.flow_nodes * trace)
            + self.dimensionality_images * self.dimensionality_levels * (3 + trace)
        )


QUICK = Effort("quick", 64, 17, 32, 32, 16, 9, 4, 24, 16, 6, 4, 150, 64)
FULL = Effort("full", 500, 33, 128, 500, 64, 17, 16, 48, 64, 11, 16, 1000, 128)

_QUICK_SECONDS = 45.0

Progress = Callable[[str, float], None]
"""``progress(what is measured now, share of the whole that is done)``."""


def run_checks(
    checkpoint: Checkpoint,
    pixels: np.ndarray,
    dataset: str,
    effort: Effort = FULL,
    *,
    seed: int = 0,
    nll: NllCheck | None = None,
    other: tuple[str, np.ndarray] | None = None,
    progress: Progress | None = None,
    keep: Callable[[TrustReport], None] | None = None,
) -> TrustReport:
    """Run every check on 8-bit images.

    Args:
        checkpoint: the model.
        pixels: uint8, shape ``(N, C, H, W)``, N at least 2; each check uses the first so many.
        dataset: name of the images, for the report.
        effort: `QUICK` or `FULL`. A quick one uses fewer images where the model is slow.
        seed: of dequantization, noise and probes.
        nll: when it was measured already.
        other: name and 8-bit images of another data set, for the check on other photographs; when None it is left out.
        progress: told what is measured.
        keep: given the report after each section.

    Raises:
        ExplorerError: fewer than two images, or fewer than two other ones.
    """
    model, values = checkpoint.model, checkpoint.values
    noise = checkpoint.config.model.noise
    if len(pixels) < 2:
        raise ExplorerError("The checks need at least two images. Choose another data set.")
    if other is not None and len(other[1]) < 2:
        raise ExplorerError(f"The checks need at least two other photographs, and {other[0]} has fewer.")
    most = max(
        effort.nll_images, effort.step_images, effort.heat_images, effort.dimensionality_images, effort.flow_images
    )
    x = values.dequantized(torch.from_numpy(np.array(pixels[:most])), noise_generator(seed + 1))
    if effort.name == "quick":
        effort = effort.fitted(_pass_seconds(model, x, noise.t_low), _QUICK_SECONDS)
    left_out = _not_applicable(model, values, other is not None)
    exact = None if model.dimensions <= _EXACT_TRACE else effort.probes
    report = TrustReport(
        fingerprint=checkpoint.fingerprint,
        dataset=dataset,
        dimensions=model.dimensions,
        levels=values.levels if values.dequantize else ALL_LEVELS,
        psnr=float(psnr_from_noise_variance(noise.t_low)),
        lowest_psnr=float(psnr_from_noise_variance(noise.t_max)),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        effort=effort.name,
        not_applicable=left_out,
    )
    began = time.monotonic()
    say = progress or (lambda _what, _share: None)

    def within(what: str, first: float, last: float) -> Callable[[int, int], None]:
        say(what, first)
        return lambda done, total: say(what, first + (last - first) * done / total)

    def add(images: int, **section: object) -> None:
        nonlocal report
        counts = report.images | dict.fromkeys(section, images)
        report = report.model_copy(update={**section, "images": counts, "seconds": round(time.monotonic() - began, 1)})
        if keep is not None:
            keep(report)

    say("Normalization at large noise", 0.0)
    some = x[: effort.nll_images]
    add(len(some), normalization=NormalizationCheck(large_noise=large_noise_error(model, some, noise.t_max, seed)))

    step = within("Likelihood, read twice", 0.02, 0.22)
    if nll is None:
        measured = noise_levels(model, some, log_spaced(noise.t_low, noise.t_max, effort.nll_levels), seed, step)
        nll = nll_check(some, measured)
    add(nll.images, nll=nll)

    if "step_aside" not in left_out:
        step = within("A step aside", 0.22, 0.27)
        some = x[: effort.step_images]
        add(len(some), step_aside=step_aside(model, some, noise.t_low, progress=step))

    if other is not None and "other" not in left_out:
        step = within("On other photographs", 0.27, 0.42)
        own_pixels, others = pixels[: min(nll.images, CODEC_IMAGES)], evenly_spaced(other[1], effort.other_images)
        ts = log_spaced(noise.t_low, noise.t_max, effort.nll_levels)
        add(len(others), other=other_photographs(model, values, others, own_pixels, other[0], ts, seed, step))

    step = within("Heat equation", 0.42, 0.6)
    some = x[: effort.heat_images]
    ts = log_spaced(noise.t_low, noise.t_max, effort.heat_levels)
    add(len(some), heat=tuple(heat_residuals(model, some, ts, exact, seed, step)))

    step = within("Readings of dimensionality", 0.6, 0.75)
    some = x[: effort.dimensionality_images]
    psnrs = _dimensionality_psnrs(noise.t_low, noise.t_max, effort.dimensionality_levels)
    add(len(some), dimensionality=_dimensionality(model, some, psnrs, exact, seed, step))

    step = within("Probability flow", 0.75, 0.95)
    some = x[: effort.flow_images]
    generator = noise_generator(seed + 2)
    flows = []
    for done, image in enumerate(some.split(1)):
        y = image + noise.t_low**0.5 * torch.randn(image.shape, generator=generator)
        flows.append(
            flow_log_prob(model, y, noise.t_low, noise.t_max, nodes=effort.flow_nodes, probes=exact, seed=seed + done)
        )
        step(done + 1, len(some))
        if not math.isfinite(flows[-1].log_prob):  # the others would take as long, and change nothing
            break
    add(len(flows), flow=tuple(flows))

    if model.dimensions <= _ANNEALED:
        step = within("Annealed importance sampling", 0.95, 1.0)
        particles = x[torch.arange(effort.particles) % len(x)]
        annealed = anneal(
            model, particles, noise.t_low, noise.t_max, levels=effort.annealing_levels, seed=seed, progress=step
        )
        both = NormalizationCheck(large_noise=report.normalization.large_noise, annealed=annealed)
        add(report.images["normalization"], normalization=both)
    return report


def _not_applicable(model: EnergyModel, values: Values, is_other: bool) -> tuple[Literal["step_aside", "other"], ...]:
    sections: list[Literal["step_aside", "other"]] = []
    if min(model.image_shape[1:]) < SMALLEST_SIDE:
        sections.append("step_aside")
    if not is_other or (values.dequantize and values.levels < ALL_LEVELS):
        sections.append("other")
    return tuple(sections)


def _pass_seconds(model: EnergyModel, x: Tensor, t: float) -> float:
    few = x[:4].to(model.device)
    model.derivatives(few, t).energy.cpu()  # the first call is slower
    began = time.perf_counter()
    model.derivatives(few, t).energy.cpu()  # a GPU returns before it is done
    return (time.perf_counter() - began) / len(few)


def _dimensionality_psnrs(t_low: float, t_max: float, count: int) -> list[float]:
    low = max(_DIMENSIONALITY_RANGE[0], float(psnr_from_noise_variance(t_max)))
    high = min(_DIMENSIONALITY_RANGE[1], float(psnr_from_noise_variance(t_low)))
    return np.linspace(high, low, count).tolist()


def _dimensionality(
    model: EnergyModel,
    x: Tensor,
    psnrs: Sequence[float],
    probes: int | None,
    seed: int,
    progress: Callable[[int, int], None],
) -> DimensionalityCheck:
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]
    noisy = local_dimensionality(model, x, ts, draws=2, seed=seed)
    levels, fast, slow = [], 0.0, 0.0
    for k, (psnr, t) in enumerate(zip(psnrs, ts, strict=True)):
        began = time.perf_counter()
        time_score = float(flipd(model, x, t).cpu().double().mean())
        fast += time.perf_counter() - began
        began = time.perf_counter()
        trace, error = (column.cpu().double() for column in flipd_by_trace(model, x, t, probes, seed))
        slow += time.perf_counter() - began
        levels.append(
            DimensionalityLevel(
                psnr=psnr,
                denoising=float(noisy.denoising[:, k].mean()),
                energy=float(noisy.energy[:, k].mean()),
                time_score=time_score,
                trace=float(trace.mean()),
                trace_error=float(error.square().sum().sqrt() / len(x)),
            )
        )
        progress(k + 1, len(ts))
    return DimensionalityCheck(levels=tuple(levels), time_score_seconds=fast, trace_seconds=slow)
