"""The outcome of a check as data, and the phrases that all checks share.

The thresholds are the project's own. They are about what a reader of the pages would notice: 0.05 bits/dimension of
log p, 0.02 nats of disagreement between noise levels, 5 % of a dimensionality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from explorer.units import format_number

__all__ = ["UNDECIDED", "Outcome", "Verdict", "decide", "decibels", "signed", "threshold_text"]

Outcome = Literal["passes", "does not pass", "open", "not applicable"]

UNDECIDED = "The error is too large to decide; the full checks have a smaller one."


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


def decide(measured: float, threshold: float, error: float = 0.0) -> Outcome:
    """Whether ``|measured| <= threshold``; open within two standard errors. What is not finite does not pass."""
    if not (math.isfinite(measured) and math.isfinite(error)):
        return "does not pass"
    if abs(abs(measured) - threshold) < 2 * error:
        return "open"
    return "passes" if abs(measured) <= threshold else "does not pass"


def threshold_text(value: float, unit: str = "") -> str:
    """``(threshold 0.05)``."""
    return f"(threshold {value:g}{unit and ' '}{unit})"


def signed(value: float, decimals: int, *, plus: bool = True) -> str:
    """A number with a true minus sign; with `plus`, positive ones have a sign, too. Zero has none."""
    return format_number(value, f"{'+' if plus else ''},.{decimals}f")


def decibels(psnr: float) -> str:
    """A noise level, ``38 dB``."""
    return f"{signed(psnr, 0, plus=False)} dB"
