"""A step aside: does the code length of an image jump when the image is moved by single pixels?

``b(k)`` is the mean code length of images rolled by ``k`` pixels to the right and down, with what leaves at one border
coming in at the other:

    b(k) = E [-log2 p(roll_k(x), t0)] / d + log2(levels)        bits/dimension,   k = 1 ... 17
    D(k) = b(k) - (b(k-1) + b(k+1)) / 2                         bits/dimension,   k = 2 ... 16

The seam that the roll leaves is there at every ``k >= 1`` and moves by one pixel a step, so that ``b`` is smooth in
``k`` for a density of images; a stationary density with periodic borders has a constant ``b``. A grid of blocks, such
as the 8 x 8 pixels of JPEG files, is not smooth: ``b`` drops where an image lies on the grid again, and ``D`` shows it,
at ``k = 8`` and ``16`` and, half as large and with the other sign, beside them. ``b(0)`` does not enter: it has no
seam, and is lower for a reason that is no fault of the model.

The noise of dequantization moves with the image, so that it is the same for all ``k`` and nearly cancels in ``D``. The
largest of many ``D`` is some two standard errors even where every ``D`` is zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from pydantic import BaseModel, Field, model_validator
from torch import Tensor

from explorer.measures.consistency.chart import Allowed, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decide, deciding, signed, threshold_text, with_error
from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.base import EnergyModel
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["SHIFTS", "RolledEnergies", "StepAside", "StepAsideCheck", "step_aside"]

SHIFTS = 17
"""The largest roll, in pixels: two periods of a JPEG grid and one pixel more."""
_SMALLEST_SIDE = 32  # pixels; a roll by up to `SHIFTS` leaves an image that looks like one, but cuts a digit of 8 x 8
_PRIORITY = 8  # in a quick run: it is cheap, and with few images it would stay open


class RolledEnergies(BaseModel):
    """Means over images, in nats per image, by shift.

    Attributes:
        energies: ``E [-log p(roll_k(x), t0)]`` for k = 1, 2, ...; at least three.
        standard_errors: of the second differences, over images, for k = 2, 3, ...; two fewer.
    """

    model_config = STORED

    energies: tuple[float, ...] = Field(min_length=3, max_length=1000)
    standard_errors: tuple[float, ...]

    @model_validator(mode="after")
    def _fits(self) -> RolledEnergies:
        if len(self.standard_errors) != len(self.energies) - 2:
            raise ValueError("Every shift but the first and the last has one standard error.")
        return self

    @property
    def second_differences(self) -> tuple[float, ...]:
        """``E(k) - (E(k-1) + E(k+1)) / 2`` in nats per image, for k = 2, 3, ..."""
        e = self.energies
        return tuple(e[i] - (e[i - 1] + e[i + 1]) / 2 for i in range(1, len(e) - 1))


class StepAside(Measured):
    """Energies of rolled images."""

    rolled: RolledEnergies


@dataclass(frozen=True)
class StepAsideCheck(Check[StepAside]):
    """Does the code length jump when images move by single pixels, as on the grid of JPEG files?"""

    name = "step_aside"
    title = "A step aside"
    measured = StepAside
    threshold = 0.02  # less than between two likelihoods: a grid is there or it is not
    unit = "bits/dimension"

    def not_applicable(self, conditions: Conditions) -> str | None:
        if min(conditions.image_shape[1:]) >= _SMALLEST_SIDE:
            return None
        return f"Rolling would cut up images of fewer than {_SMALLEST_SIDE} pixels per side."

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return self.images * SHIFTS / 3

    def fitted(self, share: float) -> StepAsideCheck:
        return super().fitted(_PRIORITY * share)

    def run(self, subject: Subject, progress: Progress) -> StepAside:
        x = subject.x[: self.images]
        return StepAside(images=len(x), rolled=step_aside(subject.model, x, subject.t_low, progress=progress))

    def judge(self, measured: StepAside, conditions: Conditions) -> Verdict:
        rolled = measured.rolled
        jumps, errors = self._jumps(measured, conditions)
        outcomes = [decide(jump, self.threshold, error) for jump, error in zip(jumps, errors, strict=True)]
        worst = deciding(outcomes, jumps)
        jump, error, outcome, at = jumps[worst], errors[worst], outcomes[worst], worst + 2
        sentence = (
            f"The code length of images rolled by {at} pixels differs from the mean of those at {at - 1} and {at + 1} "
            f"by {with_error(jump, error, 3)} bits/dimension, the worst such jump among shifts of 2 to "
            f"{len(rolled.energies) - 1} {threshold_text(self.threshold)}."
        )
        if outcome == "does not pass":
            sentence += (
                " The model has learned a grid, such as the blocks of JPEG files, which belongs to files and not to "
                "images."
            )
        shown = f"{with_error(jump, error, 3)} {short_unit(self.unit)}"
        return self.verdict(outcome, jump, shown, sentence, f"{at} pixels", error)

    def _jumps(self, measured: StepAside, conditions: Conditions) -> tuple[list[float], list[float]]:
        """Second differences and their standard errors, in bits/dimension."""
        bits, rolled = conditions.bits_per_dimension, measured.rolled
        return [bits(value) for value in rolled.second_differences], [bits(error) for error in rolled.standard_errors]

    def chart(self, measured: StepAside, conditions: Conditions) -> Chart:
        lengths = [conditions.code_length(energy) for energy in measured.rolled.energies]
        jumps, errors = self._jumps(measured, conditions)
        shifts = range(1, len(lengths) + 1)
        middles = [length - jump for length, jump in zip(lengths[1:-1], jumps, strict=True)]
        notes = ["", *(f"\nabove its neighbors: {signed(jump, 4)}" for jump in jumps), ""]
        bars = [0.0, *(2 * error for error in errors), 0.0]  # of the jumps: the first and the last point have none
        curves = [Curve("rolled images", list(shifts), lengths, errors=bars, notes=notes)]
        outcomes = [decide(jump, self.threshold, error) for jump, error in zip(jumps, errors, strict=True)]
        outside = [i for i, outcome in enumerate(outcomes, 1) if outcome == "does not pass"]
        if outside:
            curves.append(
                Curve("outside", [shifts[i] for i in outside], [lengths[i] for i in outside], "outside", joined=False)
            )
        return Chart(
            title=self.title,
            sentence="Mean code length of images rolled by a few pixels to the right and down. Each point should lie "
            "in its gray bar, around the mean of its two neighbors, within two standard errors; on a grid of blocks it "
            "drops out.",
            x=Axis("shift to the right and down", "pixels", "d", step=2),
            y=Axis("code length", self.unit),
            curves=tuple(curves),
            allowed=Allowed(
                f"allowed, ± {self.threshold:g}",
                shifts[1:-1],
                [middle - self.threshold for middle in middles],
                [middle + self.threshold for middle in middles],
            ),
        )


def step_aside(
    model: EnergyModel,
    x: Tensor,
    t: float | None = None,
    shifts: int = SHIFTS,
    progress: Progress | None = None,
) -> RolledEnergies:
    """Energies of rolled images and how sure their second differences are: one forward pass for each image and shift.

    Args:
        model: an energy model.
        x: clean (dequantized) images, shape ``(N, C, H, W)``, N at least 2.
        t: noise variance; the model's own `t0` when None.
        shifts: the largest roll in pixels, at least 3.
        progress: called with (shifts done, shifts in all).
    """
    columns = []
    for k in range(1, shifts + 1):
        columns.append(-log_prob_batched(model, torch.roll(x, (k, k), (2, 3)), t).double())
        if progress is not None:
            progress(k, shifts)
    energies = torch.stack(columns, 1)  # (N, shifts)
    differences = energies[:, 1:-1] - (energies[:, :-2] + energies[:, 2:]) / 2
    errors = differences.std(0) / math.sqrt(len(x))
    return RolledEnergies(energies=tuple(energies.mean(0).tolist()), standard_errors=tuple(errors.tolist()))
