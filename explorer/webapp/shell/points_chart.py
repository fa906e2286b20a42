"""A chart with one point per image: a box or a lasso selects, a card shows an image, a click opens it.

Streamlit keeps the selection of a chart under the chart's key, and has no call to drop it: `clear_selection` gives the
chart another key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.catalog.selection import Region
from explorer.data.store import Store
from explorer.figures.tools import SELECTION_TOOLS
from explorer.webapp.widgets.hover_card import hover_card

__all__ = ["Picked", "clear_selection", "points_chart", "sampled_sentence"]


class Picked(NamedTuple):
    """What somebody did on a chart.

    Attributes:
        inside: the images inside a box or a lasso; None when nothing is drawn.
        clicked: index of the image that was clicked just now, else None.
    """

    inside: np.ndarray | None
    clicked: int | None


def points_chart(
    name: str,
    figure: go.Figure,
    images: Store,
    index: np.ndarray,
    inside: Callable[[Sequence[Region]], np.ndarray],
    *,
    content: str,
    alt: str,
    units: tuple[float, float] = (1.0, 1.0),
    tools: dict[str, Any] = SELECTION_TOOLS,
) -> Picked:
    """Draw the chart and its card.

    Args:
        name: of the chart on this page; its container has the key ``NAME_chart``.
        figure: its points carry `customdata` (index, place) and `text`, for `hover_card`.
        images: of the points.
        index: index of the image at each place, shape ``(N,)``.
        inside: gives the images in outlines, whose coordinates are those of the data.
        content: changes when the points do; with another content nothing is selected.
        alt: what the chart shows, for those who cannot see it.
        units: what the data were multiplied by along the two axes.
        tools: Plotly's, see `explorer.figures.tools`.
    """
    state = st.session_state
    key = state[_key(name)] = f"{name} {content} {state.get(_round(name), 0)}"
    container = f"{name}_chart"
    with st.container(key=container):
        event: Any = st.plotly_chart(
            figure, key=key, on_select="rerun", selection_mode=("box", "lasso"), config=tools, alt=alt
        )
    clicked = hover_card(images, index, container, key=f"{name}_card")
    drawn = (*event.selection.box, *event.selection.lasso)
    regions = [Region(np.divide(outline["x"], units[0]), np.divide(outline["y"], units[1])) for outline in drawn]
    return Picked(inside(regions) if regions else None, clicked)


def clear_selection(name: str) -> None:
    """Drop what is selected in the chart, if anything is: the next run draws it under another key."""
    state = st.session_state
    selected = state.get(state.get(_key(name), ""), {}).get("selection", {})
    if any(selected.get(kind) for kind in ("box", "lasso")):
        state[_round(name)] = state.get(_round(name), 0) + 1


def sampled_sentence(plotted: int, count: int) -> str:
    """What to say of a chart that plots some of the images; empty when it plots all of them."""
    if plotted >= count:
        return ""
    return (
        f"{plotted:,} of the {count:,} images are plotted. They are a random sample; a box or lasso selects every "
        "image it encloses, plotted or not."
    )


def _key(name: str) -> str:
    return f"{name}-key"


def _round(name: str) -> str:
    return f"{name}-round"
