"""What a check's figure shows, without saying how it is drawn: `explorer.figures.checks` draws any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from explorer.units import with_unit

__all__ = ["NOISE_AXIS", "Allowed", "Axis", "Chart", "Curve"]


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes:
        name: what it shows.
        unit: of its numbers; empty for none.
        form: format of such a number, as of Python's ``format``.
        log: logarithmic; what is not positive is drawn at `floor`.
        floor: smallest value of a logarithmic axis.
        range: ends of the axis; those of the curves when None.
        step: distance between ticks; chosen by the figure when None.
        labels: names of places on the axis, as (value, name); they take the place of numbers.
    """

    name: str
    unit: str = ""
    form: str = ".3f"
    log: bool = False
    floor: float = 1e-5
    range: tuple[float, float] | None = None
    step: float | None = None
    labels: tuple[tuple[float, str], ...] = ()

    @property
    def title(self) -> str:
        """Name and unit."""
        return with_unit(self.name, self.unit)


@dataclass(frozen=True)
class Curve:
    """Points of one quantity.

    Attributes:
        name: for the legend; empty for none.
        x, y: of the points, in the units of the axes.
        kind: an estimate of the model, single images of which the mean is tested, a reference that does not come from
            the model, or points beyond a threshold.
        joined: draw lines between the points.
        errors: half lengths of the error bars along `y`; none when empty.
        notes: more about each point, shown when the pointer is on it; none when empty.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: Literal["estimate", "image", "reference", "outside"] = "estimate"
    joined: bool = True
    errors: Sequence[float] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Allowed:
    """What a check allows at single places: from `low` to `high` at each `x`."""

    name: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """A figure of one check.

    Attributes:
        title: of the figure.
        sentence: how to read it.
        x, y: axes.
        curves: drawn in this order.
        allowed: what is allowed at single places.
        band: what is allowed on both sides of zero, in the unit of `y`.
        threshold: the largest `y` that is allowed.
    """

    title: str
    sentence: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    allowed: Allowed | None = None
    band: float | None = None
    threshold: float | None = None


NOISE_AXIS = Axis("noise level (left: more noise)", "dB PSNR", ".1f")
