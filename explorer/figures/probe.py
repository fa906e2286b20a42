"""Figures of one image: log p against each perturbation, and the image at every noise level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from explorer.figures.style import BLUE, GRAY, GRID, VERMILLION, style_figure, translucent
from explorer.measures.curves import NoiseCurves, PerturbationCurve
from explorer.perturbations import RANGES, Perturbation
from explorer.units import LogProbUnit, convert_log_prob, noise_variance_from_psnr, unit_label

__all__ = ["dimensionality_figure", "log_prob_range", "noise_log_prob_figure", "perturbation_figure"]

_CURVE_HEIGHT = 150
_DEEPEST = 1.5
_THUMB = 6
_NOISE_HEIGHT = 300


class Band(Protocol):
    """Quantiles over a data set, one value a noise level: 10 %, median and 90 %."""

    low: Sequence[float]
    median: Sequence[float]
    high: Sequence[float]


def log_prob_range(
    curves: Sequence[PerturbationCurve], log_prob: float, unit: LogProbUnit, dimensions: int
) -> tuple[float, float]:
    """The range, in `unit`, that the curves share.

    It holds the current log p (nats) and all curves; but one that falls much deeper than all others (noise does) leaves
    at the bottom, so that the others are not flattened.
    """
    now = [log_prob] if math.isfinite(log_prob) else []
    extents = [(float(y.min()), float(y.max())) for y in (c.log_prob[np.isfinite(c.log_prob)] for c in curves) if len(y)]
    if not extents and not now:
        return 0.0, 1.0
    high = max([top for _, top in extents] + now)
    lows = sorted([bottom for bottom, _ in extents] + now)
    lowest, others = lows[0], min(lows[1:2] + now)
    low = max(lowest, high - _DEEPEST * (high - others))
    margin = 0.08 * (high - low) or 1.0
    ends = convert_log_prob(np.array([low - margin, high + margin]), unit, dimensions)
    return float(ends[0]), float(ends[1])


def perturbation_figure(
    curve: PerturbationCurve,
    value: float,
    log_prob: float,
    y_range: tuple[float, float],
    unit: LogProbUnit,
    dimensions: int,
) -> go.Figure:
    """log p against one parameter of the perturbation, with a marker where the slider is.

    Args:
        curve: the numbers.
        value: of the parameter now.
        log_prob: of the image now, in nats.
        y_range: shared by the curves of all parameters; see `log_prob_range`.
        unit: of the y axis.
        dimensions: ``d``.
    """
    limits = RANGES[curve.name]
    neutral = getattr(Perturbation(), curve.name)
    unit_of_x = f" ({limits.unit})" if limits.unit else ""
    x = np.append(curve.values, value)
    order = np.argsort(x, kind="stable")
    y = convert_log_prob(np.append(curve.log_prob, log_prob)[order], unit, dimensions)
    hover = f"{limits.label}{unit_of_x} %{{x:.3g}}<br>log p %{{y:,.4~g}} {unit_label(unit)}<extra></extra>"
    marker = {"color": VERMILLION, "size": 10, "line": {"color": "white", "width": 1.5}}
    now = float(convert_log_prob(log_prob, unit, dimensions))
    note = {"showarrow": False, "xref": "x domain", "yref": "y domain", "font": {"size": 11}, "opacity": 0.8}
    below = [(f"{limits.low:g}", 0, "left"), (limits.label.lower() + unit_of_x, 0.5, "center"), (f"{limits.high:g}", 1, "right")]
    return _figure(
        [
            {"type": "scatter", "mode": "lines", "x": x[order], "y": y, "line": {"color": BLUE, "width": 2}},
            {"type": "scatter", "mode": "markers", "x": [value], "y": [now], "marker": marker, "cliponaxis": False},
        ],
        hover,
        {
            "height": _CURVE_HEIGHT,
            # The plot is as wide as the slider above it, so that the marker stands below the slider's thumb.
            "margin": {"l": _THUMB, "r": _THUMB, "t": 22, "b": 20},
            "font": {"size": 11},
            "xaxis": {"range": [limits.low, limits.high], "showticklabels": False, "showgrid": False},
            "yaxis": {
                "range": y_range,
                "nticks": 4,
                "tickformat": _tick_format(unit),
                "ticklabelposition": "inside top",
                "side": "right" if neutral == limits.low else "left",  # away from the marker at rest
            },
            "annotations": [
                {"text": f"log p ({unit})", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", **note},
                *({"text": t, "x": x, "y": 0, "xanchor": side, "yanchor": "top", **note} for t, x, side in below),
            ],
        },
    )


def _figure(traces: list[dict[str, Any]], hover: str, layout: dict[str, Any]) -> go.Figure:
    """A figure without a legend from plain dictionaries: Plotly takes ten times as long to be told piece by piece."""
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True}
    clear = "rgba(0, 0, 0, 0)"
    for trace in traces:
        trace["hovertemplate"] = hover
    layout = {
        **layout,
        "xaxis": axis | layout["xaxis"],
        "yaxis": axis | layout["yaxis"],
        "showlegend": False,
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "separators": ". ",
        "template": "none",
    }
    return go.Figure({"data": traces, "layout": layout})


def dimensionality_figure(
    curves: NoiseCurves, psnr: float, dimensions: int, grid: Sequence[float] = (), band: Band | None = None
) -> go.Figure:
    """Local dimensionality of an image against noise level, over the data set's median and 10-90 % band.

    Args:
        curves: of the image.
        psnr: the chosen noise level in dB, marked.
        dimensions: ``d``.
        grid: noise levels of the band in dB.
        band: of the data set, in dimensions; None when it is not known.
    """
    share = [100 / dimensions * np.asarray(values) for values in (curves.dimensionality, *_bands(band))]
    figure = _noise_figure(
        curves.psnr,
        curves.dimensionality,
        psnr,
        curves.dimensionality_at(psnr),
        grid,
        _bands(band),
        "%{y:,.0f} dimensions (%{customdata[1]:.1f} %)",
        share,
    )
    style_figure(figure, x_title=_NOISE_AXIS, y_title="local dimensionality", height=_NOISE_HEIGHT)
    figure.update_yaxes(rangemode="tozero")
    return _finish(figure)


def noise_log_prob_figure(
    curves: NoiseCurves,
    psnr: float,
    unit: LogProbUnit,
    dimensions: int,
    grid: Sequence[float] = (),
    band: Band | None = None,
) -> go.Figure:
    """Mean log p of the noisy image against noise level, over the data set's median and 10-90 % band.

    Args:
        curves: of the image.
        psnr: the chosen noise level in dB, marked.
        unit: of the y axis.
        dimensions: ``d``.
        grid: noise levels of the band in dB.
        band: of the data set, in nats; None when it is not known.
    """

    def shown(nats: Sequence[float]) -> np.ndarray:
        return convert_log_prob(np.asarray(nats, dtype=float), unit, dimensions)

    bands = [shown(values) for values in _bands(band)]
    figure = _noise_figure(
        curves.psnr,
        shown(curves.log_prob),
        psnr,
        float(shown([curves.log_prob_at(psnr)])[0]),
        grid,
        bands,
        f"%{{y:,.4~g}} {unit_label(unit)}",
        None,
    )
    style_figure(figure, x_title=_NOISE_AXIS, y_title=f"mean log p ({unit_label(unit)})", height=_NOISE_HEIGHT)
    return _finish(figure)


_NOISE_AXIS = "noise level (PSNR, dB)"


def _bands(band: Band | None) -> list[Sequence[float]]:
    return [] if band is None else [band.low, band.median, band.high]


def _noise_figure(
    psnr: np.ndarray,
    values: np.ndarray,
    chosen: float,
    chosen_value: float,
    grid: Sequence[float],
    bands: Sequence[Sequence[float]],
    reading: str,
    shares: Sequence[np.ndarray] | None,
) -> go.Figure:
    """One curve with a marker over a band; `shares` are second readings for the hover of the curve and of each band."""
    figure = go.Figure()

    def columns(levels: Sequence[float], which: int) -> np.ndarray:
        sigma = [255 * math.sqrt(noise_variance_from_psnr(level)) for level in levels]
        return np.column_stack([sigma, shares[which] if shares is not None else sigma])

    noise = "%{x:.1f} dB, σ = %{customdata[0]:.3~g} gray levels"
    if bands:
        low, median, high = bands
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": "band"}
        figure.add_scatter(x=grid, y=low, showlegend=False, **edge)
        figure.add_scatter(
            x=grid, y=high, fill="tonexty", fillcolor=translucent(GRAY, 0.2), name="data set, 10–90 %", **edge
        )
        figure.add_scatter(
            x=grid,
            y=median,
            name="data set, median",
            mode="lines",
            line={"color": GRAY, "width": 1.5, "dash": "dash"},
            customdata=columns(grid, 2),
            hovertemplate=f"median: {reading}<br>{noise}<extra></extra>",
        )
    figure.add_scatter(
        x=psnr,
        y=values,
        name="this image",
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        customdata=columns(psnr.tolist(), 0),
        hovertemplate=f"<b>{reading}</b><br>{noise}<extra></extra>",
    )
    figure.add_scatter(
        x=[chosen],
        y=[chosen_value],
        mode="markers",
        showlegend=False,
        hoverinfo="skip",
        marker={"color": VERMILLION, "size": 11, "line": {"color": "white", "width": 1.5}},
    )
    return figure


def _finish(figure: go.Figure) -> go.Figure:
    """Noise grows to the right: from a sharp image to its whole surroundings."""
    figure.update_xaxes(autorange="reversed", fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure


def _tick_format(unit: LogProbUnit) -> str:
    """Thousands as k where a whole image is counted, plain numbers where a dimension is."""
    return "~s" if unit in ("nats", "bits") else ""
