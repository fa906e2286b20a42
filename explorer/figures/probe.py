"""Figures of one image: log p against each perturbation, and the image at every noise level.

They are redrawn whenever a slider moves, so each is built in one go from plain dictionaries, which Plotly takes ten
times as fast as piece by piece. They have lines, bands, markers and explicit ranges only: what
`explorer.webapp.widgets.live_chart` can draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from explorer.figures.style import BLUE, FONT_SIZE, GRAY, GRID, VERMILLION, translucent
from explorer.measures.image.curves import NoiseCurves, PerturbationCurve
from explorer.perturbations import RANGES, Perturbation
from explorer.units import LogProbUnit, convert_log_prob, noise_variance_from_psnr, unit_label

__all__ = ["dimensionality_figure", "log_prob_range", "noise_log_prob_figure", "perturbation_figure"]

_SMALL = {"height": 150, "margin": {"l": 6, "r": 6, "t": 20, "b": 20}, "font": {"size": 11}}
_LARGE = {"height": 300, "margin": {"l": 64, "r": 12, "t": 28, "b": 46}, "font": {"size": FONT_SIZE}}
_DEEPEST = 1.5
_MARGIN = 0.08


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
    at the bottom, so that the others are not flattened. The ends are round numbers, so that the axes stand still while
    a slider moves.
    """
    now = [log_prob] if math.isfinite(log_prob) else []
    finite = [curve.log_prob[np.isfinite(curve.log_prob)] for curve in curves]
    extents = [(float(y.min()), float(y.max())) for y in finite if len(y)]
    if not extents and not now:
        return 0.0, 1.0
    high = max([top for _, top in extents] + now)
    lows = sorted([bottom for bottom, _ in extents] + now)
    others = min(lows[1:2] + now)
    low, high = _padded(max(lows[0], high - _DEEPEST * (high - others)), high)
    low, high = convert_log_prob(np.array([low, high]), unit, dimensions).tolist()
    step = 10.0 ** math.floor(math.log10(high - low))
    step *= 0.2 if high - low < 2.5 * step else 0.5 if high - low < 5 * step else 1.0
    return math.floor(low / step) * step, math.ceil(high / step) * step


