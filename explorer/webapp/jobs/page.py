"""Jobs: everything that runs in the background."""

from __future__ import annotations

import streamlit as st

from explorer.jobs.manage import list_jobs
from explorer.webapp.jobs.forms import job_form, settings_form
from explorer.webapp.jobs.listing import job_list
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.sidebar import sidebar


def page() -> None:
    selection = sidebar()
    st.title("Jobs")
    st.markdown(
        "Work in the background, on this machine or on a Slurm cluster: training, catalogs (a data set scored by a "
        "model), checks and maps. Jobs go on when this page is closed, and can be resumed from what they saved."
    )
    with shown_errors():
        jobs = list_jobs()
        with st.expander("New job", expanded=not jobs, icon=":material/add:"):
            job_form(selection)
        with st.expander("Where jobs run", icon=":material/dns:"):
            settings_form()
        if jobs:
            job_list()
        else:
            st.info("There are no jobs yet. Training starts on the Train page.", icon=":material/info:")
