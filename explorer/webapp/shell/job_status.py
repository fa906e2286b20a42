"""What a job looks like on every page: its badge, its buttons, its message, its log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.errors import ExplorerError
from explorer.jobs import manage
from explorer.jobs.manage import Job

__all__ = ["LOOKS", "job_buttons", "job_log", "job_message", "status_badge"]

_ERROR = "job-error"


class Look(NamedTuple):
    """Icon and color of a status."""

    icon: str
    color: str


LOOKS = {
    "new": Look("schedule", "gray"),
    "queued": Look("schedule", "gray"),
    "starting": Look("play_circle", "blue"),
    "running": Look("play_circle", "blue"),
    "stopping": Look("hourglass_top", "orange"),
    "stopped": Look("pause_circle", "gray"),
    "finished": Look("check_circle", "green"),
    "failed": Look("error", "red"),
    "killed": Look("cancel", "red"),
}


def status_badge(job: Job) -> None:
    """The status, as an icon with its word."""
    look = LOOKS[job.state.status]
    st.badge(job.state.status, icon=f":material/{look.icon}:", color=look.color)


def job_buttons(job: Job, place: Callable[[DeltaGenerator, Job], None] | None = None) -> None:
    """Stop, or resume and delete.

    Args:
        job: the job.
        place: draws what one can do with what a finished job made.
    """
    row = st.container(horizontal=True, vertical_alignment="center")
    status = job.state.status
    if job.state.open:
        _action(row, "Stop", "stop", manage.stop, job, disabled=status == "stopping")
    else:
        if status == "finished" and place is not None:
            place(row, job)
        elif status != "finished":
            label = "Start" if status == "new" else "Resume"
            _action(row, label, "play_arrow", manage.resume, job, type="primary")
        with row.popover("Delete", icon=":material/delete:"):
            st.write(f"Delete the job **{job.name}** with its log and saved states? What it made stays.")
            _action(st.container(), "Delete for good", "delete_forever", manage.delete, job, type="primary")
    if _ERROR in st.session_state:
        st.error(st.session_state.pop(_ERROR), icon=":material/error:")


def job_message(job: Job) -> None:
    """What the job has to say, with the traceback one click away where there is one."""
    if not job.state.message:
        return
    look = LOOKS[job.state.status]
    show = {"red": st.error, "gray": st.info, "blue": st.info}.get(look.color, st.warning)
    show(job.state.message, icon=f":material/{look.icon}:")
    if job.state.status in ("failed", "killed"):
        text = manage.traceback_in(manage.read_log(job.folder))
        if text:
            with st.expander("Traceback", icon=":material/bug_report:"):
                st.code(text, language="python", height=320)


def job_log(job: Job) -> None:
    """What the job printed."""
    log = manage.read_log(job.folder)
    if log:
        with st.expander("Log", icon=":material/description:"):
            st.code(log, language=None, height=320)


def _action(
    place: DeltaGenerator, label: str, icon: str, act: Callable[[Path], object], job: Job, **style: object
) -> None:
    """A button that acts on a job, in a callback: a page that refreshes itself then loses no click."""
    key = f"job-{label}-{job.folder.parent.name}-{job.name}"
    place.button(label, icon=f":material/{icon}:", key=key, on_click=_act, args=(act, job.folder), **style)


def _act(act: Callable[[Path], object], folder: Path) -> None:
    try:
        act(folder)
    except ExplorerError as error:
        st.session_state[_ERROR] = str(error)
