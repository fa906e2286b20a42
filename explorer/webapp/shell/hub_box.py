"""A data set of the Hugging Face Hub for the list of data sets: typed, fetched once, and chosen.

Nothing is fetched because a link names it: only the button does.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data.hub import hub_record
from explorer.data.names import HUB_PREFIX, is_hub_spec, parse_hub_spec
from explorer.decoding import FORMATS_IN_WORDS
from explorer.webapp.shell.loaders import show_fetching, shown_errors

__all__ = ["hub_box", "newly_fetched"]

_FETCHED = "hub-fetched"
_COUNT = "hub-count"


def newly_fetched() -> str | None:
    """The data set that was fetched since the page was last drawn, to be chosen now."""
    fetched: str | None = st.session_state.pop(_FETCHED, None)
    return fetched


def hub_box() -> None:
    """Draw the box; when its button is pressed, fetch the data set and draw the page again.

    Fetching ends when the page is left or something else is clicked; the next time it goes on from there.
    """
    key = f"hub-box-{st.session_state.get(_COUNT, 0)}"  # a new one is closed
    with st.popover("Add from the Hub", icon=":material/cloud_download:", type="tertiary", key=key):
        with st.form(f"{key}-form", border=False, enter_to_submit=True):
            typed = st.text_input(
                "Data set of the Hugging Face Hub",
                key=f"{key}-spec",
                placeholder="hf:OWNER/NAME",
                help="Or hf:OWNER/NAME:CONFIG. It is fetched once; images in Parquet, Arrow or WebDataset files, "
                f"or as {FORMATS_IN_WORDS} files.",
            )
            pressed = st.form_submit_button("Fetch", icon=":material/download:", key=f"{key}-fetch")
        place = st.empty()  # of the bar, and then of the sentence that says why not
        if pressed and typed.strip():
            with place, shown_errors():
                _fetch(typed.strip(), place)


def _fetch(typed: str, place: DeltaGenerator) -> None:
    name = parse_hub_spec(typed if is_hub_spec(typed) else f"{HUB_PREFIX}{typed}")
    show_fetching(place, name.spec, 0, None)
    hub_record(name, lambda done, total: show_fetching(place, name.spec, done, total))
    st.session_state[_FETCHED] = name.spec
    st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    st.rerun()
