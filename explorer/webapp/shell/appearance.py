"""What all pages share: title, icon, logo, style sheet, how number fields are read, and a tidy history."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.webapp.widgets.history import tidy_history
from explorer.webapp.widgets.number_fields import read_number_fields

__all__ = ["set_up_page"]

_ASSETS = Path(__file__).with_name("assets")


def set_up_page() -> None:
    """Set the page up, before anything else is drawn."""
    st.set_page_config(
        page_title="Image Density Explorer",
        page_icon=_ASSETS / "icon.svg",
        layout="wide",
        initial_sidebar_state=260,
        menu_items={
            "About": "**Image Density Explorer.** What is the probability of an image? A normalized energy model gives "
            "an answer; it was trained by dual score matching (Guth, Kadkhodaie and Simoncelli 2025, arXiv 2506.05310)."
        },
    )
    st.logo(_ASSETS / "logo.svg", icon_image=_ASSETS / "icon.svg", size="large")
    st.html(_ASSETS / "app.css")
    tidy_history()
    read_number_fields()
