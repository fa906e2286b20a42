"""What is left out of a data set, on the pages that show its images."""

from __future__ import annotations

import streamlit as st

from explorer.data.store import Store
from explorer.escaping import in_markdown

__all__ = ["tell_left_out"]


def tell_left_out(images: Store | None) -> None:
    """Say what is left out of these images, if anything is; None stands for images that were not prepared yet."""
    for sentence in images.losses if images is not None else ():
        st.caption(f":material/visibility_off: {in_markdown(sentence)}")
