"""Two pairs of estimates of local dimensionality that a true energy makes equal; see
`explorer.measures.image.dimensionality`.

1. Of noisy images: from the denoising error, and from the slope of the mean energy.
2. At the clean image: FLIPD from the time score, one backward pass, and from the trace of the Jacobian of the score.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, Field

from explorer.measures.consistency.chart import NOISE_AXIS, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Outcome, Verdict, decibels, decide, threshold_text
from explorer.measures.image.dimensionality import flipd, flipd_by_trace, local_dimensionality
from explorer.measures.shared.laplacian import trace_passes, trace_probes
from explorer.progress import Progress
from explorer.units import noise_variance_from_psnr, psnr_from_noise_variance

__all__ = [
    "CleanDimensionality",
    "CleanDimensionalityCheck",
    "CleanLevel",
    "NoisyDimensionality",
    "NoisyDimensionalityCheck",
    "NoisyLevel",
]

_RANGE = (0.0, 50.0)  # dB
_DRAWS = 2
_THRESHOLD = 0.05


class NoisyLevel(BaseModel):
    """Means over noisy images at one noise level.

    Attributes:
        psnr: noise level in dB.
        denoising: ``E ||x - D||^2 / t``.
        energy: ``d - 2 t d/dt E U``.
    """

    model_config = STORED

    psnr: float
    denoising: float
    energy: float


class NoisyDimensionality(Measured):
    """Estimates of noisy images, a noise level each."""

    levels: tuple[NoisyLevel, ...] = Field(min_length=1)


class CleanLevel(BaseModel):
    """Means over clean images at one noise level.

    Attributes:
        psnr: noise level in dB.
        time_score, trace: FLIPD from ``dU/dt`` and from the trace.
        trace_error: standard error of `trace` from the probes.
    """

    model_config = STORED

    psnr: float
    time_score: float
    trace: float
    trace_error: float


class CleanDimensionality(Measured):
    """Estimates at clean images, a noise level each, and what they cost: seconds for all levels, either way."""

    levels: tuple[CleanLevel, ...] = Field(min_length=1)
    time_score_seconds: float
    trace_seconds: float


@dataclass(frozen=True)
class NoisyDimensionalityCheck(Check[NoisyDimensionality]):
    """Do the denoiser and the energy see the same neighborhood of noisy images?

    Attributes:
        images: how many.
        levels: number of noise levels.
    """

    name = "noisy_dimensionality"
    title = "Dimensionality of noisy images"
    measured = NoisyDimensionality
    threshold = _THRESHOLD
    unit = "relative difference"

    levels: int

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return self.images * self.levels * _DRAWS

    def run(self, subject: Subject, progress: Progress) -> NoisyDimensionality:
        x = subject.x[: self.images]
        psnrs, ts = _noise_levels(subject, self.levels)
        found = local_dimensionality(subject.model, x, ts, draws=_DRAWS, seed=subject.seed)
        progress(1, 1)
        means = zip(psnrs, found.denoising.mean(0).tolist(), found.energy.mean(0).tolist(), strict=True)
        levels = [NoisyLevel(psnr=psnr, denoising=denoising, energy=energy) for psnr, denoising, energy in means]
        return NoisyDimensionality(images=len(x), levels=tuple(levels))

    def judge(self, measured: NoisyDimensionality, conditions: Conditions) -> Verdict:
        pairs = [_Pair(level.psnr, level.denoising, level.energy) for level in measured.levels]
        found = _compare(pairs, "The denoising error", "the slope of the mean energy", conditions)
        return self.verdict(*found)

    def chart(self, measured: NoisyDimensionality, conditions: Conditions) -> Chart:
        curves = {
            "denoising error": [level.denoising for level in measured.levels],
            "slope of the energy": [level.energy for level in measured.levels],
        }
        sentence = "Two estimates of the neighborhood of noisy images; they should coincide."
        return _chart(self.title, sentence, [level.psnr for level in measured.levels], curves, conditions)


@dataclass(frozen=True)
class CleanDimensionalityCheck(Check[CleanDimensionality]):
    """Is the time score the trace that it stands for?

    Attributes:
        images: how many.
        levels: number of noise levels.
        probes: of a trace that is not exact.
    """

    name = "clean_dimensionality"
    title = "Dimensionality at the image"
    measured = CleanDimensionality
    threshold = _THRESHOLD
    unit = "relative difference"

    levels: int
    probes: int

    def cost(self, conditions: Conditions) -> float:
        return self.images * self.levels * (1 + trace_passes(conditions.dimensions, self.probes))

    def run(self, subject: Subject, progress: Progress) -> CleanDimensionality:
        model, x = subject.model, subject.x[: self.images]
        probes = trace_probes(model.dimensions, self.probes)
        levels, fast, slow = [], 0.0, 0.0
        for psnr, t in zip(*_noise_levels(subject, self.levels), strict=True):
            began = time.perf_counter()
            time_score = float(flipd(model, x, t).cpu().double().mean())
            fast += time.perf_counter() - began
            began = time.perf_counter()
            trace, error = (column.cpu().double() for column in flipd_by_trace(model, x, t, probes, subject.seed))
            slow += time.perf_counter() - began
            trace_error = float(error.square().sum().sqrt() / len(x))
            levels.append(
                CleanLevel(psnr=psnr, time_score=time_score, trace=float(trace.mean()), trace_error=trace_error)
            )
            progress(len(levels), self.levels)
        return CleanDimensionality(images=len(x), levels=tuple(levels), time_score_seconds=fast, trace_seconds=slow)

    def judge(self, measured: CleanDimensionality, conditions: Conditions) -> Verdict:
        pairs = [_Pair(level.psnr, level.time_score, level.trace) for level in measured.levels]
        found = _compare(pairs, "The time score", "the trace of the Jacobian of the score", conditions)
        faster = measured.trace_seconds / max(measured.time_score_seconds, 1e-9)
        return self.verdict(*found._replace(sentence=f"{found.sentence} The time score is {faster:,.0f} times faster."))

    def chart(self, measured: CleanDimensionality, conditions: Conditions) -> Chart:
        curves = {
            "time score": [level.time_score for level in measured.levels],
            "trace": [level.trace for level in measured.levels],
        }
        sentence = "Two estimates of the neighborhood of clean images; they should coincide."
        return _chart(self.title, sentence, [level.psnr for level in measured.levels], curves, conditions)


def _noise_levels(subject: Subject, count: int) -> tuple[list[float], list[float]]:
    """Noise levels in dB, within the range of the model, and their variances."""
    low = max(_RANGE[0], float(psnr_from_noise_variance(subject.t_max)))
    high = min(_RANGE[1], float(psnr_from_noise_variance(subject.t_low)))
    psnrs = np.linspace(high, low, count).tolist()
    return psnrs, [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]


class _Pair(NamedTuple):
    psnr: float
    first: float
    second: float

    def disagreement(self, dimensions: int) -> float:
        """As a share of the first, or of ``d / 10`` where that is larger."""
        share = abs(self.first - self.second) / max(abs(self.first), dimensions / 10)
        return share if math.isfinite(share) else math.inf


class _Found(NamedTuple):
    """The arguments of `Check.verdict`."""

    outcome: Outcome
    share: float
    value: str
    sentence: str
    where: str


def _compare(pairs: Sequence[_Pair], first: str, second: str, conditions: Conditions) -> _Found:
    shares = [pair.disagreement(conditions.dimensions) for pair in pairs]
    share = max(shares)
    worst = pairs[shares.index(share)]
    outcome = decide(share, _THRESHOLD)
    sentence = (
        f"{first} and {second} {'agree' if outcome == 'passes' else 'disagree'}: {_number(worst.first)} and "
        f"{_number(worst.second)} dimensions where they are farthest apart, at {decibels(worst.psnr)} "
        f"{threshold_text(100 * _THRESHOLD, '%')}."
    )
    if outcome != "passes":
        agreeing = sum(each <= _THRESHOLD for each in shares)
        sentence += f" They agree at {agreeing} of {len(shares)} noise levels."
    value = f"{100 * share:.1f} %" if share < 10 else "over 1,000 %"
    return _Found(outcome, share, value, sentence, decibels(worst.psnr))


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) < 1e5 else f"{value:.0e}"


def _chart(
    title: str, sentence: str, psnr: list[float], curves: dict[str, list[float]], conditions: Conditions
) -> Chart:
    """The axis ends at ``-d`` and ``2 d``: a trace can go astray by orders of magnitude."""
    d = conditions.dimensions
    shown = [min(max(value, -d), 2 * d) for values in curves.values() for value in values if not math.isnan(value)]
    return Chart(
        title=title,
        sentence=sentence,
        x=NOISE_AXIS,
        y=Axis(
            "dimensions, mean over images",
            "dimensions",
            ",.1f",
            range=(min(0.0, *shown) - 0.05 * d, max(0.0, *shown) + 0.05 * d),
        ),
        curves=tuple(Curve(name, psnr, values) for name, values in curves.items()),
    )
