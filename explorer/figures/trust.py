"""Figures of a trust report: one for each check, with its bar."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from explorer.figures.style import BLUE, GRAY, GREEN, PURPLE, VERMILLION, style_figure, translucent
from explorer.measures.trust_report import TrustReport
from explorer.measures.verdicts import FLOW_BAR, GAP_BAR, HEAT_BAR

__all__ = ["dimensionality_figure", "flow_figure", "gap_figure", "heat_figure"]

_NOISE_AXIS = "noise level, dB PSNR (left: more noise)"
_HEIGHT = 300
_READINGS = ("denoising", "energy", "time_score", "trace")
_FLOOR = 1e-5  # of logarithmic axes


def gap_figure(report: TrustReport) -> go.Figure | None:
    """Energy minus I-MMSE reading of the NLL at each noise level; None when it was not measured."""
    if report.nll is None:
        return None
    per_bit = report.dimensions * math.log(2)
    figure = go.Figure()
    _allow(figure, GAP_BAR)
    figure.add_scatter(
        x=[level.psnr for level in report.nll.levels],
        y=[level.gap / per_bit for level in report.nll.levels],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 6},
        hovertemplate="%{x:.1f} dB: %{y:+.4f} bits/dimension<extra></extra>",
    )
    return style_figure(figure, x_title=_NOISE_AXIS, y_title="gap, bits/dimension", height=_HEIGHT, legend=False)


def heat_figure(report: TrustReport) -> go.Figure | None:
    """Residual of the heat equation at each noise level; None when it was not measured."""
    if report.heat is None:
        return None
    psnr = [level.psnr for level in report.heat]
    figure = go.Figure()
    for name, values, color, dash in (
        ("residual, root mean square over images", [level.rms for level in report.heat], BLUE, "solid"),
        ("error of the trace of one image", [level.trace_error for level in report.heat], GRAY, "dot"),
    ):
        if not any(values):  # an exact trace has no error
            continue
        figure.add_scatter(
            x=psnr,
            y=np.maximum(values, _FLOOR),
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": dash},
            marker={"size": 6},
            hovertemplate="%{x:.1f} dB: %{y:.5f} nats<extra></extra>",
        )
    figure.add_hline(HEAT_BAR, line={"color": VERMILLION, "width": 1.5, "dash": "dash"})
    style_figure(figure, x_title=_NOISE_AXIS, y_title="nats / (dimension · e-fold)", height=_HEIGHT)
    figure.update_yaxes(type="log", exponentformat="power")
    return figure


def flow_figure(report: TrustReport) -> go.Figure | None:
    """Flow minus energy of single images against log p by the energy; None when it was not measured."""
    if report.flow is None:
        return None
    per_bit = report.dimensions * math.log(2)
    figure = go.Figure()
    _allow(figure, FLOW_BAR)
    figure.add_scatter(
        x=[flow.energy_log_prob / per_bit for flow in report.flow],
        y=[flow.difference / per_bit for flow in report.flow],
        error_y={"array": [2 * flow.standard_error / per_bit for flow in report.flow], "color": GRAY, "thickness": 1},
        mode="markers",
        marker={"color": BLUE, "size": 8},
        customdata=[flow.gradients for flow in report.flow],
        hovertemplate="%{x:.3f}: %{y:+.4f} bits/dimension, %{customdata} gradients<extra></extra>",
    )
    return style_figure(
        figure,
        x_title="log p by the energy, bits/dimension",
        y_title="flow − energy, bits/dimension",
        height=_HEIGHT,
        legend=False,
    )


def dimensionality_figure(report: TrustReport) -> go.Figure | None:
    """Four readings of local dimensionality against noise level; None when they were not measured.

    The axis ends at ``-d`` and ``2 d``: a trace can go astray by orders of magnitude.
    """
    if report.dimensionality is None:
        return None
    levels, d = report.dimensionality.levels, report.dimensions
    figure = go.Figure()
    for name, key, color, dash, symbol in (
        ("noisy: denoising error", "denoising", BLUE, "solid", "circle"),
        ("noisy: slope of the energy", "energy", VERMILLION, "dot", "x"),
        ("clean: time score", "time_score", GREEN, "solid", "square"),
        ("clean: trace", "trace", PURPLE, "dot", "cross"),
    ):
        figure.add_scatter(
            x=[level.psnr for level in levels],
            y=[getattr(level, key) for level in levels],
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": dash},
            marker={"size": 7, "symbol": symbol},
            hovertemplate="%{x:.1f} dB: %{y:,.1f} dimensions<extra>" + name + "</extra>",
        )
    style_figure(figure, x_title=_NOISE_AXIS, y_title="dimensions, mean over images", height=_HEIGHT)
    shown = [min(max(getattr(level, key), -d), 2 * d) for level in levels for key in _READINGS]
    figure.update_yaxes(range=[min(0.0, *shown) - 0.05 * d, max(*shown) + 0.05 * d])
    return figure


def _allow(figure: go.Figure, bar: float) -> None:
    """A band around zero: what a check allows."""
    figure.add_hrect(-bar, bar, fillcolor=translucent(GRAY, 0.15), line_width=0, layer="below")
    figure.add_hline(0.0, line={"color": GRAY, "width": 1})
