"""The likelihood by two estimates: from the energy, and from the denoising error; see `explorer.measures.dataset.nll`.

The second is an upper bound on the negative log-likelihood for any denoiser, so that a gap between the two is an error
of the energy. Noise level by noise level it shows where the error arises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from explorer.measures.consistency.chart import NOISE_AXIS, Allowed, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decibels, decide, signed, threshold_text, with_error
from explorer.measures.dataset.nll import NegativeLogLikelihood, gap_by_level, gap_errors, negative_log_likelihood
from explorer.measures.shared.noise_levels import NoiseLevel, log_spaced, noise_levels
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["GapLevel", "Likelihood", "LikelihoodCheck"]


class GapLevel(BaseModel):
    """One noise level of the two estimates of the NLL.

    Attributes:
        psnr: noise level in dB.
        gap: energy minus I-MMSE estimate of the NLL at this level, in nats per image.
        mean_time_score: ``E t dU/dt / d``, zero for a normalized model.
        time_error: time-score error over its irreducible part.
        standard_error: of `gap`, over images; None in reports of earlier versions.
    """

    model_config = STORED

    psnr: float
    gap: float
    mean_time_score: float
    time_error: float
    standard_error: float | None = None


class Likelihood(Measured):
    """Negative log-likelihood at the smallest noise level, in nats per image, from the energy and from I-MMSE; and the
    gap by noise level, from the smallest noise to the largest."""

    energy: float
    i_mmse: float
    levels: tuple[GapLevel, ...] = Field(min_length=1)

    @classmethod
    def of(
        cls, nll: NegativeLogLikelihood, levels: Sequence[NoiseLevel], gaps: Sequence[float], errors: Sequence[float]
    ) -> Likelihood:
        """From measurements by noise level, and gaps with standard errors: see `explorer.measures.dataset.nll`."""
        by_level = (
            GapLevel(
                psnr=level.psnr,
                gap=gap,
                mean_time_score=level.mean_time_score,
                time_error=level.time_error,
                standard_error=error,
            )
            for level, gap, error in zip(levels, gaps, errors, strict=True)
        )
        return cls(images=nll.images, energy=nll.energy, i_mmse=nll.i_mmse, levels=tuple(by_level))


@dataclass(frozen=True)
class LikelihoodCheck(Check[Likelihood]):
    """Do energy and denoising error give the same likelihood?

    Attributes:
        images: how many.
        levels: number of noise levels.
    """

    name = "likelihood"
    title = "Likelihood by two estimates"
    measured = Likelihood
    threshold = 0.05
    unit = "bits/dimension"

    levels: int

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return self.images * self.levels

    def run(self, subject: Subject, progress: Progress) -> Likelihood:
        x = subject.x[: self.images]
        ts = log_spaced(subject.t_low, subject.t_max, self.levels)
        levels = noise_levels(subject.model, x, ts, subject.seed, progress)
        nll = negative_log_likelihood(x, levels)
        return Likelihood.of(nll, levels, gap_by_level(x, levels), gap_errors(x, levels))

    def judge(self, measured: Likelihood, conditions: Conditions) -> Verdict:
        gaps = np.array([conditions.bits_per_dimension(level.gap) for level in measured.levels])
        gap, of_gap = float(gaps[0]), measured.levels[0].standard_error
        error = None if of_gap is None else conditions.bits_per_dimension(of_gap)
        outcome = decide(gap, self.threshold, error)
        sentence = (
            "The denoising error gives an estimate that is an upper bound for any denoiser; the energy's own estimate "
            f"differs from it by {with_error(gap, error, 3)} bits/dimension {threshold_text(self.threshold)}."
        )
        if outcome == "does not pass" and np.isfinite(gaps).all():
            steps = (gaps[:-1] - gaps[1:]) * np.sign(gap)  # what each interval adds to the gap
            largest = int(np.argmax(steps)) if len(steps) else None
            if largest is None or gaps[-1] * np.sign(gap) > steps[largest]:
                sentence += " The gap is there at the largest noise already: the constant is wrong."
            else:
                high, low = measured.levels[largest].psnr, measured.levels[largest + 1].psnr
                sentence += f" The largest part arises between {signed(low, 0, plus=False)} and {decibels(high)}."
        shown = f"{with_error(gap, error, 3)} {short_unit(self.unit)}"
        return self.verdict(outcome, gap, shown, sentence, conditions.smallest_noise, error)

    def chart(self, measured: Likelihood, conditions: Conditions) -> Chart:
        bits, levels = conditions.bits_per_dimension, measured.levels
        errors = [2 * bits(level.standard_error) for level in levels if level.standard_error is not None]
        return Chart(
            title="Where the gap arises",
            sentence="Negative log-likelihood from the energy minus that from I-MMSE, with two standard errors, at "
            "each noise level. The one at the smallest noise is tested, and should lie in the gray bar.",
            x=NOISE_AXIS,
            y=Axis("gap", self.unit, "+.4f"),
            curves=(
                Curve(
                    "",
                    [level.psnr for level in levels],
                    [bits(level.gap) for level in levels],
                    errors=errors if len(errors) == len(levels) else (),
                ),
            ),
            allowed=Allowed(f"allowed, ± {self.threshold:g}", [levels[0].psnr], [-self.threshold], [self.threshold]),
        )
