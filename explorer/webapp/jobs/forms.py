"""Forms of the Jobs page: a new job, and where jobs run.

The fields of numbers have no limits of their own. Where a browser refuses a number, it goes on with the one before, and
a job would be sent with a setting that is not on the screen.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from explorer.errors import first_problem
from explorer.escaping import in_markdown
from explorer.jobs.fields import Setting, settings_of
from explorer.jobs.kinds import MODEL_KINDS
from explorer.jobs.manage import create_job, submit, which_executor
from explorer.jobs.settings import JobSettings, job_settings, overridden, save_job_settings, settings_file
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.sidebar import Selection

__all__ = ["job_form", "settings_form"]

_WORDS = {"auto": "Slurm where there is one", "local": "this machine", "slurm": "Slurm"}


def job_form(selection: Selection) -> None:
    """A job for the model and the data set of the sidebar; the button sends it."""
    row = st.grid(3, min_column_width=220)
    levels = selection.checkpoint.model.has_noise_levels
    kinds = [name for name, kind in MODEL_KINDS.items() if levels or not kind.needs_noise_levels]
    kind = MODEL_KINDS[row.selectbox("What", kinds, format_func=_action, key="job-kind")]
    of = (selection.checkpoint.name, selection.dataset)
    chosen = {}
    for setting in settings_of(kind):
        value = setting.default if setting.suggested is None else setting.suggested(*of)
        chosen[setting.name] = _field(row, setting, value, key=f"job-{setting.name}-{value}")
    task, problem = None, ""
    try:
        task = kind.model_validate({"checkpoint": of[0], "dataset": of[1]} | chosen)
    except ValidationError as error:
        wrong = first_problem(error)
        problem = f"{wrong.field}: {wrong.message}."
    bottom = st.container(horizontal=True, vertical_alignment="center")
    pressed = bottom.button("Send the job", type="primary", icon=":material/send:", disabled=task is None)
    if task is None:
        bottom.markdown(f":red[:material/error: {in_markdown(problem)}]", width="stretch")
        return
    bottom.caption(f"{in_markdown(task.title)}.", width="stretch")
    if pressed:
        with shown_errors():
            folder = create_job(task)
            st.session_state["job"] = folder.name
            with st.spinner("Sending the job…"):
                submit(folder)
            st.rerun()


def settings_form() -> None:
    """Where jobs run and what they ask for; kept in ``explorer.toml``."""
    with shown_errors():
        current, fixed = job_settings(), overridden()
        with st.form("job-settings", border=False):
            grid = st.grid(4, min_column_width=170)
            chosen = {}
            for setting in settings_of(JobSettings):
                is_fixed = setting.name in fixed
                note = f"Set by EXPLORER_JOBS_{setting.name.upper()}." if is_fixed else setting.help
                value = getattr(current, setting.name)
                chosen[setting.name] = _field(grid, setting._replace(help=note), value, disabled=is_fixed)
            if st.form_submit_button("Save", icon=":material/save:"):
                # What the environment says must not be written over what the file says.
                save_job_settings(**{name: value for name, value in chosen.items() if name not in fixed})
                st.toast(f"Saved to {settings_file().name}.", icon=":material/check:")
        place = "this machine" if which_executor(current) == "local" else "Slurm"
        st.caption(f"New jobs go to {place}. The settings are in {in_markdown(str(settings_file()))}.")


def _action(kind: str) -> str:
    return MODEL_KINDS[kind].action


def _field(place: DeltaGenerator, setting: Setting, value: Any, **style: Any) -> Any:
    """The widget of a setting; returns what is chosen."""
    if setting.choices:
        index = setting.choices.index(value)
        words = {choice: _WORDS.get(choice, choice) for choice in setting.choices}
        return place.selectbox(
            setting.label, setting.choices, index, format_func=words.__getitem__, help=setting.help, **style
        )
    if setting.type is bool:
        return place.toggle(setting.label, value, help=setting.help, **style)
    if setting.type is str:
        return place.text_input(setting.label, value, help=setting.help, **style)
    return place.number_input(setting.label, value=setting.type(value), help=setting.help, **style)
