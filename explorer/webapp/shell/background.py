"""Long work of a page as a job: sent with a button, watched on the page, and done even if the page closes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.jobs.kinds import ModelTask
from explorer.jobs.manage import Job, create_job, find_job, list_jobs, resume, stop, submit
from explorer.jobs.progress import duration
from explorer.webapp.shell.address import open_page
from explorer.webapp.shell.job_status import job_message

__all__ = ["send", "watch"]

_PROBLEM = "background-problem"
_REFRESH = 1.0  # seconds


def send(task: ModelTask) -> None:
    """Do a task in the background: resume its latest job if that is not done, else start one. For ``on_click``."""
    try:
        job = _newest_job(task)
        if job is not None and job.state.status in ("new", "stopped", "failed", "killed"):
            resume(job.folder)
        elif job is None or not job.state.open:
            submit(create_job(task))
    except ExplorerError as error:
        st.session_state[_PROBLEM] = str(error)


def watch(task: ModelTask) -> bool:
    """Show how far the job of a task is, and draw the page again when it ends; returns whether one runs or waits.

    If the latest failed, it says why.
    """
    if _PROBLEM in st.session_state:
        st.error(in_markdown(st.session_state.pop(_PROBLEM)), icon=":material/error:")
    job = _newest_job(task)
    if job is not None and job.state.open:
        _follow(job.name)
        return True
    if job is not None and job.state.status in ("failed", "killed"):
        job_message(job)
    return False


def _newest_job(task: ModelTask) -> Job | None:
    """The latest job that does this, in any number of shards; None when there is none."""
    whole = task.model_copy(update={"shards": 1})
    jobs = list_jobs(task.kind)
    return next((job for job in jobs if job.task.model_copy(update={"shards": 1}) == whole), None)


@st.fragment(run_every=_REFRESH)
def _follow(name: str) -> None:
    try:
        job = find_job(name)
    except ExplorerError:  # deleted meanwhile
        st.rerun()
    if not job.state.open:
        st.rerun()
    st.progress(*_how_far(job))
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button(
        "Stop",
        key=f"stop-{name}",
        icon=":material/stop:",
        on_click=_stop,
        args=(job.folder,),
        disabled=job.state.status == "stopping",
        help="What is done so far is kept.",
    )
    if row.button("All jobs", key=f"jobs-{name}", icon=":material/list_alt:", type="tertiary"):
        open_page("jobs", job=name)
    row.caption("It goes on when this page is closed.", width="content")


def _how_far(job: Job) -> tuple[float, str]:
    what, done = in_markdown(job.task.title), job.progress
    if job.state.status == "queued":
        return 0.0, f"{what}: waiting in the queue"
    if not done.total:
        return 0.0, f"{what}: {job.state.status}…"
    left = "" if done.seconds_left is None else f", {duration(done.seconds_left)} left"
    return done.fraction, f"{what}: {done.text}{left}"


def _stop(folder: Path) -> None:
    try:
        stop(folder)
    except ExplorerError as error:
        st.session_state[_PROBLEM] = str(error)
