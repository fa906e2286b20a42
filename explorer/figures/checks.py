"""The figure of a check, from its chart; see `explorer.measures.consistency.chart`."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from explorer.escaping import in_plotly
from explorer.figures.style import BLUE, GRAY, GREEN, PURPLE, VERMILLION, style_figure, translucent
from explorer.measures.consistency.chart import Axis, Chart, Curve
from explorer.measures.consistency.report import Report

__all__ = ["check_figure", "check_figures"]

_HEIGHT = 300
_ESTIMATES = ((BLUE, "solid", "circle"), (VERMILLION, "dot", "x"), (GREEN, "solid", "square"), (PURPLE, "dot", "cross"))


def check_figures(report: Report) -> dict[str, go.Figure]:
    """The figures of everything that a report has measured, by title."""
    return {chart.title: check_figure(chart) for chart in report.charts()}


def check_figure(chart: Chart) -> go.Figure:
    """Draw a chart: curves and what is allowed."""
    figure = go.Figure()
    if chart.band is not None:
        fill = translucent(GRAY, 0.15)
        figure.add_hrect(-chart.band, chart.band, fillcolor=fill, line_width=0, layer="below")
        figure.add_hline(0.0, line={"color": GRAY, "width": 1})
    if chart.allowed is not None:
        figure.add_scatter(
            x=[x for place in chart.allowed.x for x in (place, place, None)],
            y=[y for ends in zip(chart.allowed.low, chart.allowed.high, strict=True) for y in (*ends, None)],
            name=in_plotly(chart.allowed.name),
            line={"color": translucent(GRAY, 0.45), "width": 9},
            mode="lines",
            hoverinfo="skip",
        )
    estimates = 0
    for curve in chart.curves:
        _draw(figure, curve, chart, estimates)
        estimates += curve.kind == "estimate"
    if chart.threshold is not None:
        figure.add_hline(chart.threshold, line={"color": VERMILLION, "width": 1.5, "dash": "dash"})
    legend = any(curve.name for curve in chart.curves)
    style_figure(figure, x_title=chart.x.title, y_title=chart.y.title, height=_HEIGHT, legend=legend)
    figure.update_xaxes(**_settings(chart.x))
    figure.update_yaxes(**_settings(chart.y))
    return figure


def _draw(figure: go.Figure, curve: Curve, chart: Chart, number: int) -> None:
    """Add a curve, which is the estimate with this number where it is one."""
    color, dash, symbol = {
        "estimate": _ESTIMATES[number % len(_ESTIMATES)],
        "image": (GRAY, "dot", "circle"),
        "reference": (GREEN, "solid", "line-ns-open"),
        "outside": (VERMILLION, "solid", "x"),
    }[curve.kind]
    is_tick = curve.kind == "reference"
    figure.add_scatter(
        x=_drawn(curve.x, chart.x),
        y=_drawn(curve.y, chart.y),
        name=in_plotly(curve.name),
        mode="lines+markers" if curve.joined else "markers",
        line={"color": color, "width": 2, "dash": dash},
        marker={
            "color": color,
            "symbol": symbol,
            "size": 30 if is_tick else 6 if curve.joined else 10 - 2 * number,
            "line": {"width": 3 if is_tick else 0},
        },
        error_y={"array": list(curve.errors), "color": GRAY, "thickness": 1} if curve.errors else None,
        customdata=list(map(in_plotly, curve.notes)) or None,
        hoverinfo="skip" if curve.kind == "outside" else None,
        hovertemplate=None if curve.kind == "outside" else _hover(curve, chart),
    )


def _drawn(values: object, axis: Axis) -> np.ndarray:
    numbers = np.asarray(values, dtype=float)
    return np.maximum(numbers, axis.floor) if axis.log else numbers


def _hover(curve: Curve, chart: Chart) -> str:
    axes = [(name, axis) for name, axis in (("x", chart.x), ("y", chart.y)) if not axis.labels]
    numbers = ": ".join(f"%{{{name}:{axis.form}}} {axis.unit}".strip() for name, axis in axes)
    return f"{numbers}{'%{customdata}' if curve.notes else ''}<extra>{in_plotly(curve.name)}</extra>"


def _settings(axis: Axis) -> dict[str, object]:
    settings: dict[str, object] = {}
    if axis.log:
        settings |= {"type": "log", "exponentformat": "power"}
    if axis.range is not None:
        settings |= {"range": axis.range}
    if axis.step is not None:
        settings |= {"dtick": axis.step, "tick0": 0}
    if axis.labels:
        values, names = zip(*axis.labels, strict=True)
        settings |= {"tickvals": values, "ticktext": list(map(in_plotly, names)), "showgrid": False}
    return settings
