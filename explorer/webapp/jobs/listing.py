"""The list of all jobs, and the chosen one."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from explorer.escaping import in_markdown
from explorer.jobs.kinds import KINDS
from explorer.jobs.manage import Job, list_jobs
from explorer.jobs.progress import duration
from explorer.jobs.queue import wake_queue
from explorer.jobs.record import read_record
from explorer.jobs.submission import read_submission
from explorer.webapp.shell.address import address_of, kept, part_kept_in_url
from explorer.webapp.shell.job_status import job_buttons, job_log, job_message, status_badge
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.navigation import page_file
from explorer.webapp.shell.setting_forms import one_of, some_of

__all__ = ["job_list"]

_STATES = {
    "Running": ("starting", "running", "stopping"),
    "Waiting": ("queued",),
    "Done": ("finished",),
    "Not done": ("new", "stopped", "failed", "killed"),
}
_REFRESH = 2.0  # seconds
_TABLE = "jobs-table"


def job_list() -> None:
    """Draw the filters, the jobs and the chosen one; they refresh themselves for as long as one is open."""
    filters = st.container(horizontal=True, vertical_alignment="bottom")
    every: list[str] = []
    kind = kept("kind", some_of(list(KINDS), _plural), every)
    kinds = filters.pills("Kind", list(KINDS), selection_mode="multi", format_func=_plural, key=kind)
    state = kept("state", some_of(list(_STATES)), every)
    states = filters.pills("State", list(_STATES), selection_mode="multi", key=state)
    wanted = {status for name in states or _STATES for status in _STATES[name]}

    @st.fragment(run_every=_REFRESH if any(job.state.open for job in list_jobs()) else None)
    @part_kept_in_url("jobs")
    def live() -> None:
        jobs = list_jobs()
        name = st.session_state[kept("job", one_of(["", *(job.name for job in jobs)]), "")]
        with shown_errors():
            wake_queue()
        shown = [job for job in jobs if job.task.kind in (kinds or KINDS) and job.state.status in wanted]
        if not shown:
            st.info(f"None of the {len(jobs)} jobs has this kind and state.", icon=":material/filter_alt_off:")
            return
        # Those that run first, then the queue in its order, then the newest.
        shown.sort(key=lambda job: (not job.state.active, job.state.status != "queued", _place_in_queue(job)))
        chosen = _table(shown, name)
        if chosen is not None:
            _detail(chosen)

    live()


def _plural(kind: str) -> str:
    return KINDS[kind].plural


def _place_in_queue(job: Job) -> float:
    submission = read_submission(job.first_member)
    since = 0.0 if submission is None else submission.submitted
    return since if job.state.status == "queued" else -since


def _table(jobs: list[Job], name: str) -> Job | None:
    names = [job.name for job in jobs]
    st.dataframe(
        [_row(job) for job in jobs],
        key=_TABLE,
        hide_index=True,
        on_select=lambda: _choose(names),
        selection_mode="single-row",
        column_config={
            "Progress": st.column_config.ProgressColumn("Progress", min_value=0, max_value=100, format="%.0f %%"),
        },
    )
    return next((job for job in jobs if job.name == name), jobs[0])


def _choose(names: list[str]) -> None:
    """Remember the job by its name: the table may be in another order in a moment."""
    selection: Any = st.session_state[_TABLE]
    rows = selection.selection.rows
    if rows and rows[0] < len(names):
        st.session_state["job"] = names[rows[0]]


def _row(job: Job) -> dict[str, object]:
    done = job.progress
    submission = read_submission(job.first_member)
    place = "" if submission is None else submission.executor
    return {
        "Job": job.name,
        "What": job.task.title,
        "State": job.state.status,
        "Progress": 100 * done.fraction,
        "Rate": f"{done.rate:,.1f} {done.rate_unit}" if job.state.active and done.rate is not None else "",
        "Time left": duration(done.seconds_left) if job.state.active and done.seconds_left is not None else "",
        "Host": " on ".join(filter(None, (place, job.state.host))) if job.state.host else place,
    }


def _detail(job: Job) -> None:
    st.subheader(in_markdown(job.name))
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        status_badge(job)
        done = job.progress
        words = [f"{in_markdown(job.task.title)}."]
        if done.total:
            words.append(f"{done.text}.")
        record = read_record(job.first_member)
        if record is not None:
            words.append(f"Last report {duration(max(0.0, time.time() - record.time))} ago.")
        st.markdown(" ".join(words))
    job_buttons(job)
    job_message(job)
    if job.task.kind == "train":
        st.page_link(
            page_file("train"),
            label="Its curves, on the Train page",
            icon=":material/model_training:",
            query_params=address_of("train", run=job.name),
        )
    job_log(job)
