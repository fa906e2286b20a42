"""What the sidebar chooses on every page: model, data set and unit of log p. The choice is in the URL.

`draw_sidebar` is called by `app.py`, outside of any page: its boxes are then the same on all pages, and keep what was
chosen. `sidebar` tells a page what they choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import streamlit as st

from explorer.data.names import dataset_name
from explorer.data.offered import DatasetInfo, list_datasets
from explorer.data.sources import Split
from explorer.data.unseen import unseen_split
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.models.checkpoints import Checkpoint, CheckpointInfo, list_checkpoints
from explorer.units import LOG_PROB_UNITS, LogProbUnit, unit_label
from explorer.webapp.shell.address import kept, open_page
from explorer.webapp.shell.hub_box import hub_box, newly_fetched
from explorer.webapp.shell.loaders import checkpoint, known_store
from explorer.webapp.shell.pages_folder import run_through_app
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.terms import explained

__all__ = ["Selection", "chosen_model", "draw_sidebar", "sidebar"]

_MODEL, _DATA, _UNIT = "model", "data", "unit"
"""Names of the settings."""

_DRAWN = "sidebar-drawn"


class Selection(NamedTuple):
    """What the sidebar chose.

    Attributes:
        checkpoint: the model, loaded and shared by all sessions.
        dataset: specification of a data set, for `explorer.webapp.shell.loaders.store`.
        dataset_name: how the page calls it.
        unit: unit in which the page shows log p.
    """

    checkpoint: Checkpoint
    dataset: str
    unit: LogProbUnit
    dataset_name: str

    @property
    def split(self) -> Split:
        """Part of the data set that is new to the model: what pages show of it until another part is chosen."""
        return unseen_split(self.dataset, self.checkpoint.config.dataset)


def draw_sidebar() -> None:
    """Draw the boxes, load the model, and say what it is and where it runs."""
    listed = list_checkpoints()
    models, datasets = _usable(listed), _named_datasets()
    with st.sidebar:
        if models:
            _draw_boxes(models, datasets)
            with suppress(ExplorerError):  # the page says it
                _describe(models[st.session_state[_MODEL]], datasets[st.session_state[_DATA]])
        for info in listed:
            if info.problem is not None:
                name, problem = in_markdown(info.name), in_markdown(info.problem)
                st.warning(f"**{name}** is not available. {problem}", icon=":material/heart_broken:")
    st.session_state[_DRAWN] = True


def chosen_model() -> str:
    """Name of the model that the sidebar chooses; empty where there is none."""
    return str(st.session_state.get(_MODEL) or "")


def sidebar(needs_noise_levels: str = "") -> Selection:
    """What the sidebar chooses. Where there is no model, or a damaged one is chosen, the page says so and ends.

    Args:
        needs_noise_levels: title of a page that asks a model for its energy at many noise levels; where the model gives
            it at one alone, that page says so and ends, with a way to the page of models of any size where it is one.
    """
    run_through_app()
    if not st.session_state.pop(_DRAWN, False):  # a page that runs by itself, in a test
        draw_sidebar()
        del st.session_state[_DRAWN]
    try:
        selection = _selection()
    except ExplorerError as error:
        st.error(in_markdown(str(error)), icon=":material/error:")
        st.stop()
    if needs_noise_levels:
        try:
            selection.checkpoint.model.need_noise_levels(needs_noise_levels)
        except ExplorerError as error:
            st.title(needs_noise_levels)
            st.info(in_markdown(str(error)), icon=":material/noise_aware:")
            if selection.checkpoint.reads_any_size:
                label = in_markdown(f"Open Photograph with {selection.checkpoint.name}")
                if st.button(label, icon=":material/photo_size_select_large:"):
                    open_page("large")
            st.stop()
    return selection


def _selection() -> Selection:
    """What the boxes say.

    Raises:
        ExplorerError: there is no model, or the chosen one is damaged.
    """
    models = _usable(list_checkpoints())
    if not models:
        raise ExplorerError("There is no model yet. Train one on the Train page, or copy one into the data folder.")
    state, dataset = st.session_state, st.session_state[_DATA]
    return Selection(checkpoint(models[state[_MODEL]].path), _named_datasets()[dataset].spec, state[_UNIT], dataset)


def _usable(listed: Iterable[CheckpointInfo]) -> dict[str, CheckpointInfo]:
    return {info.name: info for info in listed if info.problem is None}


def _named_datasets() -> dict[str, DatasetInfo]:
    return {info.name: info for info in list_datasets()}


def _draw_boxes(models: Mapping[str, CheckpointInfo], datasets: Mapping[str, DatasetInfo]) -> None:
    name = _choose(
        "Model", list(models), _default_model(models), _MODEL, on_change=_fit_dataset, args=(models, datasets)
    )
    fetched = newly_fetched()
    if fetched in datasets:
        st.session_state[_DATA] = fetched
    _choose("Data set", sorted(datasets), _fitting_dataset(models[name], datasets), _DATA)
    hub_box()
    explanations = explained(*map(unit_label, LOG_PROB_UNITS))
    _choose("Unit of log p", LOG_PROB_UNITS, LOG_PROB_UNITS[0], _UNIT, format_func=unit_label, help=explanations)


def _choose(label: str, options: Sequence[str], default: str, key: str, **kwargs: Any) -> str:
    """A box whose value is in the URL under `key`, unless it is the default."""
    chosen: str = st.selectbox(label, options, key=kept(key, one_of(options), default, shared=True), **kwargs)
    return chosen


def _default_model(usable: Mapping[str, CheckpointInfo]) -> str:
    """The one of natural images, when it is there."""
    return "natural64" if "natural64" in usable else next(iter(usable))


def _fitting_dataset(model: CheckpointInfo, datasets: Mapping[str, DatasetInfo]) -> str:
    """What the model was trained on when that is offered (of several of that name the first), else photographs."""
    wanted = model.config.dataset if model.config else ""
    return next((name for name, info in datasets.items() if dataset_name(info.spec) == wanted), "photos")


def _fit_dataset(models: Mapping[str, CheckpointInfo], datasets: Mapping[str, DatasetInfo]) -> None:
    """Another model was chosen: go to the data set that fits it."""
    st.session_state[_DATA] = _fitting_dataset(models[st.session_state[_MODEL]], datasets)


def _describe(info: CheckpointInfo, dataset: DatasetInfo) -> None:
    chosen = checkpoint(info.path)
    channels, height, width = chosen.model.image_shape
    color = "grayscale" if channels == 1 else "color"
    size = (
        f"{color} images of any size, here {height} × {width}"
        if info.any_size
        else f"{height} × {width} {color} images"
    )
    lines = [
        f"**{in_markdown(info.name)}** reads {size}.",
        f"Data: {in_markdown(dataset.title)}.",
        f"Runs on {_device_name(chosen)}.",
    ]
    images = known_store(dataset.spec, chosen.model.image_shape, unseen_split(dataset.spec, chosen.config.dataset))
    if images is not None:  # pages say what is left out of the images that they show
        lines += [in_markdown(remark) for remark in images.remarks if remark not in images.losses]
    if info.bits_per_dimension is not None:
        lines.insert(1, f"It needs {info.bits_per_dimension:.2f} {unit_label('bits/dim')} for its validation images.")
    st.caption("  \n".join(lines))


def _device_name(chosen: Checkpoint) -> str:
    return {"cpu": "the CPU", "cuda": "the GPU (CUDA)", "mps": "the GPU (Metal)"}[chosen.model.device.type]
