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
from collections.abc import Callable

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.base import EnergyModel

__all__ = ["SHIFTS", "SMALLEST_SIDE", "StepAside", "step_aside"]

SHIFTS = 17
"""The largest roll, in pixels: two periods of a JPEG grid and one pixel more."""
SMALLEST_SIDE = 32
"""Pixels a side from which a roll by up to `SHIFTS` leaves an image that looks like one. A digit of 8 x 8 is cut."""


class StepAside(BaseModel):
    """Means over images, in nats an image, by shift.

    Attributes:
        energies: ``E [-log p(roll_k(x), t0)]`` for k = 1, 2, ...; at least three.
        standard_errors: of the second differences, over images, for k = 2, 3, ...; two fewer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    energies: tuple[float, ...] = Field(min_length=3, max_length=1000)
    standard_errors: tuple[float, ...]

    @model_validator(mode="after")
    def _fits(self) -> StepAside:
        if len(self.standard_errors) != len(self.energies) - 2:
            raise ValueError("Every shift but the first and the last has one standard error.")
        return self

    @property
    def second_differences(self) -> tuple[float, ...]:
        """``E(k) - (E(k-1) + E(k+1)) / 2`` in nats an image, for k = 2, 3, ..."""
        e = self.energies
        return tuple(e[i] - (e[i - 1] + e[i + 1]) / 2 for i in range(1, len(e) - 1))

    @property
    def worst(self) -> int:
        """The shift in pixels with the largest second difference; the first that is not a number, if any is."""
        sizes = [abs(value) if not math.isnan(value) else math.inf for value in self.second_differences]
        return sizes.index(max(sizes)) + 2


def step_aside(
    model: EnergyModel,
    x: Tensor,
    t: float | None = None,
    shifts: int = SHIFTS,
    progress: Callable[[int, int], None] | None = None,
) -> StepAside:
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
    return StepAside(energies=tuple(energies.mean(0).tolist()), standard_errors=tuple(errors.tolist()))
