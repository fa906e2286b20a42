"""A chart of curves that follows a slider: what it says, without a drawing library.

`explorer.webapp.widgets.live_chart` draws a `LiveChart` as an SVG that stays where it is and moves, and leaves nothing
out that a chart can say; `plotly_figure` makes the same drawing as a Plotly figure, for a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.escaping import in_plotly
from explorer.figures.style import FONT_SIZE, GRID, VERMILLION
from explorer.units import format_number

__all__ = ["LARGE", "Axis", "Band", "Frame", "Line", "LiveChart", "Marker", "plotly_figure"]


class Frame(NamedTuple):
    """Measures of a chart, in screen pixels: its height, the margins around the plot, and the size of its letters."""

    height: int
    left: int
    right: int
    top: int
    bottom: int
    font_size: int


LARGE = Frame(height=300, left=64, right=12, top=28, bottom=46, font_size=FONT_SIZE)
"""Of a chart by itself, and of every chart in a file."""
_NUMBERS = 34  # pixels that they need beside a small chart
_SMALL = Frame(height=150, left=6, right=6, top=20, bottom=20, font_size=11)


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        title: with the unit.
        start, end: what it shows, left to right or bottom to top; `start` may be the larger one.
    """

    title: str
    start: float
    end: float


@dataclass(frozen=True)
class Line:
    """A curve; points that are not finite are left out.

    Attributes:
        x, y: shape ``(N,)``, float.
        color: of CSS.
        name: in the legend; a curve without one is not listed.
        hover: what each point says under the pointer, ``N`` texts; none for a curve that says nothing.
        dashed: or solid.
    """

    x: np.ndarray
    y: np.ndarray
    color: str
    name: str = ""
    hover: tuple[str, ...] = ()
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """What lies between two curves, behind the lines.

    Attributes:
        x, low, high: shape ``(N,)``, float.
        color: of CSS, translucent.
        name: in the legend.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    color: str
    name: str


@dataclass(frozen=True)
class Marker:
    """A point that may lie on the edge of the plot."""

    x: float
    y: float


@dataclass(frozen=True)
class LiveChart:
    """Curves with a marker.

    Attributes:
        x, y: the axes.
        lines: the curves, from back to front.
        marker: in front of everything.
        band: behind everything, where there is one.
        small: without a legend, as wide as what is above it, the numbers of y in the margin of the page, and those of x
            at its ends alone.
    """

    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    marker: Marker
    band: Band | None = None
    small: bool = False

    @property
    def frame(self) -> Frame:
        """The measures that belong to its size."""
        return _SMALL if self.small else LARGE


def plotly_figure(chart: LiveChart) -> go.Figure:
    """The chart as a Plotly figure."""
    frame = chart.frame
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True}
    clear = "rgba(0, 0, 0, 0)"
    layout: dict[str, Any] = {
        "height": frame.height,
        "margin": {
            "l": frame.left + (_NUMBERS if chart.small else 0),
            "r": frame.right,
            "t": frame.top,
            "b": frame.bottom,
        },
        "font": {"size": frame.font_size},
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "template": "none",
        "xaxis": axis | {"range": [chart.x.start, chart.x.end]},
        "yaxis": axis | {"range": [chart.y.start, chart.y.end]},
    }
    if not chart.small:
        layout["showlegend"] = True
        layout["legend"] = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
        layout["xaxis"]["title"] = {"text": chart.x.title}
        layout["yaxis"]["title"] = {"text": chart.y.title}
    else:
        layout["showlegend"] = False
        layout["xaxis"] |= {"showticklabels": False, "showgrid": False}
        layout["yaxis"] |= {"nticks": 4}
        layout["annotations"] = _notes(chart)
    traces = [*(_band(chart.band) if chart.band else ()), *map(_line, chart.lines), _marker(chart.marker)]
    return go.Figure({"data": traces, "layout": layout})


def _notes(chart: LiveChart) -> list[dict[str, Any]]:
    """Titles and ends of the axes of a small chart."""
    note = {"showarrow": False, "xref": "x domain", "yref": "y domain"}
    below = (
        (format_number(chart.x.start, "g"), 0, "left"),
        (chart.x.title, 0.5, "center"),
        (format_number(chart.x.end, "g"), 1, "right"),
    )
    return [
        {"text": chart.y.title, "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", **note},
        *({"text": text, "x": x, "y": 0, "xanchor": side, "yanchor": "top", **note} for text, x, side in below),
    ]


def _band(band: Band) -> list[dict[str, Any]]:
    edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": band.x}
    return [
        {**edge, "y": band.low, "showlegend": False},
        {**edge, "y": band.high, "fill": "tonexty", "fillcolor": band.color, "name": band.name},
    ]


def _line(line: Line) -> dict[str, Any]:
    look = {"width": 1.5, "dash": "dash"} if line.dashed else {"width": 2, "dash": "solid"}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": line.x,
        "y": line.y,
        "name": line.name,
        "line": {"color": line.color, **look},
        "text": list(map(in_plotly, line.hover)),
        "hovertemplate": "%{text}<extra></extra>",
    }


def _marker(marker: Marker) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [marker.x],
        "y": [marker.y],
        "marker": {"color": VERMILLION, "size": 10, "line": {"color": "white", "width": 1.5}},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
    }
