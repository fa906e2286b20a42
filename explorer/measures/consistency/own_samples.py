"""Are the model's own samples as probable as the data? See `explorer.measures.sampling.own_samples` for what a
difference means.

Samples are drawn by MALA (`explorer.measures.sampling.samplers.mala`), whose moves leave ``p(., t)`` as it is at every
noise level, by the energy of that level alone. A sampler that follows the score alone, as the probability flow, ends in
another distribution where the levels of a model do not agree with each other.

What is the sampler's part in a difference, and what the density's? Further such moves at ``t0``, of samples and of
data, tell: samples of ``p(., t0)`` keep their ``E [-log p]``. Where samples drift, the sampler has not reached the
density; the drift counts as an error of the difference. Where data drift, they are not samples of the density, whatever
the sampler. The moves are short: what neither drift shows is a difference of larger structures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from explorer.measures.consistency.chart import NOISE_AXIS, Allowed, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decide, threshold_text, with_error
from explorer.measures.sampling.own_samples import log_prob_with_noise
from explorer.measures.sampling.samplers import gradients_needed, mala
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.sampling.start import start
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.scoring import log_prob_batched
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["Drift", "EnergyLevel", "OwnSamples", "OwnSamplesCheck"]

_LEVELS = 6  # intervals of noise levels at which samples and data are compared
_RELEVANT = 0.1  # share of the difference that a drift must be to say something of it


class EnergyLevel(BaseModel):
    """Mean ``U(y, t)`` of samples and of data at one noise level, in nats per image, each with its standard error."""

    model_config = STORED

    psnr: float
    samples: float
    samples_error: float
    data: float
    data_error: float


class Drift(BaseModel):
    """Mean change of ``-log p`` by exact Langevin moves, in nats per image, and its standard error."""

    model_config = STORED

    mean: float
    standard_error: float

    def matters(self, difference: float) -> bool:
        """Whether it is more than chance, and large enough beside a difference in nats."""
        return abs(self.mean) > max(2 * self.standard_error, _RELEVANT * abs(difference))


class OwnSamples(Measured):
    """Energies of samples and of data, and how both drift.

    Attributes:
        samples: how many were drawn.
        steps: of the sampler.
        levels: from the largest noise to the smallest, which is tested.
        moves: further moves at the smallest noise.
        samples_drift, data_drift: by these moves.
    """

    samples: int = Field(ge=2)
    steps: int = Field(ge=1)
    levels: tuple[EnergyLevel, ...] = Field(min_length=1, max_length=1000)
    moves: int = Field(ge=1)
    samples_drift: Drift
    data_drift: Drift


@dataclass(frozen=True)
class OwnSamplesCheck(Check[OwnSamples]):
    """Are samples of the model as probable as the data?

    Attributes:
        images: of the data.
        samples: of the model.
        steps: of the sampler, a multiple of `_LEVELS`.
        moves: further moves at the smallest noise.
    """

    name = "own_samples"
    title = "The model's own samples"
    measured = OwnSamples
    threshold = 0.1
    unit = "bits/dimension"

    samples: int
    steps: int
    moves: int

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        drawn = self.samples * gradients_needed("mala", self.steps + 1)
        return drawn + 2 * self._followed * (self.moves + 1) + self.images * (_LEVELS + 1) / 3

    @property
    def _followed(self) -> int:
        """How many samples and images are moved further: their drift has a small error."""
        return min(self.images, max(2, self.samples // 2))

    def fitted(self, share: float) -> OwnSamplesCheck:
        return replace(super().fitted(share), samples=min(self.samples, max(4, int(self.samples * share))))

    def run(self, subject: Subject, progress: Progress) -> OwnSamples:
        model, x, generator = subject.model, subject.x[: self.images], noise_generator(subject.seed + 3)
        ts = even_schedule(subject.t_max, subject.t_low, self.steps)
        total = len(ts) + 2 * self.moves
        y = start(model, subject.t_max, self.samples, generator)
        levels = []
        for done, state in enumerate(mala(model, y, ts, generator)):
            if done % (self.steps // _LEVELS) == 0:
                data = -log_prob_with_noise(model, x, state.t, subject.seed)
                levels.append(_level(state.t, state.energy, data))
            progress(done + 1, total)
        some, noise = x[: self._followed], torch.randn(x[: self._followed].shape, generator=generator)
        drifts: list[Drift] = []
        for begin in (state.y[: self._followed], (some + math.sqrt(state.t) * noise).to(state.y)):
            before = -log_prob_batched(model, begin, state.t).double()
            for move, moved in enumerate(mala(model, begin, [state.t] * self.moves, generator, step=state.step)):
                after = moved.energy.cpu().double()
                progress(len(ts) + len(drifts) * self.moves + move + 1, total)
            mean, error = _mean(after - before)
            drifts.append(Drift(mean=mean, standard_error=error))
        return OwnSamples(
            images=len(x),
            samples=self.samples,
            steps=self.steps,
            levels=tuple(levels),
            moves=self.moves,
            samples_drift=drifts[0],
            data_drift=drifts[1],
        )

    def judge(self, measured: OwnSamples, conditions: Conditions) -> Verdict:
        bits, last = conditions.bits_per_dimension, measured.levels[-1]
        difference = bits(last.samples - last.data)
        error = bits(math.hypot(last.samples_error, last.data_error, measured.samples_drift.mean))
        outcome = decide(difference, self.threshold, error)
        if not math.isfinite(difference):
            sentence = "No samples can be drawn: the energy is not finite on the way."
            return self.verdict(outcome, difference, "not finite", sentence, conditions.smallest_noise)
        samples, data = (
            with_error(bits(mean), bits(of_mean), 3)
            for mean, of_mean in ((last.samples, last.samples_error), (last.data, last.data_error))
        )
        sentence = (
            f"{measured.samples:,} samples have a mean −log p of {samples} bits/dimension, {measured.images:,} images "
            f"of the data with the same noise {data}: a difference of {with_error(difference, error, 3)} "
            f"{threshold_text(self.threshold)}."
        )
        if outcome != "passes":
            sentence += f" {self._reason(measured, conditions)}"
        shown = f"{with_error(difference, error, 3)} bits/dim"
        return self.verdict(outcome, difference, shown, sentence, conditions.smallest_noise, error)

    def _reason(self, measured: OwnSamples, conditions: Conditions) -> str:
        """What the drifts say of a difference."""
        bits, last = conditions.bits_per_dimension, measured.levels[-1]
        samples, data = (measured.samples_drift, measured.data_drift)
        of_samples, of_data = (with_error(bits(each.mean), bits(each.standard_error), 3) for each in (samples, data))
        told = (
            f"{measured.moves} exact Langevin moves, which leave the model's density as it is, change it by "
            f"{of_samples} from the samples and by {of_data} from the data."
        )
        by_sampler, by_density = (each.matters(last.samples - last.data) for each in (samples, data))
        if by_sampler:
            told += " The sampler has not reached the density: a part of the difference is its own."
        if by_density:
            told += " The density differs from that of the data, whatever the sampler: it "
            told += "has room for images that the data do not have." if last.samples > last.data else "lacks variety."
        if not (by_sampler or by_density):
            told += (
                " Both drifts are small beside it: what differs is out of reach of such moves, as how often smooth "
                "images and rough ones are drawn."
            )
        return told

    def chart(self, measured: OwnSamples, conditions: Conditions) -> Chart:
        bits, levels = conditions.bits_per_dimension, measured.levels
        return Chart(
            title=self.title,
            sentence="Mean −log p of samples on their way minus that of data with the same noise, with two standard "
            "errors. The one at the smallest noise is tested, and should lie in the gray bar. Above it samples are "
            "less probable than data, below it more: the density is not that of the data, or the sampler does not "
            "reach it. The table says which of the two, where exact moves can tell.",
            x=NOISE_AXIS,
            y=Axis("difference", "bits/dimension", "+.3f"),
            curves=(
                Curve(
                    "",
                    [level.psnr for level in levels],
                    [bits(level.samples - level.data) for level in levels],
                    errors=[2 * bits(math.hypot(level.samples_error, level.data_error)) for level in levels],
                ),
            ),
            allowed=Allowed(f"allowed, ± {self.threshold:g}", [levels[-1].psnr], [-self.threshold], [self.threshold]),
        )


def _level(t: float, samples: Tensor, data: Tensor) -> EnergyLevel:
    (model, model_error), (of_data, data_error) = map(_mean, (samples, data))
    return EnergyLevel(
        psnr=float(psnr_from_noise_variance(t)),
        samples=model,
        samples_error=model_error,
        data=of_data,
        data_error=data_error,
    )


def _mean(nats: Tensor) -> tuple[float, float]:
    """Mean and its standard error."""
    nats = nats.cpu().double()
    return float(nats.mean()), float(nats.std() / math.sqrt(len(nats)))
