"""Memorization: are the images that a model was trained on more probable than fresh ones of the same kind?

A density of images gives to both the same log p on average. See `explorer.measures.wells.own_and_fresh` for how the
difference is measured at each noise level, and for why its error is small. The one at the smallest noise, in log p
itself, is tested. It is one of generalization: a difference of a few hundredths of a bit/dimension is what any network
gains on images that it has seen; a model that has learned its images by heart has one of several bits/dimension.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from pydantic import BaseModel, Field

from explorer.measures.consistency.chart import NOISE_AXIS, Axis, Chart, Curve
from explorer.measures.consistency.check import STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decide, threshold_text, with_error
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced
from explorer.measures.wells.own_and_fresh import own_and_fresh
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["Memorization", "MemorizationCheck", "MemorizationLevel"]

_LARGEST_NOISE = 1.0  # above it no image of values in [0, 1] is told from another


class MemorizationLevel(BaseModel):
    """Own beside fresh images at one noise level.

    Attributes:
        psnr: of the noise, in dB.
        difference, error: how much more probable own images are, in nats, and its standard error.
        own_mse, fresh_mse: denoising errors as a share of the noise.
    """

    model_config = STORED

    psnr: float
    difference: float
    error: float
    own_mse: float
    fresh_mse: float


class Memorization(Measured):
    """By noise level, from the smallest noise, which is tested; `images` are own ones, `fresh` how many others."""

    fresh: int = Field(ge=2)
    levels: tuple[MemorizationLevel, ...] = Field(min_length=1, max_length=1000)


@dataclass(frozen=True)
class MemorizationCheck(Check[Memorization]):
    """Does the model know its training images?

    Attributes:
        images: of each kind.
        levels: number of noise levels.
    """

    name = "memorization"
    title = "Memorization"
    measured = Memorization
    threshold = 0.05
    unit = "bits/dimension"

    levels: int

    def not_applicable(self, conditions: Conditions) -> str | None:
        if conditions.own:
            return None
        return (
            "The images that the model was trained on are not known here. This needs a check on the model's own data "
            "set, a config.json that says how the model was trained, and images that were left out of the training."
        )

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return 2 * self.images * self.levels

    def fitted(self, share: float) -> MemorizationCheck:
        return replace(self, images=min(self.images, max(16, int(self.images * share))))

    def run(self, subject: Subject, progress: Progress) -> Memorization:
        if subject.own is None:
            raise ValueError("Own and fresh images are given.")
        generator = noise_generator(subject.seed + 5)
        pixels = [torch.from_numpy(np.array(images[: self.images])) for images in subject.own]
        own, fresh = (subject.values.dequantized(each, generator) for each in pixels)
        ts = log_spaced(subject.t_low, min(subject.t_max, max(_LARGEST_NOISE, 10 * subject.t_low)), self.levels)
        found = own_and_fresh(subject.model, own, fresh, ts, subject.seed, progress)
        levels = [
            MemorizationLevel(
                psnr=each.psnr,
                difference=each.difference,
                error=each.error,
                own_mse=each.own_mse,
                fresh_mse=each.fresh_mse,
            )
            for each in found
        ]
        return Memorization(images=len(own), fresh=len(fresh), levels=tuple(levels))

    def judge(self, measured: Memorization, conditions: Conditions) -> Verdict:
        first = measured.levels[0]
        difference, error = (conditions.bits_per_dimension(nats) for nats in (first.difference, first.error))
        shown = with_error(difference, error, 3)
        outcome = decide(max(difference, 0.0), self.threshold, error)
        sentence = (
            f"{measured.images:,} images that the model was trained on have a log p of {shown} bits/dimension more "
            f"than {measured.fresh:,} fresh ones, what simple statistics of the images predict taken out "
            f"{threshold_text(self.threshold)}."
        )
        if outcome == "does not pass":
            sentence += " The model knows its training images, and its log p of them says nothing of others."
        return self.verdict(
            outcome, difference, f"{shown} {short_unit(self.unit)}", sentence, conditions.smallest_noise, error
        )

    def chart(self, measured: Memorization, conditions: Conditions) -> Chart:
        bits, levels = conditions.bits_per_dimension, measured.levels
        return Chart(
            title=self.title,
            sentence="How much more probable training images are than fresh ones, with two standard errors. The value "
            "at the smallest noise is tested, and should not be above the line. Where it is, the model has learned its "
            "images, and not what images are like.",
            x=NOISE_AXIS,
            y=Axis("log p of own minus fresh images", self.unit, "+.3f"),
            curves=(
                Curve(
                    "",
                    [level.psnr for level in levels],
                    [bits(level.difference) for level in levels],
                    errors=[2 * bits(level.error) for level in levels],
                    notes=[
                        f"\ndenoising error, share of the noise: own {level.own_mse:.3f}, fresh {level.fresh_mse:.3f}"
                        for level in levels
                    ],
                ),
            ),
            threshold=self.threshold,
        )
