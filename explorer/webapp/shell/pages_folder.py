"""A way around a flaw of Streamlit 1.67: the first visitor of a fresh server who follows a link to a page gets it bare.

Until `st.navigation` has run once, Streamlit takes an app beside a folder `pages` for one of its old kind, and runs the
page without `app.py`. What it believes is in a private class; nothing else of the project touches it.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

__all__ = ["run_through_app"]


def run_through_app() -> None:
    """Begin again with `app.py` where Streamlit runs a page without it. For the first line of a page."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
