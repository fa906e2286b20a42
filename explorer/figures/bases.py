"""Figures of the basis of a denoiser: its spectrum, an eigenvector on the image, what it rebuilds, and its gaps."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
import plotly.graph_objects as go

from explorer.figures.pixels import DIVERGING
from explorer.figures.style import (
    BLUE,
    FONT_SIZE,
    GRAY,
    GREEN,
    PURPLE,
    VERMILLION,
    mark_horizontal,
    mark_vertical,
    style_figure,
    style_pixel_map,
    translucent,
)
from explorer.images import enlarge_png
from explorer.measures.consistency.chart import NOISE_AXIS
from explorer.measures.geometry.bases import Basis
from explorer.measures.geometry.gaps import Gap, Phase
from explorer.measures.geometry.rebuilding import WAYS, Rebuilt
from explorer.units import with_unit

__all__ = ["gaps_figure", "overlay_figure", "rebuilding_figure", "spectrum_figure"]

_LOOKS: tuple[tuple[str, str, str], ...] = (
    (BLUE, "solid", "circle"),
    (VERMILLION, "dash", "square"),
    (GREEN, "dot", "diamond"),
    (PURPLE, "dashdot", "triangle-up"),
)
_QUANTILE = 0.995  # the strongest color
_LEAST = 0.1  # dimensions on a logarithmic axis
_OPACITY = 0.85  # of the strongest color, over the image
_ENLARGED = 512  # pixels
_TOPS = (1.0, 0.92)  # of the names of phases: those of neighbors would hide each other
_PHASES: dict[Phase, str] = {"trivial": GRAY, "coverage": BLUE, "consolidation": GREEN, "full": PURPLE}


def spectrum_figure(basis: Basis, chosen: int, gap: Gap, height: int = 320) -> go.Figure:
    """The shrinkage factors in decreasing order.

    Args:
        basis: the eigenvalues; where they were not computed exactly, bars say how far each may be off.
        chosen: place of an eigenvector that is marked.
        gap: the widest, marked where it is clear.
        height: in screen pixels.
    """
    values, count = basis.eigenvalues, len(basis.eigenvalues)
    numbers = np.arange(1, count + 1)
    errors = None if basis.complete else {"type": "data", "array": basis.residuals.tolist(), "thickness": 1, "width": 0}
    figure = go.Figure(
        go.Scatter(
            x=numbers,
            y=values,
            customdata=100 * values,
            error_y=errors,
            mode="lines+markers",
            name="shrinkage factor",
            line={"color": BLUE, "width": 1.5},
            marker={"size": 4},
            hovertemplate="eigenvector %{x}: keeps %{customdata:.1f} %<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[chosen + 1],
        y=[float(values[chosen])],
        mode="markers",
        name="shown below",
        marker={"size": 11, "color": VERMILLION, "symbol": "circle-open", "line": {"width": 2.5}},
        hoverinfo="skip",
    )
    title = "number of the eigenvector (logarithmic)" if basis.complete else "number of the eigenvector"
    style_figure(figure, x_title=title, y_title="shrinkage factor", height=height, legend=False)
    low, high = min(0.0, float(values.min())), max(1.0, float(values.max()))
    figure.update_yaxes(range=[low - 0.04 * (high - low), high + 0.08 * (high - low)])
    mark_horizontal(figure, 1.0, "")
    if basis.complete:
        figure.update_xaxes(type="log", dtick=1 if count > 100 else "D2")
    if gap.is_clear:
        place = gap.index + 0.5
        mark_vertical(figure, float(np.log10(place)) if basis.complete else place, f"gap after {gap.index}", top=0.93)
        figure.layout.shapes[-1].update(x0=place, x1=place)
    return figure


def overlay_figure(
    pixels: np.ndarray, eigenvector: np.ndarray, on_contours: np.ndarray, height: int = 360
) -> go.Figure:
    """An eigenvector in colors over the image; hovering says whether a pixel is on a contour or in a flat region.

    Args:
        pixels: the image, uint8 ``(C, H, W)``.
        eigenvector: shape ``(C, H, W)``; of several channels the norm is shown, with the sign of their mean.
        on_contours: from `explorer.measures.geometry.rebuilding.contours`, shape ``(H, W)``.
        height: in screen pixels.
    """
    plane = (
        eigenvector[0] if len(eigenvector) == 1 else np.sign(eigenvector.mean(0)) * np.linalg.norm(eigenvector, axis=0)
    )
    strongest = float(np.quantile(np.abs(plane), _QUANTILE)) or 1.0
    low, _, high = DIVERGING
    colors = [[0.0, translucent(low, _OPACITY)], [0.5, translucent("#FFFFFF", 0.0)], [1.0, translucent(high, _OPACITY)]]
    rows, columns = plane.shape
    figure = go.Figure(
        go.Heatmap(
            z=plane,
            zmin=-strongest,
            zmax=strongest,
            colorscale=colors,
            customdata=np.where(on_contours, "contour", "flat region"),
            colorbar={
                "title": {"text": "eigenvector", "side": "right", "font_size": FONT_SIZE},
                "thickness": 12,
                "outlinewidth": 0,
                "y": 1,
                "yanchor": "top",
                "len": 0.95,
            },
            hovertemplate="%{customdata}: %{z:+.3f}<br>row %{y}, column %{x}<extra></extra>",
        )
    )
    figure.add_layout_image(
        source=_png(pixels),
        xref="x",
        yref="y",
        x=-0.5,
        y=-0.5,
        sizex=columns,
        sizey=rows,
        sizing="stretch",
        layer="below",
    )
    style_pixel_map(figure, height)
    return figure


def _png(pixels: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(enlarge_png(pixels, _ENLARGED)).decode()


def rebuilding_figure(rebuilt: Rebuilt, at: int, height: int = 320) -> go.Figure:
    """PSNR of the image from ``k`` coefficients, against ``k``, in each way.

    Args:
        rebuilt: the numbers.
        at: the chosen ``k``, marked.
        height: in screen pixels.
    """
    figure = go.Figure()
    for kind, psnr, (color, dash, symbol) in zip(WAYS, rebuilt.psnr, _LOOKS, strict=True):
        figure.add_scatter(
            x=list(rebuilt.counts),
            y=psnr,
            mode="lines+markers",
            name=kind,
            line={"color": color, "dash": dash},
            marker={"size": 5, "symbol": symbol},
            hovertemplate=f"{kind}, %{{x}} coefficients: %{{y:.2f}} dB<extra></extra>",
        )
    style_figure(
        figure,
        x_title="number of coefficients (logarithmic)",
        y_title=with_unit("rebuilt image", "dB PSNR"),
        height=height,
    )
    figure.update_xaxes(type="log", dtick="D2" if max(rebuilt.counts) <= 100 else 1)
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="y domain", line={"color": GRAY, "dash": "dot"})
    return figure


def gaps_figure(
    psnr: Sequence[float],
    above_half: Sequence[int],
    traces: Sequence[float],
    gaps: Sequence[Gap],
    phases: Sequence[Phase],
    at: float,
    height: int = 360,
) -> go.Figure:
    """Three counts of dimensions against noise level, over the phases.

    Args:
        psnr: noise levels in dB, increasing, shape ``(T,)``.
        above_half: number of eigenvalues above 1/2.
        traces: sums of all eigenvalues.
        gaps: the widest of each spectrum; those that are not clear are hollow.
        phases: of each spectrum.
        at: the chosen noise level, marked.
        height: in screen pixels.
    """
    figure = go.Figure()
    for values, name, color, dash, says in (
        (traces, "sum of all factors", BLUE, "solid", "%{y:.1f}"),
        (above_half, "number of factors above 1/2", VERMILLION, "dash", "%{y}"),
    ):
        figure.add_scatter(
            x=list(psnr),
            y=[value if value > _LEAST else None for value in values],
            mode="lines+markers",
            name=name,
            line={"color": color, "dash": dash},
            marker={"size": 5},
            hovertemplate=f"{name}: {says}<br>at %{{x:.0f}} dB<extra></extra>",
        )
    for is_clear, name in ((True, "clear gap after"), (False, "widest gap, not clear")):
        chosen = [(level, gap) for level, gap in zip(psnr, gaps, strict=True) if gap.is_clear == is_clear]
        figure.add_scatter(
            x=[level for level, _ in chosen],
            y=[gap.index for _, gap in chosen],
            mode="markers",
            name=name,
            marker={
                "symbol": "diamond" if is_clear else "diamond-open",
                "size": 11 if is_clear else 8,
                "color": GREEN if is_clear else GRAY,
            },
            customdata=[[gap.ratio] for _, gap in chosen],
            hovertemplate="widest gap after %{y}, ratio %{customdata[0]:.2f}<br>at %{x:.0f} dB<extra></extra>",
        )
    style_figure(figure, x_title=NOISE_AXIS.title, y_title="dimensions (logarithmic)", height=height)
    counts = [*traces, *above_half, *(gap.index for gap in gaps)]
    low, high = (float(np.log10(pick(count for count in counts if count > _LEAST))) for pick in (min, max))
    # The names of the phases are within the plot: above it is the legend, whose height the width of the page decides.
    figure.update_yaxes(type="log", dtick=1, range=[low - 0.05 * (high - low), high + 0.25 * (high - low) + 0.1])
    edges = [psnr[0], *((a + b) / 2 for a, b in pairwise(psnr)), psnr[-1]]
    for number, (kind, group) in enumerate(groupby(enumerate(phases), key=lambda each: each[1])):
        places = [place for place, _ in group]
        _band(figure, edges[places[0]], edges[places[-1] + 1], kind, _TOPS[number % 2])
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="y domain", line={"color": GRAY, "dash": "dot"})
    return figure


def _band(figure: go.Figure, left: float, right: float, kind: Phase, top: float) -> None:
    figure.add_shape(
        type="rect",
        x0=left,
        x1=right,
        y0=0,
        y1=1,
        yref="y domain",
        fillcolor=translucent(_PHASES[kind], 0.1),
        line_width=0,
        layer="below",
    )
    figure.add_annotation(
        x=(left + right) / 2, y=top, yref="y domain", yanchor="top", text=kind, showarrow=False, font_size=12
    )
