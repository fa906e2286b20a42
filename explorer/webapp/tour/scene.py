"""What the stops of the tour look at: a model, images that are new to it, and what the model says of these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from explorer.catalog.query import Catalog
from explorer.data.store import Store
from explorer.data.unseen import part_in_words
from explorer.measures.dataset.distribution import Summary
from explorer.units import (
    LogProbUnit,
    convert_log_prob,
    format_log_prob,
    format_number,
    format_power_of_ten,
    unit_label,
)
from explorer.webapp.shell.part_box import PART
from explorer.webapp.shell.sidebar import Selection

__all__ = ["Link", "Scene"]


class Link(NamedTuple):
    """Where a stop leads to.

    Attributes:
        page: its name, see `explorer.webapp.shell.navigation`.
        label: for people.
        settings: those with which it opens, as its URL writes them.
    """

    page: str
    label: str
    settings: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Scene:
    """What all stops look at.

    Attributes:
        selection: model, data set and unit.
        images: of the data set, those that are new to the model.
        catalog: the same scored by the model.
        summary: of log p over them.
        scale: of the letters of figures.
    """

    selection: Selection
    images: Store
    catalog: Catalog
    summary: Summary
    scale: float

    @property
    def dimensions(self) -> int:
        """``d``."""
        return self.selection.checkpoint.model.dimensions

    @property
    def unit(self) -> LogProbUnit:
        """Of log p."""
        return self.selection.unit

    @property
    def crowd(self) -> str:
        """How many images these are, and which."""
        return part_in_words(self.images, self.selection.split)

    @property
    def few_photographs(self) -> int | None:
        """How many photographs the images are crops of; None where they are not crops of few."""
        return len(self.images.label_names) if self.images.source == "photos" else None

    def image_at(self, quantile: float) -> int:
        """The index of the image at a quantile of log p: 0 is the least probable one, 1 the most probable."""
        value = float(self.catalog.quantiles("log_prob", (quantile,))[0])
        return int(self.catalog.nearest("log_prob", value, 1).column("index")[0].as_py())

    def pixels(self, index: int) -> np.ndarray:
        """An image of the data set, uint8 ``(C, H, W)``."""
        return np.array(self.images.pixels[index])

    def in_probe(self, label: str, index: int, **settings: float) -> Link:
        """A link to Probe with an image of the data set and what is set there."""
        image = {"source": "dataset", PART: self.selection.split, "item": str(index)}
        changes = {name: f"{value:g}" for name, value in settings.items()}
        return Link("probe", label, image | changes)

    def log_prob(self, index: int) -> float:
        """Of an image of the data set, in nats."""
        return float(self.catalog.take([index]).column("log_prob")[0].as_py())

    def number(self, nats: float) -> str:
        """log p in the chosen unit, without its name."""
        return format_log_prob(nats, self.unit, self.dimensions)

    def text(self, nats: float) -> str:
        """log p with its unit."""
        return f"{self.number(nats)} {unit_label(self.unit)}"

    def change(self, nats: float) -> str:
        """A change of log p with its sign and unit, and as a factor of the probability."""
        number = format_log_prob(nats, self.unit, self.dimensions, "+")
        return f"{number} {unit_label(self.unit)}, a factor of {format_power_of_ten(nats)}"

    def powers_of_ten(self, nats: float) -> str:
        """How a difference of log p becomes a power of ten, as one would calculate it.

        Examples:
            "7.495 dB/dimension × 4,096 ÷ 10 ≈ 3,070 powers of ten"
        """
        value = convert_log_prob(nats, self.unit, self.dimensions)
        size = format_number(value, ",.3f" if self.unit in ("dB/dim", "bits/dim") else ",.0f")
        steps = {
            "dB/dim": f" × {self.dimensions:,} ÷ 10",
            "bits/dim": f" × {self.dimensions:,} × log₁₀ 2",
            "bits": " × log₁₀ 2",
            "nats": " ÷ ln 10",
        }
        exponent = nats / math.log(10)
        power = format_number(exponent, ".1f" if abs(exponent) < 9.95 else ",.0f")
        return f"{size} {unit_label(self.unit)}{steps[self.unit]} ≈ {power} powers of ten"

    @property
    def little(self) -> float:
        """A change of log p in nats that hardly matters: a tenth of the standard deviation over the images."""
        return 0.1 * self.summary.std
