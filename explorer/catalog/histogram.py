"""Bins of a histogram, by the rule of Freedman and Diaconis: a width of ``2 IQR / N^(1/3)``.

Reference: Freedman and Diaconis, On the histogram as a density estimator (1981).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

__all__ = ["Histogram", "equal_bins"]

_MOST_BINS = 80


class Histogram(NamedTuple):
    """Counts in bins of equal width.

    Attributes:
        edges: increasing, shape ``(B + 1,)``.
        counts: shape ``(B,)``; their sum is the number of values.
    """

    edges: np.ndarray
    counts: np.ndarray


def equal_bins(count: int, low: float, first_quartile: float, third_quartile: float, high: float) -> np.ndarray:
    """Edges of 1 to 80 equal bins from `low` to `high` for `count` values, at least 1, with these quartiles.

    Values that are all the same stand in the middle of one bin of width 1.
    """
    if not low < high:
        return np.array([low - 0.5, low + 0.5])
    width = 2 * (third_quartile - first_quartile) / math.cbrt(count)
    bins = min(_MOST_BINS, math.ceil((high - low) / width)) if width > 0 else _MOST_BINS
    return np.linspace(low, high, bins + 1)
