"""What every page's sidebar chooses: model, data set and unit of log p. The choice is in the URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from explorer.data.sources import DatasetInfo, list_datasets
from explorer.errors import ExplorerError
from explorer.models.checkpoints import Checkpoint, CheckpointInfo, list_checkpoints
from explorer.units import LOG_PROB_UNITS, LogProbUnit, unit_label
from explorer.webapp.loaders import checkpoint

__all__ = ["Selection", "sidebar"]


class Selection(NamedTuple):
    """What the sidebar chose.

    Attributes:
        checkpoint: the model, loaded and shared by all sessions.
        dataset: specification of a data set, for `explorer.webapp.loaders.store`.
        dataset_name: how the page calls it.
        unit: unit in which the page shows log p.
    """

    checkpoint: Checkpoint
    dataset: str
    unit: LogProbUnit
    dataset_name: str


def sidebar() -> Selection:
    """Draw the sidebar and return what it says.

    Raises:
        ExplorerError: there is no model that can be loaded, or the chosen one is damaged.
    """
    listed = list_checkpoints()
    models = {info.name: info for info in listed if info.problem is None}
    damaged = [info for info in listed if info.problem is not None]
    datasets = {_short_name(info): info for info in reversed(list_datasets())}
    with st.sidebar:
        if not models:
            _show_damaged(damaged)
            raise ExplorerError("There is no model yet. Train one on the Train page, or copy one into the data folder.")
        name = _choose(
            "Model", list(models), _default_model(models), "model", on_change=_fit_dataset, args=(models, datasets)
        )
        dataset = _choose("Data set", sorted(datasets), _fitting_dataset(models[name], datasets), "data")
        unit = _choose("Unit of log p", LOG_PROB_UNITS, LOG_PROB_UNITS[0], "unit", help=_UNIT_HELP)
        chosen = checkpoint(models[name].path)
        _describe(models[name], chosen, datasets[dataset])
        _show_damaged(damaged)
    return Selection(chosen, datasets[dataset].spec, unit, dataset)


def _choose(label: str, options: Sequence[str], default: str, key: str, **kwargs: Any) -> str:
    """A box whose value is in the URL under `key`, unless it is the default."""
    return st.selectbox(label, options, index=options.index(default), key=key, bind="query-params", **kwargs)


_UNIT_HELP = (
    "With p the probability density of an image of d pixel values in [0, 1]: 10 log₁₀ p / d (dB/dimension), "
    "ln p (nats), log₂ p (bits), log₂ p / d (bits/dimension)."
)


def _default_model(usable: dict[str, CheckpointInfo]) -> str:
    """The one of natural images when it is there; it has the most pixels of those that ship."""
    return "natural32" if "natural32" in usable else next(iter(usable))


def _short_name(info: DatasetInfo) -> str:
    """A name for the list and for the URL; never a path of this machine."""
    return info.spec if info.builtin else Path(info.spec).name


def _fitting_dataset(model: CheckpointInfo, names: Iterable[str]) -> str:
    """What the model was trained on when that is offered, else photographs."""
    wanted = model.config.dataset if model.config else ""
    return next(name for name in (wanted, "photos") if name in names)


def _fit_dataset(models: Mapping[str, CheckpointInfo], datasets: Iterable[str]) -> None:
    """Another model was chosen: go to the data set that fits it."""
    st.session_state["data"] = _fitting_dataset(models[st.session_state["model"]], datasets)


def _describe(info: CheckpointInfo, chosen: Checkpoint, dataset: DatasetInfo) -> None:
    channels, height, width = chosen.model.image_shape
    color = "grayscale" if channels == 1 else "color"
    lines = [
        f"**{info.name}** reads {height} × {width} {color} images.",
        f"Data: {dataset.title}.",
        f"Runs on {_device_name(chosen)}.",
    ]
    if info.bits_per_dimension is not None:
        lines.insert(1, f"It needs {info.bits_per_dimension:.2f} {unit_label('bits/dim')} on its validation images.")
    st.caption("  \n".join(lines))


def _device_name(chosen: Checkpoint) -> str:
    return {"cpu": "the CPU", "cuda": "the GPU (CUDA)", "mps": "the GPU (Metal)"}[chosen.model.device.type]


def _show_damaged(damaged: Iterable[CheckpointInfo]) -> None:
    for info in damaged:
        st.warning(f"**{info.name}** is not available. {info.problem}", icon=":material/heart_broken:")
