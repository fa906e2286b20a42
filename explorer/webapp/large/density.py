"""Which density of photographs of any size the page uses: the sidebar's model where it is one, else one of its own."""

from __future__ import annotations

import streamlit as st

from explorer.escaping import in_markdown
from explorer.models.checkpoints import Checkpoint, CheckpointInfo, list_checkpoints
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.loaders import checkpoint
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.sidebar import Selection

__all__ = ["choose_density", "whole_image_model"]

_DEFAULT = "photo"
_WHOLE = "natural64"


def choose_density(selection: Selection) -> Checkpoint | None:
    """The density, chosen in a box where the sidebar's model reads images of one size; None where there is none, which
    the page then says.

    Raises:
        ExplorerError: it is damaged.
    """
    models = {name: info for name, info in _usable().items() if info.any_size}
    if selection.checkpoint.name in models:
        st.caption(in_markdown(f"Model: {selection.checkpoint.name}, as chosen in the sidebar."))
        return selection.checkpoint
    if not models:
        st.info(
            "There is no model of photographs of any size here yet. Train one with "
            "`python -m explorer train-multiscale`; it then appears on this page.",
            icon=":material/model_training:",
        )
        return None
    names = list(models)
    name = st.selectbox(
        "Model of photographs",
        names,
        key=kept("density", one_of(names), _DEFAULT if _DEFAULT in names else names[0]),
        help=in_markdown(f"{selection.checkpoint.name}, the model of the sidebar, reads images of one size alone."),
    )
    return checkpoint(models[name].path)


def whole_image_model(selection: Selection, density: Checkpoint) -> Checkpoint | None:
    """A model of whole images at all noise levels, to compare with: the sidebar's, or else the one of natural images;
    None where neither has the channels of `density` and a size that it can be cut to.

    Raises:
        ExplorerError: it is damaged.
    """
    channels, side, _ = density.multiscale.base.image_shape
    infos = _usable()
    for name in (selection.checkpoint.name, _WHOLE):
        info = infos.get(name)
        if info is None or info.any_size:
            continue
        model = checkpoint(info.path)
        its_channels, height, width = model.model.image_shape
        halvings = (height // side).bit_length() - 1
        if model.model.has_noise_levels and its_channels == channels and height == width == side << max(1, halvings):
            return model
    return None


def _usable() -> dict[str, CheckpointInfo]:
    return {info.name: info for info in list_checkpoints() if info.problem is None}
