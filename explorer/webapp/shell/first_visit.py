"""One line for first-time visitors, on the page that opens: where to begin.

It stays away once Tour was opened or the line was closed, by a cookie that says no more than that, and from those who
came by a link that shows something.
"""

from __future__ import annotations

import streamlit as st

from explorer.webapp.shell.address import came_by_link
from explorer.webapp.shell.navigation import HOME, page_file
from explorer.webapp.widgets.cookie import set_cookie

__all__ = ["point_to_tour"]

_COOKIE = "explorer-knows-tour"
_TOUR = "tour"
_KNOWN = "knows-tour"


def point_to_tour(page: str) -> None:
    """Draw the line where it belongs. To be called on every page, before the page is drawn.

    Args:
        page: name of the one that is open.
    """
    state = st.session_state
    if _COOKIE in st.context.cookies:
        return
    if page == _TOUR:
        state[_KNOWN] = True
    if state.get(_KNOWN):
        set_cookie(_COOKIE)
    elif page == HOME and not came_by_link():
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="first_visit"):
            st.markdown("**New here?** Predict what is probable, in nine questions:", width="content")
            st.page_link(page_file(_TOUR), label="Start the Tour", icon=":material/explore:", width="content")
            st.button("Close", icon=":material/close:", type="tertiary", on_click=_close)


def _close() -> None:
    st.session_state[_KNOWN] = True
