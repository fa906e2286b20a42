"""Pictures side by side, on a phone too, and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.figures.style import FONT_SIZE
from explorer.figures.tools import NO_TOOLS
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["picture_row", "show_figure"]

_HEIGHT = 280


def picture_row(pictures: Sequence[tuple[np.ndarray, str]], places: int = 0) -> None:
    """Show pictures in equal columns.

    Args:
        pictures: uint8 ``(C, H, W)``, and the title of each.
        places: number of columns, some of which may stay empty; as many as there are pictures when 0.
    """
    for column, (pixels, title) in zip(st.columns(places or len(pictures), wrap=False), pictures, strict=False):
        with column:
            show_pixels(pixels, title)


def show_figure(figure: go.Figure, scale: float, key: str, alt: str) -> None:
    """Draw a figure of Plotly to look at. It measures itself wrongly inside what a browser zooms: ``projector.css``
    undoes the zoom of figures, and `scale` makes up for it.

    Args:
        figure: the figure; its height and its letters are set.
        scale: the zoom.
        key: of the figure on the page.
        alt: what it shows, for those who cannot see it.
    """
    size = scale * FONT_SIZE
    figure.update_layout(height=_HEIGHT, font_size=size, legend_font_size=size)
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(tickfont_size=size, title_font_size=size)
    st.plotly_chart(figure, key=key, config=NO_TOOLS, alt=alt)
