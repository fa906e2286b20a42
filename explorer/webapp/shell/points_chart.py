"""A chart with one point per image: a box or a lasso selects, a card shows an image, a click opens it.

What is selected is the setting `area` of the page, and so in its URL. Streamlit keeps the selection of a chart under
the chart's key, and has no call to change it: where something else is to be selected than what somebody drew, the chart
is drawn anew under another key, with the outlines on it.
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
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.areas import AREAS, Areas, areas_of, outlined
from explorer.webapp.widgets.hover_card import hover_card

__all__ = ["Picked", "clear_selection", "points_chart", "sampled_sentence"]


_AREA = "area"
_CHART = "area-chart"


class _Chart(NamedTuple):
    """A chart as the browser has it.

    Attributes:
        content: its name, and what its points are.
        number: another one for each chart that is drawn anew.
        begins_with: what was selected on it when it was drawn.
        shows: what is selected on it now.
    """

    content: str
    number: int
    begins_with: Areas
    shows: Areas

    @property
    def key(self) -> str:
        return f"{self.content} {self.number}"


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
    chart = _chart(f"{name} {content}")
    container = f"{name}_chart"
    with st.container(key=container):
        st.plotly_chart(
            outlined(figure, chart.begins_with, units),
            key=chart.key,
            on_select=lambda: _draw(chart, units),
            selection_mode=("box", "lasso"),
            config=tools,
            alt=alt,
        )
    clicked = hover_card(images, index, container, key=f"{name}_card")
    return Picked(inside(chart.shows) if chart.shows else None, clicked)


def clear_selection() -> None:
    """Drop what is selected in the chart of the page, if anything is."""
    st.session_state[_AREA] = ()


def _chart(content: str) -> _Chart:
    """The chart to draw: the one of the last run, or a new one where something else is to be selected than what
    somebody drew on that one."""
    state = st.session_state
    last: _Chart | None = state.get(_CHART)
    nothing: Areas = ()
    areas: Areas = state[kept(_AREA, AREAS, nothing)]
    if last is not None and last.content != content and last.shows == areas:
        areas = state[_AREA] = nothing  # it was drawn around other points
    if last is not None and (last.content, last.shows) == (content, areas) and last.key in state:
        return last
    number = 0 if last is None else last.number + 1
    state[_CHART] = _Chart(content, number, begins_with=areas, shows=areas)
    chart: _Chart = state[_CHART]
    return chart


def _draw(chart: _Chart, units: tuple[float, float]) -> None:
    """Somebody drew on the chart, or removed what was drawn."""
    drawn = st.session_state[chart.key].selection
    areas = areas_of((*drawn.box, *drawn.lasso), units)
    st.session_state[_AREA] = areas
    st.session_state[_CHART] = chart._replace(shows=areas)


def sampled_sentence(plotted: int, count: int) -> str:
    """What to say of a chart that plots some of the images; empty when it plots all of them."""
    if plotted >= count:
        return ""
    return (
        f"{plotted:,} of the {count:,} images are plotted. They are a random sample; a box or lasso selects every "
        "image it encloses, plotted or not."
    )
