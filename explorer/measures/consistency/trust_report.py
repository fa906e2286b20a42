"""What the checks of a model measured, as plain data that can be stored; see `explorer.measures.consistency.trust`."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from explorer.measures.consistency.heat import HeatResidual
from explorer.measures.consistency.normalization import LogPartition
from explorer.measures.consistency.other_photographs import OtherPhotographs
from explorer.measures.consistency.step_aside import StepAside
from explorer.measures.dataset.nll import NllCheck
from explorer.measures.image.flow import FlowLikelihood

__all__ = [
    "ALL_LEVELS",
    "CodeLengths",
    "DimensionalityCheck",
    "DimensionalityLevel",
    "NormalizationCheck",
    "TrustReport",
]

ALL_LEVELS = 256
"""Values that an 8-bit pixel can have."""

_CONFIG = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
_MOST_DIMENSIONS = 2**40


class DimensionalityLevel(BaseModel):
    """Mean over images of four readings of local dimensionality, at one noise level.

    Attributes:
        psnr: noise level in dB.
        denoising, energy: of noisy images: ``E ||x - D||^2 / t`` and ``d - 2 t d/dt E U``; equal for a true energy.
        time_score, trace: FLIPD at the clean image, from ``dU/dt`` and from the trace; equal for a true energy.
        trace_error: standard error of `trace` from the probes.
    """

    model_config = _CONFIG

    psnr: float
    denoising: float
    energy: float
    time_score: float
    trace: float
    trace_error: float


class DimensionalityCheck(BaseModel):
    """Readings of local dimensionality by noise level, and what FLIPD costs: seconds for all levels, either way."""

    model_config = _CONFIG

    levels: tuple[DimensionalityLevel, ...] = Field(min_length=1)
    time_score_seconds: float
    trace_seconds: float


class NormalizationCheck(BaseModel):
    """Errors of the log normalization, in nats an image: at large noise, and at ``t0`` where it was annealed."""

    model_config = _CONFIG

    large_noise: LogPartition
    annealed: LogPartition | None = None


class CodeLengths(NamedTuple):
    """Mean code lengths of one data set in bits/dimension.

    Attributes:
        dataset: its name.
        images: how many.
        energy, i_mmse: NLL at the smallest noise level, from the energy and from I-MMSE, plus ``log2(levels)``.
        jpeg_xl: of JPEG XL files, image by image.
    """

    dataset: str
    images: int
    energy: float
    i_mmse: float
    jpeg_xl: float

    @property
    def gap(self) -> float:
        """Energy minus I-MMSE."""
        return self.energy - self.i_mmse

    @property
    def advantage(self) -> float:
        """What the model saves: JPEG XL minus I-MMSE."""
        return self.jpeg_xl - self.i_mmse


class TrustReport(BaseModel):
    """What the checks measured; a section is None where it was not run.

    Attributes:
        fingerprint: of the checkpoint.
        dataset: name of the images.
        dimensions: ``d``.
        levels: values that a pixel can have, for code lengths.
        psnr: smallest noise level of the checks, in dB: that of log p, but not below the training range.
        lowest_psnr: largest noise level of the checks, in dB.
        made: when, in UTC, ISO 8601.
        effort: `quick` or `full`.
        images: how many images each section used.
        not_applicable: sections that mean nothing for this model, or have nothing to compare with.
        seconds: how long the checks took.
    """

    model_config = _CONFIG

    fingerprint: str
    dataset: str
    dimensions: int = Field(ge=1, le=_MOST_DIMENSIONS)
    levels: int = Field(ge=2, le=256)
    psnr: float
    lowest_psnr: float
    made: str
    effort: Literal["quick", "full"]
    images: dict[str, int] = {}
    not_applicable: tuple[Literal["step_aside", "other"], ...] = ()
    seconds: float = 0.0
    nll: NllCheck | None = None
    step_aside: StepAside | None = None
    other: OtherPhotographs | None = None
    heat: tuple[HeatResidual, ...] | None = Field(None, min_length=1)
    flow: tuple[FlowLikelihood, ...] | None = Field(None, min_length=1)
    dimensionality: DimensionalityCheck | None = None
    normalization: NormalizationCheck | None = None

    def code_lengths(self) -> tuple[CodeLengths, CodeLengths] | None:
        """Of the data set of the checks and of the other photographs; None where either was not measured."""
        if self.nll is None or self.other is None:
            return None
        per_bit, shift = self.dimensions * math.log(2), math.log2(self.levels)

        def of(dataset: str, images: int, energy: float, i_mmse: float, jpeg_xl: float) -> CodeLengths:
            return CodeLengths(
                dataset, images, energy / per_bit + shift, i_mmse / per_bit + shift, jpeg_xl / self.dimensions
            )

        return (
            of(self.dataset, self.nll.images, self.nll.energy, self.nll.i_mmse, self.other.own_jpeg_xl),
            of(self.other.dataset, self.other.images, self.other.energy, self.other.i_mmse, self.other.jpeg_xl),
        )
