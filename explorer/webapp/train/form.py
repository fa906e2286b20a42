"""The form of the Train page: what to train, checked before anything starts.

The fields of numbers have no limits of their own. Where a browser refuses a number, it goes on with the one before, and
a training would start with a setting that is not on the screen.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from explorer.data.offered import DatasetInfo, list_datasets
from explorer.data.store import Store
from explorer.data.views import Views
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.jobs.manage import Job, go_first, submit
from explorer.jobs.progress import duration
from explorer.training.config import MODEL_SIZES, TrainingConfig
from explorer.training.plan import check_images, check_new_name, free_name, plan, seconds_of, seconds_per_step, steps_in
from explorer.training.run import create_run
from explorer.units import with_unit
from explorer.webapp.shell.grid_warning import warn_of_grid
from explorer.webapp.shell.loaders import known_store, shown_errors, store

__all__ = ["DIGITS", "training_form", "two_minutes_of_digits"]

DIGITS = "digits-8"
"""What the names of runs of `two_minutes_of_digits` begin with, and those of others on such images."""

_CLEAR_NAME = "train-clear-name"
_LARGEST_SIDE = 256  # pixels


def training_form(busy: list[Job]) -> None:
    """Draw the form; the button in it starts a training and shows it.

    Args:
        busy: the jobs that a new one would wait for.
    """
    if st.session_state.pop(_CLEAR_NAME, False):
        st.session_state["train-name"] = ""
    fields = st.grid(4, min_column_width=190)
    dataset, shape = _what(fields)
    budget, unit = _how_long(fields, dataset)
    suggestion = free_name(f"{_stem(dataset)}-{shape['size']}")
    typed = fields.text_input(
        "Name",
        key="train-name",
        placeholder=suggestion,
        live=True,
        help="Of the run, and of the checkpoint that it becomes: letters, digits, '.', '_' and '-'.",
    )
    settings = shape | _advanced(dataset)
    name = (typed or "").strip() or suggestion
    config, problem, estimate = None, None, ""
    try:
        draft = plan(check_new_name(name), dataset.spec, 1, **_checked(settings))
        step_seconds = _seconds_per_step(draft)
        steps = int(budget) if unit == "steps" else steps_in(budget, step_seconds)
        config = plan(name, dataset.spec, steps, **settings)
        estimate = _estimate(config, step_seconds)
    except ExplorerError as error:
        problem = str(error)
    known = None if config is None else _known_images(config)
    with st.container():  # in one place, however many they are: the button below stays where it is
        warned = warn_of_grid(known)
        for remark in known.remarks if known is not None else ():
            st.caption(in_markdown(remark))
    row = st.container(horizontal=True, vertical_alignment="center")
    label = "Start training anyway" if warned else "Start training"
    pressed = row.button(label, type="primary", icon=":material/play_arrow:", disabled=config is None)
    if problem is None:
        row.caption(f"**{in_markdown(name)}**: {estimate}{_waits_for(busy)}", width="stretch")
    else:
        row.markdown(f":red[:material/error: {in_markdown(problem)}]", width="stretch")
    first = bool(busy) and _offer_to_go_first("form")
    if pressed and config is not None:
        with shown_errors():
            if not warned and _has_grid(config):
                st.rerun()  # with the warning: the images are known now
            _start(config, first)


def two_minutes_of_digits(busy: list[Job]) -> None:
    """A button that starts what a class can watch from its beginning to its end.

    Args:
        busy: as for `training_form`.
    """
    row = st.container(horizontal=True, vertical_alignment="center")
    pressed = row.button("Train digits for two minutes", icon=":material/school:")
    row.caption(f"1,797 handwritten digits of 8 × 8 pixels, from scikit-learn.{_waits_for(busy)}", width="stretch")
    first = bool(busy) and _offer_to_go_first("digits")
    if pressed:
        with shown_errors():
            settings = {"size": 8, "model_size": "small", "learning_rate": 3e-3}
            name = free_name(DIGITS)
            steps = steps_in(2.0, _seconds_per_step(plan(name, "digits", 1, **settings)))
            _start(plan(name, "digits", steps, **settings), first)


def _waits_for(busy: list[Job]) -> str:
    """What a run that is started now waits for, as a sentence; empty where there is nothing."""
    if not busy:
        return ""
    known = [None if job.progress.preparing else job.progress.seconds_left for job in busy]
    left = [seconds for seconds in known if seconds is not None]
    about = f" (about {duration(sum(left))} left)" if len(left) == len(busy) else ""
    return f" It will wait for {', '.join(job.name for job in busy)}{about}."


def _offer_to_go_first(where: str) -> bool:
    return st.checkbox(
        "Go first: begin at once, beside what runs",
        key=f"train-first-{where}",
        help="They share the machine meanwhile, and each is slower.",
    )


def _start(config: TrainingConfig, first: bool) -> None:
    """Prepare the images, start the training, before others where it goes first, and show it; does not return.

    Raises:
        ExplorerError: the data set is missing or too small, the run exists, or it cannot start.
    """
    shape = config.model.image_shape
    check_images(_training_images(config), store(config.dataset, shape, "validation"))
    folder = create_run(config)
    st.session_state["run"] = folder.name
    with st.spinner("Starting the training…"):
        if submit(folder).status == "queued" and first:
            with suppress(ExplorerError):  # its turn has come meanwhile
                go_first(folder)
    st.session_state[_CLEAR_NAME] = True
    st.rerun()


def _what(fields: DeltaGenerator) -> tuple[DatasetInfo, dict[str, object]]:
    datasets = list_datasets()
    first = next((index for index, info in enumerate(datasets) if info.spec == "digits"), 0)
    dataset = fields.selectbox("Data set", datasets, first, lambda info: info.title, key="train-data")
    is_digits = dataset.spec == "digits"  # the keys below depend on it: other data, other defaults
    size = fields.number_input(
        with_unit("Image size", "pixels"),
        value=8 if is_digits else 32,
        step=8,
        key=f"train-size-{is_digits}",
        help="Height and width of the images that the model will read. Larger ones take much longer.",
    )
    color = fields.selectbox("Color", ["gray"] if is_digits else ["gray", "color"], key=f"train-color-{is_digits}")
    model_size = fields.selectbox(
        "Model size",
        MODEL_SIZES,
        MODEL_SIZES.index("small" if is_digits else "medium"),
        key=f"train-model-{is_digits}",
        help="How wide the network is. A wider one is better in the end, but takes fewer steps per minute.",
    )
    return dataset, {"size": size, "channels": 3 if color == "color" else 1, "model_size": model_size}


def _how_long(fields: DeltaGenerator, dataset: DatasetInfo) -> tuple[float, str]:
    unit = fields.selectbox("Budget in", ["minutes", "steps"], key="train-unit")
    if unit == "steps":
        return fields.number_input("Steps", value=1000, step=500, key="train-steps"), unit
    minutes = 2.0 if dataset.spec == "digits" else 20.0
    key = f"train-minutes-{minutes:g}"
    return fields.number_input("Minutes", value=minutes, step=1.0, format="%g", key=key), unit


def _advanced(dataset: DatasetInfo) -> dict[str, object]:
    with st.expander("Advanced", icon=":material/tune:"):
        numbers = st.grid(3, min_column_width=180)
        cut = {} if dataset.builtin else _cut(numbers)
        learning_rate = numbers.number_input(
            "Learning rate", value=3e-3, step=5e-4, format="%g", help="Of Adam, after warm-up; it decays to zero."
        )
        batch_size = numbers.number_input("Images per step", value=64, step=16)
        seed = numbers.number_input("Seed", value=0)
        anchor = st.toggle(
            "Gaussian anchor",
            True,
            help="Start from the best Gaussian and learn what is not Gaussian: normalized by construction, and faster.",
        )
        amplitude = st.toggle(
            "Amplitude conditioning", True, help="Tell the network how large its input is: better at all contrasts."
        )
    return cut | {
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "seed": seed,
        "anchor": anchor,
        "amplitude": amplitude,
    }


def _cut(numbers: DeltaGenerator) -> dict[str, object]:
    """How pictures become training images. Built-in sets are made at the size that is asked for."""
    views = numbers.number_input(
        "Views of each picture",
        value=1,
        key="train-views",
        help="One view is the largest central square. More are random squares of random size: more to learn from.",
    )
    min_shrink = numbers.number_input(
        "Shrink at least, times",
        value=2.5,
        step=0.5,
        format="%g",
        key="train-shrink",
        help="An area average over 2.5 pixels per side or more removes the grid that JPEG leaves in a picture. "
        "Smaller pictures are shrunk as much as their size allows.",
    )
    return {"views": views, "min_shrink": min_shrink}


def _checked(settings: dict[str, object]) -> dict[str, object]:
    """The settings, if the images are not too large for a browser's patience.

    Raises:
        ExplorerError: they are.
    """
    size = settings["size"]
    if isinstance(size, int) and size > _LARGEST_SIDE:
        raise ExplorerError(f"Images of {size:,} pixels are too large; choose a size of at most {_LARGEST_SIDE}.")
    return settings


def _views(config: TrainingConfig) -> Views:
    return Views(config.views, config.min_shrink)


def _training_images(config: TrainingConfig) -> Store:
    return store(config.dataset, config.model.image_shape, "train", _views(config))


def _known_images(config: TrainingConfig) -> Store | None:
    shape = config.model.image_shape
    known = known_store(config.dataset, shape, "train", _views(config))
    return known or known_store(config.dataset, shape, "validation")


def _has_grid(config: TrainingConfig) -> bool:
    """Prepare the images, the smaller part first."""
    few = store(config.dataset, config.model.image_shape, "validation")
    return bool(few.grid.strongest or _training_images(config).grid.strongest)


def _stem(dataset: DatasetInfo) -> str:
    return dataset.spec if dataset.builtin else Path(dataset.spec).stem


def _estimate(config: TrainingConfig, step_seconds: float) -> str:
    return (
        f"{config.steps:,} steps of {config.batch_size} images, about "
        f"{duration(seconds_of(config.steps, step_seconds))} on this machine "
        f"({config.batch_size / step_seconds:,.0f} images/s)."
    )


def _seconds_per_step(config: TrainingConfig) -> float:
    # Only what the time depends on: a change of another setting must not measure it again.
    kept = config.model_dump(include={"model", "batch_size", "device"}, mode="json")
    return _timed(kept, config)


@st.cache_data(show_spinner="Timing one step of this model…", max_entries=100, ttl=600)
def _timed(settings: dict[str, object], _config: TrainingConfig) -> float:
    torch.set_flush_denormal(True)  # as in the training; a property of the thread
    return seconds_per_step(_config.model_copy(update={"batch_size": settings["batch_size"]}))