def perturbation_figure(
    curve: PerturbationCurve,
    value: float,
    log_prob: float,
    y_range: tuple[float, float],
    unit: LogProbUnit,
    dimensions: int,
) -> go.Figure:
    """log p against one parameter of the perturbation, with a marker where the slider is.

    The plot is as wide as a slider of the same width, so that the marker stands below the slider's thumb.

    Args:
        curve: the numbers.
        value: of the parameter now.
        log_prob: of the image now, in nats.
        y_range: shared by the curves of all parameters; see `log_prob_range`.
        unit: of the y axis.
        dimensions: ``d``.
    """
    limits = RANGES[curve.name]
    x_title = limits.label.lower() + (f" ({limits.unit})" if limits.unit else "")
    x = np.append(curve.values, value)
    order = np.argsort(x, kind="stable")
    y = convert_log_prob(np.append(curve.log_prob, log_prob), unit, dimensions)
    hover = [
        f"{x_title} {_number(position)}<br>log p {_number(height)} {unit_label(unit)}"
        for position, height in zip(x[order], y[order], strict=True)
    ]
    note = {"showarrow": False, "xref": "x domain", "yref": "y domain"}
    below = [
        (f"{limits.low:g}".replace("-", "−"), 0, "left"),
        (x_title, 0.5, "center"),
        (f"{limits.high:g}", 1, "right"),
    ]
    return _figure(
        [_line(x[order], y[order], hover=hover), _marker(value, float(y[-1]))],
        {
            **_SMALL,
            "xaxis": {"range": [limits.low, limits.high], "showticklabels": False, "showgrid": False},
            "yaxis": {
                "range": list(y_range),
                "nticks": 4,
                "ticklabelposition": "inside top",
                # Away from the marker at rest.
                "side": "right" if getattr(Perturbation(), curve.name) == limits.low else "left",
            },
            "annotations": [
                {"text": f"log p ({unit})", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", **note},
                *({"text": t, "x": x, "y": 0, "xanchor": side, "yanchor": "top", **note} for t, x, side in below),
            ],
        },
    )


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

    def reading(value: float) -> str:
        return f"{value:,.0f} of {dimensions:,} dimensions ({100 * value / dimensions:.1f} %)"

    bands = [np.asarray(part, dtype=float) for part in _parts(band)]
    traces = _noise_traces(curves.psnr, curves.dimensionality, grid, bands, reading)
    traces.append(_marker(psnr, curves.dimensionality_at(psnr)))
    _, high = _padded(0.0, _extent([curves.dimensionality, *bands])[1])
    return _noise_figure(traces, curves.psnr, "local dimensionality", [0, high])


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

    def shown(nats: Sequence[float] | np.ndarray) -> np.ndarray:
        return convert_log_prob(np.asarray(nats, dtype=float), unit, dimensions)

    def reading(value: float) -> str:
        return f"mean log p {_number(value)} {unit_label(unit)}"

    bands = [shown(part) for part in _parts(band)]
    values = shown(curves.log_prob)
    traces = _noise_traces(curves.psnr, values, grid, bands, reading)
    traces.append(_marker(psnr, float(shown([curves.log_prob_at(psnr)])[0])))
    return _noise_figure(traces, curves.psnr, f"mean log p ({unit})", list(_padded(*_extent([values, *bands]))))


def _parts(band: Band | None) -> list[Sequence[float]]:
    return [] if band is None else [band.low, band.median, band.high]


def _noise_traces(
    psnr: np.ndarray, values: np.ndarray, grid: Sequence[float], bands: Sequence[np.ndarray], reading: Any
) -> list[dict[str, Any]]:
    """One curve over a band; `reading` says a value in words."""

    def hover(name: str, levels: Sequence[float], heights: np.ndarray) -> list[str]:
        sigmas = [255 * math.sqrt(noise_variance_from_psnr(level)) for level in levels]
        return [
            f"{name}: {reading(height)}<br>at {level:.3g} dB, σ = {sigma:.3g} gray levels"
            for level, sigma, height in zip(levels, sigmas, heights, strict=True)
        ]

    traces = []
    if bands:
        low, median, high = bands
        edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": list(grid)}
        traces = [
            {**edge, "y": low, "showlegend": False},
            {**edge, "y": high, "fill": "tonexty", "fillcolor": translucent(GRAY, 0.22), "name": "data set, 10–90 %"},
            _line(grid, median, GRAY, "data set, median", hover("median", grid, median), "dash"),
        ]
    return [*traces, _line(psnr, values, BLUE, "this image", hover("this image", psnr.tolist(), values))]


def _noise_figure(traces: list[dict[str, Any]], psnr: np.ndarray, y_title: str, y_range: Sequence[float]) -> go.Figure:
    """Noise grows to the right: from the image itself to its whole surroundings."""
    return _figure(
        traces,
        {
            **_LARGE,
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "xaxis": {"range": [float(psnr[0]), float(psnr[-1])], "title": {"text": "noise level (PSNR, dB)"}},
            "yaxis": {"range": list(y_range), "title": {"text": y_title}},
        },
    )


def _figure(traces: list[dict[str, Any]], layout: dict[str, Any]) -> go.Figure:
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True}
    clear = "rgba(0, 0, 0, 0)"
    common = {"showlegend": False, "paper_bgcolor": clear, "plot_bgcolor": clear, "template": "none"}
    axes = {name: axis | layout[name] for name in ("xaxis", "yaxis")}
    return go.Figure({"data": traces, "layout": common | layout | axes})


def _line(
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray,
    color: str = BLUE,
    name: str = "",
    hover: Sequence[str] = (),
    dash: str = "solid",
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.asarray(x, dtype=float),
        "y": np.asarray(y, dtype=float),
        "name": name,
        "line": {"color": color, "width": 2 if dash == "solid" else 1.5, "dash": dash},
        "text": list(hover),
        "hovertemplate": "%{text}<extra></extra>",
    }


def _marker(x: float, y: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [y],
        "marker": {"color": VERMILLION, "size": 10, "line": {"color": "white", "width": 1.5}},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _extent(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = _MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def _number(value: float) -> str:
    """Whole numbers from a thousand on, else four digits."""
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")
