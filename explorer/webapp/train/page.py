"""Train: learn the density of a data set, and watch it."""

from __future__ import annotations

import streamlit as st

from explorer.jobs.manage import Job, in_the_way, list_jobs
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.pages_folder import run_through_app
from explorer.webapp.train.checkpoints import checkpoints_box
from explorer.webapp.train.form import DIGITS, training_form, two_minutes_of_digits
from explorer.webapp.train.runs import open_probe_when_asked, training_runs


def page() -> None:
    run_through_app()
    st.title("Train")
    st.markdown(
        "A network learns the probability of images by denoising them, in a process of its own that goes on when this "
        "page is closed. A finished run is a model that you can choose on every page."
    )
    busy: list[Job] = []
    with shown_errors():
        busy = in_the_way()
    with shown_errors():
        jobs = list_jobs("train")
        with st.expander("New training", expanded=not jobs, icon=":material/add:"):
            training_form(busy)
        if not jobs:
            st.info(
                "There are no runs yet. Two minutes are enough to learn handwritten digits while you watch.",
                icon=":material/school:",
            )
        if not any(job.state.open and job.name.startswith(f"{DIGITS}-") for job in jobs):
            two_minutes_of_digits(busy)
        if jobs:
            training_runs()
    with shown_errors():
        checkpoints_box()
    open_probe_when_asked()
