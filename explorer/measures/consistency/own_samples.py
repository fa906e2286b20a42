"""Are the model's own samples as probable as the data? See `explorer.measures.sampling.own_samples` for what a
difference means.

The samples are drawn by the probability flow. Two measurements tell an error of the sampler from one of the density,
each on the very samples, so that their errors are small. Both are zero for samples of ``p(., t0)``:

- *half of the steps* from the same noise: how much ``E [-log p]`` still changes. The flow is of second order, so that a
  third of the change is left in the full number of steps;
- *exact Langevin moves* (MALA) at ``t0``, which leave ``p(., t0)`` as it is: how much ``E [-log p]`` drifts. They are
  short, and find what is wrong nearby: a sampler that misses a distant part of the density is not caught.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import BaseModel, Field
from torch import Tensor

from explorer.measures.consistency.chart import NOISE_AXIS, Allowed, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decide, threshold_text, with_error
from explorer.measures.sampling.own_samples import log_prob_with_noise
from explorer.measures.sampling.samplers import flow, gradients_needed, mala
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.sampling.start import start
from explorer.measures.sampling.state import State
from explorer.measures.shared.noise import noise_generator
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["EnergyLevel", "OwnSamples", "OwnSamplesCheck", "SamplerChange"]

_LEVELS = 6  # intervals of noise levels at which samples and data are compared
_FOLLOWED = 4  # of so many samples, one tells density and sampler apart
_EXPLAINED = 0.5  # share of a difference that makes the sampler a reason of it


class EnergyLevel(BaseModel):
    """Mean ``U(y, t)`` of samples and of data at one noise level, in nats per image, each with its standard error."""

    model_config = STORED

    psnr: float
    samples: float
    samples_error: float
    data: float
    data_error: float


class SamplerChange(BaseModel):
    """How much the mean ``-log p`` of some samples changes where a right sampler changes nothing, in nats per image,
    with its standard error."""

    model_config = STORED

    mean: float
    standard_error: float


class OwnSamples(Measured):
    """Energies of samples and of data, and what the sampler may have to do with their difference.

    Attributes:
        samples: how many were drawn.
        steps: of the flow.
        levels: from the largest noise to the smallest, which is tested.
        steps_change: mean ``-log p`` with all steps minus that with half of them.
        moves: number of exact Langevin moves.
        moves_change: mean ``-log p`` after the moves minus that before.
    """

    samples: int = Field(ge=2)
    steps: int = Field(ge=2)
    levels: tuple[EnergyLevel, ...] = Field(min_length=1)
    steps_change: SamplerChange
    moves: int = Field(ge=1)
    moves_change: SamplerChange


@dataclass(frozen=True)
class OwnSamplesCheck(Check[OwnSamples]):
    """Are samples of the model as probable as the data?

    Attributes:
        images: of the data.
        samples: of the model.
        steps: of the flow, a multiple of `_LEVELS`.
        moves: exact Langevin moves.
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
        half = gradients_needed("flow", self.steps // 2 + 1)
        apart = self._followed * (half + self.moves + 1)
        return self.samples * gradients_needed("flow", self.steps + 1) + apart + self.images * (_LEVELS + 1) / 3

    @property
    def _followed(self) -> int:
        return max(2, self.samples // _FOLLOWED)

    def fitted(self, share: float) -> OwnSamplesCheck:
        return replace(super().fitted(share), samples=min(self.samples, max(4, int(self.samples * share))))

    def run(self, subject: Subject, progress: Progress) -> OwnSamples:
        model, x, generator = subject.model, subject.x[: self.images], noise_generator(subject.seed)
        whole, half = (even_schedule(subject.t_max, subject.t_low, steps) for steps in (self.steps, self.steps // 2))
        total = len(whole) + len(half) + self.moves + 1
        noise = start(model, whole[0], self.samples, generator)
        levels = []
        for done, state in enumerate(flow(model, noise, whole)):
            if done % (self.steps // _LEVELS) == 0:
                data = -log_prob_with_noise(model, x, state.t, subject.seed).double()
                levels.append(_level(state.t, state.energy, data))
            progress(done + 1, total)
        some = slice(self._followed)
        coarse = _last(flow(model, noise[some], half))
        progress(len(whole) + len(half), total)
        moved = _last(mala(model, state.y[some], [state.t] * self.moves, generator))
        progress(total, total)
        energy = state.energy[some]
        return OwnSamples(
            images=len(x),
            samples=self.samples,
            steps=self.steps,
            levels=tuple(levels),
            steps_change=_change(coarse.energy, energy),
            moves=self.moves,
            moves_change=_change(energy, moved.energy),
        )

    def judge(self, measured: OwnSamples, conditions: Conditions) -> Verdict:
        bits, last = conditions.bits_per_dimension, measured.levels[-1]
        difference, error = bits(last.samples - last.data), bits(math.hypot(last.samples_error, last.data_error))
        outcome = decide(difference, self.threshold, error)
        if not math.isfinite(difference):
            sentence = "No samples can be drawn: the energy is not finite on the way."
            return self.verdict(outcome, difference, "not finite", sentence, conditions.smallest_noise)
        samples, data = (
            with_error(bits(mean), bits(of_mean), 3)
            for mean, of_mean in ((last.samples, last.samples_error), (last.data, last.data_error))
        )
        sentence = (
            f"−log p of {measured.samples:,} samples is {samples} bits/dimension on average, that of "
            f"{measured.images:,} images of the data with the same noise {data}: the difference is "
            f"{with_error(difference, error, 3)} {threshold_text(self.threshold)}."
        )
        if outcome != "passes":
            sentence += f" {self._reason(measured, conditions)}"
        shown = f"{with_error(difference, error, 3)} bits/dim"
        return self.verdict(outcome, difference, shown, sentence, conditions.smallest_noise, error)

    def _reason(self, measured: OwnSamples, conditions: Conditions) -> str:
        """What more steps and exact moves say of a difference."""
        bits, difference = conditions.bits_per_dimension, measured.levels[-1].samples - measured.levels[-1].data
        steps, moves = measured.steps_change, measured.moves_change
        by_steps, by_moves = (with_error(bits(each.mean), bits(each.standard_error), 3) for each in (steps, moves))
        told = (
            f"Twice the steps of the sampler changed it by {by_steps}, and {measured.moves} exact Langevin moves, "
            f"which leave a density as it is, by {by_moves}: "
        )
        sampler = sum(abs(each.mean) + 2 * each.standard_error for each in (steps, moves))
        if not sampler < _EXPLAINED * abs(difference):
            return told + "the sampler may be the reason, which does not reach the density in so few steps."
        if difference > 0:
            return (
                told + "the sampler is not the reason. The density has images for possible that the data do not have."
            )
        return told + "the sampler is not the reason. The density has less variety than the data."

    def chart(self, measured: OwnSamples, conditions: Conditions) -> Chart:
        bits, levels = conditions.bits_per_dimension, measured.levels
        return Chart(
            title=self.title,
            sentence="Mean −log p of samples on their way minus that of data with the same noise, with two standard "
            "errors. The one at the smallest noise is tested, and should lie in the gray bar.",
            x=NOISE_AXIS,
            y=Axis("samples − data, bits/dimension", "bits/dimension", "+.3f"),
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


def _last(states: Iterator[State]) -> State:
    """The state at the end of the way."""
    return deque(states, maxlen=1)[0]


def _level(t: float, samples: Tensor, data: Tensor) -> EnergyLevel:
    (model, model_error), (of_data, data_error) = map(_mean, (samples, data))
    return EnergyLevel(
        psnr=float(psnr_from_noise_variance(t)),
        samples=model,
        samples_error=model_error,
        data=of_data,
        data_error=data_error,
    )


def _change(before: Tensor, after: Tensor) -> SamplerChange:
    mean, error = _mean(after.double() - before.double())
    return SamplerChange(mean=mean, standard_error=error)


def _mean(nats: Tensor) -> tuple[float, float]:
    """Mean and its standard error."""
    nats = nats.cpu().double()
    return float(nats.mean()), float(nats.std() / math.sqrt(len(nats)))
