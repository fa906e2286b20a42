"""The photographs that come with the app."""

from __future__ import annotations

import hashlib

import streamlit as st

from explorer.data.builtin import PHOTOGRAPHS, photograph_path
from explorer.images import read_image
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.widgets.crop_box import Picture

__all__ = ["FIRST_PHOTOGRAPH", "choose_photograph", "digest", "photograph"]

FIRST_PHOTOGRAPH = "china"


def choose_photograph() -> Picture:
    """Draw the choice of a photograph, and return it."""
    names = list(PHOTOGRAPHS)
    name = st.selectbox("Photograph", names, key=kept("photo", one_of(names), FIRST_PHOTOGRAPH))
    return photograph(name)


@st.cache_resource(show_spinner=False, max_entries=len(PHOTOGRAPHS))
def photograph(name: str) -> Picture:
    """One of the photographs, at its own size."""
    data = photograph_path(name).read_bytes()
    return Picture(read_image(data, f"The photograph {name!r}"), name, digest(data))


def digest(data: bytes) -> str:
    """What tells one content from another one, in 16 letters and digits."""
    return hashlib.sha256(data).hexdigest()[:16]
