"""Which part of the data set a page shows: all of it, or the images for training or for validation.

The choice is in the URL. Until somebody chooses, it is what is new to the models of the page.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.data.unseen import unseen_split
from explorer.escaping import in_markdown
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import one_of

__all__ = ["PART", "PARTS", "bring_part_back", "choose_part", "how_divided"]

PART = "part"
"""Name of the setting."""

PARTS: tuple[Split, ...] = ("all", "train", "validation")
_BEFORE = "part-by-default"


def choose_part(place: DeltaGenerator, dataset: str, *trained_on: str) -> Split:
    """Draw the choice, and return the part.

    Args:
        place: where to draw it.
        dataset: what `explorer.data.sources.open_dataset` opens.
        trained_on: name of the training data of each model of the page.
    """
    default, state = unseen_split(dataset, *trained_on), st.session_state
    if PART in state and state[PART] == state.get(_BEFORE) != default:
        state[PART] = default  # nobody chose: it follows the models and the data set
    state[_BEFORE] = default
    chosen = place.segmented_control(
        "Part of the data set",
        PARTS,
        required=True,
        key=kept(PART, one_of(PARTS), default, shared=True),
        label_visibility="collapsed",
    )
    return chosen or default


def bring_part_back(part: Split) -> None:
    """Show a part as if somebody had chosen it, whatever data set is shown next; before the choice is drawn."""
    st.session_state[PART] = part
    st.session_state.pop(_BEFORE, None)


def how_divided(images: Store) -> str | None:
    """Which images are for what, and who says so: for the help of the sentence that names the part."""
    return None if images.division is None else in_markdown(images.division.sentence)
