"""Figures of samples: log p on the way, and of what came out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures.probe import Quantiles
from explorer.figures.style import BLUE, GRAY, VERMILLION, mark_vertical, style_figure, translucent
from explorer.measures.consistency.chart import NOISE_AXIS
from explorer.units import LogProbUnit, convert_log_prob, unit_label, with_unit

__all__ = ["sample_histogram", "trajectories_figure"]

_MOST_BINS = 60
_ROOM = 1.3  # above the highest bar, for the names of the means


def trajectories_figure(
    psnr: Sequence[float],
    energies: np.ndarray,
    unit: LogProbUnit,
    dimensions: int,
    grid: Sequence[float] = (),
    band: Quantiles | None = None,
    at: float | None = None,
    chosen: int | None = None,
    height: int = 320,
) -> go.Figure:
    """``log p(y, t) = -U(y, t)`` of each image on its way, over the data set's median and 10-90 % band.

    Args:
        psnr: noise levels of the way in dB, shape ``(K,)``.
        energies: in nats, shape ``(K, n)``; a way that was stopped has fewer rows.
        unit: of the y axis.
        dimensions: ``d``.
        grid: noise levels of the band in dB.
        band: log p of the data at these levels, in nats; None when it is not known.
        at: a noise level to mark, in dB.
        chosen: place of the image that stands out.
        height: in screen pixels.
    """
    x = list(psnr)[: len(energies)]

    def shown(nats: object) -> np.ndarray:
        return convert_log_prob(np.asarray(nats, dtype=float), unit, dimensions)

    label = unit_label(unit)
    traces: list[dict[str, object]] = []
    if band is not None:
        edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": list(grid)}
        traces = [
            {**edge, "y": shown(band.low), "showlegend": False, "meta": "data, 10 %"},
            {
                **edge,
                "y": shown(band.high),
                "fill": "tonexty",
                "fillcolor": translucent(GRAY, 0.25),
                "name": "data, 10–90 %",
                "meta": "data, 90 %",
            },
            {
                **edge,
                "y": shown(band.median),
                "line": {"color": GRAY, "width": 1.5, "dash": "dash"},
                "name": "data, median",
            },
        ]
    traces += [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": shown(-energies[:, k]),
            "line": {"color": VERMILLION, "width": 2.5}
            if k == chosen
            else {"color": translucent(BLUE, 0.55), "width": 1.2},
            "name": "samples",
            "meta": f"image {k + 1}",
            "legendgroup": "samples",
            "showlegend": k == 0,
            "hovertemplate": f"image {k + 1}: %{{y:.4g}} {label}<br>at %{{x:.1f}} dB<extra></extra>",
        }
        for k in range(energies.shape[1])
    ]
    figure = style_figure(
        go.Figure({"data": traces}),
        x_title=NOISE_AXIS.title,
        y_title=with_unit("log p", label),
        height=height,
    )
    figure.update_xaxes(range=[min(psnr), max(psnr)])
    if at is not None:
        mark_vertical(figure, at, "", VERMILLION, "dot")
    return figure


def sample_histogram(
    samples: np.ndarray, data: np.ndarray, unit: LogProbUnit, dimensions: int, height: int = 300
) -> go.Figure:
    """Histogram of log p of samples beside that of data, each as a share, with their means.

    Args:
        samples: log p of samples at the smallest noise, in nats, shape ``(n,)``, n at least 1.
        data: log p of data at the same noise, in nats, shape ``(N,)``, N at least 1.
        unit: of the x axis.
        dimensions: ``d``.
        height: in screen pixels.
    """
    parts = [
        convert_log_prob(values[np.isfinite(values)].astype(float), unit, dimensions) for values in (samples, data)
    ]
    both = np.concatenate(parts)
    bins = np.histogram_bin_edges(both, "fd")
    edges = np.linspace(bins[0], bins[-1], min(len(bins), _MOST_BINS + 1))
    figure, top = go.Figure(), 0.0
    for values, name, color in zip(parts[::-1], ("data", "samples"), (GRAY, BLUE), strict=True):
        counts, _ = np.histogram(values, edges)
        shares = 100 * counts / max(1, len(values))
        top = max(top, float(shares.max()))
        figure.add_bar(
            x=0.5 * (edges[1:] + edges[:-1]),
            y=shares,
            width=np.diff(edges),
            customdata=counts,
            name=f"{name} ({len(values):,})",
            marker={"color": translucent(color, 0.55), "line": {"width": 0}},
            hovertemplate=f"%{{x:.4g}} {unit_label(unit)}: %{{customdata}} of {len(values):,} {name}<extra></extra>",
        )
        if len(values):
            mark_vertical(figure, float(values.mean()), f"mean of {name}", color, top=1.0 if name == "data" else 0.9)
    style_figure(figure, x_title=with_unit("log p", unit_label(unit)), y_title=with_unit("share", "%"), height=height)
    figure.update_yaxes(range=[0, _ROOM * top])
    return figure.update_layout(barmode="overlay", bargap=0, margin_t=56, legend_y=1.12)
