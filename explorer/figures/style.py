"""One look for all figures, readable on a light and on a dark page, and by people who are color blind.

Colors are those of Okabe and Ito (2008) that keep a contrast of at least 3 against both white and near-black; their
blue, lighter, so that it has 4 against either.
Backgrounds are transparent and grid lines half transparent, so that a figure needs to know nothing about the page's
theme.
"""

from __future__ import annotations

import plotly.graph_objects as go

__all__ = [
    "BLUE",
    "FONT_SIZE",
    "GRAY",
    "GREEN",
    "GRID",
    "OLIVE",
    "PURPLE",
    "QUALITATIVE",
    "SEQUENTIAL",
    "VERMILLION",
    "mark_horizontal",
    "mark_vertical",
    "style_figure",
    "style_pixel_map",
    "translucent",
]

BLUE = "#1C80C4"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
OLIVE = "#9A8F00"
GRAY = "#808080"
GRID = "rgba(128, 128, 128, 0.22)"
FONT_SIZE = 13

SEQUENTIAL = ("#44347E", "#3B508A", "#306B8E", "#26828E", "#209A8A", "#2FB07D", "#58C565", "#91D642", "#D0E129")
"""Colors for a quantity, low to high: Viridis (van der Walt and Smith 2015), perceptually uniform, also to people who
are color blind, without its ends, which would hardly show on a dark and on a light page."""

QUALITATIVE = (
    BLUE,
    VERMILLION,
    GREEN,
    "#B45AE1",
    "#87874B",
    "#F06978",
    "#9687D2",
    "#C33CA5",
    "#4B87FF",
    "#B487A5",
)
"""Colors for at most ten categories, with a contrast of at least 3 against white and near-black, and of 4.5 for black
letters on them. Three are those above; the others were searched for so that also color-blind people tell any two of
them apart, less easily the more there are; a figure names its categories beside their points, too."""


def translucent(color: str, opacity: float) -> str:
    """A color ``"#RRGGBB"`` with an opacity in [0, 1], as ``"rgba(...)"`` for fills and bands.

    Raises:
        ValueError: `color` is not of that form.
    """
    if len(color) != 7 or color[0] != "#":
        raise ValueError(f"A color is written as '#RRGGBB', not {color!r}.")
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def style_figure(figure: go.Figure, *, x_title: str, y_title: str, height: int = 320, legend: bool = True) -> go.Figure:
    """Give a figure with one pair of axes the common look, in place, and return it.

    Args:
        figure: the figure.
        x_title, y_title: names of the axes, with units.
        height: in screen pixels; the width is that of the page's column.
        legend: show a horizontal legend above the plot.
    """
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "showline": False,
        "ticks": "outside",
        "tickcolor": GRID,
        "ticklen": 4,
        "automargin": True,
        "title_standoff": 14,
    }
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 32 if legend else 12, "b": 8},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font_size=FONT_SIZE,
        hoverlabel_font_size=FONT_SIZE,
        modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": GRAY, "activecolor": BLUE},
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "title": None},
    )
    figure.update_xaxes(title_text=x_title, **axis)
    figure.update_yaxes(title_text=y_title, **axis)
    return figure


def mark_vertical(
    figure: go.Figure,
    x: float,
    text: str,
    color: str = GRAY,
    dash: str = "dash",
    top: float = 1.0,
    anchor: str = "center",
) -> None:
    """Add a vertical line at `x` with a label at the height `top` (fraction of the plot), in place.

    `anchor` says which part of the label is at `x`: ``"left"``, ``"center"`` or ``"right"``.
    """
    figure.add_shape(
        type="line", x0=x, x1=x, y0=0, y1=top, yref="y domain", line={"color": color, "width": 1.5, "dash": dash}
    )
    figure.add_annotation(
        x=x,
        y=top,
        yref="y domain",
        text=text,
        showarrow=False,
        yanchor="bottom",
        xanchor=anchor,
    )


def mark_horizontal(figure: go.Figure, y: float, text: str, color: str = GRAY, dash: str = "dash") -> None:
    """Add a horizontal line at `y` with a label at its right end, in place."""
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x domain", y0=y, y1=y, line={"color": color, "width": 1.5, "dash": dash}
    )
    figure.add_annotation(x=1, xref="x domain", y=y, text=text, showarrow=False, yanchor="bottom", xanchor="right")


def style_pixel_map(figure: go.Figure, height: int) -> None:
    """Lay out a map of one value a pixel like an image: square pixels, the first row on top, no axes.

    Args:
        figure: a heatmap of rows and columns.
        height: in screen pixels.
    """
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 4, "t": 0, "b": 8},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font_size=FONT_SIZE,
        font_color=GRAY,
        hoverlabel_font_size=FONT_SIZE,
    )
    hidden = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, constraintoward="top", autorange="reversed", scaleanchor="x")
