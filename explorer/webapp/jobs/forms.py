"""Forms of the Jobs page: a new job, and where jobs run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.data.sources import Split
from explorer.jobs.manage import create_job, free_job_name, submit, which_executor
from explorer.jobs.settings import job_settings, overridden, save_job_settings, settings_file
from explorer.jobs.tasks import MAX_SHARDS, CatalogTask, EvaluateTask, MapTask, Task
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.sidebar import Selection

__all__ = ["job_form", "settings_form"]

_WHAT = {
    "catalog": "Score the data set (for Atlas)",
    "map": "Lay the data set out on a map",
    "evaluate": "Run all checks of the model (for Trust)",
}
_PARTS: tuple[Split, ...] = ("validation", "train", "all")
_EXECUTORS = {"auto": "Slurm where there is one", "local": "this machine", "slurm": "Slurm"}


def job_form(selection: Selection) -> None:
    """A job for the model and the data set of the sidebar; the button sends it."""
    row = st.grid(3, min_column_width=220)
    kind = row.selectbox("What", list(_WHAT), format_func=_WHAT.__getitem__, key="job-kind")
    split, shards, quick = selection.split, 1, False
    if kind == "evaluate":
        effort = row.selectbox("Effort", ["full", "quick"], key="job-effort", help="Quick: a minute, on few images.")
        quick = effort == "quick"
    else:
        split = row.selectbox(
            "Images",
            _PARTS,
            _PARTS.index(selection.split),
            key=f"job-split-{selection.split}",
            help="Which part of them. What the other pages show is chosen: images that the model was not trained on.",
        )
    if kind == "catalog":
        shards = row.number_input(
            "Shards",
            1,
            MAX_SHARDS,
            1,
            key="job-shards",
            help="So many jobs share the work; on a cluster they run side by side.",
        )
    named = {"checkpoint": selection.checkpoint.name, "dataset": selection.dataset}
    task: Task = {
        "catalog": lambda: CatalogTask(**named, split=split, shards=shards),
        "map": lambda: MapTask(**named, split=split),
        "evaluate": lambda: EvaluateTask(**named, quick=quick),
    }[kind]()
    bottom = st.container(horizontal=True, vertical_alignment="center")
    pressed = bottom.button("Send the job", type="primary", icon=":material/send:")
    bottom.caption(f"{task.title[0].upper()}{task.title[1:]}.", width="stretch")
    if pressed:
        with shown_errors():
            name = free_job_name(f"{kind}-{selection.checkpoint.name}-{Path(selection.dataset).stem}")
            folder = create_job(task, name)
            st.query_params["job"] = name
            with st.spinner("Sending the job…"):
                submit(folder)
            st.rerun()


def settings_form() -> None:
    """Where jobs run and what they ask for; kept in ``explorer.toml``."""
    with shown_errors():
        current = job_settings()
        fixed = overridden()
        with st.form("job-settings", border=False):
            grid = st.grid(4, min_column_width=170)

            def note(name: str, text: str) -> dict[str, object]:
                if name in fixed:
                    return {"disabled": True, "help": f"Set by EXPLORER_JOBS_{name.upper()}."}
                return {"help": text}

            chosen = {
                "executor": grid.selectbox(
                    "Jobs run on",
                    list(_EXECUTORS),
                    list(_EXECUTORS).index(current.executor),
                    format_func=_EXECUTORS.__getitem__,
                    **note("executor", "Jobs that were sent already stay where they are."),
                ),
                "at_once": grid.number_input(
                    "Local jobs at once",
                    1,
                    1024,
                    current.at_once,
                    **note("at_once", "The others wait; the oldest is next."),
                ),
                "partition": grid.text_input(
                    "Partition", current.partition, **note("partition", "Of Slurm; empty: its default.")
                ),
                "account": grid.text_input(
                    "Account", current.account, **note("account", "Of Slurm; empty: its default.")
                ),
                "gpus": grid.number_input("GPUs", 0, 64, current.gpus, **note("gpus", "A node, of Slurm.")),
                "cpus": grid.number_input(
                    "CPUs", 0, 1024, current.cpus, **note("cpus", "A process, of Slurm; 0 leaves it to the cluster.")
                ),
                "memory_gb": grid.number_input(
                    "Memory, GB",
                    0.0,
                    100_000.0,
                    float(current.memory_gb),
                    **note("memory_gb", "A node, of Slurm; 0 leaves it to the cluster."),
                ),
                "minutes": grid.number_input(
                    "Minutes",
                    1,
                    365 * 24 * 60,
                    current.minutes,
                    **note("minutes", "Of a Slurm job; one that is not done by then is saved and queued again."),
                ),
            }
            if st.form_submit_button("Save", icon=":material/save:"):
                # What the environment says must not be written over what the file says.
                save_job_settings(**{name: value for name, value in chosen.items() if name not in fixed})
                st.toast(f"Saved to {settings_file().name}.", icon=":material/check:")
        place = "this machine" if which_executor(current) == "local" else "Slurm"
        st.caption(f"New jobs go to {place}. The settings are in {settings_file()}.")
