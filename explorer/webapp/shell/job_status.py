"""How a job looks on every page: its badge, its buttons, its message, its log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.jobs import manage
from explorer.jobs.manage import Job

__all__ = ["job_buttons", "job_log", "job_message", "status_badge"]

_ERROR = "job-error"


class StatusStyle(NamedTuple):
    """Icon and color of a status."""

    icon: str
    color: Literal["gray", "blue", "orange", "green", "red"]


_STYLES = {
    "new": StatusStyle("schedule", "gray"),
    "queued": StatusStyle("schedule", "gray"),
    "starting": StatusStyle("play_circle", "blue"),
    "running": StatusStyle("play_circle", "blue"),
    "stopping": StatusStyle("hourglass_top", "orange"),
    "stopped": StatusStyle("pause_circle", "gray"),
    "finished": StatusStyle("check_circle", "green"),
    "failed": StatusStyle("error", "red"),
    "killed": StatusStyle("cancel", "red"),
}


def status_badge(job: Job) -> None:
    """The status, as an icon and a word."""
    style = _STYLES[job.state.status]
    st.badge(job.state.status, icon=f":material/{style.icon}:", color=style.color)


def job_buttons(job: Job, place: Callable[[DeltaGenerator, Job], None] | None = None) -> None:
    """Stop, and go first where it waits; or resume and delete.

    Args:
        job: the job.
        place: draws the buttons for what a finished job made.
    """
    row = st.container(horizontal=True, vertical_alignment="center")
    status = job.state.status
    if job.state.open:
        _action(row, "Stop", "stop", manage.stop, job, disabled=status == "stopping")
        if status == "queued" and job.local:
            beside = "Begin at once, beside what runs: they share the machine meanwhile, and each is slower."
            _action(row, "Go first", "low_priority", manage.go_first, job, help=beside)
            ahead = [other.name for other in manage.list_jobs() if other.state.active and other.local]
            if ahead:
                row.caption(f"It waits for {', '.join(ahead)}.", width="content")
    else:
        if status == "finished" and place is not None:
            place(row, job)
        elif status != "finished":
            label = "Start" if status == "new" else "Resume"
            _action(row, label, "play_arrow", manage.resume, job, type="primary")
        with row.popover("Delete", icon=":material/delete:"):
            st.write(f"Delete the job **{in_markdown(job.name)}** with its log and saved states? What it made stays.")
            _action(st.container(), "Delete for good", "delete_forever", manage.delete, job, type="primary")
    if _ERROR in st.session_state:
        st.error(in_markdown(st.session_state.pop(_ERROR)), icon=":material/error:")


def job_message(job: Job) -> None:
    """The message of a job, with the traceback one click away where there is one."""
    if not job.state.message:
        return
    style = _STYLES[job.state.status]
    show = {"red": st.error, "gray": st.info, "blue": st.info}.get(style.color, st.warning)
    show(in_markdown(job.state.message), icon=f":material/{style.icon}:")
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
    place: DeltaGenerator, label: str, icon: str, act: Callable[[Path], object], job: Job, **style: Any
) -> None:
    """A button that acts on a job, in a callback: a page that refreshes itself then loses no click."""
    key = f"job-{label}-{job.folder.parent.name}-{job.name}"
    place.button(label, icon=f":material/{icon}:", key=key, on_click=_act, args=(act, job.folder), **style)


def _act(act: Callable[[Path], object], folder: Path) -> None:
    try:
        act(folder)
    except ExplorerError as error:
        st.session_state[_ERROR] = str(error)
