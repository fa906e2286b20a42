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

from explorer.measures.consistency.chart import NOISE_AXIS, Allowed, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import (
    Outcome,
    Verdict,
    decibels,
    decide,
    deciding,
    standard_error,
    threshold_text,
    with_error,
)
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
        standard_error: of their difference, over images; None in reports of earlier versions.
    """

    model_config = STORED

    psnr: float
    denoising: float
    energy: float
    standard_error: float | None = None


class NoisyDimensionality(Measured):
    """Estimates of noisy images, a noise level each."""

    levels: tuple[NoisyLevel, ...] = Field(min_length=1)


class CleanLevel(BaseModel):
    """Means over clean images at one noise level.

    Attributes:
        psnr: noise level in dB.
        time_score, trace: FLIPD from ``dU/dt`` and from the trace.
        trace_error: standard error of `trace` from the probes.
        standard_error: of the difference of the two, over images and probes; None in reports of earlier versions.
    """

    model_config = STORED

    psnr: float
    time_score: float
    trace: float
    trace_error: float
    standard_error: float | None = None


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
        columns = zip(psnrs, found.denoising.T.numpy(), found.energy.T.numpy(), strict=True)
        levels = [
            NoisyLevel(
                psnr=psnr,
                denoising=float(denoising.mean()),
                energy=float(energy.mean()),
                standard_error=standard_error(denoising - energy),
            )
            for psnr, denoising, energy in columns
        ]
        return NoisyDimensionality(images=len(x), levels=tuple(levels))

    def judge(self, measured: NoisyDimensionality, conditions: Conditions) -> Verdict:
        found = _compare(_noisy_pairs(measured), "The denoising error", "the slope of the mean energy", conditions)
        return self.verdict(*found)

    def chart(self, measured: NoisyDimensionality, conditions: Conditions) -> Chart:
        names = ("denoising error", "slope of the energy")
        sentence = "Two estimates of the neighborhood of noisy images"
        return _chart(self.title, sentence, names, _noisy_pairs(measured), conditions)


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
            time_score = flipd(model, x, t).cpu().double()
            fast += time.perf_counter() - began
            began = time.perf_counter()
            trace, error = (column.cpu().double() for column in flipd_by_trace(model, x, t, probes, subject.seed))
            slow += time.perf_counter() - began
            trace_error = float(error.square().sum().sqrt() / len(x))
            levels.append(
                CleanLevel(
                    psnr=psnr,
                    time_score=float(time_score.mean()),
                    trace=float(trace.mean()),
                    trace_error=trace_error,
                    standard_error=standard_error((time_score - trace).numpy()),
                )
            )
            progress(len(levels), self.levels)
        return CleanDimensionality(images=len(x), levels=tuple(levels), time_score_seconds=fast, trace_seconds=slow)

    def judge(self, measured: CleanDimensionality, conditions: Conditions) -> Verdict:
        found = _compare(_clean_pairs(measured), "The time score", "the trace of the Jacobian of the score", conditions)
        faster = measured.trace_seconds / max(measured.time_score_seconds, 1e-9)
        return self.verdict(*found._replace(sentence=f"{found.sentence} The time score is {faster:,.0f} times faster."))

    def chart(self, measured: CleanDimensionality, conditions: Conditions) -> Chart:
        names = ("time score", "trace")
        sentence = "Two estimates of the neighborhood of clean images"
        return _chart(self.title, sentence, names, _clean_pairs(measured), conditions)


def _noise_levels(subject: Subject, count: int) -> tuple[list[float], list[float]]:
    """Noise levels in dB, within the range of the model, and their variances."""
    low = max(_RANGE[0], float(psnr_from_noise_variance(subject.t_max)))
    high = min(_RANGE[1], float(psnr_from_noise_variance(subject.t_low)))
    psnrs = np.linspace(high, low, count).tolist()
    return psnrs, [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]


class _Pair(NamedTuple):
    """Two estimates at a noise level, in dimensions, and the standard error of their difference."""

    psnr: float
    first: float
    second: float
    error: float | None

    def allowed(self, dimensions: int) -> float:
        """By how much they may differ: a share of the first, or of ``d / 10`` where that is larger."""
        return _THRESHOLD * max(abs(self.first), dimensions / 10)

    def disagreement(self, dimensions: int) -> float:
        """As such a share."""
        share = _THRESHOLD * abs(self.first - self.second) / self.allowed(dimensions)
        return share if math.isfinite(share) else math.inf

    def disagreement_error(self, dimensions: int) -> float | None:
        """Standard error of `disagreement`."""
        return None if self.error is None else _THRESHOLD * self.error / self.allowed(dimensions)


def _noisy_pairs(measured: NoisyDimensionality) -> list[_Pair]:
    return [_Pair(level.psnr, level.denoising, level.energy, level.standard_error) for level in measured.levels]


def _clean_pairs(measured: CleanDimensionality) -> list[_Pair]:
    return [_Pair(level.psnr, level.time_score, level.trace, level.standard_error) for level in measured.levels]


class _Found(NamedTuple):
    """The arguments of `Check.verdict`."""

    outcome: Outcome
    share: float
    value: str
    sentence: str
    where: str
    error: float | None


def _compare(pairs: Sequence[_Pair], first: str, second: str, conditions: Conditions) -> _Found:
    d = conditions.dimensions
    shares, errors = [pair.disagreement(d) for pair in pairs], [pair.disagreement_error(d) for pair in pairs]
    outcomes = [decide(share, _THRESHOLD, error) for share, error in zip(shares, errors, strict=True)]
    place = deciding(outcomes, shares)
    worst, share, error, outcome = pairs[place], shares[place], errors[place], outcomes[place]
    how = {"passes": "agree", "does not pass": "disagree"}.get(outcome, "may agree")
    sentence = (
        f"{first} and {second} {how}: {_number(worst.first)} and {_number(worst.second)} dimensions at "
        f"{decibels(worst.psnr)}, the worst noise level {threshold_text(100 * _THRESHOLD, '%')}."
    )
    if outcome == "does not pass":
        agreeing = outcomes.count("passes")
        sentence += f" They agree at {agreeing} of {len(shares)} noise levels."
    percent = None if error is None else 100 * error
    value = f"{with_error(100 * share, percent, 1, plus=False)} %" if share < 10 else "over 1,000 %"
    return _Found(outcome, share, value, sentence, decibels(worst.psnr), error)


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) < 1e5 else f"{value:.0e}"


def _chart(title: str, sentence: str, names: tuple[str, str], pairs: Sequence[_Pair], conditions: Conditions) -> Chart:
    """The axis ends at ``-d`` and ``2 d``: a trace can go astray by orders of magnitude."""
    d = conditions.dimensions
    values = [value for pair in pairs for value in (pair.first, pair.second)]
    shown = [min(max(value, -d), 2 * d) for value in values if not math.isnan(value)]
    psnr = [pair.psnr for pair in pairs]
    errors = [2 * pair.error for pair in pairs if pair.error is not None]
    return Chart(
        title=title,
        sentence=f"{sentence}. The second should lie in the gray bars around the first, within two standard errors.",
        x=NOISE_AXIS,
        y=Axis(
            "mean over images",
            "dimensions",
            ",.1f",
            range=(min(0.0, *shown) - 0.05 * d, max(0.0, *shown) + 0.05 * d),
        ),
        curves=(
            Curve(names[0], psnr, [pair.first for pair in pairs]),
            Curve(names[1], psnr, [pair.second for pair in pairs], errors=errors if len(errors) == len(pairs) else ()),
        ),
        allowed=Allowed(
            f"allowed, ± {100 * _THRESHOLD:g} %",
            psnr,
            [pair.first - pair.allowed(d) for pair in pairs],
            [pair.first + pair.allowed(d) for pair in pairs],
        ),
    )
