"""Gaps of the spectrum at all noise levels, and the phases that they mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from explorer.figures.bases import gaps_figure
from explorer.figures.tools import ZOOM_TOOLS
from explorer.measures.geometry.bases import FIRST
from explorer.measures.geometry.gaps import phase, widest_gap
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number
from explorer.webapp.bases.found import content, finding
from explorer.webapp.shell.noise_slider import psnr_range
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered

__all__ = ["Spectrum", "offer_gaps"]

_STEP = 5.0  # dB
_WIDEST = (-10.0, 50.0)
_SMALL = 256  # pixel values up to which it begins without a click


@dataclass(frozen=True)
class Spectrum:
    """What is kept of a basis.

    Attributes:
        psnr: of the noise, in dB.
        eigenvalues: decreasing, those that are known.
        trace: sum of all.
        lowest: the smallest of all.
    """

    psnr: float
    eigenvalues: np.ndarray
    trace: float
    lowest: float


def offer_gaps(checkpoint: Checkpoint, x: np.ndarray, psnr: float) -> Work[list[Spectrum]]:
    """Draw the gaps of an image's spectrum by noise level, as far as they are measured."""
    dimensions = checkpoint.model.dimensions
    st.markdown("#### Gaps, by noise level", help=explained("Spectral gap"))
    few = "" if dimensions <= 1024 else f" Of this many pixels the first {FIRST} eigenvalues are compared."
    st.caption(
        "Where is the largest ratio of neighbors in the spectrum, from large to small noise? Where images lie on a "
        "manifold, a clear gap after its dimension opens and stays (consolidation); before, directions appear one by "
        f"one (coverage); at first there are none (trivial).{few}"
    )
    low, high = psnr_range(checkpoint)
    first, last = max(low, _WIDEST[0]), min(high, _WIDEST[1])
    levels = [float(level) for level in np.arange(first, last + 1e-9, _STEP)]
    steps = [finding(checkpoint, x, level) for level in levels]

    def advance(before: list[Spectrum] | None, report: Report) -> tuple[list[Spectrum], float]:
        found = before or []
        done = len(found)

        def part(share: float) -> None:
            report((done + share) / len(levels))

        basis, share = steps[done](None, part)
        if basis is None:
            return found, (done + share) / len(levels)
        return [*found, Spectrum(levels[done], basis.eigenvalues, basis.trace, basis.lowest)], (done + 1) / len(levels)

    key = (*content(checkpoint, x, first), last)
    work = offered("gaps", key, "Measure", advance, at_once=dimensions <= _SMALL)
    if work.result:
        _show(work.result, checkpoint, psnr)
    return work


def _show(found: list[Spectrum], checkpoint: Checkpoint, psnr: float) -> None:
    dimensions = checkpoint.model.dimensions
    gaps = [widest_gap(each.eigenvalues, each.lowest) for each in found]
    phases = [phase(each.eigenvalues, dimensions, each.lowest) for each in found]
    above = [int((each.eigenvalues >= 0.5).sum()) for each in found]
    figure = gaps_figure([each.psnr for each in found], above, [each.trace for each in found], gaps, phases, psnr)
    figure.update_layout(meta=checkpoint.name)
    st.plotly_chart(figure, key="gaps", config=ZOOM_TOOLS, alt="Dimensions against noise level, with phases")
    clear = [(gap, each.psnr) for gap, each in zip(gaps, found, strict=True) if gap.is_clear]
    if not clear:
        st.markdown(
            "No gap is clear at any of these noise levels: the spectrum is smooth, and no dimension stands out."
        )
        return
    widest, at = max(clear, key=lambda each: each[0].difference)
    apart = format_number(widest.difference, ".2f")
    st.markdown(
        f"The widest clear gap is at {format_number(at, 'g')} dB, after **{widest.index:,}** "
        f"dimension{'s' if widest.index > 1 else ''}: its two factors differ by {apart} "
        f"(ratio {format_number(widest.ratio, '.1f')})."
    )
