"""Trust: does a model's log p hold up?"""

from __future__ import annotations

import streamlit as st

from explorer.escaping import in_markdown
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.storage import find_report, why_no_report
from explorer.webapp.shell.grid_warning import warn_of_grid
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.loaders import known_store
from explorer.webapp.shell.sidebar import sidebar
from explorer.webapp.trust.panels import figures, verdict_table
from explorer.webapp.trust.start import offer_checks


def page() -> None:
    selection = sidebar()
    st.title("Trust")
    st.markdown(
        "A number called log p is worth nothing unless it can be checked. These checks need no ground truth: most "
        "compare two things that a true, normalized density makes equal; two ask whether it knows images, or its files."
    )
    offer_checks(selection)
    known = known_store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
    warn_of_grid(known)
    tell_left_out(known)
    report = find_report(selection.checkpoint)
    if report is None:
        st.info(
            f"{in_markdown(why_no_report(selection.checkpoint))} The quick checks take about a minute.",
            icon=":material/hourglass_empty:",
        )
    else:
        show(report)


def show(report: Report) -> None:
    counts = [f"{measured.images:,}" for measured in sorted(report.results.values(), key=lambda each: each.images)]
    number = " to ".join(dict.fromkeys((counts[0], counts[-1]))) if counts else "no"
    on = report.conditions
    st.caption(
        in_markdown(
            f"Measured on {number} images of {on.dataset}, with noise from {on.smallest_noise} PSNR (least) to "
            f"{on.largest_noise} (most); {report.effort} checks, {report.seconds:,.0f} s."
        )
    )
    verdict_table(report.verdicts())
    figures(report)
