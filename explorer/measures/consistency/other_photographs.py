"""On other photographs: does what a model reaches on its own data set hold on another one?

A density of images must be one on images that nobody trained on. Measured on a second data set, in the same way as on
the first: the NLL from the energy and from the denoising error (`explorer.measures.dataset.nll`), and beside them the
size of JPEG XL files of the same pixels, image by image, the smallest of its efforts
(`explorer.measures.image.codecs`). In bits/dimension the first two become code lengths by adding ``log2(levels)``.

A codec that was made for all images does not know either data set, so it tells how hard the images are. A model that
beats it at home and not abroad, or whose two estimates of the NLL come apart abroad, knows its data set and not images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import BaseModel, Field

from explorer.images import Values
from explorer.measures.consistency.chart import Axis, Chart, Curve
from explorer.measures.consistency.check import ALL_LEVELS, STORED, Check, Conditions, Measured, Subject
from explorer.measures.consistency.likelihood import Likelihood, LikelihoodCheck
from explorer.measures.consistency.verdict import Outcome, Verdict, decide, deciding, standard_error, with_error
from explorer.measures.dataset.nll import gap_errors, i_mmse_of_images, negative_log_likelihood
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.models.base import EnergyModel
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["Estimates", "OtherPhotographs", "OtherPhotographsCheck", "estimates", "evenly_spaced", "jpeg_xl_bits"]

_LONGEST_NAME = 26  # characters of a data set's name beside an axis


class Estimates(BaseModel):
    """Means over the images of one data set.

    Attributes:
        energy, i_mmse: NLL at ``t0`` from the energy and from I-MMSE, in nats per image.
        jpeg_xl: size of a JPEG XL file of one image, in bits.
        gap_error: standard error of `energy` minus `i_mmse`, over images, in nats; None where it was not measured.
        advantage_error: of the size minus the code length by I-MMSE, in bits; None where it was not measured.
    """

    model_config = STORED

    energy: float
    i_mmse: float
    jpeg_xl: float
    gap_error: float | None = None
    advantage_error: float | None = None


class OtherPhotographs(Measured):
    """Estimates on the images of the other checks, whose number is `images`, and on the other photographs."""

    own: Estimates
    other: Estimates
    other_images: int = Field(ge=1)


@dataclass(frozen=True)
class _CodeLengths:
    """The same in bits/dimension."""

    energy: float
    i_mmse: float
    jpeg_xl: float
    gap_error: float | None
    advantage_error: float | None

    @classmethod
    def of(cls, estimates: Estimates, conditions: Conditions) -> _CodeLengths:
        gap_error, advantage_error = estimates.gap_error, estimates.advantage_error
        return cls(
            conditions.code_length(estimates.energy),
            conditions.code_length(estimates.i_mmse),
            estimates.jpeg_xl / conditions.dimensions,
            None if gap_error is None else conditions.bits_per_dimension(gap_error),
            None if advantage_error is None else advantage_error / conditions.dimensions,
        )

    @property
    def gap(self) -> float:
        """Energy minus I-MMSE."""
        return self.energy - self.i_mmse

    @property
    def advantage(self) -> float:
        """What the model saves: JPEG XL minus I-MMSE."""
        return self.jpeg_xl - self.i_mmse

    def __str__(self) -> str:
        return (
            f"I-MMSE {self.i_mmse:.3f}, energy {self.energy:.3f} (gap {with_error(self.gap, self.gap_error, 3)}), "
            f"JPEG XL {self.jpeg_xl:.3f} bits/dimension"
        )


@dataclass(frozen=True)
class OtherPhotographsCheck(Check[OtherPhotographs]):
    """Do the likelihood and its advantage over a codec hold on a second data set?

    Attributes:
        images: how many of the other photographs.
        levels: number of noise levels.
    """

    name = "other_photographs"
    title = "On other photographs"
    measured = OtherPhotographs
    threshold = 0.05  # of the gap; the advantage must be positive
    unit = "bits/dimension"

    levels: int

    def not_applicable(self, conditions: Conditions) -> str | None:
        if conditions.levels < ALL_LEVELS:
            return f"Photographs have {ALL_LEVELS} levels per pixel; the images of this model have {conditions.levels}."
        if conditions.other is None:
            return (
                "There are no other photographs to compare with: the built-in ones are the model's own, or those that "
                "it was checked on. Name others with evaluate --other DATA."
            )
        return None

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return self.images * self.levels

    def run(self, subject: Subject, progress: Progress) -> OtherPhotographs:
        own = subject.results.get(LikelihoodCheck.name)
        if not isinstance(own, Likelihood) or subject.other is None:
            raise ValueError(
                "The likelihood on the images of the other checks is measured first, and others are given."
            )
        pixels = evenly_spaced(subject.other, self.images)
        ts = log_spaced(subject.t_low, subject.t_max, self.levels)
        return OtherPhotographs(
            images=own.images,
            other=estimates(subject.model, subject.values, pixels, ts, subject.seed, progress),
            own=Estimates(
                energy=own.energy,
                i_mmse=own.i_mmse,
                jpeg_xl=jpeg_xl_bits(subject.pixels[: own.images]),
                gap_error=own.levels[0].standard_error,
            ),
            other_images=len(pixels),
        )

    def judge(self, measured: OtherPhotographs, conditions: Conditions) -> Verdict:
        own, other = (_CodeLengths.of(each, conditions) for each in (measured.own, measured.other))
        agrees, is_ahead = decide(other.gap, self.threshold, other.gap_error), _is_ahead(other)
        outcome = (agrees, is_ahead)[deciding((agrees, is_ahead), (0.0, 0.0))]
        sentence = (
            f"On {measured.other_images:,} other photographs: {other}. On the images of the other checks: {own}. "
            f"The gap must be within {self.threshold:g}, and I-MMSE below JPEG XL."
        )
        if is_ahead == "does not pass":
            sentence += (
                " The advantage over JPEG XL is gone: the model knows its data set, not images."
                if own.advantage > 0
                else " The model has no advantage over JPEG XL on either."
            )
        if agrees == "does not pass":
            sentence += (
                " The gap opens on images from elsewhere: their log p cannot be trusted."
                if abs(own.gap) <= self.threshold
                else " The gap is too large on both."
            )
        gap, ahead = with_error(other.gap, other.gap_error, 3), with_error(-other.advantage, other.advantage_error, 3)
        value = f"gap {gap}, to JPEG XL {ahead} {short_unit(self.unit)}"
        return self.verdict(outcome, other.gap, value, sentence, conditions.other or "", other.gap_error)

    def chart(self, measured: OtherPhotographs, conditions: Conditions) -> Chart:
        own, other = (_CodeLengths.of(each, conditions) for each in (measured.own, measured.other))
        rows = [1, 0]  # not the names: they may be equal
        labels = (
            (1, f"{_short(conditions.images)}\n{measured.images:,} images"),
            (0, f"{_short(conditions.other or '')}\n{measured.other_images:,} images"),
        )
        return Chart(
            title=self.title,
            sentence="Code lengths on the data set of the checks and on another one. On both, the two estimates of the "
            "model should coincide, below JPEG XL.",
            x=Axis("code length", self.unit),
            y=Axis("data set", range=(-0.6, 1.6), labels=labels),
            curves=(
                Curve("JPEG XL", [own.jpeg_xl, other.jpeg_xl], rows, "reference", joined=False),
                Curve("I-MMSE", [own.i_mmse, other.i_mmse], rows, joined=False),
                Curve("energy", [own.energy, other.energy], rows, joined=False),
            ),
        )


def estimates(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    ts: Sequence[float],
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimates:
    """Measure a model and JPEG XL on images.

    Args:
        model: an energy model.
        values: how it reads 8-bit pixels.
        pixels: uint8, shape ``(N, C, H, W)``, N at least 2.
        ts: noise variances, from ``t0`` up to where the data no longer matter.
        seed: of dequantization and noise.
        progress: called with (steps done, steps in all).
    """
    x = values.dequantized(torch.from_numpy(np.array(pixels)), noise_generator(seed + 1))
    levels = noise_levels(model, x, ts, seed, progress)
    nll, sizes = negative_log_likelihood(x, levels), _jpeg_xl_sizes(pixels)
    return Estimates(
        energy=nll.energy,
        i_mmse=nll.i_mmse,
        jpeg_xl=float(sizes.mean()),
        gap_error=gap_errors(x, levels)[0],
        advantage_error=standard_error(sizes - i_mmse_of_images(x, levels) / math.log(2)),
    )


def jpeg_xl_bits(pixels: np.ndarray) -> float:
    """Mean size of a lossless JPEG XL file of one image, in bits.

    Args:
        pixels: uint8, shape ``(N, C, H, W)``, N at least 1.
    """
    return float(_jpeg_xl_sizes(pixels).mean())


def _jpeg_xl_sizes(pixels: np.ndarray) -> np.ndarray:
    return np.array([lossless_bits(np.asarray(image))["JPEG XL"] for image in pixels], dtype=float)


def _is_ahead(lengths: _CodeLengths) -> Outcome:
    """Whether the model needs less than JPEG XL; open where the two are less than two standard errors apart."""
    if not math.isfinite(lengths.advantage):
        return "does not pass"
    if abs(lengths.advantage) < 2 * (lengths.advantage_error or 0.0):
        return "open"
    return "passes" if lengths.advantage > 0 else "does not pass"


def evenly_spaced(pixels: np.ndarray, count: int) -> np.ndarray:
    """At most `count` images, evenly spaced over the set: neighbors may be parts of one photograph.

    Args:
        pixels: shape ``(N, ...)``; it may be a memory map.
    """
    count = min(count, len(pixels))
    return np.asarray(pixels[np.arange(count) * len(pixels) // max(count, 1)])


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
