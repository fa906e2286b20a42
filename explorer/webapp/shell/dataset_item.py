"""The choice of one image of a data set. It is in the URL."""

from __future__ import annotations

import random

import streamlit as st

from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.setting_forms import whole_number

__all__ = ["choose_item"]


def choose_item(images: Store) -> int:
    """Draw the choice, and what the image is called; returns its index."""
    last = len(images) - 1
    index, shuffle = st.columns([3, 1], vertical_alignment="bottom")
    shuffle.button(
        "", icon=":material/shuffle:", help="A random image of the data set", on_click=_pick_item, args=(last,)
    )
    with index:
        item = st.number_input(f"Image, 0 to {last:,}", 0, last, step=1, key=kept("item", whole_number(0, last), 0))
    name, label = images.names[item], images.label_name(item)
    st.caption(in_markdown(name if label in name else f"{name} · label {label}"))
    tell_left_out(images)
    return int(item)


def _pick_item(last: int) -> None:
    st.session_state.item = random.randint(0, last)
