"""Trust: does a model's log p hold up?"""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from explorer.escaping import in_markdown
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.storage import find_reports, why_no_report
from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.grid_warning import warn_of_grid
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.loaders import known_store
from explorer.webapp.shell.sidebar import sidebar
from explorer.webapp.shell.terms import explained
from explorer.webapp.trust.panels import figures, verdict_table
from explorer.webapp.trust.start import offer_checks


def page() -> None:
    selection = sidebar(needs_noise_levels="Trust")
    st.title("Trust")
    st.markdown(
        "A number called log p is worth nothing unless it can be checked. These checks need no ground truth: most "
        "compare two things that a true, normalized density makes equal; two ask whether it knows images, or its "
        "files.",
        help=explained("log p", "Energy"),
    )
    warn_of_other_data(selection.checkpoint, selection.dataset_name)
    offer_checks(selection)
    known = known_store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
    warn_of_grid(known)
    tell_left_out(known)
    reports = find_reports(selection.checkpoint)
    if not reports:
        st.info(
            f"{in_markdown(why_no_report(selection.checkpoint))} The quick checks take about a minute.",
            icon=":material/hourglass_empty:",
        )
        return
    by_data = [list(group) for _, group in groupby(reports, key=lambda report: report.subject)]
    by_data.sort(key=lambda group: group[0].source != selection.dataset_name)  # the chosen data set first
    first, *others = by_data
    if first[0].source != selection.dataset_name:
        st.info(
            in_markdown(
                f"{selection.checkpoint.name} was not checked on {selection.dataset_name} yet. Below are the checks on "
                f"{first[0].conditions.images}."
            ),
            icon=":material/hourglass_empty:",
        )
    show(first)
    for group in others:
        with st.expander(in_markdown(f"Checks on {group[0].conditions.images}"), icon=":material/fact_check:"):
            warn_of_other_data(selection.checkpoint, group[0].source)
            show(group)


def warn_of_other_data(checkpoint: Checkpoint, dataset: str) -> None:
    """Say so where a data set is not the one that a model is a density of."""
    own = checkpoint.config.dataset
    if dataset != own:
        trained_on = own or "data that it does not name"
        st.warning(
            in_markdown(
                f"{checkpoint.name} was trained on {trained_on}, and not on {dataset}. Checks on {dataset} tell how "
                "far it can be trusted on such images, and not on its own."
            ),
            icon=":material/info:",
        )


def show(reports: list[Report]) -> None:
    """The reports on one data set: all verdicts in one table, and the figures of the first report, the full one where
    there is one."""
    for report in reports:
        st.caption(in_markdown(_origin(report)))
    verdict_table(reports)
    figures(reports[0])
    for report in reports[1:]:
        with st.expander(f"Figures of the {report.effort} checks", icon=":material/show_chart:"):
            figures(report)


def _origin(report: Report) -> str:
    """How a report was made."""
    counts = [f"{measured.images:,}" for measured in sorted(report.results.values(), key=lambda each: each.images)]
    number = " to ".join(dict.fromkeys((counts[0], counts[-1]))) if counts else "no"
    on = report.conditions
    text = (
        f"Measured on {number} images of {on.images}, with noise from {on.smallest_noise} PSNR (least) to "
        f"{on.largest_noise} (most); {report.effort} checks, {report.seconds:,.0f} s, {report.made[:10]}."
    )
    if any(verdict.measured is not None and verdict.error is None for verdict in report.verdicts()):
        text += " Numbers without an error (±) are from an earlier version, which did not measure it."
    return text
