"""The pages of the app, in the order and the sections in which the sidebar lists them.

Each is a file in ``pages`` and a package of this one's parent, both under its name. A new page is one more line here.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

__all__ = ["SECTIONS", "Page", "navigation", "page_file"]


class Page(NamedTuple):
    """A page.

    Attributes:
        name: of its file and its package, and in its address.
        title: in the sidebar.
        icon: of Google's Material Symbols.
    """

    name: str
    title: str
    icon: str


SECTIONS = {
    "Look at images": (
        Page("tour", "Tour", "explore"),
        Page("probe", "Probe", "frame_inspect"),
        Page("atlas", "Atlas", "bar_chart"),
        Page("map", "Map", "scatter_plot"),
    ),
    "Understand the density": (
        Page("sample", "Sample", "casino"),
        Page("trust", "Trust", "verified"),
    ),
    "Models and jobs": (
        Page("train", "Train", "model_training"),
        Page("jobs", "Jobs", "list_alt"),
    ),
}

_HOME = "probe"
"""The page that opens."""


def page_file(name: str) -> str:
    """What `st.switch_page` and `st.page_link` call a page."""
    return f"pages/{name}.py"


def navigation() -> st.Page:
    """List the pages in the sidebar; returns the one to run."""
    return st.navigation(
        {
            section: [
                st.Page(
                    page_file(page.name), title=page.title, icon=f":material/{page.icon}:", default=page.name == _HOME
                )
                for page in pages
            ]
            for section, pages in SECTIONS.items()
        },
        expanded=True,  # all pages, however many
    )
