"""What Trust shows of a report: the verdicts in one table, then a figure for each check under its sentence."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

from explorer.figures.tools import ZOOM_TOOLS
from explorer.figures.trust import (
    dimensionality_figure,
    flow_figure,
    gap_figure,
    heat_figure,
    other_figure,
    step_figure,
)
from explorer.measures.consistency.trust_report import TrustReport
from explorer.measures.consistency.verdicts import Verdict

__all__ = ["figures", "verdict_table"]

_OUTCOMES = {
    "passes": ":green-badge[:material/check: passes]",
    "does not pass": ":red-badge[:material/close: does not pass]",
    "open": ":gray-badge[:material/remove: open]",
    "not applicable": ":gray-badge[:material/block: not applicable]",
}

_FIGURES: tuple[tuple[str, str, Callable[[TrustReport], go.Figure | None]], ...] = (
    (
        "Where the gap arises",
        "Energy minus I-MMSE reading of the likelihood at each noise level; it should stay in the band.",
        gap_figure,
    ),
    (
        "A step aside",
        "Mean code length of images rolled by a few pixels to the right and down. Each point should lie in its "
        "gray bar, around the mean of its two neighbors; on a grid of blocks it drops out.",
        step_figure,
    ),
    (
        "On other photographs",
        "Code lengths on the data set of the checks and on another one. On both, the two estimates of the model should "
        "coincide, below JPEG XL.",
        other_figure,
    ),
    (
        "Heat equation",
        "What neighboring noise levels disagree by: ∂U/∂t against ½ (ΔU − ‖∇U‖²), which adding noise makes equal. "
        "It should stay below the dashed line.",
        heat_figure,
    ),
    (
        "Probability flow",
        "log p of single images by an ODE, minus log p by the energy, with two standard errors; it should lie in the "
        "band.",
        flow_figure,
    ),
    (
        "Readings of local dimensionality",
        "Two readings of the neighborhood of noisy images, and two at the clean image; each pair should coincide.",
        dimensionality_figure,
    ),
)


_SECTION_FIGURES = {"step_aside": step_figure, "other": other_figure}


def verdict_table(verdicts: list[Verdict]) -> None:
    """Each check with its outcome, what was measured, and what it means."""
    rows = [
        {"Check": f"**{v.name}**", "Outcome": _OUTCOMES[v.outcome], "Measured": v.value, "What it means": v.sentence}
        for v in verdicts
    ]
    st.table({column: [row[column] for row in rows] for column in rows[0]}, border="horizontal", hide_index=True)


def figures(report: TrustReport) -> None:
    """A figure for each check that applies."""
    grid = st.grid(2, min_column_width=400, border=True)
    left_out = {_SECTION_FIGURES[section] for section in report.not_applicable}
    for title, sentence, draw in _FIGURES:
        if draw in left_out:
            continue
        figure = draw(report)
        with grid.cell():
            st.markdown(f"**{title}.** {sentence}")
            if figure is None:
                st.caption("Not measured yet.")
            else:
                st.plotly_chart(figure, key=f"trust-{title}", config=ZOOM_TOOLS)
