"""Train: learn the density of a data set, and watch it."""

from __future__ import annotations

import streamlit as st

from explorer.jobs.manage import list_jobs
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.pages_folder import run_through_app
from explorer.webapp.train.form import start, training_form, two_minutes_of_digits
from explorer.webapp.train.runs import open_probe_when_asked, training_runs


def page() -> None:
    run_through_app()
    st.title("Train")
    st.markdown(
        "A network learns the probability of images by denoising them, in a process of its own that goes on when this "
        "page is closed. A finished run is a model that you can choose on every page."
    )
    with shown_errors():
        jobs = list_jobs("train")
        with st.expander("New training", expanded=not jobs, icon=":material/add:"):
            training_form()
        if jobs:
            training_runs()
        else:
            invitation()
    open_probe_when_asked()


def invitation() -> None:
    """What the page shows while there are no runs."""
    st.info(
        "There are no runs yet. Two minutes are enough to learn scikit-learn's 1,797 handwritten digits, "
        "8 × 8 pixels each, while you watch.",
        icon=":material/school:",
    )
    if st.button("Train digits for two minutes", icon=":material/play_arrow:"):
        with shown_errors():
            start(two_minutes_of_digits())
