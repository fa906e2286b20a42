"""Figures of two models on the same images: log p of one over that of the other, and the differences.

An image that is more probable for the first model is blue and one that is more probable for the second is vermillion,
in both figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go

from explorer.escaping import in_plotly
from explorer.figures.atlas import scatter
from explorer.figures.style import BLUE, GRAY, GREEN, VERMILLION, mark_vertical, style_figure, translucent
from explorer.units import format_number, with_unit

__all__ = ["difference_histogram", "log_prob_scatter", "twins_scatter"]

_SYMBOLS = ("circle", "diamond-open", "x")


def log_prob_scatter(
    first: np.ndarray,
    second: np.ndarray,
    index: np.ndarray,
    *,
    names: tuple[str, str],
    unit: str,
    words: Callable[[int], str],
    height: int = 400,
) -> go.Figure:
    """log p of the second model over that of the first, one point per image, with the diagonal where they are equal.

    Both axes show the same range. Points are those of `explorer.figures.atlas.scatter`, of many images a fixed random
    draw.

    Args:
        first, second: log p in `unit`, shape ``(N,)``.
        index: index of each image.
        names: of the two models.
        unit: name of the unit, for the axes.
        words: about an image, given its place in `first`.
        height: in screen pixels.
    """
    x_title, y_title = (with_unit(f"log p by {in_plotly(name)}", unit) for name in names)
    figure = scatter(first, second, index, x_title=x_title, y_title=y_title, words=words, height=height)
    points = figure.data[0]
    colors = np.where(np.asarray(points.y) > np.asarray(points.x), VERMILLION, BLUE)
    points.marker.color = colors.tolist()
    points.selected.marker.color = None  # Those that are selected keep their color, the others fade.
    if len(points.x):
        _draw_equal(figure, np.concatenate((points.x, points.y)))
    return figure


def twins_scatter(twins: Mapping[str, tuple[np.ndarray, np.ndarray]], unit: str, height: int = 300) -> go.Figure:
    """log p of one twin over that of the other, for some pairs of models on the same images, with the diagonal.

    Args:
        twins: name of a pair -> log p by its two models in `unit`, finite, each of shape ``(N,)``; three pairs at most.
        unit: name of the unit, for the axes.
        height: in screen pixels.
    """
    figure = go.Figure()
    looks = zip(twins.items(), (BLUE, VERMILLION, GREEN), _SYMBOLS, strict=False)
    for (name, (first, second)), color, symbol in looks:
        figure.add_scatter(
            x=first,
            y=second,
            mode="markers",
            name=in_plotly(name),
            marker={"color": color, "symbol": symbol, "size": 7},
            hovertemplate=f"%{{x:,.4~g}} and %{{y:,.4~g}} {unit}",
        )
    x_title, y_title = with_unit("log p by one twin", unit), with_unit("by the other", unit)
    style_figure(figure, x_title=x_title, y_title=y_title, height=height)
    _draw_equal(figure, np.concatenate([values for pair in twins.values() for values in pair]))
    return figure


def _draw_equal(figure: go.Figure, values: np.ndarray) -> None:
    """Give both axes the range of all `values`, and draw the diagonal."""
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low) or 0.5
    ends = {"x0": low - pad, "x1": high + pad, "y0": low - pad, "y1": high + pad}
    figure.add_shape(type="line", layer="below", line={"color": GRAY, "width": 1.5, "dash": "dash"}, **ends)
    end = low + 0.12 * (high - low)  # The tools of the figure are at the other one.
    figure.add_annotation(x=end, y=end, text="equal", showarrow=False, xanchor="right", yanchor="bottom")
    figure.update_xaxes(range=[low - pad, high + pad])
    figure.update_yaxes(range=[low - pad, high + pad])


def difference_histogram(
    edges: np.ndarray,
    counts: np.ndarray,
    mean: float,
    *,
    names: tuple[str, str],
    unit: str,
    height: int = 400,
) -> go.Figure:
    """Histogram of log p by the second model minus log p by the first, with the mean.

    Args:
        edges: of equal bins of the difference, in `unit`, increasing, shape ``(B + 1,)``; zero is one of them where it
            is in their range.
        counts: images in each bin, shape ``(B,)``.
        mean: of the differences, in `unit`.
        names: of the two models.
        unit: name of the unit, for the axis.
        height: in screen pixels.
    """
    centers = (edges[:-1] + edges[1:]) / 2
    first, second = map(in_plotly, names)
    figure = go.Figure()
    for name, color, here in ((first, BLUE, centers < 0), (second, VERMILLION, centers >= 0)):
        if here.any():
            figure.add_bar(
                x=centers[here],
                y=counts[here],
                width=np.diff(edges)[here],
                customdata=np.stack((edges[:-1], edges[1:]), 1)[here],
                name=f"more probable for {name}",
                marker={"color": translucent(color, 0.6), "line_width": 0},
                hovertemplate=(
                    "%{y:,} images<br>%{customdata[0]:,.4~g} to %{customdata[1]:,.4~g} " + unit + "<extra></extra>"
                ),
            )
    x_title = with_unit(f"log p by {second} − log p by {first}", unit)
    style_figure(figure, x_title=x_title, y_title="Images", height=height)
    figure.update_layout(barmode="overlay", margin_t=48)
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})  # Above the plot is the name of the mark.
    mark_vertical(figure, mean, f"mean {format_number(mean, '+,.3g')}")
    return figure
