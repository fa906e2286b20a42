"""Figures of a trust report: one for each check, with its bar."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from explorer.figures.style import BLUE, GRAY, GREEN, PURPLE, VERMILLION, style_figure, translucent
from explorer.measures.consistency.trust_report import TrustReport
from explorer.measures.consistency.verdicts import FLOW_BAR, GAP_BAR, HEAT_BAR, STEP_THRESHOLD

__all__ = ["dimensionality_figure", "flow_figure", "gap_figure", "heat_figure", "other_figure", "step_figure"]

_NOISE_AXIS = "noise level, dB PSNR (left: more noise)"
_HEIGHT = 300
_READINGS = ("denoising", "energy", "time_score", "trace")
_LONGEST_NAME = 26  # characters of a data set's name beside an axis
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


def step_figure(report: TrustReport) -> go.Figure | None:
    """Mean code length of rolled images against the shift, and what a check allows; None when it was not measured."""
    if report.step_aside is None:
        return None
    per_bit, added = report.dimensions * math.log(2), math.log2(report.levels)
    lengths = np.array(report.step_aside.energies) / per_bit + added
    differences = np.array(report.step_aside.second_differences) / per_bit
    shifts = np.arange(1, len(lengths) + 1)
    inner, allowed = shifts[1:-1], lengths[1:-1] - differences
    figure = go.Figure()
    figure.add_scatter(
        x=[x for k in inner for x in (k, k, None)],
        y=[y for middle in allowed for y in (middle - STEP_THRESHOLD, middle + STEP_THRESHOLD, None)],
        name=f"allowed, ± {STEP_THRESHOLD:g}",
        line={"color": translucent(GRAY, 0.45), "width": 9},
        mode="lines",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=shifts,
        y=lengths,
        name="rolled images",
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 6},
        customdata=[None, *differences, None],
        hovertemplate="%{x} pixels: %{y:.3f} bits/dimension<br>above its neighbors: %{customdata:+.4f}<extra></extra>",
    )
    out = ~(np.abs(differences) <= STEP_THRESHOLD)
    if out.any():
        figure.add_scatter(
            x=inner[out],
            y=lengths[1:-1][out],
            name="outside",
            mode="markers",
            marker={"color": VERMILLION, "size": 9, "symbol": "x"},
            hoverinfo="skip",
        )
    style_figure(
        figure, x_title="shift to the right and down, pixels", y_title="code length, bits/dimension", height=_HEIGHT
    )
    figure.update_xaxes(dtick=2, tick0=0)
    return figure


def other_figure(report: TrustReport) -> go.Figure | None:
    """Code lengths on the data set of the checks and on other photographs; None when they were not measured."""
    lengths = report.code_lengths()
    if lengths is None:
        return None
    rows = [1, 0]  # not the names: they may be equal
    figure = go.Figure()
    for name, values, color, symbol, size in (
        ("JPEG XL", [each.jpeg_xl for each in lengths], GREEN, "line-ns-open", 30),
        ("I-MMSE", [each.i_mmse for each in lengths], BLUE, "circle", 11),
        ("energy", [each.energy for each in lengths], VERMILLION, "x", 9),
    ):
        figure.add_scatter(
            x=values,
            y=rows,
            name=name,
            mode="markers",
            marker={"color": color, "size": size, "symbol": symbol, "line": {"width": 3 * (name == "JPEG XL")}},
            hovertemplate="%{x:.3f} bits/dimension<extra>" + name + "</extra>",
        )
    style_figure(figure, x_title="code length, bits/dimension", y_title="data set", height=_HEIGHT)
    labels = [f"{_short(each.dataset)}<br>{each.images:,} images" for each in lengths]
    figure.update_yaxes(tickvals=rows, ticktext=labels, range=[-0.6, 1.6], showgrid=False)
    return figure


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


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _allow(figure: go.Figure, bar: float) -> None:
    """A band around zero: what a check allows."""
    figure.add_hrect(-bar, bar, fillcolor=translucent(GRAY, 0.15), line_width=0, layer="below")
    figure.add_hline(0.0, line={"color": GRAY, "width": 1})
