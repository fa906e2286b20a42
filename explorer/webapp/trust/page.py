"""Trust: does a model's log p hold up?"""

from __future__ import annotations

import streamlit as st

from explorer.measures.consistency.reports import find_report
from explorer.measures.consistency.trust_report import TrustReport
from explorer.measures.consistency.verdicts import verdicts
from explorer.units import format_number
from explorer.webapp.shell.grid_warning import warn_of_grid
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
    warn_of_grid(known_store(selection.dataset, selection.checkpoint.model.image_shape, selection.split))
    report = find_report(selection.checkpoint)
    if report is None:
        st.info(
            f"{selection.checkpoint.name} was not checked yet. The quick checks take about a minute.",
            icon=":material/hourglass_empty:",
        )
    else:
        show(report)


def show(report: TrustReport) -> None:
    counts = [f"{count:,}" for count in sorted({n for section, n in report.images.items() if section != "other"})]
    lowest = format_number(report.lowest_psnr, ".0f")
    number = " to ".join(dict.fromkeys((counts[0], counts[-1]))) if counts else "no"
    st.caption(
        f"Measured on {number} images of {report.dataset}, with noise from {report.psnr:.0f} dB PSNR (least) to "
        f"{lowest} dB (most); {report.effort} checks, {report.seconds:,.0f} s."
    )
    verdict_table(verdicts(report))
    figures(report)
