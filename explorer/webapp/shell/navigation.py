"""The pages of the app, in the order and the sections in which the sidebar lists them.

Each is a file in ``pages`` and a package of this one's parent, both under its name. A new page is one more line here.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from explorer.perturbations import RANGES

__all__ = ["HOME", "SECTIONS", "Page", "navigation", "page_file", "page_name", "setting_names"]


class Page(NamedTuple):
    """A page.

    Attributes:
        name: of its file and its package, and in its address.
        title: in the sidebar.
        icon: of Google's Material Symbols.
        settings: what its URL may say, beside what those of all pages may.
    """

    name: str
    title: str
    icon: str
    settings: tuple[str, ...] = ()


_IMAGE = ("source", "photo", "upload", "synthetic", "part", "item", "crop")
_CHANGES = (*RANGES, "seed", "clip", "jpeg", "denoise", "psnr", "pin")
_GRID = ("part", "order", "by", "at", "draw", "n", "label", "x", "y", "area", "compare", "disputed")
_BITS = ("click_bits", "bits", "scale")
_PHOTOGRAPH = (
    *("source", "photo", "upload", "part", "item", "crop", "side", "density"),
    *("scale", *RANGES, "seed", "clip", "jpeg", "sweep", "coarse", "steps", "draw_seed"),
)
_SETTINGS_OF_ALL = ("model", "data", "unit")


SECTIONS = {
    "Look at images": (
        Page("tour", "Tour", "explore", ("stop", "guesses", "projector")),
        Page("probe", "Probe", "frame_inspect", (*_IMAGE, "tray", *_CHANGES, "scale")),
        Page("large", "Photograph", "photo_size_select_large", _PHOTOGRAPH),
        Page("atlas", "Atlas", "bar_chart", (*_GRID, *_BITS)),
        Page("map", "Map", "scatter_plot", ("part", "color", "area")),
    ),
    "Understand the density": (
        Page("sample", "Sample", "casino", ("sampler", "count", "steps", "draw_seed", "late")),
        Page("bases", "Bases", "ssid_chart", (*_IMAGE, "psnr", "vector", "k")),
        Page("wells", "Wells", "landscape_2", ("part", "memories", "draw", "stored", "psnr")),
        Page("trust", "Trust", "verified"),
    ),
    "Models and jobs": (
        Page("train", "Train", "model_training", ("run",)),
        Page("jobs", "Jobs", "list_alt", ("kind", "state", "job")),
    ),
}

HOME = "probe"
"""The page that opens."""


def page_file(name: str) -> str:
    """What `st.switch_page` and `st.page_link` call a page."""
    return f"pages/{name}.py"


def page_name(page: st.Page) -> str:
    """Of the page to run; the URL of the one that opens has none."""
    return page.url_path or HOME


def setting_names(page: str) -> set[str]:
    """What the URL of a page may say."""
    own = {each.name: each.settings for pages in SECTIONS.values() for each in pages}
    return {*_SETTINGS_OF_ALL, *own[page]}


def navigation() -> st.Page:
    """List the pages in the sidebar; returns the one to run."""
    return st.navigation(
        {
            section: [
                st.Page(
                    page_file(page.name), title=page.title, icon=f":material/{page.icon}:", default=page.name == HOME
                )
                for page in pages
            ]
            for section, pages in SECTIONS.items()
        },
        expanded=True,  # all pages, however many
    )
