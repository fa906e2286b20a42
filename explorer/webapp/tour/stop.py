"""What a stop of the tour is: a question, answers to choose from, what the model says, and why.

A stop looks at a `Scene`, the model and the data set that the sidebar chose; it never shows a stored picture.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import numpy as np

from explorer.catalog.query import Catalog
from explorer.data.store import Store
from explorer.measures.dataset.distribution import Summary
from explorer.units import LogProbUnit, format_log_prob, format_power_of_ten, unit_label
from explorer.webapp.shell.part_box import PART
from explorer.webapp.shell.sidebar import Selection

__all__ = ["Answer", "Link", "Scene", "Stop"]


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
    """

    selection: Selection
    images: Store
    catalog: Catalog
    summary: Summary

    @property
    def dimensions(self) -> int:
        """``d``."""
        return self.selection.checkpoint.model.dimensions

    @property
    def unit(self) -> LogProbUnit:
        """Of log p."""
        return self.selection.unit

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

    def text(self, nats: float) -> str:
        """log p with its unit."""
        return f"{format_log_prob(nats, self.unit, self.dimensions)} {unit_label(self.unit)}"

    def change(self, nats: float) -> str:
        """A change of log p with its sign and unit, and as a factor of the probability."""
        number = format_log_prob(nats, self.unit, self.dimensions, "+")
        return f"{number} {unit_label(self.unit)}, a factor of {format_power_of_ten(nats)}"

    def hardly_matters(self, nats: float) -> bool:
        """Whether a change of log p is less than a tenth of the standard deviation over the data set."""
        return abs(nats) < 0.1 * self.summary.std


@dataclass(frozen=True)
class Answer:
    """What the model says.

    Attributes:
        choice: place of the right one of the stop's answers.
        sentence: the numbers.
        link: where to go on.
        paper: place of the answer that Guth, Kadkhodaie and Simoncelli (2025) found; None where they did not ask.
    """

    choice: int
    sentence: str
    link: Link
    paper: int | None = None


class Stop(ABC):
    """A stop of the tour. It is drawn twice: `show` before the prediction, and `answer` after it, below."""

    title: ClassVar[str]
    """In the list of stops."""
    why: ClassVar[str]
    """Two sentences that explain the answer."""
    terms: ClassVar[tuple[str, ...]] = ("log p",)
    """Those of the question, see `explorer.webapp.shell.terms`."""

    @abstractmethod
    def question(self, scene: Scene) -> str:
        """In one sentence."""

    @abstractmethod
    def options(self, scene: Scene) -> tuple[str, ...]:
        """The answers to choose from, two to four."""

    @abstractmethod
    def show(self, scene: Scene) -> None:
        """Draw what the question is about."""

    @abstractmethod
    def answer(self, scene: Scene) -> Answer:
        """Ask the model, draw what it says, and return it."""
