"""What a check is: a name, what it costs, how it is run, what it allows, and a figure of what it found.

A check needs no ground truth. It compares two things that a true, normalized density of images makes equal, or asks
whether the model knows images or only its files. To add one, write a module with a subclass of `Check` and add a line
to `explorer.measures.consistency.checks`: runs, reports, pages, cards and the command line follow that list.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from explorer.images import Values
from explorer.measures.consistency.chart import Chart
from explorer.measures.consistency.verdict import UNDECIDED, Outcome, Verdict, decibels
from explorer.models.base import EnergyModel
from explorer.progress import Progress

__all__ = ["ALL_LEVELS", "STORED", "Check", "Conditions", "Measured", "Subject"]

ALL_LEVELS = 256
"""Values that an 8-bit pixel can have."""
STORED = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
"""Of everything that a report stores."""

_Side = Annotated[int, Field(ge=1, le=2**20)]


class Conditions(BaseModel):
    """What the checks were made on: all that a result must know to be judged and drawn.

    Attributes:
        image_shape: ``(C, H, W)``.
        levels: values that a pixel can have, for code lengths.
        psnr: smallest noise level of the checks, in dB: that of log p, but not below the range of the model.
        lowest_psnr: largest noise level of the checks, in dB.
        dataset: what people call the images.
        other: name of the other photographs; None where there are none.
        source: name of the data set, as in the ``config.json`` of a checkpoint; empty in reports of earlier versions.
        split: which part of it; empty where it is not known, or part of `dataset`.
        own: whether images that the model was trained on were given.
    """

    model_config = STORED

    image_shape: tuple[_Side, _Side, _Side]
    levels: int = Field(ge=2, le=ALL_LEVELS)
    psnr: float
    lowest_psnr: float
    dataset: str = ""
    other: str | None = None
    source: str = ""
    split: str = ""
    own: bool = False

    @property
    def images(self) -> str:
        """The images, for people: ``Digits (validation)``."""
        return f"{self.dataset} ({self.split})" if self.split else self.dataset

    @property
    def dimensions(self) -> int:
        """``d``, the number of pixel values of an image."""
        return math.prod(self.image_shape)

    @property
    def smallest_noise(self) -> str:
        """Where most numbers are measured, for people."""
        return decibels(self.psnr)

    @property
    def largest_noise(self) -> str:
        """The other end of the noise levels, for people."""
        return decibels(self.lowest_psnr)

    def bits_per_dimension(self, nats: float) -> float:
        """Nats an image in bits/dimension."""
        return nats / (self.dimensions * math.log(2))

    def code_length(self, nats: float) -> float:
        """A negative log density in nats per image as a code length in bits/dimension."""
        return self.bits_per_dimension(nats) + math.log2(self.levels)


class Measured(BaseModel):
    """What one check measured, as it is stored.

    Attributes:
        images: how many it was measured on.
    """

    model_config = STORED

    images: int = Field(ge=1)


@dataclass(frozen=True)
class Subject:
    """What a check is run on.

    Attributes:
        model: the energy model.
        values: how it reads 8-bit pixels.
        conditions: what the report says of all this.
        pixels: uint8 images, shape ``(N, C, H, W)``.
        x: the first of them, dequantized, on the CPU: as many as the largest check takes.
        t_low, t_max: smallest and largest noise variance.
        other: uint8 images of another data set; None where there are none.
        own: uint8 images that the model was trained on, and fresh ones of the same kind; None where they are not known.
        seed: of noise and probes.
        results: by name of the check, what is measured already.
    """

    model: EnergyModel
    values: Values
    conditions: Conditions
    pixels: np.ndarray
    x: Tensor
    t_low: float
    t_max: float
    other: np.ndarray | None = None
    own: tuple[np.ndarray, np.ndarray] | None = None
    seed: int = 0
    results: Mapping[str, Measured] = field(default_factory=dict)


M = TypeVar("M", bound=Measured)


@dataclass(frozen=True)
class Check(ABC, Generic[M]):
    """Base class. A subclass sets the class attributes, adds how much it measures as fields, and says how.

    Attributes:
        name: key of its results in a report.
        title: its name for people.
        measured: type of its results.
        threshold: largest size of the number that decides.
        unit: of that number.
        images: how many it takes.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    measured: ClassVar[type[Measured]]
    threshold: ClassVar[float]
    unit: ClassVar[str]

    images: int

    @abstractmethod
    def cost(self, conditions: Conditions) -> float:
        """Work in forward and backward passes of one image; a Hessian-vector product counts as two, and a forward pass
        alone as a third."""

    @abstractmethod
    def run(self, subject: Subject, progress: Progress) -> M:
        """Measure. `progress` is called with (steps done, steps in all), in equal steps."""

    @abstractmethod
    def judge(self, measured: M, conditions: Conditions) -> Verdict:
        """The outcome, made with `verdict`; numbers that are not finite do not pass."""

    def chart(self, measured: M, conditions: Conditions) -> Chart | None:  # noqa: ARG002
        """The figure; None where a check has none."""
        return None

    def not_applicable(self, conditions: Conditions) -> str | None:  # noqa: ARG002
        """Why it means nothing for such a model, as a sentence; None where it applies."""
        return None

    def fitted(self, share: float) -> Self:
        """The same with a share of its images, not below two, where a model is slow."""
        return replace(self, images=min(self.images, max(2, int(self.images * share))))

    def verdict(
        self,
        outcome: Outcome,
        measured: float,
        value: str,
        sentence: str,
        where: str = "",
        error: float | None = None,
    ) -> Verdict:
        """A verdict of this check; where it is open, the sentence says why."""
        if outcome == "open":
            sentence += f" {UNDECIDED}"
        return Verdict(
            self.name, self.title, outcome, sentence, value, measured, self.threshold, self.unit, where, error
        )

    def outcome(self, measured: M | None, conditions: Conditions) -> Verdict:
        """The verdict on what was measured, if it was."""
        reason = self.not_applicable(conditions)
        if reason is not None:
            return Verdict(self.name, self.title, "not applicable", reason)
        if measured is None:
            return Verdict(self.name, self.title, "open", "Not measured yet.")
        return self.judge(measured, conditions)
