"""Pictures side by side, on a phone too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["picture_row"]


def picture_row(pictures: Sequence[tuple[np.ndarray, str]], places: int = 0) -> None:
    """Show pictures in equal columns.

    Args:
        pictures: uint8 ``(C, H, W)``, and the title of each.
        places: number of columns, some of which may stay empty; as many as there are pictures when 0.
    """
    for column, (pixels, title) in zip(st.columns(places or len(pictures), wrap=False), pictures, strict=False):
        with column:
            show_pixels(pixels, title)
