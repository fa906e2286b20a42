"""Figures of a whole data set: the histogram of log p, and a scatter of any two columns of its catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures.style import BLUE, VERMILLION, mark_vertical, style_figure, translucent
from explorer.measures.dataset.distribution import GumbelFit
from explorer.units import format_number, with_unit

__all__ = ["MAX_POINTS", "log_prob_histogram", "scatter"]

MAX_POINTS = 10_000
"""A scatter plots at most this many images; of more it plots a fixed random draw."""

_MAX_EMPTY_SHARE = 0.6


def log_prob_histogram(
    edges: np.ndarray,
    counts: np.ndarray,
    unit: str,
    fit: GumbelFit | None = None,
    marks: Mapping[str, float] | None = None,
    shown: Sequence[float] | np.ndarray = (),
    around: float | None = None,
    height: int = 360,
) -> go.Figure:
    """Histogram of log p with a Gumbel distribution and marks.

    Args:
        edges: of equal bins of log p, in `unit`, increasing, shape ``(B + 1,)``.
        counts: images in each bin, shape ``(B,)``.
        unit: name of the unit, for the axis.
        fit: a Gumbel distribution in the same unit, drawn at the scale of the counts.
        marks: name and log p of reference images. One too far away to be in view becomes an arrow at the edge.
        shown: log p of images that are on the screen elsewhere, as ticks below the bars.
        around: a value to point out.
        height: in screen pixels.

    Each bar carries its center in `customdata`, for selections.
    """
    low, high = float(edges[0]), float(edges[-1])
    figure = go.Figure(_bars(edges, counts, unit))
    if fit is not None:
        figure.add_trace(_curve(fit, edges, int(counts.sum())))
    if len(shown):
        figure.add_trace(
            go.Scatter(
                x=np.asarray(shown),
                y=np.zeros(len(shown)),
                mode="markers",
                name="shown below",
                marker={"symbol": "line-ns-open", "size": 12, "color": VERMILLION, "line_width": 1.5},
                hoverinfo="skip",
            )
        )
    style_figure(figure, x_title=with_unit("log p", unit), y_title="Images", height=height)
    figure.update_layout(clickmode="event+select", margin_t=48)
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})  # Above the plot are the names of the marks.
    left, right = _add_marks(figure, marks or {}, low, high)
    if around is not None and low <= around <= high:
        mark_vertical(figure, around, "", VERMILLION, "dot")
    pad = 0.04 * ((right - left) or 1.0)
    figure.update_xaxes(range=[left - pad, right + pad])
    figure.update_yaxes(rangemode="tozero")
    return figure


def scatter(
    x: np.ndarray,
    y: np.ndarray,
    index: np.ndarray,
    *,
    x_title: str,
    y_title: str,
    words: Callable[[int], str],
    height: int = 360,
) -> go.Figure:
    """Scatter of two columns, one point per image, for selections by box or lasso.

    The card that appears beside a point, and clicks, are those of `explorer.webapp.widgets.hover_card`.

    Args:
        x, y: shape ``(N,)``; points that are not finite are left out. Of more than `MAX_POINTS`, a fixed random draw
            is plotted.
        index: index of each image; it is in `customdata` of its point, with the place among those plotted.
        x_title, y_title: names of the columns, with units.
        words: about an image, given its place in `x`.
        height: in screen pixels.
    """
    places = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(places) > MAX_POINTS:
        places = np.sort(np.random.default_rng(0).choice(places, MAX_POINTS, replace=False))
    points = go.Scattergl(
        x=x[places],
        y=y[places],
        customdata=np.stack((index[places], np.arange(len(places))), 1),
        # Of a list, unlike an array, plotly copies and inspects every item.
        text=np.array([words(place) for place in places.tolist()], dtype=object),
        mode="markers",
        marker={"color": BLUE, "size": 5, "opacity": 0.7},
        selected={"marker": {"color": VERMILLION, "opacity": 1.0}},
        unselected={"marker": {"opacity": 0.25}},
        hoverinfo="none",
    )
    figure = style_figure(go.Figure(points), x_title=x_title, y_title=y_title, height=height, legend=False)
    return figure.update_layout(dragmode="lasso")


def _bars(edges: np.ndarray, counts: np.ndarray, unit: str) -> go.Bar:
    centers = (edges[:-1] + edges[1:]) / 2
    return go.Bar(
        x=centers,
        y=counts,
        width=np.diff(edges),
        customdata=np.stack((centers, edges[:-1], edges[1:]), 1),
        name="images",
        marker={"color": translucent(BLUE, 0.75), "line_width": 0},
        # Bars stay as they are when one is clicked: the click is a question, not a filter.
        selected={"marker": {"opacity": 1.0}},
        unselected={"marker": {"opacity": 1.0}},
        hovertemplate=f"%{{y:,}} images<br>%{{customdata[1]:,.4~g}} to %{{customdata[2]:,.4~g}} {unit}<extra></extra>",
    )


def _curve(fit: GumbelFit, edges: np.ndarray, count: int) -> go.Scatter:
    x = np.linspace(edges[0], edges[-1], 200)
    y = np.exp(fit.log_density(x)) * count * (edges[1] - edges[0])
    return go.Scatter(
        x=x, y=y, mode="lines", name="Gumbel fit", line={"color": VERMILLION, "width": 2}, hoverinfo="skip"
    )


def _add_marks(figure: go.Figure, marks: Mapping[str, float], low: float, high: float) -> tuple[float, float]:
    """Draw the marks, and return the range of the axis that shows the data and every mark that is not too far away."""
    room = (high - low) * _MAX_EMPTY_SHARE / (1 - _MAX_EMPTY_SHARE) or 1.0
    near = {name: x for name, x in marks.items() if low - room <= x <= high + room}
    left, right = min([low, *near.values()]), max([high, *near.values()])
    for name, x in near.items():
        # Towards the edges a label in the middle of its line would be cut.
        share = (x - left) / ((right - left) or 1.0)
        anchor = "left" if share < 0.2 else "right" if share > 0.8 else "center"
        mark_vertical(figure, x, f"{name}<br>{_number(x)}", anchor=anchor)
    for name, x in marks.items():
        if name not in near:
            before = x < low
            figure.add_annotation(
                x=0 if before else 1,
                xref="x domain",
                xanchor="left" if before else "right",
                y=1,
                yref="y domain",
                yanchor="bottom",
                text=f"← {name}: {_number(x)}" if before else f"{name}: {_number(x)} →",
                showarrow=False,
            )
    return left, right


def _number(value: float) -> str:
    return format_number(value, ",.4g")
