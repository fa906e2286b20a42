"""The likelihood by two estimates: from the energy, and from the denoising error; see `explorer.measures.dataset.nll`.

The second is an upper bound on the negative log-likelihood for any denoiser, so that a gap between the two is an error
of the energy. Noise level by noise level it shows where the error arises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from explorer.measures.consistency.chart import NOISE_AXIS, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decibels, decide, signed, threshold_text
from explorer.measures.dataset.nll import NegativeLogLikelihood, gap_by_level, negative_log_likelihood
from explorer.measures.shared.noise_levels import NoiseLevel, log_spaced, noise_levels
from explorer.progress import Progress

__all__ = ["GapLevel", "Likelihood", "LikelihoodCheck"]


class GapLevel(BaseModel):
    """One noise level of the two estimates of the NLL.

    Attributes:
        psnr: noise level in dB.
        gap: energy minus I-MMSE estimate of the NLL at this level, in nats per image.
        mean_time_score: ``E t dU/dt / d``, zero for a normalized model.
        time_error: time-score error over its irreducible part.
    """

    model_config = STORED

    psnr: float
    gap: float
    mean_time_score: float
    time_error: float


class Likelihood(Measured):
    """Negative log-likelihood at the smallest noise level, in nats per image, from the energy and from I-MMSE; and the
    gap by noise level, from the smallest noise to the largest."""

    energy: float
    i_mmse: float
    levels: tuple[GapLevel, ...] = Field(min_length=1)

    @classmethod
    def of(cls, nll: NegativeLogLikelihood, levels: Sequence[NoiseLevel], gaps: Sequence[float]) -> Likelihood:
        """From measurements by noise level and their gaps, see `explorer.measures.dataset.nll.gap_by_level`."""
        by_level = (
            GapLevel(psnr=level.psnr, gap=gap, mean_time_score=level.mean_time_score, time_error=level.time_error)
            for level, gap in zip(levels, gaps, strict=True)
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
        return Likelihood.of(negative_log_likelihood(x, levels), levels, gap_by_level(x, levels))

    def judge(self, measured: Likelihood, conditions: Conditions) -> Verdict:
        gaps = np.array([conditions.bits_per_dimension(level.gap) for level in measured.levels])
        gap = float(gaps[0])
        outcome = decide(gap, self.threshold)
        sentence = (
            "The denoising error gives an estimate that is an upper bound for any denoiser; the energy's own estimate "
            f"differs from it by {signed(gap, 3)} bits/dimension {threshold_text(self.threshold)}."
        )
        if outcome != "passes" and np.isfinite(gaps).all():
            steps = (gaps[:-1] - gaps[1:]) * np.sign(gap)  # what each interval adds to the gap
            largest = int(np.argmax(steps)) if len(steps) else None
            if largest is None or gaps[-1] * np.sign(gap) > steps[largest]:
                sentence += " The gap is there at the largest noise already: the constant is wrong."
            else:
                high, low = measured.levels[largest].psnr, measured.levels[largest + 1].psnr
                sentence += f" The largest part arises between {signed(low, 0, plus=False)} and {decibels(high)}."
        return self.verdict(outcome, gap, f"{signed(gap, 3)} bits/dim", sentence, conditions.smallest_noise)

    def chart(self, measured: Likelihood, conditions: Conditions) -> Chart:
        gaps = [conditions.bits_per_dimension(level.gap) for level in measured.levels]
        return Chart(
            title="Where the gap arises",
            sentence="Negative log-likelihood from the energy minus that from I-MMSE, at each noise level; it should "
            "stay in the band.",
            x=NOISE_AXIS,
            y=Axis("gap, bits/dimension", "bits/dimension", "+.4f"),
            curves=(Curve("", [level.psnr for level in measured.levels], gaps),),
            band=self.threshold,
        )
