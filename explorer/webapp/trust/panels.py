"""What Trust shows of a report: the verdicts in one table, then a figure for each check under its sentence."""

from __future__ import annotations

import streamlit as st

from explorer.escaping import in_markdown
from explorer.figures.checks import check_figure
from explorer.figures.tools import ZOOM_TOOLS
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.verdict import Verdict

__all__ = ["figures", "verdict_table"]

_OUTCOMES = {
    "passes": ":green-badge[:material/check: passes]",
    "does not pass": ":red-badge[:material/close: does not pass]",
    "open": ":gray-badge[:material/remove: open]",
    "not applicable": ":gray-badge[:material/block: not applicable]",
}


def verdict_table(verdicts: list[Verdict]) -> None:
    """Each check with its outcome, what was measured, and what it means."""
    rows = [
        {
            "Check": f"**{v.title}**",
            "Outcome": _OUTCOMES[v.outcome],
            "Measured": in_markdown(v.value),
            "What it means": in_markdown(v.sentence),
        }
        for v in verdicts
    ]
    st.table({column: [row[column] for row in rows] for column in rows[0]}, border="horizontal", hide_index=True)


def figures(report: Report) -> None:
    """The figures of the checks that were measured, each under a sentence that says how to read it."""
    grid = st.grid(2, min_column_width=400, border=True)
    for chart in report.charts():
        with grid.cell():
            st.markdown(f"**{chart.title}.** {in_markdown(chart.sentence)}")
            st.plotly_chart(check_figure(chart), key=f"trust-{chart.title}", config=ZOOM_TOOLS)
