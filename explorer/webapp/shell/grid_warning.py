"""The warning about a data set that carries the grid of JPEG."""

from __future__ import annotations

import streamlit as st

from explorer.data.store import Store

__all__ = ["warn_of_grid"]


def warn_of_grid(images: Store | None) -> bool:
    """Say what the grid in these images does and what to do about it; True if there is one.

    Args:
        images: None when they were not prepared yet: then nothing is known.
    """
    sentence = images.grid.sentence if images is not None else ""
    if sentence:
        st.warning(sentence, icon=":material/grid_on:")
    return bool(sentence)
