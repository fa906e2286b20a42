"""What Trust shows of a report: the verdicts in one table, then a figure for each check under its sentence."""

from __future__ import annotations

import streamlit as st

from explorer.escaping import in_markdown
from explorer.figures.checks import check_figure
from explorer.figures.tools import ZOOM_TOOLS
from explorer.measures.consistency.report import Report
from explorer.webapp.shell.terms import explained

__all__ = ["figures", "verdict_table"]

_OUTCOMES = {
    "passes": ":green-badge[:material/check: passes]",
    "does not pass": ":red-badge[:material/close: does not pass]",
    "open": ":gray-badge[:material/remove: open]",
    "not applicable": ":gray-badge[:material/block: not applicable]",
}

_TERMS = {
    "Where the gap arises": ("I-MMSE", "Gap"),
    "Dimensionality of noisy images": ("Local dimensionality",),
    "Dimensionality at the image": ("Local dimensionality at the image",),
    "Probability flow": ("Score",),
    "A step aside": ("Code length",),
    "The model's own samples": ("Own samples",),
    "Memorization": ("Memorization",),
}
"""What is to be explained of a figure, by its title."""


def verdict_table(reports: list[Report]) -> None:
    """Each check with its outcome and what was measured, by every report, and what that means, by the first that
    measured it.

    On a narrow screen its rows are put into blocks (``assets/app.css``).
    """
    names = [f"{report.effort.capitalize()} checks" for report in reports]
    rows = []
    for verdicts in zip(*(report.verdicts() for report in reports), strict=True):
        told = next((verdict for verdict in verdicts if verdict.measured is not None), verdicts[0])
        cells = {
            name: f"{_OUTCOMES[verdict.outcome]} {in_markdown(verdict.value)}{_whose(report, reports)}"
            for name, verdict, report in zip(names, verdicts, reports, strict=True)
        }
        rows.append({"Check": f"**{told.title}**"} | cells | {"What it means": in_markdown(told.sentence)})
    with st.container(key=f"verdicts-{_key(reports[0])}"):
        st.table({column: [row[column] for row in rows] for column in rows[0]}, border="horizontal", hide_index=True)


def _whose(report: Report, reports: list[Report]) -> str:
    """Which of several reports a cell is from: on a narrow screen there are no headings."""
    return f" ({report.effort})" if len(reports) > 1 else ""


def figures(report: Report) -> None:
    """The figures of the checks that were measured, each under a sentence that says how to read it."""
    grid = st.grid(2, min_column_width=400, border=True)
    for chart in report.charts():
        with grid.cell():
            terms = _TERMS.get(chart.title, ())
            st.markdown(f"**{chart.title}.** {in_markdown(chart.sentence)}", help=explained(*terms) or None)
            key = f"trust-{_key(report)}-{chart.title}"
            st.plotly_chart(check_figure(chart), key=key, config=ZOOM_TOOLS, alt=chart.title)


def _key(report: Report) -> str:
    """What tells the widgets of a report from those of others on the page."""
    return "-".join((report.effort, *report.subject))
