"""The outcome of a check as data, and the phrases that all checks share.

The thresholds are the project's own. They are about what a reader of the pages would notice: 0.05 bits/dimension of
log p, 0.02 nats of disagreement between noise levels, 5 % of a dimensionality.

What is measured is a mean over images, or made from means, and has a standard error. A check is decided where the
threshold is farther from what was measured than two of them, and is *open* where it is not (`decide`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.units import format_number

__all__ = [
    "UNDECIDED",
    "Outcome",
    "Verdict",
    "decide",
    "decibels",
    "deciding",
    "signed",
    "standard_error",
    "threshold_text",
    "with_error",
]

Outcome = Literal["passes", "does not pass", "open", "not applicable"]

UNDECIDED = "The error is too large to decide: it is smaller with more images."

_SEVERITY: tuple[Outcome, ...] = ("passes", "open", "does not pass")


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    Attributes:
        check: its name in the list of checks.
        title: its name for people.
        outcome: `open` where it was not run, or could not be decided.
        sentence: what was measured and what it means.
        value: `measured` as it is shown, with its unit.
        measured: the number that decides; None where there is none.
        threshold: the largest size of `measured` that passes.
        unit: of both.
        where: the noise level, shift or data set with that number; empty where there is one only.
        error: standard error of `measured`; None where it is not known, as in reports of earlier versions.
    """

    check: str
    title: str
    outcome: Outcome
    sentence: str
    value: str = "–"
    measured: float | None = None
    threshold: float | None = None
    unit: str = ""
    where: str = ""
    error: float | None = None


def decide(measured: float, threshold: float, error: float | None = None) -> Outcome:
    """Whether ``|measured| <= threshold``; open where the two are less than two standard errors apart. What is not
    finite does not pass. An error that is not known counts as none."""
    error = 0.0 if error is None else error
    if not (math.isfinite(measured) and math.isfinite(error)):
        return "does not pass"
    if abs(abs(measured) - threshold) < 2 * error:
        return "open"
    return "passes" if abs(measured) <= threshold else "does not pass"


def deciding(outcomes: Sequence[Outcome], sizes: Sequence[float]) -> int:
    """Which of many places decides a check: of those with the worst outcome, the one with the largest size.

    A place that does not pass is worse than one that is open, and that than one that passes. A size that is no number
    is the largest.
    """

    def badness(place: int) -> tuple[int, float]:
        size = abs(sizes[place])
        return _SEVERITY.index(outcomes[place]), math.inf if math.isnan(size) else size

    return max(range(len(outcomes)), key=badness)


def standard_error(values: np.ndarray | Sequence[float]) -> float | None:
    """Of the mean of independent values; None of fewer than two, which tell nothing of it."""
    values = np.asarray(values, dtype=float)
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None


def threshold_text(value: float, unit: str = "") -> str:
    """``(threshold 0.05)``."""
    return f"(threshold {value:g}{unit and ' '}{unit})"


def signed(value: float, decimals: int, *, plus: bool = True) -> str:
    """A number with a true minus sign; with `plus`, positive ones have a sign, too. Zero has none."""
    return format_number(value, f"{'+' if plus else ''},.{decimals}f")


def with_error(value: float, error: float | None, decimals: int, *, plus: bool = True) -> str:
    """A number and its standard error, ``+0.014 ± 0.003``; the number alone where the error is not known. A smaller
    error has one digit that is not 0."""
    text = signed(value, decimals, plus=plus)
    if error is None or not math.isfinite(error):
        return text
    if 0 < error < 0.5 * 10**-decimals:
        decimals = math.ceil(-math.log10(error))
    return f"{text} ± {error:.{decimals}f}"


def decibels(psnr: float) -> str:
    """A noise level, ``38 dB``."""
    return f"{signed(psnr, 0, plus=False)} dB"
