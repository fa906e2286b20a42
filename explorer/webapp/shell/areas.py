"""What is drawn around points of a chart, in a URL: corners and vertices, not the images inside.

A box is ``x_y_x_y``, two opposite corners; a lasso is ``x_y_x_y_x_y...``, its vertices; ``~`` stands between outlines.
Coordinates are those of the data, with six digits. A lasso as a hand draws it has hundreds of vertices: those that lie
within half a percent of the lasso's extent from a straight line are left out (Douglas and Peucker 1973). What is
selected is what the text says, so that whoever gets the URL has the very same images.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from skimage.measure import approximate_polygon

from explorer.catalog.selection import Region
from explorer.webapp.shell.setting_forms import Form, Unfit

__all__ = ["AREAS", "Areas", "areas_of", "outlined"]

Areas = tuple[Region, ...]

_TOLERANCE = 0.005
_LONGEST = 20_000


def _read(text: str) -> Areas:
    areas = []
    for outline in text[:_LONGEST].split("~"):
        try:
            numbers = [float(part) for part in outline.split("_")]
        except ValueError:
            numbers = []
        if len(numbers) < 4 or len(numbers) % 2 or not all(map(math.isfinite, numbers)):
            raise Unfit("is no outline on the chart")
        areas.append(Region(tuple(numbers[::2]), tuple(numbers[1::2])))
    return tuple(areas)


def _write(areas: Areas) -> str:
    return "~".join(
        "_".join(f"{float(value):.6g}" for point in zip(area.x, area.y, strict=True) for value in point)
        for area in areas
    )


AREAS: Form[Areas] = Form(_read, _write)
"""Boxes and lassos on a chart."""


def areas_of(outlines: Iterable[Mapping[str, Sequence[float]]], units: tuple[float, float]) -> Areas:
    """The areas of Plotly's outlines, as the URL says them.

    Args:
        outlines: with ``x`` and ``y`` each, two corners or the vertices.
        units: what the data were multiplied by along the two axes.
    """
    drawn = (np.stack((outline["x"], outline["y"]), 1) / units for outline in outlines)
    simple = [_simplified(points) if len(points) > 2 else points for points in drawn]
    areas = tuple(Region(tuple(points[:, 0].tolist()), tuple(points[:, 1].tolist())) for points in simple)
    return _read(_write(areas)) if areas else ()


def _simplified(points: np.ndarray) -> np.ndarray:
    extent = np.ptp(points, axis=0)
    scale = np.where(extent > 0, extent, 1.0)
    kept: np.ndarray = approximate_polygon(points / scale, _TOLERANCE) * scale  # type: ignore[no-untyped-call]
    return kept if len(kept) >= 3 else points


def outlined(figure: go.Figure, areas: Areas, units: tuple[float, float]) -> go.Figure:
    """The figure with outlines around areas, as if they had been drawn on it."""
    if not areas:
        return figure
    copy = go.Figure(figure)
    for area in areas:
        x, y = np.multiply(area.x, units[0]), np.multiply(area.y, units[1])
        if area.is_box:
            copy.add_selection(type="rect", x0=x[0], x1=x[1], y0=y[0], y1=y[1], xref="x", yref="y")
        else:
            path = "L".join(f"{across:.10g},{up:.10g}" for across, up in zip(x, y, strict=True))
            copy.add_selection(type="path", path=f"M{path}Z", xref="x", yref="y")
    return copy
