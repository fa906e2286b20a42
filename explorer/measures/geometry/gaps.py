"""Gaps in the spectrum of the denoiser's Jacobian, noise level by noise level, and what they say of a manifold.

Where images near ``x`` fill ``m`` directions with variance ``a`` and the others with ``b < a``, ``J(y, t)`` has ``m``
eigenvalues ``a / (a + t)`` and all others ``b / (b + t)``. Two numbers belong to the gap after the first ``m``:

- the ratio of the two, which tells where in the spectrum it is. It is largest there at every noise level, so that its
  place is an estimate of a dimension;
- their difference, which is largest at ``t = sqrt(a b)``: there the noise tells both kinds of direction apart best.

From large to small noise a distribution on a manifold passes three phases (Ventura, Achilli, Silvestri, Lucibello and
Ambrogioni 2024, arXiv 2410.05898). Here they are told by the eigenvalues above 1/2, those of directions in which images
vary by more than the noise:

- *trivial*: there are none; the denoiser gives about the mean of all images;
- *coverage*: there are some, and those that follow are not clearly below them: one by one the directions appear in
  which images vary less;
- *consolidation*: they end at a clear gap: the manifold is there with all of its dimensions, and nothing else is.

A density has no negative eigenvalue, and how far below 0 those of a learned model go tells what it does not resolve:
eigenvalues below the size of its most negative one, or below 0.01, count as that.

Noise smaller than all variations, such as that of dequantization, has no eigenvalue below 1/2: the phase is *full*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.interpolate import InterpolatedUnivariateSpline

__all__ = ["Gap", "Phase", "opening", "phase", "widest_gap"]

_CLEAR_RATIO = 2.0
_CLEAR_DIFFERENCE = 0.1
_FLOOR = 0.01
_HALF = 0.5

Phase = Literal["trivial", "coverage", "consolidation", "full"]


@dataclass(frozen=True)
class Gap:
    """Two neighbors in a spectrum.

    Attributes:
        index: number of eigenvalues before the gap.
        ratio: of the last before it to the first behind it, both at least at the resolution.
        difference: of the two.
    """

    index: int
    ratio: float
    difference: float

    @property
    def is_clear(self) -> bool:
        """Whether it stands out from a smooth spectrum, and from the errors of a learned model where all are small."""
        return self.ratio >= _CLEAR_RATIO and self.difference >= _CLEAR_DIFFERENCE


def widest_gap(eigenvalues: np.ndarray, lowest: float | None = None) -> Gap:
    """The gap with the largest ratio; of equal ones the first.

    Args:
        eigenvalues: decreasing, shape ``(K,)``, at least 2.
        lowest: the smallest eigenvalue of all, where it is not the last of these.

    Raises:
        ValueError: fewer than two.
    """
    if len(eigenvalues) < 2:
        raise ValueError("A gap is between two eigenvalues.")
    values = np.maximum(eigenvalues, _resolution(eigenvalues, lowest))
    ratios = values[:-1] / values[1:]
    place = int(ratios.argmax())
    difference = float(eigenvalues[place] - eigenvalues[place + 1])
    return Gap(place + 1, float(ratios[place]), difference)


def _resolution(eigenvalues: np.ndarray, lowest: float | None) -> float:
    """What eigenvalues must exceed to be told apart."""
    return max(_FLOOR, -float(eigenvalues[-1] if lowest is None else lowest))


def phase(eigenvalues: np.ndarray, dimensions: int, lowest: float | None = None) -> Phase:
    """Which phase a spectrum belongs to; see the module's docstring.

    Args:
        eigenvalues: decreasing, shape ``(K,)``; the largest ones where not all are known.
        dimensions: ``d``.
        lowest: as for `widest_gap`.
    """
    above = int((eigenvalues >= _HALF).sum())
    if above == 0:
        return "trivial"
    if above == dimensions:
        return "full"
    if above == len(eigenvalues):  # more may follow
        return "coverage"
    gap = widest_gap(eigenvalues, lowest)
    return "consolidation" if gap.is_clear and gap.index == above else "coverage"


def opening(ts: Sequence[float], differences: Sequence[float]) -> float:
    """The noise variance at which a gap is widest: the maximum of a cubic spline in ``log t``.

    Args:
        ts: noise variances, at least four, all different.
        differences: of the two eigenvalues at each.

    Raises:
        ValueError: fewer than four.
    """
    if len(ts) < 4:
        raise ValueError("At least four noise levels are needed.")
    order = np.argsort(ts)
    log_t, heights = np.log(np.asarray(ts, float)[order]), np.asarray(differences, float)[order]
    fine = np.linspace(log_t[0], log_t[-1], 20 * len(ts))
    return float(np.exp(fine[InterpolatedUnivariateSpline(log_t, heights)(fine).argmax()]))
