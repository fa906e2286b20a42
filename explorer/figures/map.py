"""Figures of the map of a data set: one point per image, colored by a quantity or by a label.

The plane of a map has no unit and no preferred direction: the axes have one scale and no numbers. Each point carries
the index of its image and its place among the points in `customdata`, and what is said of it in `text`, for a hover
card that shows the image; plotly's own hover label is switched off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.escaping import in_plotly
from explorer.figures.style import FONT_SIZE, GRAY, QUALITATIVE, SEQUENTIAL, style_figure

__all__ = ["COLORED_LABELS", "MAX_POINTS", "label_map_figure", "plotted_points", "value_map_figure"]

MAX_POINTS = 10_000
"""A map plots at most this many images; of more it plots a fixed random draw."""

COLORED_LABELS = len(QUALITATIVE)
"""So many labels have colors, the most frequent ones; the others are gray."""

_CLIPPED = 0.01


def plotted_points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Indices, increasing, of the images that a map plots: those that have a place, or `MAX_POINTS` of them."""
    placed = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(placed) > MAX_POINTS:
        placed = np.sort(np.random.default_rng(0).choice(placed, MAX_POINTS, replace=False))
    return placed


def value_map_figure(
    x: np.ndarray,
    y: np.ndarray,
    index: np.ndarray,
    values: np.ndarray,
    *,
    title: str,
    text: Sequence[str],
    height: int = 520,
) -> go.Figure:
    """A map colored by a quantity.

    Args:
        x, y: where the images are, shape ``(N,)``, finite.
        index: of each image, shape ``(N,)``.
        values: of the quantity, shape ``(N,)``; where it is not finite the point is gray. The scale ends at the first
            and at the last percentile: a few extreme images would leave no colors to the others.
        title: of the quantity, with its unit, for the color bar.
        text: what is said of each image.
        height: in screen pixels.
    """
    known = np.isfinite(values)
    figure = go.Figure()
    if not known.all():
        figure.add_trace(_points(x, y, index, text, np.flatnonzero(~known), color=GRAY))
    low, high = np.quantile(values[known], (_CLIPPED, 1 - _CLIPPED)) if known.any() else (0.0, 1.0)
    bar = {
        "title": {"text": title, "side": "top", "font": {"size": FONT_SIZE}},
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "bottom",
        "thickness": 12,
        "len": 1,
        "outlinewidth": 0,
    }
    scale = {"color": values[known], "cmin": low, "cmax": high, "colorscale": SEQUENTIAL, "colorbar": bar}
    figure.add_trace(_points(x, y, index, text, np.flatnonzero(known), **scale))
    return _as_map(figure, height)


def label_map_figure(
    x: np.ndarray,
    y: np.ndarray,
    index: np.ndarray,
    labels: np.ndarray,
    names: Mapping[int, str],
    *,
    text: Sequence[str],
    height: int = 520,
) -> go.Figure:
    """A map colored by label, each name in the middle (the median) of its images. Of more than `COLORED_LABELS` labels
    the most frequent ones have colors, and their names stand below.

    Args:
        x, y, index, text, height: as for `value_map_figure`.
        labels: of each image, shape ``(N,)``.
        names: of the labels.
    """
    found, counts = np.unique(labels, return_counts=True)
    colored = np.sort(found[np.argsort(-counts, kind="stable")[:COLORED_LABELS]])
    figure = go.Figure()
    others = np.flatnonzero(~np.isin(labels, colored))
    if len(others):
        figure.add_trace(_points(x, y, index, text, others, color=GRAY).update(showlegend=False, meta="other labels"))
    for label, color in zip(colored.tolist(), QUALITATIVE, strict=False):
        places = np.flatnonzero(labels == label)
        name = in_plotly(names[label])
        figure.add_trace(_points(x, y, index, text, places, color=color, opacity=1).update(name=name))
        if not len(others):
            figure.add_annotation(
                x=float(np.median(x[places])),
                y=float(np.median(y[places])),
                text=f"<b>{name}</b>",
                showarrow=False,
                bgcolor=color,
                font={"color": "black"},
            )
    _as_map(figure, height)
    if len(others):
        figure.update_layout(showlegend=True, legend={"y": 0, "yanchor": "top", "itemsizing": "constant"})
    return figure


def _points(
    x: np.ndarray, y: np.ndarray, index: np.ndarray, text: Sequence[str], places: np.ndarray, **marker: Any
) -> go.Scattergl:
    return go.Scattergl(
        x=x[places],
        y=y[places],
        customdata=np.stack((index[places], places), 1),
        text=[text[place] for place in places],
        mode="markers",
        marker={"size": _size(len(x)), "opacity": 0.85, **marker},
        selected={"marker": {"opacity": 1.0}},
        unselected={"marker": {"opacity": 0.12}},
        hoverinfo="none",
    )


def _size(count: int) -> float:
    """Diameter of the points in screen pixels, smaller the more there are."""
    return float(np.clip(200 / np.sqrt(max(count, 1)), 4, 10))


def _as_map(figure: go.Figure, height: int) -> go.Figure:
    style_figure(figure, x_title="", y_title="", height=height, legend=False)
    bare = {"showticklabels": False, "ticks": "", "showgrid": False}
    figure.update_xaxes(constrain="domain", **bare)
    figure.update_yaxes(scaleanchor="x", **bare)
    return figure.update_layout(dragmode="lasso", margin={"t": 8})
