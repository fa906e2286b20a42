"""The photographs that come with the app."""

from __future__ import annotations

import streamlit as st

from explorer.data.builtin import PHOTOGRAPHS, photograph_path
from explorer.images import read_image
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.uploads import digest
from explorer.webapp.widgets.crop_box import Picture

__all__ = ["FIRST_PHOTOGRAPH", "choose_photograph", "photograph"]

FIRST_PHOTOGRAPH = "china"


def choose_photograph() -> str:
    """Draw the choice of a photograph, and return its name."""
    names = list(PHOTOGRAPHS)
    return st.selectbox("Photograph", names, key=kept("photo", one_of(names), FIRST_PHOTOGRAPH))


@st.cache_resource(show_spinner=False, max_entries=len(PHOTOGRAPHS))
def photograph(name: str) -> Picture:
    """One of the photographs, at its own size."""
    data = photograph_path(name).read_bytes()
    return Picture(read_image(data, f"The photograph {name!r}"), name, digest(data))
