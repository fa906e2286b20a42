"""What a stop of the tour is: a question, answers to choose from, what the model says, and why.

A stop looks at a `Scene`, the model and the data set that the sidebar chose; it never shows a stored picture.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from explorer.webapp.tour.scene import Link, Scene

__all__ = ["Answer", "Stop"]


@dataclass(frozen=True)
class Answer:
    """What the model says.

    Attributes:
        choice: place of the right one of the stop's answers; -1 while it is not known.
        sentence: the numbers.
        why: two or three sentences that explain this answer.
        links: where to go on.
        paper: place of the answer that Guth, Kadkhodaie and Simoncelli (2025) found; None where they did not ask.
    """

    choice: int
    sentence: str
    why: str
    links: tuple[Link, ...]
    paper: int | None = None


class Stop(ABC):
    """A stop of the tour. It is drawn twice: `show` before the prediction, and after it `show_more` under that, and
    `answer` beside or below both."""

    title: ClassVar[str]
    """In the list of stops; it must not tell the answer."""
    terms: ClassVar[tuple[str, ...]] = ("log p",)
    """Those of the question, see `explorer.webapp.shell.terms`."""
    shares: ClassVar[tuple[float, ...]] = (3, 2)
    """Of the width, for what `show` and `answer` draw; a single one where they are below each other."""

    @abstractmethod
    def question(self, scene: Scene) -> str:
        """In one or two sentences."""

    def note(self, _scene: Scene) -> str:
        """What one has to know to answer, small below the question; none when empty."""
        return ""

    @abstractmethod
    def options(self, scene: Scene) -> tuple[str, ...]:
        """The answers to choose from, two to four."""

    @abstractmethod
    def show(self, scene: Scene) -> None:
        """Draw what the question is about."""

    def show_more(self, _scene: Scene) -> None:  # noqa: B027
        """Draw, after the prediction, what stands under that which the question is about; nothing by default."""

    @abstractmethod
    def answer(self, scene: Scene) -> Answer:
        """Ask the model, draw what it says, and return it."""
